"""One line an event: what became of each run, what was refused; no address unless it is wanted."""

from __future__ import annotations

import re
from typing import Any

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.journal import note, written
from core.web.limiting import Limiting

CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=50, epochs=1, arms=(parse_arm("none"),))


def test_each_thing_that_becomes_of_a_run_is_a_line_with_its_id(
    manager, start, small_digits, capsys: pytest.CaptureFixture[str]
) -> None:
    with written(True):
        run = start(CONFIG)
        manager.join(run, 60)
    told = capsys.readouterr().err.splitlines()
    assert [line.partition("normscope: ")[2] for line in told] == [
        f"run {run.id} queued at step 0",
        f"run {run.id} preparing at step 0",
        f"run {run.id} running at step 1",
        f"run {run.id} finished at step 6",
    ]
    assert all(re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} normscope: ", line) for line in told)


@pytest.mark.parametrize("wanted", [False, None])
def test_where_nobody_wants_them_there_are_none(wanted: bool | None, capsys: pytest.CaptureFixture[str]) -> None:
    if wanted is None:
        note("nobody has asked")
    else:
        with written(wanted):
            note("nobody wants it")
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize(("names", "said"), [(False, "asked too often"), (True, "asked too often by 10.0.0.1")])
def test_who_is_refused_is_told_once_a_minute_and_named_only_where_that_is_wanted(
    names: bool, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    async def app(*_: object) -> None:
        pass

    async def send(_: dict[str, Any]) -> None:
        pass

    limited = Limiting(app, names=names)
    scope = {
        "type": "http",
        "path": "/api/runs/a/points",
        "query_string": b"",
        "headers": [],
        "client": ("10.0.0.1", 5),
    }
    with written(True):
        for _ in range(400):
            with pytest.raises(StopIteration):
                limited(scope, None, send).send(None)
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(f"normscope: refused: {said}")
