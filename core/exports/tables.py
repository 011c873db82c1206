"""The facts of a run as pandas tables, tidy: one row a fact, one column a quantity. docs/exports.md has all columns.

TABLES  their names, with the columns of each and how each is kept
tables  all of them: {name: DataFrame}

Numbers are pyarrow's within pandas, which keeps apart what was not measured (<NA>) and what was not finite (nan, inf).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from core.experiment.config import COSINE
from core.experiment.schedule import turns
from core.language.languages import ENGLISH
from core.language.speech import speaking
from core.probes.summary import PERCENTILES, LayerSummary, NetworkSummary, StageSummary
from core.training.rates import by_hand, rate_of
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    EpochFinished,
    NetworksSeen,
    Record,
    TestMeasured,
    TrainingStarted,
    TrainMeasured,
)

if TYPE_CHECKING:
    from pandas import DataFrame

    from core.experiment.config import ExperimentConfig
    from core.store.recording import Recording

T = TypeVar("T")
Row = dict[str, Any]
STAGES = ("before", "normalized", "scaled", "activated")

_WHOLE, _NUMBER, _TEXT, _YES = "int64", "float64", "string", "bool"  # as pyarrow calls them
_AT = {"step": _WHOLE, "epoch": _NUMBER, "arm": _TEXT}
_LOOK = {"step": _WHOLE, "epoch": _NUMBER, "source": _TEXT, "arm": _TEXT, "layer": _TEXT}
_PERCENTILES = [f"p{share:02}" for share in PERCENTILES]
_OF_STAGE = ("mean", "std", "unit_std", "low", *_PERCENTILES, "high")
_OF_GRADIENT = ("mean_abs", "rms", "before_rms", "zero_share", "update_ratio")
_OF_NORM = (
    "gamma",
    "beta",
    "gamma_grad",
    "beta_grad",
    "batch_mean",
    "batch_var",
    "running_mean",
    "running_var",
)

TABLES: dict[str, dict[str, str]] = {
    "arms": {"arm": _TEXT, "title": _TEXT, "learning_rate": _NUMBER, "dropout": _NUMBER, "parameters": _WHOLE}
    | {"norm_parameters": _WHOLE, "initial_weights": _TEXT},
    "training": _AT
    | {"mini_batches": _WHOLE, "loss": _NUMBER, "accuracy": _NUMBER, "seconds": _NUMBER}
    | {"examples": _WHOLE},
    "tests": _AT
    | {"statistics": _TEXT, "loss": _NUMBER, "accuracy": _NUMBER, "images": _WHOLE, "whole": _YES}
    | {"seconds": _NUMBER},
    "epochs": {"epoch": _WHOLE, "step": _WHOLE, "arm": _TEXT, "loss": _NUMBER, "accuracy": _NUMBER},
    "learning_rates": {"step": _WHOLE, "arm": _TEXT, "learning_rate": _NUMBER},
    "ends": {"arm": _TEXT, "step": _WHOLE, "kind": _TEXT, "where": _TEXT, "what": _TEXT},
    "layers": _LOOK
    | {"images": _WHOLE, "inactive_share": _NUMBER, "zero_share": _NUMBER}
    | {f"gradient_{name}": _NUMBER for name in _OF_GRADIENT},
    "stages": _LOOK
    | {"stage": _TEXT, "values": _WHOLE, "nan": _WHOLE, "positive_inf": _WHOLE, "negative_inf": _WHOLE}
    | dict.fromkeys(_OF_STAGE, _NUMBER)
    | {"sampled": _WHOLE},
    "units": _LOOK | {"unit": _WHOLE} | {f"{stage}_mean": _NUMBER for stage in STAGES},
    "norms": _LOOK | {"unit": _WHOLE, "norm": _TEXT, "values": _WHOLE} | dict.fromkeys(_OF_NORM, _NUMBER),
}


def tables(recording: Recording) -> dict[str, DataFrame]:
    """All that is kept of the run, in English, whoever asks; tables without rows are there, too."""
    with speaking(ENGLISH):
        found = {name: _frame(name, rows(recording)) for name, rows in _OF_RECORDS.items()}
        return found | _of_looks(recording.looks())


def _frame(name: str, rows: Iterable[Row]) -> DataFrame:
    import pandas
    import pyarrow

    columns = {column: getattr(pyarrow, kind if kind != _YES else "bool_")() for column, kind in TABLES[name].items()}
    table = pyarrow.Table.from_pylist(list(rows), schema=pyarrow.schema(columns))
    found: DataFrame = table.to_pandas(types_mapper=pandas.ArrowDtype)
    return found


def _of_looks(looks: Iterable[NetworksSeen]) -> dict[str, DataFrame]:
    """Look by look, so that the rows of a long run are never all there as Python's objects."""
    import pandas

    parts: dict[str, list[DataFrame]] = {name: [_frame(name, ())] for name in _OF_LAYER}
    for look in looks:
        for name, rows in _OF_LAYER.items():
            parts[name].append(_frame(name, _layers(look, rows)))
    return {name: pandas.concat(frames, ignore_index=True) for name, frames in parts.items()}


# --- of the records ----------------------------------------------------------------------------------------------


def _arms(recording: Recording) -> Iterator[Row]:
    config: ExperimentConfig = recording.config
    of_config = {arm.name: arm for arm in config.arms}
    for started in islice(_of_kind(recording.records, TrainingStarted), 1):
        for built in started.arms:
            arm = of_config[built.name]
            yield {
                "arm": built.name,
                "title": str(built.title),
                "learning_rate": arm.learning_rate or config.learning_rate,
                "dropout": config.dropout if arm.dropout is None else arm.dropout,
                "parameters": built.parameters,
                "norm_parameters": built.norm_parameters,
                "initial_weights": built.fingerprint,
            }


def _training(recording: Recording) -> Iterator[Row]:
    for point in _of_kind(recording.records, TrainMeasured):
        for arm, loss in point.loss.items():
            yield {
                "step": point.step,
                "epoch": point.epoch,
                "arm": arm,
                "mini_batches": point.steps,
                "loss": loss,
                "accuracy": point.accuracy[arm],
                "seconds": point.seconds[arm],
                "examples": point.examples[arm],
            }


def _tests(recording: Recording) -> Iterator[Row]:
    for test in _of_kind(recording.records, TestMeasured):
        both = {"running": (test.loss, test.accuracy), "batch": (test.batch_loss, test.batch_accuracy)}
        for statistics, (losses, accuracies) in both.items():
            for arm, loss in losses.items():
                yield {
                    "step": test.step,
                    "epoch": test.epoch,
                    "arm": arm,
                    "statistics": statistics,
                    "loss": loss,
                    "accuracy": accuracies[arm],
                    "images": test.examples,
                    "whole": test.whole,
                    "seconds": test.seconds[arm],
                }


def _epochs(recording: Recording) -> Iterator[Row]:
    for epoch in _of_kind(recording.records, EpochFinished):
        for arm, loss in epoch.train_loss.items():
            yield {
                "epoch": epoch.epoch,
                "step": epoch.step,
                "arm": arm,
                "loss": loss,
                "accuracy": epoch.train_accuracy[arm],
            }


def _learning_rates(recording: Recording) -> Iterator[Row]:
    """What each arm began with, and what it went on with: by its schedule, or set by hand where it follows that."""
    config, changes = recording.config, by_hand(recording.records)
    steps = [1, *_scheduled_steps(recording), *(change.step for change in changes)]
    taken = {
        r.arm: r.steps if isinstance(r, ArmFailed) else r.step - 1
        for r in recording.records
        if isinstance(r, ArmDiverged | ArmFailed)
    }
    last: dict[str, float] = {}
    for step in sorted(set(steps)):
        for arm in config.arms:
            if step > taken.get(arm.name, step):
                continue  # it had ended
            rate = rate_of(config, arm, step, changes)
            if rate != last.get(arm.name):
                yield {"step": step, "arm": arm.name, "learning_rate": rate}
            last[arm.name] = rate


def _scheduled_steps(recording: Recording) -> Iterable[int]:
    """Where a schedule moves the rate: a cosine does so in every mini-batch, and is told where the training is."""
    if recording.config.schedule == COSINE:
        return (point.step for point in _of_kind(recording.records, TrainMeasured))
    reached = max((getattr(record, "step", 0) for record in recording.records), default=0)
    return (step for step in turns(recording.config) if step <= reached)


def _ends(recording: Recording) -> Iterator[Row]:
    for record in recording.records:
        if isinstance(record, ArmDiverged):
            yield _end(record, "diverged", record.layer)
        if isinstance(record, ArmFailed):
            yield _end(record, "failed", record.doing)


def _end(record: ArmDiverged | ArmFailed, kind: str, where: str) -> Row:
    return {"arm": record.arm, "step": record.step, "kind": kind, "where": where, "what": str(record.what)}


def _of_kind(records: Iterable[Record], kind: type[T]) -> Iterator[T]:
    return (record for record in records if isinstance(record, kind))


_OF_RECORDS: dict[str, Callable[[Recording], Iterator[Row]]] = {
    "arms": _arms,
    "training": _training,
    "tests": _tests,
    "epochs": _epochs,
    "learning_rates": _learning_rates,
    "ends": _ends,
}


# --- of the looks ------------------------------------------------------------------------------------------------


def _layers(look: NetworksSeen, rows: Callable[[NetworkSummary, LayerSummary], Iterator[Row]]) -> Iterator[Row]:
    at = {"step": look.step, "epoch": look.epoch, "source": look.source}
    for arm, network in look.arms.items():
        for layer in network.layers:
            for row in rows(network, layer):
                yield at | {"arm": arm, "layer": layer.name} | row


def _layer(network: NetworkSummary, layer: LayerSummary) -> Iterator[Row]:
    gradient = {f"gradient_{name}": getattr(layer.gradient, name) for name in _OF_GRADIENT} if layer.gradient else {}
    shares = {"inactive_share": layer.inactive_share, "zero_share": layer.zero_share}
    yield {"images": network.examples} | shares | gradient


def _stages(network: NetworkSummary, layer: LayerSummary) -> Iterator[Row]:
    for name, stage in _stages_of(layer).items():
        plain = ("values", "nan", "positive_inf", "negative_inf", "mean", "std", "unit_std", "low", "high", "sampled")
        percentiles = dict(zip(_PERCENTILES, stage.percentiles, strict=True))
        yield {"stage": name} | {key: getattr(stage, key) for key in plain} | percentiles


def _units(network: NetworkSummary, layer: LayerSummary) -> Iterator[Row]:
    means = {f"{name}_mean": stage.unit_means for name, stage in _stages_of(layer).items()}
    for unit in range(len(layer.before.unit_means)):
        yield {"unit": unit} | {name: values[unit] for name, values in means.items()}


def _norms(network: NetworkSummary, layer: LayerSummary) -> Iterator[Row]:
    if layer.norm is None:
        return
    has = {name: values for name in _OF_NORM if (values := getattr(layer.norm, name))}  # () is what it does not have
    for unit in range(len(layer.norm.batch_mean)):
        numbers = {name: values[unit] for name, values in has.items()}
        yield {"unit": unit, "norm": layer.norm.kind, "values": layer.norm.values} | numbers


def _stages_of(layer: LayerSummary) -> dict[str, StageSummary]:
    found = {name: getattr(layer, name) for name in STAGES}
    return {name: stage for name, stage in found.items() if stage is not None}


_OF_LAYER: dict[str, Callable[[NetworkSummary, LayerSummary], Iterator[Row]]] = {
    "layers": _layer,
    "stages": _stages,
    "units": _units,
    "norms": _norms,
}
