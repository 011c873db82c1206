"""core.lab.document: a sweep's files for programs."""

from __future__ import annotations

import io
from dataclasses import replace

import pyarrow
import pytest
from pyarrow import parquet

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.document import as_file
from core.lab.sweep import Sweep
from tests.core.lab.gated import Made

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))


def schema(made: Made) -> pyarrow.Schema:
    return parquet.read_table(io.BytesIO(as_file(made.sweep.findings, made.sweep.status, "parquet"))).schema


@pytest.mark.parametrize("rates", [(0.1, 0.2), (0.1, 10.0)])  # with the last no arm has numbers, in gated.py
def test_columns_have_one_type_whatever_was_measured(rates: tuple[float, ...]) -> None:
    made = Made(Sweep(BASE, (("lr", rates),)))
    made.engine.let(9)
    made.sweep.begin("key")
    made.end()
    whole = schema(made)
    alone = Made(Sweep(replace(BASE, learning_rate=rates[-1]), (("lr", rates[-1:]),)))
    alone.engine.let(9)
    alone.sweep.begin("key")
    alone.end()
    assert schema(alone) == whole
    assert whole.field("along_cosine").type == pyarrow.float64()
    assert whole.field("test_accuracy").type == pyarrow.float64()
    assert whole.field("run").type == pyarrow.string()
    assert whole.field("steps").type == pyarrow.int64()
    assert pyarrow.null() not in [field.type for field in whole]
