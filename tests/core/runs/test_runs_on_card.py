"""What the page does, without a page, on a card: First look to its end, steered, looked into and asked on the way."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
import torch

from core.cube.networks import Networks
from core.data.files import verify
from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.fitting import on_digits
from core.runs import questions
from core.runs.manager import RunManager
from core.runs.run import Run
from core.training import ahead, arms, captured, optimizers, records
from core.training.records import TrainMeasured
from core.words.endings import OUT_OF_MEMORY
from core.words.verdict import verdict

DIGITS = ExperimentConfig(data="digits", examples=1280, batch_size=64, epochs=6, learning_rate=0.5)
# On a processor these take seconds, to imitate what most machines lack.
DEVICES = [pytest.param("cpu", marks=pytest.mark.slow), pytest.param("cuda", marks=pytest.mark.cuda)]


@pytest.fixture(params=DEVICES)
def card_manager(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[RunManager]:
    """Runs on a card, or on a processor that is taken for one."""
    if request.param == "cpu":
        for module in (arms, optimizers, ahead):
            monkeypatch.setattr(module, "is_card", lambda device: True)
        monkeypatch.setattr(captured, "capture", lambda work, stream=None: work)
    manager = RunManager(device=torch.device(request.param))
    yield manager
    manager.shutdown(60)


def points(run: Run) -> list[TrainMeasured]:
    return [r for r in run.history if isinstance(r, TrainMeasured)]


def test_a_run_is_paused_stepped_asked_resumed_and_ends(card_manager: RunManager, until) -> None:
    run = card_manager.submit(DIGITS)
    run.join("a watcher")
    until(lambda: run.snapshot().step > 10)
    run.pause(run.key)
    until(lambda: run.status == "paused")
    at = points(run)[-1].step
    assert at == run.snapshot().step, "all that was measured has been told"
    for more in (1, 2):
        run.step_once(run.key)
        until(lambda more=more: points(run)[-1].step == at + more)
        until(lambda: run.status == "paused")
    maps = run.ask(lambda arms, data: questions.feature_maps(arms, data, "conv2", "scaled", 3)).result(30)
    assert set(maps["arms"]) == {"none", "bn", "ln"}
    recalibrated = run.ask(lambda arms, data: questions.recalibration(arms, data, DIGITS.examples)).result(30)
    assert recalibrated
    sites = Networks(run, patience=30).sites("bn")
    assert sites["conv1"].values.shape[1] == 6
    _, seen = run.seen_inside(0, "fixed")
    assert [look.step for look in seen][:4] == [0, 1, 2, 5]
    run.change_learning_rate(run.key, 0.1)
    for _ in range(3):
        run.seen_inside(0, "batch")  # somebody has such a page open
        time.sleep(0.01)
    run.resume(run.key)
    card_manager.join(run, 120)
    assert run.status == "finished"
    steps = [point.step for point in points(run)]
    assert steps[:100] == list(range(1, 101))
    assert sum(point.steps for point in points(run)) == DIGITS.total_steps
    assert [r.step for r in run.history if isinstance(r, records.TestMeasured) and r.whole][-1] == DIGITS.total_steps
    assert all(later >= earlier for earlier, later in itertools.pairwise(p.seconds["bn"] for p in points(run)))
    early = run.ask(lambda arms, data: questions.feature_maps(arms, data, "conv1", "before", 0), step=0).result(30)
    assert early["label"]


def test_a_stop_keeps_what_was_measured_and_frees_the_line(card_manager: RunManager, until) -> None:
    run = card_manager.submit(replace(DIGITS, epochs=500))
    waiting = card_manager.submit(replace(DIGITS, epochs=1))
    for one in (run, waiting):
        one.join("a watcher")
    until(lambda: run.snapshot().step > 60)
    run.stop(run.key)
    card_manager.join(run, 60)
    assert run.status == "stopped"
    assert points(run)[-1].step <= run.snapshot().step
    card_manager.join(waiting, 120)
    assert waiting.status == "finished"


@pytest.mark.cuda
@pytest.mark.parametrize("data", ["digits", "fashion-mnist"])
def test_first_look_gives_a_verdict(data: str) -> None:
    if any(check.status != "ok" for check in verify(data)):
        pytest.skip("needs the four real Fashion-MNIST files (set NORMSCOPE_DATA)")
    config = PRESETS["First look"] if data != "digits" else on_digits(PRESETS["First look"])
    manager = RunManager(device=torch.device("cuda"))
    run = manager.submit(config)
    run.join("a watcher")
    manager.join(run, 120)
    assert run.status == "finished"
    assert verdict(config, run.history, True)
    if data == "fashion-mnist":  # fact 6 of the science: BN far ahead of LN, no norm at chance
        last = [r for r in run.history if isinstance(r, records.TestMeasured)][-1].accuracy
        assert last["bn"] > last["ln"] + 0.05 > last["none"] + 0.2


@pytest.mark.cuda
def test_too_little_memory_is_said_with_what_to_lower() -> None:
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, (torch.cuda.memory_reserved() + 4e8) / total))
    try:
        manager = RunManager(device=torch.device("cuda"))
        run = manager.submit(ExperimentConfig(data="digits", examples=1437, batch_size=1024, depth=12, epochs=3))
        run.join("a watcher")
        manager.join(run, 120)
        whose = {str(r.what) for r in run.history if isinstance(r, records.ArmFailed)}
        if run.status == "failed":
            assert OUT_OF_MEMORY in [getattr(r, "message", "") for r in run.history]
        else:  # some arms had room
            assert whose == {"the device ran out of memory"}
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    again = manager.submit(DIGITS)
    again.join("a watcher")
    manager.join(again, 120)
    assert again.status == "finished", "the card goes on with less"
