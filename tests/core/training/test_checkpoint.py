"""core.training.checkpoint: a training taken up in another process goes on as if it had never been interrupted."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from core.data.digits import digits_in_order
from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.training import records
from core.training.checkpoint import State
from core.training.records import Record, TrainMeasured
from core.training.trainer import Training

FIXED = frozenset({"fixed"})
ARMS = ("none", "bn", "ln", "in/rms", "gn", "bn:book", "bn:dropout=0.3", "ln:lr=0.01", "none:lr=1e30")
OPTIMIZERS = (
    {},
    {"momentum": 0.9, "weight_decay": 0.01},
    {"optimizer": "adam", "schedule": "step"},
    {"schedule": "cosine"},
)


def data() -> Images:
    """Few of the built-in digits, which any process has."""
    images, labels = digits_in_order()
    return Images("digits", images[:90], labels[:90], images[90:130], labels[90:130], tuple("0123456789"))


def go_on(training: Training, rates: dict[int, float], until: int) -> None:
    """So many mini-batches in all, looking at some steps, with new learning rates from some."""
    while not training.ended and training.step < until:
        training.steer(rates.get(training.step + 1))
        training.advance(FIXED if training.step % 5 == 0 else frozenset())
        training.test(lambda: None)


def digests(training: Training, history: list[Record]) -> dict[str, str]:
    """Of what was measured but the clock, and of the networks with all that belongs to them."""
    measured = [repr(timeless(record)) for record in history]
    tensors = training.state().tensors
    numbers = [name.encode() + tensors[name].numpy().tobytes() for name in sorted(tensors)]
    return {
        "records": hashlib.sha256("\n".join(measured).encode()).hexdigest(),
        "networks": hashlib.sha256(b"".join(numbers)).hexdigest(),
    }


def timeless(record: Record) -> Record:
    return replace(record, seconds={}) if isinstance(record, TrainMeasured | records.TestMeasured) else record


def config_of(values: dict[str, Any]) -> ExperimentConfig:
    return ExperimentConfig(**values | {"arms": tuple(map(parse_arm, values["arms"]))})


def serve() -> None:
    """The other process: takes up what stands in the file that it is told of, again and again."""
    torch.set_num_threads(1)
    images = data()
    for line in sys.stdin:
        order, history = json.loads(line), []
        state = State.from_bytes(Path(order["file"]).read_bytes())
        training = Training.resumed(config_of(order["config"]), images, state, history.append)
        go_on(training, {int(step): rate for step, rate in order["rates"].items()}, until=10**6)
        training.finish(FIXED)
        print(json.dumps(digests(training, history)), flush=True)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., dict[str, str]]]:
    """Go on in another process, which serves all examples: to import takes seconds."""
    file, root = tmp_path_factory.mktemp("kept") / "state", Path(__file__).parents[3]
    program = (
        f"import sys; sys.path[:0] = {[str(root), str(Path(__file__).parent)]}; import {__name__} as it; it.serve()"
    )
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(config: ExperimentConfig, state: State, rates: dict[int, float]) -> dict[str, str]:
            file.write_bytes(state.to_bytes())
            process.stdin.write(json.dumps({"file": str(file), "config": config.to_json(), "rates": rates}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield ask
        process.stdin.close()


@settings(max_examples=10)
@given(
    arms=st.lists(st.sampled_from(ARMS), min_size=1, max_size=4, unique=True),
    optimizer=st.sampled_from(OPTIMIZERS),
    batch_size=st.integers(2, 40),
    epochs=st.integers(1, 2),
    drop_last=st.booleans(),
    share=st.floats(0, 1),
    change=st.floats(0, 1),
)
def test_it_is_the_same_bit_for_bit(elsewhere, arms, optimizer, batch_size, epochs, drop_last, share, change) -> None:
    config = ExperimentConfig(
        data="digits",
        examples=50 - (50 % batch_size == 1),
        batch_size=batch_size,
        epochs=epochs,
        drop_last=drop_last,
        arms=tuple(map(parse_arm, arms)),
        learning_rate=0.05,
        **optimizer,
    )
    kept_at, rates = round(share * config.total_steps), {1 + round(change * (config.total_steps - 1)): 0.02}
    history: list[Record] = []
    training = Training(config, data(), history.append)
    training.test(lambda: None)
    go_on(training, rates, until=kept_at)
    state, before = training.state(), len(history)
    go_on(training, rates, until=config.total_steps)
    training.finish(FIXED)
    assert elsewhere(config, state, rates) == digests(training, history[before:])


WHOLE = ExperimentConfig(
    data="digits",
    examples=90,
    batch_size=20,
    epochs=3,
    momentum=0.9,
    learning_rate=0.05,
    arms=tuple(map(parse_arm, ("bn", "ln:dropout=0.3"))),
)


def without(state: State, part: str) -> State:
    """The state with one part as at the beginning of a training."""
    fresh = Training(WHOLE, data()).state()
    if part in ("meter", "epoch", "step"):
        return State(state.values | {part: fresh.values[part]}, state.tensors)
    kept = {name: tensor for name, tensor in state.tensors.items() if part not in name}
    return State(state.values, kept | {name: tensor for name, tensor in fresh.tensors.items() if part in name})


@pytest.fixture(scope="module")
def kept() -> State:
    """Of WHOLE after six mini-batches."""
    training = Training(WHOLE, data())
    go_on(training, {}, until=6)
    return training.state()


def from_there(state: State) -> dict[str, str]:
    """What it measures that goes on from there."""
    history: list[Record] = []
    again = Training.resumed(WHOLE, data(), state, history.append)
    go_on(again, {}, until=10**6)
    return digests(again, history)


@pytest.fixture(scope="module")
def from_all_of_it(kept: State) -> dict[str, str]:
    return from_there(kept)


@pytest.mark.parametrize("part", ["", "optimizer/", "dropout/", "running_mean", "fc1.weight", "epoch", "step"])
def test_every_part_of_it_is_needed(part: str, kept: State, from_all_of_it: dict[str, str]) -> None:
    assert (from_there(without(kept, part) if part else kept) == from_all_of_it) == (part == "")


def test_a_rate_that_was_set_by_hand_before_it_was_kept_stays_as_it_was_set() -> None:
    config, found = replace(WHOLE, schedule="cosine", weight_decay=0.01), []
    training = Training(config, data())
    go_on(training, {3: 0.02}, until=6)
    state = State.from_bytes(training.state().to_bytes())
    for one in (training, Training.resumed(config, data(), state)):
        go_on(one, {}, until=10**6)
        found.append((one.arms[0].learning_rate, digests(one, [])["networks"]))
    assert found[0] == found[1]
    assert found[0][0] == 0.02


def test_what_was_kept_before_there_were_schedules_goes_on() -> None:
    training = Training(WHOLE, data())
    go_on(training, {3: 0.02}, until=6)
    state = training.state()
    for values in state.values["arms"].values():
        del values["by_hand"]
    again = Training.resumed(WHOLE, data(), state)
    for one in (training, again):
        go_on(one, {}, until=10**6)
    assert digests(training, []) == digests(again, [])


def test_what_waits_for_a_point_is_kept() -> None:
    config = replace(WHOLE, examples=90, batch_size=1, epochs=30, arms=WHOLE.arms[1:])  # a point for every two steps
    first: list[Record] = []
    training = Training(config, data(), first.append)
    go_on(training, {}, until=103)
    again: list[Record] = []
    resumed = Training.resumed(config, data(), State.from_bytes(training.state().to_bytes()), again.append)
    before = len(first)
    for one in (training, resumed):
        go_on(one, {}, until=107)
    assert [repr(timeless(r)) for r in first[before:]] == [repr(timeless(r)) for r in again]
    assert [r.steps for r in again if isinstance(r, TrainMeasured)] == [2, 2]


def test_other_bytes_and_other_experiments_are_refused() -> None:
    state = Training(WHOLE, data()).state()
    for content in (b"", b"abc", state.to_bytes()[:-5], b"\x80\x04K\x01."):
        with pytest.raises(ValueError, match="goes on from"):
            State.from_bytes(content)
    with pytest.raises(ValueError, match="another experiment"):
        Training.resumed(replace(WHOLE, arms=(parse_arm("none"),)), data(), state)


def test_the_kept_numbers_are_nobody_elses() -> None:
    training = Training(WHOLE, data())
    go_on(training, {}, until=2)
    state = training.state()
    before = {name: tensor.clone() for name, tensor in state.tensors.items()}
    go_on(training, {}, until=4)
    assert all(torch.equal(tensor, before[name]) for name, tensor in state.tensors.items())
