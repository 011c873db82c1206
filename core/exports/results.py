"""The results of a run as one JSON document: what the command line writes and the page offers for download."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from core.experiment.config import ExperimentConfig
from core.language.languages import ENGLISH
from core.language.speech import speaking
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    DataReplaced,
    EpochFinished,
    LearningRateChanged,
    Record,
    StatusChanged,
    TestMeasured,
    TrainingStarted,
    TrainMeasured,
    to_json,
)


def results(config: ExperimentConfig, history: Iterable[Record]) -> dict[str, Any]:
    """{"config", "device", "status", "arms": {name: {...}}}; an arm's "epochs" holds the finished ones.

    `train_loss` and `train_accuracy` are means over the epoch's examples while the weights moved, not the last
    mini-batch's. `test_accuracy` is in evaluation mode, `test_accuracy_batch` with batch statistics (null without
    BatchNorm). Losses are mean cross-entropies in nats, accuracies shares of 1.
    """
    with speaking(ENGLISH):  # for programs, whoever asks
        return _results(config, list(history))


def _results(config: ExperimentConfig, facts: list[Record]) -> dict[str, Any]:
    started = next((r for r in facts if isinstance(r, TrainingStarted)), None)
    status = next((r.status for r in reversed(facts) if isinstance(r, StatusChanged)), "finished")
    return {
        "config": config.to_json(),
        "device": str(started.device) if started else None,
        "status": status,
        "notes": [to_json(r) for r in facts if isinstance(r, DataReplaced | LearningRateChanged)],
        "arms": {arm.name: _arm(arm.name, config, facts, status) for arm in config.arms},
    }


def _arm(name: str, config: ExperimentConfig, facts: list[Record], status: str) -> dict[str, Any]:
    arm = next(arm for arm in config.arms if arm.name == name)
    started = next((r for r in facts if isinstance(r, TrainingStarted)), None)
    built = next((a for a in started.arms if a.name == name), None) if started else None
    last = next((r for r in reversed(facts) if isinstance(r, TrainMeasured) and name in r.loss), None)
    diverged = next((r for r in facts if isinstance(r, ArmDiverged) and r.arm == name), None)
    failed = next((r for r in facts if isinstance(r, ArmFailed) and r.arm == name), None)
    return {
        "config": config.to_json()
        | {
            "arm": name,
            "conv_norm": arm.conv_norm.value,
            "fc_norm": arm.fc_norm.value,
            "learning_rate": arm.learning_rate or config.learning_rate,
            "dropout": config.dropout if arm.dropout is None else arm.dropout,
        },
        "title": str(arm.title),
        "parameters": built.parameters if built else None,
        "initial_weights": built.fingerprint if built else None,
        "status": "diverged" if diverged else "failed" if failed else status,
        "diverged": to_json(diverged) if diverged else None,
        "failed": to_json(failed) if failed else None,
        "steps": diverged.step - 1 if diverged else failed.steps if failed else last.step if last else 0,
        "seconds": last.seconds[name] if last else 0.0,
        "examples_per_second": examples_per_second(last, name) if last else None,
        "epochs": _epochs(name, facts),
    }


def examples_per_second(last: TrainMeasured, name: str) -> float | None:
    """Training examples by the time the arm's own steps have taken, tests and pauses not counted."""
    return last.examples[name] / last.seconds[name] if last.seconds[name] > 0 else None


def _epochs(name: str, facts: list[Record]) -> list[dict[str, Any]]:
    tests = {r.step: r for r in facts if isinstance(r, TestMeasured) and name in r.accuracy}
    finished = [r for r in facts if isinstance(r, EpochFinished) and name in r.train_loss and r.step in tests]
    return [_epoch(name, epoch, tests[epoch.step]) for epoch in finished]


def _epoch(name: str, epoch: EpochFinished, test: TestMeasured) -> dict[str, Any]:
    trained, tested = to_json(epoch), to_json(test)  # null where a loss was not finite
    return {
        "epoch": epoch.epoch,
        "train_loss": trained["train_loss"][name],
        "train_accuracy": trained["train_accuracy"][name],
        "test_loss": tested["loss"][name],
        "test_accuracy": tested["accuracy"][name],
        "test_accuracy_batch": tested["batch_accuracy"].get(name),
    }
