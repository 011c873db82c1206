"""core.training.ahead: on a card the host runs ahead, and what is published is what it would be without.

On a processor a captured step is the step itself: all but the capture, the streams and the kernels' own rounding. Where
there is a card, the same tests use it, too.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
import torch

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.training import ahead, arms, captured, optimizers, records, steps
from core.training.ahead import Ahead
from core.training.captured import SLOTS, NotCaptured
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    EpochFinished,
    LearningRateChanged,
    NetworksSeen,
    Record,
    TrainMeasured,
)
from core.training.trainer import RunStopped, Training, Unattended, train

PARTS = tuple(parse_arm(name) for name in ("fix", "mo", "bn/fix"))  # some of whose numbers are not learned
SIX = tuple(parse_arm(name) for name in ("none", "bn", "ln", "bn:book", "gn", "in/rms"))
CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=20, epochs=5, arms=SIX[:3], learning_rate=0.01)
# The third goes on for so long at a rate at which rounding does not grow on any processor.
WILD = replace(CONFIG, activation="relu", arms=tuple(map(parse_arm, ("none:lr=1e6", "bn:lr=1e30", "ln:lr=0.001"))))


# On a processor these take seconds, to imitate what most machines lack.
DEVICES = [
    pytest.param("a processor taken for a card", marks=pytest.mark.slow),
    pytest.param("cuda", marks=pytest.mark.cuda),
]


@pytest.fixture(params=DEVICES)
def on_card(request: pytest.FixtureRequest, small_images: Images, monkeypatch: pytest.MonkeyPatch) -> Images:
    """The images on a card, or on a processor that is taken for one and whose graphs are the work itself."""
    if request.param == "cuda":
        return images_on(small_images, "cuda")
    for module in (arms, optimizers, ahead):
        monkeypatch.setattr(module, "is_card", lambda device: True)
    monkeypatch.setattr(captured, "capture", lambda work, stream=None: work)
    return small_images


def call_by_call(images: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on nothing is captured: on a processor all is torch.nn's way, on a card its layers are the same."""
    monkeypatch.undo()
    if images.train_images.is_cuda:
        monkeypatch.setattr(ahead, "can_run_ahead", lambda config, data: False)
        monkeypatch.setattr("core.training.trainer.can_run_ahead", lambda config, data: False)


def images_on(images: Images, device: str) -> Images:
    names = ("train_images", "train_labels", "test_images", "test_labels")
    return replace(images, **{name: getattr(images, name).to(device) for name in names})


class Steered(Unattended):
    """Looks at some steps, changes the rate at some, waits before some, and stops before one."""

    def __init__(self, looks=(), rates=None, waits=(), stop=None, history=()) -> None:
        self.looks, self.rates, self.waits, self.stop, self.history = looks, rates or {}, waits, stop, history
        self.known: dict[int, int] = {}  # at each wait: the last step that had been published

    def begin_step(self, step: int) -> float | None:
        if step in self.waits:
            self.before_waiting()
            self.known[step] = max(r.step for r in self.history if isinstance(r, TrainMeasured))
        if step == self.stop:
            raise RunStopped
        return self.rates.get(step)

    def look(self, arms, data, step) -> frozenset[str]:
        return frozenset({"fixed"} if step in self.looks else {"batch"} if -step in self.looks else ())


def history_of(config: ExperimentConfig, data: Images, **steering: Any) -> tuple[list[Record], Steered]:
    history: list[Record] = []
    control = Steered(**steering, history=history)
    with suppress(RunStopped):
        train(config, data, history.append, control)
    return history, control


def outline(history: list[Record]) -> list[tuple[Any, ...]]:
    """Which records there are, in their order."""
    return [(type(r).__name__, getattr(r, "step", None), *sorted(getattr(r, "loss", ()))) for r in history]


def numbers(history: list[Record], kind: type, field: str) -> dict[tuple[int, str], float]:
    return {(r.step, arm): value for r in history if isinstance(r, kind) for arm, value in getattr(r, field).items()}


@pytest.mark.parametrize(
    "config",
    [
        replace(CONFIG, arms=SIX, epochs=4),
        replace(CONFIG, arms=PARTS, epochs=2, learning_rate=0.003),
        replace(CONFIG, batch_size=64, drop_last=False, epochs=4, momentum=0.9, learning_rate=0.02),
        replace(CONFIG, depth=12, epochs=2, activation="tanh", pool="avg", learning_rate=0.001),
        replace(CONFIG, epochs=4, weight_decay=0.05, schedule="cosine", learning_rate=0.05),
    ],
    ids=["SGD", "parts of batch norm", "momentum and short batches", "depth 12", "decay and a cosine"],
)
def test_losses_tests_and_epochs_are_those_of_one_call_after_another(
    on_card, small_images, monkeypatch, config, caplog
) -> None:
    ahead_of, _ = history_of(config, on_card)
    assert not caplog.messages, "nothing was refused"
    call_by_call(on_card, monkeypatch)
    expected, _ = history_of(config, on_card)
    assert outline(ahead_of) == outline(expected)
    for kind, field in ((TrainMeasured, "loss"), (records.TestMeasured, "batch_loss"), (EpochFinished, "train_loss")):
        assert numbers(ahead_of, kind, field) == pytest.approx(numbers(expected, kind, field), abs=2e-4), (kind, field)
    assert numbers(ahead_of, records.TestMeasured, "loss") == pytest.approx(
        numbers(expected, records.TestMeasured, "loss"), rel=0.02
    )


def test_looks_are_those_of_their_step(on_card, monkeypatch) -> None:
    looks = (0, 1, 2, 7, 60, -61, 74, 75)
    found, _ = history_of(CONFIG, on_card, looks=looks)
    call_by_call(on_card, monkeypatch)
    expected, _ = history_of(CONFIG, on_card, looks=looks)
    seen, right = ([r for r in history if isinstance(r, NetworksSeen)] for history in (found, expected))
    assert [(r.step, r.source, list(r.arms)) for r in seen] == [(r.step, r.source, list(r.arms)) for r in right]
    for mine, theirs in zip(seen, right, strict=True):
        for arm, summary in mine.arms.items():
            for layer, other in zip(summary.layers, theirs.arms[arm].layers, strict=True):
                assert layer.before.mean == pytest.approx(other.before.mean, abs=1e-3)
                assert layer.gradient.rms == pytest.approx(other.gradient.rms, rel=1e-2)
                assert layer.gradient.update_ratio == pytest.approx(other.gradient.update_ratio, rel=1e-2)


def test_whoever_waits_has_all_that_was_measured(on_card) -> None:
    history, control = history_of(CONFIG, on_card, waits=(2, 3, 17, 40, 71), stop=72)
    assert control.known == {2: 1, 3: 2, 17: 16, 40: 39, 71: 70}
    assert max(r.step for r in history if isinstance(r, TrainMeasured)) == 71


def test_no_more_than_two_readings_are_on_the_way(on_card, monkeypatch) -> None:
    behind: list[int] = []
    launched = Ahead.advance

    def spied(self, step, look, counts):
        launched(self, step, look, counts)
        behind.append(step - max((r.step for r in history if isinstance(r, TrainMeasured)), default=0))

    monkeypatch.setattr(Ahead, "advance", spied)
    monkeypatch.setattr(ahead, "READ_SECONDS", 1000)  # on a busy machine it is the time that has them read, and earlier
    history: list[Record] = []
    train(replace(CONFIG, arms=SIX[:1], examples=300, batch_size=2, epochs=2), on_card, history.append)
    assert SLOTS <= max(behind) <= 2 * SLOTS


def test_a_new_rate_holds_from_its_step_on(on_card, monkeypatch) -> None:
    config = replace(CONFIG, epochs=4)
    found, _ = history_of(config, on_card, rates={30: 0.02})
    call_by_call(on_card, monkeypatch)
    expected, _ = history_of(config, on_card, rates={30: 0.02})
    assert [r for r in found if isinstance(r, LearningRateChanged)] == [LearningRateChanged(30, 0.01, 0.02)]
    assert outline(found) == outline(expected)
    losses = early(numbers(expected, TrainMeasured, "loss"))
    assert early(numbers(found, TrainMeasured, "loss")) == pytest.approx(losses, abs=2e-4)


def early(of_steps: dict[tuple[int, str], float]) -> dict[tuple[int, str], float]:
    """Forty steps are enough to see what changed; rounding grows after that, on some processors too far."""
    return {(step, arm): number for (step, arm), number in of_steps.items() if step <= 40}


def test_an_arm_that_diverges_stays_as_it_was_then_and_the_others_go_on(on_card, monkeypatch) -> None:
    history: list[Record] = []
    ended = train(WILD, on_card, history.append)
    call_by_call(on_card, monkeypatch)
    expected: list[Record] = []
    right = train(WILD, on_card, expected.append)
    assert outline(history) == outline(expected)
    deaths, expected_deaths = ([r for r in h if isinstance(r, ArmDiverged)] for h in (history, expected))
    assert deaths == expected_deaths
    assert {r.arm for r in deaths} == {"none:lr=1e+06", "bn:lr=1e+30"}
    for mine, theirs in zip(ended, right, strict=True):
        assert mine.alive == theirs.alive
        assert mine.examples == theirs.examples
        if mine.alive:
            continue
        state = theirs.model.state_dict()
        for name, tensor in mine.model.state_dict().items():
            if name.endswith(".bias"):  # before a norm its gradient is 0 but for rounding, here times 10³⁰
                continue
            # Where gradients cancel, rounding is not small beside a single number, but beside the largest of them. One
            # step more, or less, is a factor of the learning rate.
            largest = state[name].double().nan_to_num(0, 0, 0).abs().max().item()
            torch.testing.assert_close(tensor, state[name], equal_nan=True, rtol=0, atol=1e-2 * largest)
    assert numbers(history, TrainMeasured, "loss") == pytest.approx(numbers(expected, TrainMeasured, "loss"), rel=1e-3)


def test_when_all_have_diverged_nothing_more_is_told(on_card) -> None:
    history, _ = history_of(replace(WILD, arms=WILD.arms[:2]), on_card)
    assert isinstance(history[-1], ArmDiverged)


def test_without_a_graph_the_steps_are_taken_one_call_after_another(on_card, monkeypatch, caplog) -> None:
    def refuse(work: Callable[[], None], stream: object = None) -> Callable[[], None]:
        raise NotCaptured("no")

    expected, _ = history_of(CONFIG, on_card)
    monkeypatch.setattr(captured, "capture", refuse)
    found, _ = history_of(CONFIG, on_card)
    assert outline(found) == outline(expected)
    assert "call by call: no" in caplog.text


def test_a_look_that_cannot_be_captured_is_taken_call_by_call(on_card, monkeypatch, caplog) -> None:
    def refuse(*_: object) -> None:
        raise NotCaptured("no look")

    expected, _ = history_of(CONFIG, on_card, looks=(0, 3, 20))
    monkeypatch.setattr(captured.CapturedLook, "__init__", refuse)
    found, _ = history_of(CONFIG, on_card, looks=(0, 3, 20))
    assert outline(found) == outline(expected)
    assert "call by call: no look" in caplog.text


def test_an_arm_that_raises_while_the_steps_are_captured_ends_alone_call_by_call(on_card, monkeypatch, caplog) -> None:
    """Before it fails it has learnt nothing from the steps that were tried for the capture's sake."""
    expected, _ = history_of(CONFIG, on_card)
    monkeypatch.setattr(captured.CapturedStep, "_learn", _broken_for_the_second(captured.CapturedStep._learn))
    monkeypatch.setattr("core.training.steps._learn", _no_more_than(1, "bn", steps._learn))
    found, _ = history_of(CONFIG, on_card)
    assert [r for r in found if isinstance(r, ArmFailed)] == [ArmFailed(2, "bn", "step", "RuntimeError: no")]
    assert "call by call" in caplog.text
    mine, right = (numbers(history, TrainMeasured, "loss") for history in (found, expected))
    assert {(step, arm) for step, arm in mine if arm == "bn"} == {(1, "bn")}
    assert {arm: mine[CONFIG.total_steps, arm] for arm in ("none", "ln")} == pytest.approx(
        {arm: right[CONFIG.total_steps, arm] for arm in ("none", "ln")}, abs=2e-4
    )


def test_a_card_that_is_too_small_to_capture_all_arms_is_no_arms_fault(on_card, monkeypatch) -> None:
    def refuse(*_: object) -> None:
        raise torch.OutOfMemoryError("full")

    monkeypatch.setattr(captured.CapturedStep, "_step", refuse)
    with pytest.raises(torch.OutOfMemoryError):
        history_of(CONFIG, on_card)


def _broken_for_the_second(learn: Callable[..., None]) -> Callable[..., None]:
    def learn_or_raise(self, i: int, place: int) -> None:
        if self.arms[i].name == "bn":
            raise RuntimeError("no")
        learn(self, i, place)

    return learn_or_raise


def _no_more_than(most: int, name: str, learn: Callable[..., Any]) -> Callable[..., Any]:
    def learn_or_raise(arm, batch):
        if arm.name == name and batch.step > most:
            raise RuntimeError("no")
        return learn(arm, batch)

    return learn_or_raise


def test_dropout_is_not_captured(on_card, monkeypatch) -> None:
    monkeypatch.setattr(captured.CapturedStep, "__init__", lambda *_: pytest.fail("captured"))
    history_of(replace(CONFIG, arms=(parse_arm("bn:dropout=0.5"),), epochs=1), on_card)


@pytest.mark.parametrize("step", [1, 17, 52])
def test_what_was_kept_on_the_way_goes_on_with_the_same_numbers(on_card, step: int) -> None:
    config = replace(CONFIG, momentum=0.9)
    training = Training(config, on_card)
    for _ in range(step):
        training.advance()
    later: list[list[Record]] = [[], []]
    again = Training.resumed(config, on_card, training.state(), later[1].append)
    training._publish = training._meter._publish = later[0].append
    for one in (training, again):
        while not one.ended:
            one.advance()
        one.settle()
    losses = [numbers(history, TrainMeasured, "loss") for history in later]
    assert len(losses[0]) == (config.total_steps - step) * len(config.arms)
    assert losses[1] == pytest.approx(losses[0], abs=1e-5)
