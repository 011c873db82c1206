"""One mini-batch for every living arm, one call of PyTorch after another; and what it looks like from inside.

take        the arms learn from a mini-batch; what was measured
take_seen   the same, watched
begin_look  the arms on the fixed images, on copies, while they learn on
diagnose    where a network first stops being finite
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import ExitStack
from functools import partial

import torch
from torch.nn import functional as F

from core.data.images import Images, as_floats
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.probes.stats import summarise
from core.probes.summary import NetworkSummary
from core.probes.watch import probe, watch
from core.training import records
from core.training.arms import Arm, Batch
from core.training.crew import IN_TURN, Crew
from core.training.failures import attempt, failed
from core.training.meter import Measured
from core.training.records import Publish

PROBE_IMAGES = 64  # the fixed ones; a look at them costs some 1.3 training steps of 256


def take(arms: list[Arm], batch: Batch, publish: Publish, crew: Crew) -> Measured:
    """One mini-batch for every living arm; an arm with a non-finite loss is not updated any more."""
    living = [arm for arm in arms if arm.alive]
    measured: Measured = {}
    for arm, outcome in zip(living, crew.map(partial(learn, batch=batch), living), strict=True):
        if isinstance(outcome, records.ArmDiverged | records.ArmFailed):
            publish(outcome)
        else:
            measured[arm.name] = outcome
    return measured


def learn(arm: Arm, batch: Batch) -> tuple[float, float] | records.ArmDiverged | records.ArmFailed:
    """(loss, correctly read examples) of the arm's step; or, without one, where it broke."""
    try:
        return _learn(arm, batch)
    except Exception as error:  # noqa: BLE001 - it ends this arm alone, and is logged
        return failed(arm, batch.step, "step", error)


def _learn(arm: Arm, batch: Batch) -> tuple[float, float] | records.ArmDiverged:
    started = time.perf_counter()
    loss, correct = _forward_backward(arm, batch)
    arm.alive = math.isfinite(loss)
    if arm.alive:
        arm.optimizer.step()
    outcome = (loss, correct) if arm.alive else diagnose(arm, batch)
    arm.seconds += time.perf_counter() - started
    arm.examples += len(batch.labels)
    return outcome


def _forward_backward(arm: Arm, batch: Batch) -> tuple[float, float]:
    logits = arm.model(batch.images)  # [B, 10]
    loss = F.cross_entropy(logits, batch.labels)
    arm.optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    correct = (logits.argmax(1) == batch.labels).sum()
    loss_value, correct_value = torch.stack([loss.detach(), correct.to(loss.dtype)]).tolist()  # the one host sync
    return loss_value, correct_value


@torch.no_grad()
def diagnose(arm: Arm, batch: Batch) -> records.ArmDiverged:
    """The first layer, from the input on, with a parameter or an output that is not finite."""
    values = batch.images
    for name, module in arm.model.named_children():
        for parameter_name, parameter in module.named_parameters():
            if not parameter.isfinite().all():
                what = Message("{parameter} is not finite", {"parameter": f"{name}.{parameter_name}"})
                return records.ArmDiverged(batch.step, arm.name, name, what)
        values = module(values)
        if not values.isfinite().all():
            what = Message("the output of {layer} is not finite", {"layer": name})
            return records.ArmDiverged(batch.step, arm.name, name, what)
    return records.ArmDiverged(batch.step, arm.name, "loss", Message("the loss itself is not finite"))


def take_seen(config: ExperimentConfig, arms: list[Arm], batch: Batch, publish: Publish, crew: Crew) -> Measured:
    """As `take`, seen from inside; the update ratios are those of the step that is taken."""
    with ExitStack() as watches:
        seen = {arm.name: watches.enter_context(watch(arm.model)) for arm in arms if arm.alive}
        measured = take(arms, batch, publish, crew)
    learnt = [arm for arm in arms if arm.name in measured]
    found = crew.map(attempt, [partial(summarise, seen[arm.name]) for arm in learnt])
    _publish_seen(config, batch.step - 1, "batch", dict(zip(learnt, found, strict=True)), publish)
    return measured


def look_at_fixed_images(config: ExperimentConfig, data: Images, arms: list[Arm], step: int) -> records.NetworksSeen:
    """Every living arm on the first test images, in training mode, so that between two looks only the network moved.

    Update ratios are those that a plain SGD step with these gradients would have; None for other optimizers.
    """
    seen: list[records.Record] = []
    begin_look(config, data, arms, step, seen.append, IN_TURN)()
    (look,) = (record for record in seen if isinstance(record, records.NetworksSeen))
    return look


def begin_look(
    config: ExperimentConfig, data: Images, arms: list[Arm], step: int, publish: Publish, crew: Crew
) -> Callable[[], None]:
    """Begin look_at_fixed_images; what comes back waits for it and publishes it. The arms may learn on meanwhile:
    copies are looked at."""
    images, labels = as_floats(data.test_images[:PROBE_IMAGES]), data.test_labels[:PROBE_IMAGES]

    def look(arm: Arm) -> Callable[[], NetworkSummary | Exception]:
        model, rate = attempt(arm.twin), plain_rate(config, arm)
        if isinstance(model, Exception):
            return lambda: model
        return crew.submit(attempt, lambda: summarise(probe(model, images, labels), rate)).result

    looks = {arm: look(arm) for arm in arms if arm.alive}
    return lambda: _publish_seen(config, step, "fixed", {arm: seen() for arm, seen in looks.items()}, publish)


def _publish_seen(
    config: ExperimentConfig, step: int, source: str, found: dict[Arm, NetworkSummary | Exception], publish: Publish
) -> None:
    """Publish what was seen, if anything was; an arm that could not be looked at is at its end."""
    for arm, summary in found.items():
        if isinstance(summary, Exception) and arm.alive:
            publish(failed(arm, step, "look", summary))
    sound = {arm.name: summary for arm, summary in found.items() if not isinstance(summary, Exception)}
    if sound:
        publish(networks_seen(config, step, source, sound))


def plain_rate(config: ExperimentConfig, arm: Arm) -> float | None:
    """The learning rate, where an update is the gradient times it and nothing else."""
    is_plain = config.optimizer == "sgd" and config.momentum == 0 and config.weight_decay == 0
    return arm.learning_rate if is_plain else None


def networks_seen(
    config: ExperimentConfig, step: int, source: str, summaries: dict[str, NetworkSummary]
) -> records.NetworksSeen:
    return records.NetworksSeen(step, step / config.steps_per_epoch, source, summaries)
