"""The sidebar: presets on top, then Data, Network, Training, the rarely used folded away."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.experiment.arm import parse_arm
from core.experiment.config import ACTIVATIONS, DATASETS, DEPTHS, INITS, OPTIMIZERS, POOLS, PRESETS, ExperimentConfig
from core.experiment.rules import ConfigError
from core.runs.manager import manager
from core.words.settings import HOW_TIMED, LABELS, about_digits, about_preset, about_time
from pages.parts import session

DATA_NAMES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST", "kmnist": "KMNIST", "digits": "Digits (built in)"}
INIT_NAMES = {"xavier": "Xavier", "he": "He", "default": "PyTorch’s default", "normal": "N(0, 0.01)"}
ARMS = ("none", "bn", "ln", "in", "gn", "rms", "bn:book", "bn/none", "none/bn", "in/ln")

SEED = (
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
        return read_config(session.read_form()), ""
    except ConfigError as error:
        return None, str(error)


def read_config(values: dict[str, Any]) -> ExperimentConfig:
    """The experiment that the widgets' values describe; an empty or wrong one raises ConfigError, by its label."""
    for name, value in values.items():
        if value is None:
            raise ConfigError(f"{LABELS[name]} is empty. Fill it in, or choose a preset.", name)
    try:
        return ExperimentConfig(**values | {"arms": tuple(parse_arm(arm) for arm in values["arms"])})
    except ConfigError as error:
        labels = ", ".join(label for name, label in LABELS.items() if name in error.fields)
        raise ConfigError(f"{labels}: {error}", *error.fields) from error


def _presets(config: ExperimentConfig | None) -> None:
    chosen = next((name for name, preset in PRESETS.items() if preset == config), None)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.caption("Presets", width="content")
        with st.popover("What each sets", type="tertiary"):
            told = (f"**{_short(name)}.** {about_preset(name)} {_time(preset)}" for name, preset in PRESETS.items())
            st.markdown("\n\n".join(told))
            st.caption(HOW_TIMED)
    names = list(PRESETS)
    for row in (names[:2], names[2:]):  # of more in a row the names cannot be read
        with st.container(horizontal=True, gap="xsmall"):
            for name in row:
                st.button(
                    _short(name),
                    key=f"preset {name}",
                    on_click=session.fill_form,
                    args=(PRESETS[name],),
                    type="primary" if name == chosen else "secondary",
                    width="stretch",
                )


def _short(preset: str) -> str:
    return preset.removeprefix("The ").removesuffix(" edition").capitalize()


def _time(preset: ExperimentConfig) -> str:
    return about_time(manager().seconds_for(preset))


def _data() -> None:
    st.subheader("Data")
    st.selectbox(LABELS["data"], DATASETS, key="data", format_func=DATA_NAMES.get, on_change=session.fit_to_data)
    if taken := session.taken_by_digits():
        st.caption(about_digits(taken, session.read_form(), session.came_to_digits()))
    left, right = st.columns(2)
    with left:
        _number("examples", step=1000, help="The first so many of the training set.")
    with right:
        _number("batch_size", step=16, help="1 to 1,024 images in a mini-batch, N.")


def _number(setting: str, **how: Any) -> None:
    """A field that is empty when it is emptied: with a value of its own it would go back to 0."""
    st.number_input(LABELS[setting], value=None, key=setting, **how)


def _network() -> None:
    st.subheader("Network")
    st.multiselect(
        f"{LABELS['arms']}: one LeNet for each norm",
        ARMS,
        key="arms",
        accept_new_options=True,
        help="Convolutions/linear layers: **bn/none** is BatchNorm on convolutions only. Type your own: **gn1**, "
        "**bn:book** (the chapter’s code), **none:lr=0.02**, **bn:dropout=0.5**.",
    )
    st.segmented_control(LABELS["activation"], ACTIVATIONS, key="activation", required=True, width="stretch")
    with st.expander("Depth, initialization, pooling, dropout"):
        st.segmented_control(LABELS["depth"], DEPTHS, key="depth", required=True, width="stretch")
        st.selectbox(LABELS["init"], INITS, key="init", format_func=INIT_NAMES.get)
        st.segmented_control(LABELS["pool"], POOLS, key="pool", required=True, width="stretch")
        _number("dropout", step=0.1)


def _training() -> None:
    st.subheader("Training")
    left, right = st.columns(2)
    with left:
        _number("learning_rate", step=0.05, format="%.6g")
    with right:
        _number("epochs", step=1)
    with st.expander("Optimizer, seed, last batch"):
        st.segmented_control(LABELS["optimizer"], OPTIMIZERS, key="optimizer", required=True, width="stretch")
        _number("momentum", step=0.1)
        _number("seed", step=1, help=SEED)
        st.checkbox(
            LABELS["drop_last"],
            key="drop_last",
            help="The book keeps it. A short batch moves BatchNorm’s running statistics as much as a full one.",
        )
