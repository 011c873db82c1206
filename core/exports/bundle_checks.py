"""What the parts of a bundle must be beyond what their types say, so that no page stumbles over them.

check_run, check_records, check_look, check_networks

Each raises BundleError.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import Any

from core.experiment.config import ExperimentConfig
from core.experiment.rules import quoted
from core.exports.troubles import BundleError
from core.language.languages import LANGUAGES
from core.language.message import Message
from core.language.speech import speaking
from core.nets.lenet import build_lenet, weight_layers
from core.probes.summary import PERCENTILES, NetworkSummary
from core.store.card import RUN_ID
from core.store.recording import Networks
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    EpochFinished,
    NetworksSeen,
    Record,
    StatusChanged,
    TestMeasured,
    TrainingStarted,
    TrainMeasured,
)

STATUSES = frozenset({"queued", "preparing", "running", "paused", "finished", "stopped", "failed", "interrupted"})
MOST_LETTERS = 200  # of a name
DOINGS = ("step", "look", "test")
SOURCES = ("fixed", "batch")
_SPEC = re.compile(r",?(\.\d)?[dfge%]?")  # how a number may be written in a sentence: no width, which could be millions


def check_run(run_id: str, name: str, status: str) -> None:
    _check(RUN_ID.fullmatch(run_id), "id", run_id)
    _check(len(name) <= MOST_LETTERS, "name", name)
    _check(status in STATUSES, "status", status)


def check_records(config: ExperimentConfig, records: Iterable[Record]) -> None:
    arms = {arm.name for arm in config.arms}
    for record in records:
        _check_messages(record)
        _check_step(config, getattr(record, "step", 0))
        match record:
            case TrainingStarted():
                norms = [(arm.name, arm.main_norm) for arm in config.arms]
                _check([(arm.name, arm.norm) for arm in record.arms] == norms, "arms", record.arms)
                _check(record.steps_per_epoch == config.steps_per_epoch, "steps", record.steps_per_epoch)
                _check(record.total_steps == config.total_steps, "steps", record.total_steps)
            case TrainMeasured() | TestMeasured() | EpochFinished():
                _check_mappings(record, arms)
            case ArmDiverged() | ArmFailed():
                _check(record.arm in arms, "arm", record.arm)
                _check(getattr(record, "doing", "step") in DOINGS, "doing", record)
            case StatusChanged():
                _check(record.status in STATUSES, "status", record.status)


def _check_mappings(record: TrainMeasured | TestMeasured | EpochFinished, arms: set[str]) -> None:
    """All that a page looks up together must be there together, and be what it reckons with."""
    found = {f.name: set(value) for f in fields(record) if isinstance(value := getattr(record, f.name), Mapping)}
    whole = found.get("loss", found.get("train_loss", set()))
    if isinstance(record, TestMeasured):
        _check(record.examples > 0, "examples", record.examples)
    for name, own in found.items():
        if name.endswith("accuracy"):
            shares = getattr(record, name).values()
            _check(all(0 <= share <= 1 for share in shares), name, list(shares))
        fits = own <= whole and own == found["batch_loss"] if name.startswith("batch_") else own >= whole
        _check(fits and own <= arms, name, sorted(own))


def check_look(config: ExperimentConfig, look: NetworksSeen) -> None:
    _check_messages(look)
    _check_step(config, look.step)
    _check(look.source in SOURCES, "source", look.source)
    _check(set(look.arms) <= {arm.name for arm in config.arms}, "arms", sorted(look.arms))
    for summary in look.arms.values():
        _check_summary(summary, _layers(config))


@lru_cache(8)
def _layers(config: ExperimentConfig) -> tuple[str, ...]:
    """The same in all arms; a bundle has hundreds of looks, and a network takes as long to build as a look to read."""
    return tuple(weight_layers(build_lenet(config.arms[0], config)))


def _check_summary(summary: NetworkSummary, layers: tuple[str, ...]) -> None:
    _check(summary.examples > 0, "examples", summary.examples)
    found = tuple(layer.name for layer in summary.layers)
    _check(found == layers, "layers", list(found))
    for layer in summary.layers:
        stages = (layer.before, layer.normalized, layer.scaled, layer.activated)
        for stage in filter(None, stages):
            _check(len(stage.percentiles) == len(PERCENTILES), "percentiles", stage.percentiles)


def check_networks(config: ExperimentConfig, steps: Iterable[int], kept: Iterable[tuple[int, Networks]]) -> None:
    """`kept` is read one by one, so that not all of them are in memory."""
    shapes = {
        arm.name: {name: (tensor.shape, tensor.dtype) for name, tensor in build_lenet(arm, config).state_dict().items()}
        for arm in config.arms
    }
    for step in steps:
        _check_step(config, step)
    for step, networks in kept:
        for arm, tensors in networks.items():
            found = {name: (tensor.shape, tensor.dtype) for name, tensor in tensors.items()}
            _check(found == shapes.get(arm), "networks", f"{arm}, {step}")


def _check_step(config: ExperimentConfig, step: int) -> None:
    _check(0 <= step <= config.total_steps, "step", step)


def _check_messages(record: Record) -> None:
    for message in _messages(record):
        _check(_can_be_told(message), "sentence", message.key)


def _messages(value: Any) -> Iterator[Message]:
    if isinstance(value, Message):
        yield value
        for inner in value.values.values():
            yield from _messages(inner)
    elif isinstance(value, list | tuple):
        if not value or not isinstance(value[0], int | float):  # counts, of which a look has thousands
            for inner in value:
                yield from _messages(inner)
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _messages(inner)
    elif is_dataclass(value):
        for field in fields(value):
            yield from _messages(getattr(value, field.name))


def _can_be_told(message: Message) -> bool:
    """Its key is a pattern that Python fills: it may ask for its values and nothing of them, in any plain form."""
    try:
        for key in filter(None, (message.key, message.many)):
            for _text, name, spec, conversion in string.Formatter().parse(key):
                if name is not None and (name not in message.values or conversion or not _SPEC.fullmatch(spec or "")):
                    return False
        for language in LANGUAGES:  # each has its own way to find the plural
            with speaking(language):
                str(message)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError, RecursionError):
        return False
    return True


def _check(is_so: object, what: str, got: object) -> None:
    if not is_so:
        raise BundleError(
            Message(
                "The bundle cannot be read, and nothing of it was kept: what it says of its run does not fit together "
                "({what}: {got}). Have it exported again.",
                {"what": what, "got": quoted(got)},
            )
        )
