"""The sidebar: presets on top, then Data, Network, Training, the rarely used folded away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st

from core.data.images import DATA_TITLES
from core.experiment.arm import parse_arm
from core.experiment.config import (
    ACTIVATIONS,
    DATASETS,
    DEPTHS,
    INITS,
    OPTIMIZERS,
    POOLS,
    PRESETS,
    SCHEDULES,
    STEP,
    ExperimentConfig,
)
from core.experiment.rules import ConfigError
from core.language.languages import LANGUAGES
from core.language.message import Message
from core.language.speech import _, speaking
from core.runs.manager import manager
from core.runs.work import check_work
from core.words.settings import HOW_TIMED, LABELS, about_digits, about_preset, about_time, by_label
from pages.parts import session
from pages.parts.terms import with_more

DATA_NAMES: dict[str, Message | str] = {**DATA_TITLES, "digits": Message("Digits (built in)")}
INIT_NAMES: dict[str, Message | str] = {
    "xavier": "Xavier",
    "he": "He",
    "default": Message("PyTorch’s default"),
    "normal": "N(0, 0.01)",
}
SCHEDULE_NAMES = {
    "constant": Message("Constant"),
    "step": Message("Stepwise, by epochs"),
    "cosine": Message("Cosine, down to 0"),
}
PRESET_NAMES = {
    "First look": Message("First look"),
    "The book, as read": Message("Book, as read"),
    "The book, zh edition": Message("Book, zh"),
    "The book, en edition": Message("Book, en"),
}
ARMS = ("none", "bn", "ln", "in", "gn", "rms", "bn:book", "bn/none", "none/bn", "in/ln")

SEED = Message(
    "Decides the initial weights and the order of the images. The same seed gives the same numbers, bit for bit, on "
    "the same kind of processor, with any number of cores, or of NVIDIA card, with the same PyTorch."
)


def experiment_form() -> None:
    """Draw the form and tell the session what it says: an experiment, or why it is none."""
    config, problem = _read()
    _presets(config)
    _data()
    _network()
    _training()
    config, problem = _read()
    session.choose(config, problem)
    if problem:
        st.error(problem, icon=":material/rule:")


def _read() -> tuple[ExperimentConfig | None, str]:
    try:
        config = read_config(session.read_form())
        check_work(config, manager().most_work)
        return config, ""
    except ConfigError as error:
        return None, str(error)


def read_config(values: dict[str, Any]) -> ExperimentConfig:
    """The experiment that the widgets' values describe; an empty or wrong one raises ConfigError, by its label."""
    for name, value in values.items():
        if value is None:
            empty = Message("{setting} is empty. Fill it in, or choose a preset.", {"setting": LABELS[name]})
            raise ConfigError(empty, name)
    try:
        return ExperimentConfig(**values | {"arms": tuple(parse_arm(arm) for arm in values["arms"])})
    except ConfigError as error:
        raise by_label(error) from error


def _presets(config: ExperimentConfig | None) -> None:
    chosen = next((name for name, preset in PRESETS.items() if preset == config), None)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption(_("Presets"), width="content")
        with st.popover(_("What each sets"), type="tertiary"):
            st.markdown("\n\n".join(_about(name) for name in PRESETS))
            st.caption(str(HOW_TIMED))
    names = list(PRESETS)
    for row in (names[:2], names[2:]):  # of more in a row the names cannot be read
        with st.container(horizontal=True, gap="xsmall"):
            for name in row:
                st.button(
                    str(PRESET_NAMES[name]),
                    key=f"preset {name}",
                    on_click=session.fill_form,
                    args=(PRESETS[name],),
                    type="primary" if name == chosen else "secondary",
                    width="stretch",
                )


def _about(name: str) -> str:
    time = about_time(manager().seconds_for(PRESETS[name]))
    return _("**{preset}.** {about} {time}", preset=PRESET_NAMES[name], about=about_preset(name), time=time)


def _data() -> None:
    st.subheader(_("Data"))
    _select("data", DATASETS, DATA_NAMES, on_change=session.fit_to_data)
    if taken := session.taken_by_digits():
        st.caption(about_digits(taken, session.read_form(), session.came_to_digits()))
    left, right = st.columns(2)
    with left:
        _number("examples", step=1000, help=_("The first so many of the training set."))
    with right:
        _number("batch_size", step=16, help=with_more(_("1 to 1,024 images in a mini-batch, N."), "batch-noise"))


def _number(setting: str, **how: Any) -> None:
    """A field that is empty when it is emptied: with a value of its own it would go back to 0."""
    st.number_input(str(LABELS[setting]), value=None, key=setting, **how)


def _select(setting: str, options: Iterable[str], names: Mapping[str, Message | str], **how: Any) -> None:
    """A list to choose from. What is chosen comes as its text, maybe in the language that was spoken a moment ago."""
    said = {}
    for language in LANGUAGES:
        with speaking(language):
            said |= {str(name): option for option, name in names.items()}
    session.understand(setting, said)
    shown = {option: str(name) for option, name in names.items()}  # now: Streamlit asks for them in other threads, too
    told = {"placeholder": _("Choose an option"), "format_func": lambda o: shown.get(o, o)}
    st.selectbox(str(LABELS[setting]), options, key=setting, **told, **how)


def _choose(setting: str, options: Iterable[object]) -> None:
    """A row of buttons, one of which is pressed."""
    st.segmented_control(str(LABELS[setting]), options, key=setting, required=True, width="stretch")


def _network() -> None:
    st.subheader(_("Network"))
    st.multiselect(
        _("Arms: one LeNet for each norm"),
        ARMS,
        key="arms",
        accept_new_options=True,
        placeholder=_("Choose options"),
        help=with_more(
            _(
                "Convolutions/linear layers: **bn/none** is BatchNorm on convolutions only. Type your own: **gn1**, "
                "**bn:book** (the chapter’s code), **none:lr=0.02**, **bn:dropout=0.5**; "
                "parts of BatchNorm: **mo**, **vo**, **fix**."
            ),
            "averaging-axes",
        ),
    )
    _choose("activation", ACTIVATIONS)
    with st.expander(_("Depth, initialization, pooling, dropout")):
        _choose("depth", DEPTHS)
        _select("init", INITS, INIT_NAMES, help=with_more("", "initialization"))
        _choose("pool", POOLS)
        _number("dropout", step=0.1, help=with_more("", "dropout"))


def _training() -> None:
    st.subheader(_("Training"))
    left, right = st.columns(2)
    with left:
        _number("learning_rate", step=0.05, format="%.6g", help=with_more("", "learning-rate"))
    with right:
        _number("epochs", step=1, help=with_more("", "epoch-and-step"))
    with st.expander(_("Weight decay, learning-rate schedule")):
        _number("weight_decay", step=0.0005, format="%.6g", help=with_more("", "weight-decay"))
        _select("schedule", SCHEDULES, SCHEDULE_NAMES, help=with_more("", "learning-rate-schedule"))
        _stages()
    with st.expander(_("Optimizer, seed, last batch")):
        _choose("optimizer", OPTIMIZERS)
        _number("momentum", step=0.1, help=with_more("", "momentum-of-sgd"))
        _number("seed", step=1, help=with_more(str(SEED), "one-seed"))
        st.checkbox(
            str(LABELS["drop_last"]),
            key="drop_last",
            help=with_more(
                _("The book keeps it. A short batch moves BatchNorm’s running statistics as much as a full one."),
                "running-statistics",
            ),
        )


def _stages() -> None:
    """How the learning rate falls stepwise; there to be seen, and to keep their values, with other schedules, too."""
    disabled = session.read_form()["schedule"] != STEP
    left, right = st.columns(2)
    with left:
        _number("step_epochs", step=1, disabled=disabled)
    with right:
        _number("step_factor", step=0.1, format="%.6g", disabled=disabled)
