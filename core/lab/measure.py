"""What one point of a sweep gives: a pure function of JSON values, so that any process on any machine can have it.

measure  trains all arms; the held-out images are read at the end, and the test images once, after them
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from core.data.device import kind_of
from core.data.images import Images, load
from core.experiment import links
from core.experiment.config import ExperimentConfig
from core.exports.results import results
from core.lab.cost import Clocked
from core.lab.curves import thinned
from core.lab.predictiveness import Probed
from core.nets.steady import threads
from core.store.codec import record_text
from core.training.arms import Arm
from core.training.collected import Collected
from core.training.evaluation import evaluate, evaluation_mode
from core.training.failures import out_of_memory
from core.training.records import StatusChanged, to_finite
from core.training.trainer import NOTHING, Training
from core.words.endings import none_left

OF_THE_EPOCH = ("train_loss", "train_accuracy", "test_loss", "test_accuracy", "test_accuracy_batch")
OF_THE_ARM = ("parameters", "initial_weights", "status", "steps", "seconds", "examples_per_second")


def measure(point: Mapping[str, Any]) -> dict[str, Any]:
    """`point` as Point.to_json has it, with the `root` of its images and its `device` where they are not the usual.

    {"arms": {name: its numbers, null where there is none}, "curves", "along": where that is measured, "records": those
    of the run, "device" and "processor", which says whose numbers are the same}. With one thread an operation. Raises
    DataError, MemoryError, and what else goes wrong in all arms at once.
    """
    config, problems = links.from_query(point["experiment"], refuses=True)
    if problems:
        raise ValueError(f"A point is an experiment that can be run; got {point['experiment']}: {problems[0]}")
    with threads(1):
        images = _images(config.data, point.get("root"), point.get("device", "cpu"))
        return _measured(config, point["held_out"], images, bool(point.get("along")))


@lru_cache(maxsize=2)
def _images(name: str, root: str | None, device: str) -> Images:
    return load(name, Path(root) if root else None, device)


def _measured(config: ExperimentConfig, held_out: int, images: Images, is_along: bool) -> dict[str, Any]:
    kept, clock = Collected(), Clocked()
    training = Training(config, images, kept.publish, clock)
    probed = Probed(config, images) if is_along else None
    kept.publish(training.started())
    looks = frozenset({"batch"})  # of the first mini-batch; they change nothing
    while not training.ended:
        if probed is not None:
            probed.before(training)
        training.advance(looks if training.step == 0 else NOTHING)
    training.finish()
    predictive = {arm.name: probed.of(arm) for arm in training.arms} if probed is not None else {}
    validated = {arm.name: _validated(arm, config, held_out, images) for arm in training.arms if arm.alive}
    training.test(lambda: None)  # the only time
    training.settle()  # on a card a test is told later
    living = any(arm.alive for arm in training.arms)
    status, why = ("finished", "") if living else ("failed", none_left(config, kept.records))
    kept.publish(StatusChanged(status, training.step, why))
    found = results(config, kept.records)
    ratios = {name: seen.gradient_ratio for look in kept.looks for name, seen in look.arms.items()}
    return {
        "device": found["device"],
        "processor": kind_of(images.train_images.device),
        "arms": {
            name: _numbers(of_arm, validated.get(name), ratios.get(name))
            | {"step_milliseconds": clock.step_milliseconds(name)}
            | predictive.get(name, {})
            for name, of_arm in found["arms"].items()
        },
        "curves": thinned(kept.records, config.total_steps),
        "records": [record_text(record) for record in kept.records],
    } | ({"along": probed.curves()} if probed is not None else {})


def _validated(arm: Arm, config: ExperimentConfig, held_out: int, images: Images) -> tuple[float, float] | None:
    """Loss and accuracy on the images that follow those trained on; None where the network raises an exception."""
    rows = slice(config.examples, config.examples + held_out)
    try:
        with evaluation_mode(arm.model):
            return evaluate(arm.model, images.train_images[rows], images.train_labels[rows], lambda: None)
    except Exception as error:
        if out_of_memory(error):
            return None  # the test that follows says so
        raise


def _numbers(of_arm: dict[str, Any], validated: tuple[float, float] | None, ratio: float | None) -> dict[str, Any]:
    epoch = of_arm["epochs"][-1] if of_arm["epochs"] else {}
    loss, accuracy = validated or (None, None)
    broken = of_arm["diverged"] or of_arm["failed"]
    numbers = {name: of_arm[name] for name in OF_THE_ARM}
    numbers |= {"learning_rate": of_arm["config"]["learning_rate"], "message": broken["what"] if broken else ""}
    numbers |= {"validation_loss": loss, "validation_accuracy": accuracy, "gradient_ratio": ratio}
    found: dict[str, Any] = to_finite(numbers | {name: epoch.get(name) for name in OF_THE_EPOCH})
    return found
