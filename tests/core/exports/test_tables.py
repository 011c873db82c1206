"""Tables that pandas and pyarrow read back hold what the records say, number by number."""

from __future__ import annotations

import math
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas
import pyarrow.parquet
import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.formats import export
from core.exports.tables import TABLES, tables
from core.language.speech import speaking
from core.probes.summary import NetworkSummary
from core.store.recording import Recording
from core.training import records
from core.training.records import (
    ArmDiverged,
    ArmFailed,
    EpochFinished,
    LearningRateChanged,
    NetworksSeen,
    TrainMeasured,
)
from tests.core.store.recorded import recorded

NAN, INF = math.nan, math.inf
ARMS = ("none:lr=1000", "bn", "rms/ln", "in:dropout=0.25")


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Six kinds of norms; an arm that blows up; rates that were changed; values of all kinds that are not finite."""
    arms = tuple(map(parse_arm, ARMS))
    settings = {"activation": "relu", "init": "he", "learning_rate": 0.05}
    plain = recorded(ExperimentConfig(data="digits", batch_size=64, epochs=2, examples=640, arms=arms, **settings))
    more = [
        LearningRateChanged(3, 0.05, 0.02),
        TrainMeasured(
            21, 2.1, 7, {"bn": NAN, "in": INF}, {"bn": 0.1, "in": 0.0}, {"bn": 1.5, "in": 2.5}, {"bn": 9, "in": 8}
        ),
        ArmFailed(19, "rms/ln", "look", 'RuntimeError: with, a comma and a “quote"\nand a second line'),
    ]
    return replace(
        plain, records=(*plain.records, *more), looks=lambda: [*plain.looks(), strange(next(iter(plain.looks())))]
    )


def strange(look: NetworksSeen) -> NetworksSeen:
    """A look of which numbers are not finite, as those of a network on its way out are."""

    def of(network: NetworkSummary) -> NetworkSummary:
        first, *others = network.layers
        stage = replace(
            first.before, mean=NAN, std=INF, low=-INF, unit_means=(NAN, INF, -INF, *first.before.unit_means[3:])
        )
        gradient = replace(first.gradient, mean_abs=INF, rms=NAN, update_ratio=None)
        return replace(network, layers=(replace(first, before=stage, gradient=gradient, inactive_share=NAN), *others))

    return replace(look, step=7, source="batch", arms={name: of(network) for name, network in look.arms.items()})


def rows(recording: Recording, name: str) -> list[dict[str, Any]]:
    """What the table should hold, written down a second time from the records: an oracle without pandas."""
    found: list[dict[str, Any]] = []
    for r in recording.records:
        if name == "training" and isinstance(r, TrainMeasured):
            found += [
                {"step": r.step, "epoch": r.epoch, "arm": a, "mini_batches": r.steps, "loss": r.loss[a]}
                | {"accuracy": r.accuracy[a], "seconds": r.seconds[a], "examples": r.examples[a]}
                for a in r.loss
            ]
        if name == "tests" and isinstance(r, records.TestMeasured):
            for kind, losses, shares in (("running", r.loss, r.accuracy), ("batch", r.batch_loss, r.batch_accuracy)):
                found += [
                    {"step": r.step, "epoch": r.epoch, "arm": a, "statistics": kind, "loss": losses[a]}
                    | {"accuracy": shares[a], "images": r.examples, "whole": r.whole, "seconds": r.seconds[a]}
                    for a in losses
                ]
        if name == "epochs" and isinstance(r, EpochFinished):
            found += [
                {"epoch": r.epoch, "step": r.step, "arm": a, "loss": r.train_loss[a], "accuracy": r.train_accuracy[a]}
                for a in r.train_loss
            ]
        if name == "ends" and isinstance(r, ArmDiverged):
            found.append({"arm": r.arm, "step": r.step, "kind": "diverged", "where": r.layer, "what": str(r.what)})
        if name == "ends" and isinstance(r, ArmFailed):
            found.append({"arm": r.arm, "step": r.step, "kind": "failed", "where": r.doing, "what": r.what})
    for look in recording.looks():
        for arm, network in look.arms.items():
            for layer in network.layers:
                at = {"step": look.step, "epoch": look.epoch, "source": look.source, "arm": arm, "layer": layer.name}
                found += [at | row for row in looked(name, network, layer)]
    return found


def looked(name: str, network: NetworkSummary, layer: Any) -> list[dict[str, Any]]:
    stages = {s: getattr(layer, s) for s in ("before", "normalized", "scaled", "activated") if getattr(layer, s)}
    units = range(len(layer.before.unit_means))
    if name == "layers":
        row = {"images": network.examples, "inactive_share": layer.inactive_share, "zero_share": layer.zero_share}
        keys = ("mean_abs", "rms", "before_rms", "zero_share", "update_ratio")
        return [row | {f"gradient_{key}": getattr(layer.gradient, key) for key in keys}]
    if name == "stages":
        keys = ("values", "nan", "positive_inf", "negative_inf", "mean", "std", "unit_std", "low", "high", "sampled")
        shares = ("p01", "p05", "p25", "p50", "p75", "p95", "p99")
        return [
            {"stage": s, **{key: getattr(it, key) for key in keys}, **dict(zip(shares, it.percentiles, strict=True))}
            for s, it in stages.items()
        ]
    if name == "units":
        return [{"unit": u} | {f"{s}_mean": it.unit_means[u] for s, it in stages.items()} for u in units]
    if name == "norms" and layer.norm:
        norm = layer.norm
        keys = ("gamma", "beta", "gamma_grad", "beta_grad", "batch_mean", "batch_var", "running_mean", "running_var")
        return [
            {"unit": u, "norm": norm.kind, "values": norm.values}
            | {key: getattr(norm, key)[u] for key in keys if getattr(norm, key)}
            for u in units
        ]
    return []


def same(found: Any, expected: Any) -> bool:
    if isinstance(expected, float) and math.isnan(expected):
        return isinstance(found, float) and math.isnan(found)
    return type(found) is type(expected) and found == expected


def check(name: str, found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> None:
    assert len(found) == len(expected), name
    for row, wanted in zip(found, expected, strict=True):
        wrong = {key: (row[key], wanted.get(key)) for key in row if not same(row[key], wanted.get(key))}
        assert not wrong, (name, wrong)


CHECKED = ("training", "tests", "epochs", "ends", "layers", "stages", "units", "norms")


@pytest.fixture(scope="module")
def folder(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tables")
    export(recording, ["csv", "parquet"], folder)
    return folder


@pytest.mark.parametrize("name", CHECKED)
def test_parquet_has_every_number_bit_for_bit_and_tells_missing_from_not_finite(name: str, recording, folder) -> None:
    expected = rows(recording, name)
    assert len(expected) > 1
    check(name, pyarrow.parquet.read_table(folder / f"{name}.parquet").to_pylist(), expected)


@pytest.mark.parametrize("name", CHECKED)
def test_csv_has_every_number_bit_for_bit_and_tells_missing_from_not_finite(name: str, recording, folder) -> None:
    read = pandas.read_csv(folder / f"{name}.csv", dtype=str, keep_default_na=False)
    kinds = {"int64": int, "float64": float, "string": str, "bool": {"True": True, "False": False}.__getitem__}
    of = {column: kinds[kind] for column, kind in TABLES[name].items()}
    found = [{key: of[key](text) if text else None for key, text in row.items()} for row in read.to_dict("records")]
    check(name, found, rows(recording, name))


def test_pandas_reads_parquet_and_keeps_missing_and_not_finite_apart(recording, folder) -> None:
    read = pandas.read_parquet(folder / "layers.parquet", dtype_backend="pyarrow")
    strange = read[read["step"] == 7].iloc[0]
    assert strange["gradient_update_ratio"] is pandas.NA
    assert math.isnan(strange["gradient_rms"])
    assert strange["gradient_mean_abs"] == INF


def test_a_spreadsheet_or_pandas_reads_the_csv_as_numbers(recording, folder) -> None:
    read = pandas.read_csv(folder / "training.csv")
    assert read["loss"].dtype == "float64"
    assert read["loss"].iloc[-2:].isna().tolist() == [True, False]
    assert read["loss"].iloc[-1] == INF


def test_the_arms_table_has_what_the_arms_started_with(recording) -> None:
    found = tables(recording)["arms"].set_index("arm")
    assert found["learning_rate"].to_dict() == {
        "none:lr=1000": 1000,
        "bn": 0.05,
        "rms/ln": 0.05,
        "in:dropout=0.25": 0.05,
    }
    assert found["dropout"].to_dict() == {"none:lr=1000": 0, "bn": 0, "rms/ln": 0, "in:dropout=0.25": 0.25}
    assert found["parameters"]["bn"] - found["norm_parameters"]["bn"] == found["parameters"]["none:lr=1000"]
    assert found["initial_weights"].nunique() == 1


def test_a_changed_learning_rate_is_that_of_the_arms_without_one_of_their_own(recording) -> None:
    found = tables(recording)["learning_rates"]
    rates = {(row.step, row.arm): row.learning_rate for row in found.itertuples()}
    assert {arm for step, arm in rates if step == 3} == {"bn", "rms/ln", "in:dropout=0.25"}
    assert [rates[1, "bn"], rates[3, "bn"], rates[1, "none:lr=1000"]] == [0.05, 0.02, 1000]


def test_an_arm_has_no_learning_rate_of_a_mini_batch_that_it_never_learnt(recording) -> None:
    ends = (ArmDiverged(11, "bn", "fc3", ""), ArmFailed(11, "rms/ln", "step", ""), ArmFailed(11, ARMS[3], "look", ""))
    others = [record for record in recording.records if not isinstance(record, ArmDiverged | ArmFailed)]
    kept = [record for record in others if not isinstance(record, LearningRateChanged)]
    config = replace(recording.config, schedule="step", epochs=5)  # of 10 mini-batches
    found = tables(replace(recording, config=config, records=(*kept, *ends), looks=tuple))["learning_rates"]
    steps = {arm: [row.step for row in found.itertuples() if row.arm == arm] for arm in ARMS}
    assert steps == {"none:lr=1000": [1, 11, 21], "bn": [1], "rms/ln": [1], "in:dropout=0.25": [1, 11]}


def test_a_stepwise_schedule_has_a_row_a_fall_and_a_cosine_one_a_point(recording) -> None:
    lasting = tuple(record for record in recording.records if not isinstance(record, ArmDiverged | ArmFailed))

    def rates(**settings: Any) -> dict[str, list[tuple[int, float]]]:
        config = replace(recording.config, **settings)
        found = tables(replace(recording, config=config, records=lasting))["learning_rates"]
        return {arm: [(row.step, row.learning_rate) for row in found.itertuples() if row.arm == arm] for arm in ARMS}

    stepwise = rates(schedule="step", epochs=5)  # of 10 mini-batches; the records go on to step 21
    assert stepwise["none:lr=1000"] == [(1, 1000), (11, 500), (21, 250)]
    assert stepwise["bn"] == [(1, 0.05), (3, 0.02)]
    cosine = rates(schedule="cosine")
    points = [record.step for record in recording.records if isinstance(record, TrainMeasured) and record.step <= 20]
    assert [step for step, _ in cosine["none:lr=1000"]][:20] == points
    assert cosine["none:lr=1000"][10] == (11, pytest.approx(500))
    assert cosine["bn"] == [(1, 0.05), (2, pytest.approx(0.025 * (1 + math.cos(math.pi / 20)))), (3, 0.02)]


def test_there_is_one_row_a_fact(recording) -> None:
    for name, table in tables(recording).items():
        keys = [
            key for key in ("step", "epoch", "source", "arm", "layer", "stage", "unit", "statistics") if key in table
        ]
        twice = [row for row, n in Counter(map(tuple, table[keys].to_numpy().tolist())).items() if n > 1]
        assert not twice, (name, twice[:3])


def test_every_column_is_explained_in_both_languages() -> None:
    for language in ("", ".zh"):
        text = (Path(__file__).parents[3] / f"docs/exports{language}.md").read_text(encoding="utf-8")
        for name, columns in TABLES.items():
            section = text.split(f"### {name}\n")[1].split("\n#")[0]
            told = {
                word
                for line in section.splitlines()
                if line.startswith("| `")
                for word in re.findall("`(\\w+)`", line.partition(" | ")[0])
            }
            assert told == set(columns), (language, name)


def test_a_run_without_looks_has_all_tables_and_their_columns(recording) -> None:
    bare = replace(recording, records=(), looks=tuple)
    found = tables(bare)
    assert {name: list(table.columns) for name, table in found.items()} == {
        n: list(columns) for n, columns in TABLES.items()
    }
    assert {name: len(table) for name, table in found.items() if len(table)} == {"learning_rates": 4}


def test_tables_are_in_english_whoever_asks(recording) -> None:
    with speaking("zh"):
        found = tables(recording)["arms"]["title"].tolist()
    assert found[1] == "BatchNorm"
    assert found[0] == "No normalization (lr 1000)"
