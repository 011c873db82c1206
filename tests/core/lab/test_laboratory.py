"""core.lab.laboratory: one sweep at a time, by whom it was begun, and what is known of it after a restart."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from core.experiment.config import ExperimentConfig
from core.experiment.environment import Lab
from core.experiment.rules import ConfigError
from core.lab import laboratory as module
from core.lab.laboratory import Laboratory
from core.lab.links import to_query
from core.lab.noted import MOST, Noted, Notes
from core.lab.points import points
from core.lab.sweep import Sweep
from core.runs.manager import RunManager
from core.runs.owner import NotTheOwner
from core.store.shelf import Shelf
from tests.core.lab.gated import Gated, quick
from tests.fixtures import wait_until as until

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1)
SWEEP = Sweep(BASE, (("lr", (0.1, 1.0)),))
LINK, OTHER = to_query(SWEEP), to_query(replace(SWEEP, seeds=2))


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Gated:
    found = Gated()
    monkeypatch.setattr(module, "begin_engine", lambda *rest, **how: found)
    return found


def lab(home: Path | None = None, **allowed: Any) -> Laboratory:
    shelf = Shelf(home, 10**9) if home is not None else None
    found = Laboratory(RunManager(device=torch.device("cpu"), shelf=shelf), Lab(True, **allowed))
    found._timing.estimate = quick  # type: ignore[method-assign]
    return found


def test_one_sweep_at_a_time_is_computed_and_its_owner_alone_steers_it(engine: Gated) -> None:
    here = lab()
    sweep = here.begin(LINK, "mine")
    with pytest.raises(NotTheOwner, match="One sweep at a time"):
        here.begin(OTHER, "another's")
    with pytest.raises(NotTheOwner, match="Another sweep of yours"):
        here.begin(OTHER, "mine")
    with pytest.raises(NotTheOwner, match="One sweep at a time"):
        here.begin(LINK, "another's")
    for what in ("pause", "cancel", "pin"):
        with pytest.raises(NotTheOwner, match="Only who started"):
            here.wish(sweep.id, what, "another's")
    here.wish(sweep.id, "pause", "mine")
    assert here.begin(LINK, "mine") is sweep
    assert sweep.asked == ""
    here.wish(sweep.id, "cancel", "mine")
    until(lambda: not sweep.is_under_way)
    engine.let(9)
    assert here.begin(OTHER, "another's") is not sweep
    here.shutdown(30)


def test_a_sweep_that_is_too_large_or_not_allowed_is_refused_and_nothing_begins(engine: Gated) -> None:
    with pytest.raises(ConfigError, match="up to 5 entries"):
        lab(points=5).begin(LINK, "mine")
    rates = tuple(n / 100 for n in range(1, 11))
    large = Sweep(BASE, (("lr", rates),), seeds=20, limit=1000)
    assert lab(points=1000).read(to_query(large)).entries == 600
    off = lab()
    off.allowed = Lab(False)
    with pytest.raises(ConfigError, match="NORMSCOPE_LAB=off"):
        off.begin(LINK, "mine")
    with pytest.raises(NotTheOwner, match="not known here"):
        lab().wish("none", "pause", "mine")
    assert engine.submitted == []


def test_each_run_of_a_sweep_is_bounded_as_any_run_of_the_page_is(engine: Gated) -> None:
    here = lab()
    sweep = Sweep(BASE, (("epochs", (1, 2)),))
    one = points(sweep)[0].config.work
    here._runs.most_work = 2 * one
    assert here.read(to_query(sweep)) == sweep
    here._runs.most_work = 2 * one - 1
    with pytest.raises(ConfigError, match=f"this one takes {2 * one:,}"):
        here.begin(to_query(sweep), "mine")
    assert (here.current, engine.submitted) == (None, [])


def test_after_a_restart_a_sweep_is_listed_for_who_began_it_as_interrupted(engine: Gated, tmp_path: Path) -> None:
    here = lab(tmp_path)
    sweep = here.begin(LINK, "mine")
    assert [each.status for each in here.begun_by("mine")] == ["running"]
    until(lambda: bool(engine.submitted))
    again = lab(tmp_path)  # as if the first had been killed
    assert [(each.id, each.query, each.status) for each in again.begun_by("mine")] == [(sweep.id, LINK, "interrupted")]
    assert again.begun_by("another's") == []
    here.wish(sweep.id, "cancel", "mine")
    until(lambda: not sweep.is_under_way)
    here.shutdown(30)
    assert [each.status for each in lab(tmp_path).begun_by("mine")] == ["cancelled"]


def test_after_a_restart_a_sweep_that_is_opened_by_its_link_stands_as_the_list_says(
    engine: Gated, tmp_path: Path
) -> None:
    here = lab(tmp_path)
    sweep = here.begin(LINK, "mine")
    until(lambda: bool(engine.submitted))
    assert lab(tmp_path).open(SWEEP).status == "interrupted"  # as if the first had been killed
    here.wish(sweep.id, "cancel", "mine")
    until(lambda: not sweep.is_under_way)
    here.shutdown(30)
    again = lab(tmp_path)
    assert again.open(SWEEP).status == "cancelled"
    assert again.open(replace(SWEEP, seeds=2)).status == ""


def test_the_end_of_a_server_interrupts_its_sweep(engine: Gated, tmp_path: Path) -> None:
    here = lab(tmp_path)
    sweep = here.begin(LINK, "mine")
    until(lambda: bool(engine.submitted))
    here.shutdown(30)
    assert (sweep.status, engine.closed) == ("interrupted", 1)


def test_the_minutes_that_a_sweep_has_had_outlive_the_server(engine: Gated, tmp_path: Path) -> None:
    here = lab(tmp_path)
    sweep = here.begin(LINK, "mine")
    until(lambda: sweep.seconds > 0)
    here.shutdown(30)
    assert lab(tmp_path).open(SWEEP).seconds == sweep.seconds > 0
    assert lab(tmp_path).open(replace(SWEEP, seeds=2)).seconds == 0


def test_a_server_that_is_killed_forgets_none_of_the_minutes_before_its_latest_point(
    engine: Gated, tmp_path: Path
) -> None:
    here = lab(tmp_path)
    sweep = here.begin(LINK, "mine")
    until(lambda: sweep.seconds > 0)
    before = sweep.seconds
    engine.let(1)
    until(lambda: lab(tmp_path).open(SWEEP).seconds >= before)  # as if the first had been killed
    assert sweep.is_under_way
    here.shutdown(30)


def test_notes_that_cannot_be_read_are_left_out_and_the_oldest_are_forgotten(tmp_path: Path) -> None:
    notes = Notes(tmp_path)
    for count in range(MOST + 2):
        notes.write(Noted(f"s{count}", "owner", LINK, float(count), "finished"))
    (tmp_path / "sweeps" / "bad.json").write_text("{}")
    (tmp_path / "sweeps" / "worse.json").write_text("no JSON")
    found = Notes(tmp_path).all()
    assert (len(found), found[0].id, found[-1].id) == (MOST, f"s{MOST + 1}", "s2")


def test_what_cannot_be_noted_goes_on_in_memory(tmp_path: Path) -> None:
    (tmp_path / "sweeps").write_text("no folder")
    notes = Notes(tmp_path)
    notes.write(Noted("s", "owner", LINK, 1.0, "finished"))
    assert [each.id for each in notes.all()] == ["s"]
