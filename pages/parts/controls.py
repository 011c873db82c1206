"""The sidebar: presets on top, then Data, Network, Training, the rarely used folded away."""

from __future__ import annotations

from typing import Any

import streamlit as st

from core.experiment.arm import parse_arm
from core.experiment.config import ACTIVATIONS, DATASETS, DEPTHS, INITS, OPTIMIZERS, POOLS, PRESETS, ExperimentConfig
from core.experiment.rules import ConfigError
from pages.parts import session

DATA_NAMES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST", "kmnist": "KMNIST", "digits": "Digits (built in)"}
INIT_NAMES = {"xavier": "Xavier", "he": "He", "default": "PyTorch’s default", "normal": "N(0, 0.01)"}
ARMS = ("none", "bn", "ln", "in", "gn", "rms", "bn:book", "bn/none", "none/bn", "in/ln")

SEED = (
    "Decides the initial weights and the order of the images. The same seed gives the same numbers, bit for bit, on "
    "the same kind of processor with as many cores, or on the same kind of NVIDIA card, with the same PyTorch."
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
    """The experiment that the widgets' values describe; raises ConfigError on an empty or wrong one."""
    for name, value in values.items():
        if value is None:
            raise ConfigError(f"{name} is empty. Fill it in, or choose a preset.", name)
    return ExperimentConfig(**values | {"arms": tuple(parse_arm(arm) for arm in values["arms"])})


def _presets(config: ExperimentConfig | None) -> None:
    chosen = next((name for name, preset in PRESETS.items() if preset == config), None)
    st.caption("Presets")
    for column, (name, preset) in zip(st.columns(len(PRESETS), gap="xsmall"), PRESETS.items(), strict=True):
        kind = "primary" if name == chosen else "secondary"
        label = name.removeprefix("The ").removesuffix(" edition").capitalize()
        column.button(
            label,
            key=f"preset {name}",
            help=name,
            on_click=session.fill_form,
            args=(preset,),
            type=kind,
            width="stretch",
        )


def _data() -> None:
    st.subheader("Data")
    st.selectbox("Images", DATASETS, key="data", format_func=DATA_NAMES.get, on_change=_fit_examples)
    left, right = st.columns(2)
    left.number_input("Training images", step=1000, key="examples", help="The first so many of the training set.")
    right.number_input("Batch size", step=16, key="batch_size", help="1 to 1,024 images in a mini-batch, N.")


def _fit_examples() -> None:
    """Another dataset may have fewer images; take what it has instead of refusing."""
    values = session.read_form()
    available = DATASETS[values["data"]][0]
    if values["examples"] is None or values["examples"] > available:
        session.set_value("examples", available)


def _network() -> None:
    st.subheader("Network")
    st.multiselect(
        "Arms: one LeNet for each norm",
        ARMS,
        key="arms",
        accept_new_options=True,
        help="Convolutions/linear layers: **bn/none** is BatchNorm on convolutions only. Type your own: **gn1**, "
        "**bn:book** (the chapter’s code), **none:lr=0.02**, **bn:dropout=0.5**.",
    )
    st.segmented_control("Activation", ACTIVATIONS, key="activation", required=True, width="stretch")
    with st.expander("Depth, initialization, pooling, dropout"):
        st.segmented_control("Layers with weights", DEPTHS, key="depth", required=True, width="stretch")
        st.selectbox("Initial weights", INITS, key="init", format_func=INIT_NAMES.get)
        st.segmented_control("Pooling", POOLS, key="pool", required=True, width="stretch")
        st.number_input("Dropout on linear layers", step=0.1, key="dropout")


def _training() -> None:
    st.subheader("Training")
    left, right = st.columns(2)
    left.number_input("Learning rate", step=0.05, format="%.6g", key="learning_rate")
    right.number_input("Epochs", step=1, key="epochs")
    with st.expander("Optimizer, seed, last batch"):
        st.segmented_control("Optimizer", OPTIMIZERS, key="optimizer", required=True, width="stretch")
        st.number_input("Momentum (SGD)", step=0.1, key="momentum")
        st.number_input("Seed", step=1, key="seed", help=SEED)
        st.checkbox(
            "Drop the last short batch",
            key="drop_last",
            help="The book keeps it. A short batch moves BatchNorm’s running statistics as much as a full one.",
        )
