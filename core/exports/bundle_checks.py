"""What the parts of a bundle must be beyond what their types say, so that no page stumbles over them.

check_run, check_origin, check_records, check_order, check_look, check_networks

Each raises BundleError.
"""

from __future__ import annotations

import math
import re
import string
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from itertools import pairwise
from typing import Any

from core.experiment.config import ExperimentConfig
from core.exports.look_checks import check_summary
from core.exports.troubles import check_fit
from core.language.languages import LANGUAGES
from core.language.message import Message
from core.language.speech import speaking
from core.nets.lenet import build_lenet
from core.store.card import RUN_ID, is_name
from core.store.recording import Networks, Origin
from core.store.shelf import LAST
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
MOST_LETTERS = 200  # of the name of a processor, or a version
MOST_THREADS = 10_000
ENDS = ("finished", "failed")  # after which no run goes on
DOINGS = ("step", "look", "test")
SOURCES = ("fixed", "batch")
_SPEC = re.compile(r",?(\.\d)?[dfge%]?")  # how a number may be written in a sentence: no width, which could be millions


def check_run(run_id: str, name: str, status: str, seconds: float) -> None:
    check_fit(RUN_ID.fullmatch(run_id) and run_id != LAST, "id", run_id)
    check_fit(is_name(name), "name", name)
    check_fit(status in STATUSES, "status", status)
    check_fit(0 <= seconds < math.inf, "seconds", seconds)


def check_origin(origin: Origin) -> None:
    """Lists sort by when a run was begun, and say it in the reader's own time."""
    started = origin.started
    check_fit(started.utcoffset() is not None and 1970 <= started.year < 9999, "started", started)
    check_fit(0 < origin.threads <= MOST_THREADS, "threads", origin.threads)
    for name in ("by", "normscope", "python", "torch", "processor"):
        text = getattr(origin, name)
        check_fit(len(text) <= MOST_LETTERS and text.isprintable(), name, text)


def check_records(config: ExperimentConfig, records: Iterable[Record]) -> None:
    arms = {arm.name for arm in config.arms}
    for record in records:
        _check_messages(record)
        _check_step(config, getattr(record, "step", 0))
        match record:
            case TrainingStarted():
                norms = [(arm.name, arm.main_norm) for arm in config.arms]
                check_fit([(arm.name, arm.norm) for arm in record.arms] == norms, "arms", record.arms)
                check_fit(record.steps_per_epoch == config.steps_per_epoch, "steps", record.steps_per_epoch)
                check_fit(record.total_steps == config.total_steps, "steps", record.total_steps)
            case TrainMeasured() | TestMeasured() | EpochFinished():
                _check_mappings(record, arms)
            case ArmDiverged() | ArmFailed():
                check_fit(record.arm in arms, "arm", record.arm)
                check_fit(getattr(record, "doing", "step") in DOINGS, "doing", record)
            case StatusChanged():
                check_fit(record.status in STATUSES, "status", record.status)


def check_order(records: Sequence[Record], status: str) -> None:
    """They are one run's, as it measured: a beginning, steps that rise, an end."""
    check_fit(records or status == "queued", "records", len(records))
    for kind in (TrainMeasured, TestMeasured):
        for before, after in pairwise(record.step for record in records if isinstance(record, kind)):
            check_fit(before < after or (before == after and kind is TestMeasured), "steps", f"{before}, {after}")
    course = [r for r in records if isinstance(r, TrainingStarted | TrainMeasured | TestMeasured | StatusChanged)]
    begun = [r for r in course if not isinstance(r, StatusChanged)]
    check_fit(not any(isinstance(r, TrainingStarted) for r in begun[1:]), "records", TrainingStarted.kind)
    for record in course[:-1]:
        check_fit(not (isinstance(record, StatusChanged) and record.status in ENDS), "records", record.kind)


def _check_mappings(record: TrainMeasured | TestMeasured | EpochFinished, arms: set[str]) -> None:
    """All that a page looks up together must be there together, and be what it reckons with."""
    found = {f.name: set(value) for f in fields(record) if isinstance(value := getattr(record, f.name), Mapping)}
    whole = found.get("loss", found.get("train_loss", set()))
    if isinstance(record, TestMeasured):
        check_fit(record.examples > 0, "examples", record.examples)
    for name, own in found.items():
        if name.endswith("accuracy"):
            shares = getattr(record, name).values()
            check_fit(all(0 <= share <= 1 for share in shares), name, list(shares))
        fits = own <= whole and own == found["batch_loss"] if name.startswith("batch_") else own >= whole
        check_fit(fits and own <= arms, name, sorted(own))


def check_look(config: ExperimentConfig, look: NetworksSeen) -> None:
    _check_messages(look)
    _check_step(config, look.step)
    check_fit(0 <= look.epoch <= config.epochs, "epoch", look.epoch)
    check_fit(look.source in SOURCES, "source", look.source)
    check_fit(set(look.arms) <= {arm.name for arm in config.arms}, "arms", sorted(look.arms))
    for arm in config.arms:
        if arm.name in look.arms:
            check_summary(config, arm, look.arms[arm.name])


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
            check_fit(found == shapes.get(arm), "networks", f"{arm}, {step}")


def _check_step(config: ExperimentConfig, step: int) -> None:
    check_fit(0 <= step <= config.total_steps, "step", step)


def _check_messages(record: Record) -> None:
    for message in _messages(record):
        check_fit(_can_be_told(message), "sentence", message.key)


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
