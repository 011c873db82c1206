"""core.training.failures: an exception in one arm ends that arm, with its name, and the others go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.results import results
from core.nets.lenet import build_lenet
from core.training import crew as crews
from core.training import records
from core.training.crew import IN_TURN, crew
from core.training.failures import out_of_memory
from core.training.records import ArmFailed, EpochFinished, NetworksSeen, Record, TrainMeasured
from core.training.steps import PROBE_IMAGES
from core.training.trainer import Unattended, train
from core.words.endings import OUT_OF_MEMORY, about_failed, none_left
from core.words.verdict import verdict

BATCH = 20
CONFIG = ExperimentConfig(
    data="digits", examples=300, batch_size=BATCH, epochs=1, arms=tuple(map(parse_arm, ("bn", "none", "ln")))
)
NO_ROOM = torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")

When = Callable[[nn.Module, Tensor], bool]


class Raises(nn.Module):
    """The layer that it replaces, until `when` holds: then it raises `error`."""

    def __init__(self, layer: nn.Module, when: When, error: Exception) -> None:
        super().__init__()
        self.layer, self.when, self.error, self.steps = layer, when, error, 0

    def forward(self, X: Tensor) -> Tensor:
        self.steps += self.training and len(X) == BATCH
        if self.when(self, X):
            raise self.error
        return self.layer(X)


def at_step(step: int) -> When:
    return lambda layer, X: layer.steps == step


def in_a_test(layer: nn.Module, X: Tensor) -> bool:
    return not layer.training


def in_a_look(layer: nn.Module, X: Tensor) -> bool:
    return layer.training and len(X) == PROBE_IMAGES


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """breaks(when, names, error): the networks of these arms raise it then."""

    def have_break(when: When, names: tuple[str, ...] = ("none",), error: Exception | None = None) -> None:
        def build(arm: Any, config: ExperimentConfig) -> nn.Sequential:
            model = build_lenet(arm, config)
            if arm.name in names:
                model.fc1 = Raises(model.fc1, when, error or RuntimeError("no such kernel\nat line 3"))
            return model

        monkeypatch.setattr("core.training.arms.build_lenet", build)

    return have_break


class Looking(Unattended):
    def look(self, arms: Any, data: Images, step: int) -> frozenset[str]:
        return frozenset({"fixed", "batch"} if step in (0, 3, 9) else ())


def history_of(config: ExperimentConfig, data: Images, workers: Any = IN_TURN) -> list[Record]:
    history: list[Record] = []
    train(config, data, history.append, Looking(), workers)
    return history


def only(history: list[Record], kind: type) -> Any:
    (found,) = (record for record in history if isinstance(record, kind))
    return found


def measured(history: list[Record], arm: str) -> list[float]:
    losses = [r.loss[arm] for r in history if isinstance(r, TrainMeasured | records.TestMeasured) and arm in r.loss]
    return losses + [r.train_loss[arm] for r in history if isinstance(r, EpochFinished) and arm in r.train_loss]


@pytest.fixture(scope="module")
def of_the_others(small_images: Images) -> list[Record]:
    """What is measured where the arm that breaks was never there."""
    return history_of(replace(CONFIG, arms=(CONFIG.arms[0], CONFIG.arms[2])), small_images)


@pytest.mark.parametrize(
    ("when", "step", "doing", "threads"),
    [
        pytest.param(when, step, doing, threads, marks=[pytest.mark.slow] if threads > 1 and doing != "step" else [])
        for threads in (1, 2)  # in turn, and side by side
        for when, step, doing in ((at_step(7), 7, "step"), (in_a_test, 0, "test"), (in_a_look, 0, "look"))
    ],
)
def test_an_exception_in_one_arm_ends_it_with_its_name_and_the_others_have_the_same_numbers_as_without_it(
    small_images, of_the_others, breaks, monkeypatch, caplog, threads: int, when: When, step: int, doing: str
) -> None:
    others = [arm.name for arm in CONFIG.arms if arm.name != "none"]
    breaks(when)
    monkeypatch.setattr(crews, "usable_cores", lambda: threads)
    with crew(torch.device("cpu"), CONFIG) if threads > 1 else nullcontext(IN_TURN) as workers:
        history = history_of(CONFIG, small_images, workers)
    failed = only(history, ArmFailed)
    assert failed == ArmFailed(step, "none", doing, "RuntimeError: no such kernel")
    for arm in others:
        assert measured(history, arm) == measured(of_the_others, arm)
    assert "Traceback" in caplog.text  # a fault stays visible
    assert "at line 3" in caplog.text
    tests = [r for r in history if isinstance(r, records.TestMeasured)]
    assert list(tests[-1].accuracy) == others
    assert list(only(history, EpochFinished).train_loss) == others
    looks = [r for r in history if isinstance(r, NetworksSeen) and r.step > step]
    assert looks
    assert all(list(look.arms) == others for look in looks)


def test_what_the_failed_arm_had_measured_is_kept_and_its_fate_is_told(small_images, breaks) -> None:
    breaks(at_step(7))
    history = history_of(CONFIG, small_images)
    assert len([r for r in history if isinstance(r, TrainMeasured) and "none" in r.loss]) == 6
    arms = results(CONFIG, history)["arms"]
    assert (arms["none"]["status"], arms["none"]["steps"], arms["none"]["diverged"]) == ("failed", 6, None)
    assert arms["none"]["failed"]["what"] == "RuntimeError: no such kernel"
    assert (arms["bn"]["status"], arms["bn"]["failed"], arms["bn"]["steps"]) == ("finished", None, 15)
    said = verdict(CONFIG, history, ended=True)
    assert said.endswith("No normalization failed at step 7: RuntimeError: no such kernel.")


@pytest.mark.parametrize(
    ("doing", "where"), [("look", "when looked into after step 3"), ("test", "in the test after step 3")]
)
def test_where_an_arm_failed_is_said(doing: str, where: str) -> None:
    failed = ArmFailed(3, "bn", doing, "ValueError: odd")
    assert str(about_failed([failed], {"bn": "BatchNorm"})) == f"BatchNorm failed {where}: ValueError: odd."
    assert failed.steps == 3


def test_when_every_arm_has_failed_the_training_ends_and_says_which_was_first(small_images, breaks) -> None:
    breaks(at_step(3), names=("bn", "none", "ln"))
    history = history_of(CONFIG, small_images)
    assert [r.arm for r in history if isinstance(r, ArmFailed)] == ["bn", "none", "ln"]
    assert max(r.step for r in history if isinstance(r, TrainMeasured)) == 2
    assert (
        str(none_left(CONFIG, history))
        == "No arm is left. bn failed at step 3: RuntimeError: no such kernel. The log has more."
    )


@pytest.mark.parametrize("when", [in_a_test, in_a_look])
def test_when_the_last_arm_fails_outside_a_step_nothing_is_told_of_nobody(small_images, breaks, when: When) -> None:
    breaks(when, names=("bn", "none", "ln"))
    history = history_of(CONFIG, small_images)
    assert [r.arm for r in history if isinstance(r, ArmFailed)] == ["bn", "none", "ln"]
    assert not [r for r in history if isinstance(r, records.TestMeasured) and not r.loss]
    assert not [r for r in history if isinstance(r, NetworksSeen) and not r.arms]


def test_an_arm_for_which_the_device_is_too_small_leaves_it_to_the_others(small_images, breaks) -> None:
    breaks(at_step(2), error=NO_ROOM)
    history = history_of(CONFIG, small_images)
    assert str(only(history, ArmFailed).what) == "the device ran out of memory"
    assert len(measured(history, "bn")) > 15


def test_a_device_too_small_for_every_arm_is_said_with_what_to_do(small_images, breaks) -> None:
    breaks(at_step(1), names=("bn", "none", "ln"), error=NO_ROOM)
    assert none_left(CONFIG, history_of(CONFIG, small_images)) == OUT_OF_MEMORY


def test_the_processors_full_memory_is_known_as_the_cards() -> None:
    with pytest.raises(RuntimeError) as full:
        torch.empty(1 << 60)
    assert out_of_memory(full.value)
    assert out_of_memory(NO_ROOM)
    assert not out_of_memory(RuntimeError("no such kernel"))
