"""core.runs.engine: what every engine keeps to. Another engine is another parameter of `begin`."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from core.language.speech import speaking
from core.runs.engine import ATTEMPTS, Engine, Outcome
from core.runs.local_engine import LocalEngine
from core.runs.ray_engine import RayEngine
from tests.core.runs.conftest import Machines
from tests.core.runs.engine_works import work
from tests.fixtures import wait_until as until

PROJECT = Path(__file__).parents[3]

Begin = Callable[..., Engine]


@pytest.fixture(params=["local", pytest.param("ray", marks=pytest.mark.slow)])
def begin(request: pytest.FixtureRequest) -> Iterator[Begin]:
    """An engine, closed afterwards: the local one of so many places; that of a cluster has two."""
    begun: list[Engine] = []
    machines = request.getfixturevalue("machines") if request.param == "ray" else None

    def of(places: int = 2, **how: Any) -> Engine:
        begun.append(RayEngine(work, machines.address, **how) if machines else LocalEngine(work, places, **how))
        return begun[-1]

    yield of
    for engine in begun:
        engine.close()


@pytest.fixture(scope="module")
def of_the_cluster(machines: Machines) -> Iterator[Engine]:
    with RayEngine(work, machines.address) as engine:
        yield engine


@pytest.fixture
def begin_or_share(begin: Begin, request: pytest.FixtureRequest) -> Begin:
    """The same, but on a cluster one engine for all tests that leave it as it was: to begin one takes 10 s there."""
    if "ray" not in request.node.callspec.id:
        return begin
    return lambda places=2: request.getfixturevalue("of_the_cluster")


def outcomes(engine: Engine, count: int) -> dict[str, Outcome]:
    """Of so many points, and not one more."""
    found: list[Outcome] = []
    while len(found) < count:
        found += engine.poll(30)
    assert engine.poll(0) == []
    assert len({outcome.key for outcome in found}) == len(found) == count
    return {outcome.key: outcome for outcome in found}


def is_alive(process: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(process, 0)
        return True
    return False


def test_every_point_has_its_outcome_whatever_the_others_do(begin_or_share: Begin, tmp_path: Path) -> None:
    engine = begin_or_share()
    for n in range(6):
        engine.submit(f"good {n}", {"n": n})
    engine.submit("raises", {"n": 7, "do": "raise"})
    engine.submit("refuses", {"n": 7, "do": "refuse"})
    engine.submit("fills", {"n": 7, "do": "fill"})
    engine.submit("dies once", {"n": 8, "do": "die", "times": 1, "file": str(tmp_path / "once")})
    found = outcomes(engine, 10)
    assert [found[f"good {n}"].found["square"] for n in range(6)] == [n * n for n in range(6)]
    assert {found[f"good {n}"].attempts for n in range(6)} == {1}
    assert (found["raises"].found, found["raises"].why) == (None, "ValueError: 7 is no good")
    assert str(found["refuses"].why) == "There is no 7."
    with speaking("zh"):
        assert str(found["fills"].why).startswith("机器的内存")
    assert (found["dies once"].found["square"], found["dies once"].attempts) == (64, 2)


def test_as_many_at_once_as_there_are_places_and_in_other_processes(begin_or_share: Begin, tmp_path: Path) -> None:
    engine = begin_or_share(places=2)
    for n in (1, 2):  # neither ends before both have begun: with one place it would be for ever
        engine.submit(str(n), {"n": n, "do": "arrive", "file": str(tmp_path / str(n)), "until": str(tmp_path / "go")})
    until(lambda: engine.poll(0.05) == [] and all((tmp_path / str(n)).exists() for n in (1, 2)))
    (tmp_path / "go").touch()
    found = outcomes(engine, 2)
    assert len({outcome.found["by"] for outcome in found.values()} - {os.getpid()}) == 2


def test_a_point_whose_process_always_dies_fails_and_says_so(begin_or_share: Begin, tmp_path: Path) -> None:
    engine = begin_or_share()
    engine.submit("killed", {"n": 1, "do": "die", "times": 99, "file": str(tmp_path / "always")})
    engine.submit("left", {"n": 1, "do": "leave"})
    found = outcomes(engine, 2)
    assert (found["killed"].found, found["killed"].attempts) == (None, ATTEMPTS)
    assert "memory" in str(found["killed"].why)
    assert (found["left"].found, found["left"].attempts) == (None, ATTEMPTS)
    assert f" {ATTEMPTS} times" in str(found["left"].why)


def test_a_process_of_this_machine_that_always_ends_says_how() -> None:
    with LocalEngine(work, 1) as engine:
        engine.submit("left", {"n": 1, "do": "leave"})
        assert str(outcomes(engine, 1)["left"].why) == f"Its process ended {ATTEMPTS} times without a word (3)."


def test_a_worker_that_hangs_is_given_up_and_its_place_is_free_again(begin: Begin) -> None:
    engine = begin(places=1, limit=1.0)
    engine.submit("hangs", {"n": 1, "do": "hang"})
    engine.submit("hears nothing", {"n": 1, "do": "deafen"})
    engine.submit("good", {"n": 3})
    found = outcomes(engine, 3)
    for each in ("hangs", "hears nothing"):
        assert (found[each].found, found[each].attempts) == (None, 1)
        assert str(found[each].why) == "It took longer than 1 s, the limit of a point."
    assert found["good"].found["square"] == 9


def test_a_worker_that_died_between_two_points_costs_the_next_one_nothing(begin_or_share: Begin) -> None:
    engine = begin_or_share(places=1)
    engine.submit("first", {"n": 1})
    worker = outcomes(engine, 1)["first"].found["by"]
    os.kill(worker, signal.SIGKILL)
    engine.submit("second", {"n": 2})
    second = outcomes(engine, 1)["second"]
    assert (second.found["square"], second.found["by"] != worker) == (4, True)


def test_closing_ends_the_workers_at_once(begin: Begin) -> None:
    engine = begin(places=1)
    engine.submit("first", {"n": 1})
    worker = outcomes(engine, 1)["first"].found["by"]
    engine.submit("hangs", {"n": 1, "do": "hang"})
    assert engine.poll(0.05) == []
    engine.close()
    assert engine.poll(0) == []
    until(lambda: not is_alive(worker))


def test_ctrl_c_and_a_stop_while_the_workers_imports_are_under_way_end_none_of_them() -> None:
    """Who asked hears both, and ends the work as it suits; the group's other processes have them, too."""
    asking = (
        "import signal\n"
        "from core.runs.local_engine import LocalEngine\n"
        "from tests.core.runs.engine_works import work\n"
        "heard = []\n"
        "for each in (signal.SIGINT, signal.SIGTERM): signal.signal(each, lambda number, _: heard.append(number))\n"
        "with LocalEngine(work, 1, ['tests.core.runs.struck_while_it_is_imported']) as engine:\n"
        "    engine.submit('3', {'n': 3})\n"
        "    while not (found := engine.poll(30)): pass\n"
        "print(found[0].found['square'], found[0].attempts, sorted(heard) == [signal.SIGINT, signal.SIGTERM])"
    )
    done = subprocess.run(
        [sys.executable, "-c", asking], cwd=PROJECT, capture_output=True, text=True, start_new_session=True, timeout=120
    )
    assert (done.stdout, done.returncode) == ("9 1 True\n", 0), done.stderr


def test_a_worker_of_which_nobody_thinks_any_more_does_not_keep_its_process_from_ending() -> None:
    asking = (
        "from core.runs.local_engine import LocalEngine\n"
        "from tests.core.runs.engine_works import work\n"
        "engine = LocalEngine(work, 1)\n"
        "engine.submit('3', {'n': 3})\n"
        "while not engine.poll(30): pass"
    )
    done = subprocess.run([sys.executable, "-c", asking], cwd=PROJECT, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


def test_workers_can_leave_the_processors_to_others() -> None:
    with LocalEngine(work, 1, niceness=5) as engine:
        engine.submit("2", {"n": 2})
        assert outcomes(engine, 1)["2"].found["nice"] == os.nice(0) + 5


def test_a_worker_does_not_run_the_page_that_streamlit_has_put_in_the_place_of_the_main_module(
    begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = tmp_path / "page.py"
    page.write_text(f"open({str(tmp_path / 'was run')!r}, 'w').close()")
    main = ModuleType("__main__")
    main.__file__ = str(page)
    monkeypatch.setitem(sys.modules, "__main__", main)
    engine = begin(places=1)
    engine.submit("2", {"n": 2})
    assert outcomes(engine, 1)["2"].found["square"] == 4
    assert not (tmp_path / "was run").exists()
