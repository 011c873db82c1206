"""`sweep`: the sweep that its flags describe, what it refuses, and a small one from end to end."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from core.cli.commands import CANNOT, DONE, INTERRUPTED, TERMINATED
from core.cli.flags import UsageError, build_parser
from core.cli.process import main
from core.cli.sweeps import wanted
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.links import to_query
from core.lab.ready_made import RATES
from core.lab.sweep import Sweep
from core.language.message import Message
from core.runs import engines
from core.runs.engine import EngineError, Outcome
from tests.core.lab.bench import made_up
from tests.fixtures import wait_until as until


def parsed(*argv: str) -> Sweep:
    return wanted(build_parser().parse_args(["sweep", *argv]))


def test_the_flags_describe_a_sweep() -> None:
    sweep = parsed("--vary", "lr=0.01,1", "--vary", "norm=bn,ln", "--seeds", "5", "--seed", "7", "--epochs", "1")
    base = ExperimentConfig(arms=(parse_arm("bn"), parse_arm("ln")), seed=7, epochs=1)
    assert sweep == Sweep(base, (("lr", (0.01, 1.0)),), seeds=5)


def test_a_question_is_a_sweep_whose_values_other_flags_change() -> None:
    assert parsed("--question", "ladder") == Sweep(ExperimentConfig(), (("lr", RATES),), seeds=3)
    assert parsed("--question", "ladder", "--vary", "lr=1,2", "--seeds", "1").varied == (("lr", (1.0, 2.0)),)


def test_a_link_to_a_sweep_is_that_sweep() -> None:
    sweep = Sweep(ExperimentConfig(epochs=2), (("depth", (5, 8)),), seeds=4, validation=0.2)
    assert parsed("--link", f"http://x/lab?{urlencode(to_query(sweep))}") == sweep


def test_a_link_to_a_sweep_may_have_as_many_entries_as_the_limit_says() -> None:
    sweep = Sweep(ExperimentConfig(epochs=2), seeds=200, limit=600)
    link = f"http://x/lab?{urlencode(to_query(sweep))}"
    assert parsed("--link", link, "--limit", "600") == sweep
    with pytest.raises(UsageError, match="--limit: A sweep has up to 599 entries"):
        parsed("--link", link, "--limit", "599")


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        ([], "--vary: A sweep varies settings, or takes several seeds."),
        (["--vary", "lr=0.1,-1"], "--lr: The learning rate must be a finite number above 0; got -1. Use 0.1."),
        (["--vary", "lr"], "--vary: It must be a setting and its values; got “lr”."),
        (["--vary", "colour=1"], "--vary: It must be one of"),
        (["--vary", "seed=1,2"], "Give how many: --seeds 5."),
        (["--vary", "lr=1", "--vary", "lr=2"], "--vary: Each setting is varied once; got lr twice."),
        (["--seeds", "1000000"], "--limit: A sweep has up to 400 entries"),
        (["--seeds", "0"], "--seeds: A sweep takes one seed or more"),
        (["--seeds", "2", "--validation", "0.9"], "--validation: The share"),
        (["--vary", "norm=bn", "--norm", "ln"], "--vary norm: --norm says the same."),
        (["--seeds", "2", "--json", "-", "--csv", "-"], "--csv: Only one"),
        (["--seeds", "2", "--csv", "/nowhere/a.csv"], "--csv: It must name a file that can be written"),
    ],
)
def test_bad_input_is_one_line_with_the_flag_and_the_rule(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["sweep", *argv]) == CANNOT
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert said in err


@pytest.fixture
def heard() -> Iterator[None]:
    """In the background of a shell, as a CI may be, Ctrl-C is not for this process, and NormScope leaves it so."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class Interrupted:
    """An engine that computes at once; the first `before` points come, then the process gets the signal."""

    def __init__(self, before: int, number: int = signal.SIGINT) -> None:
        self.places, self.before, self.number = 1, before, number
        self.submitted: list[tuple[str, Mapping[str, Any]]] = []
        self.is_closed = False

    def close(self) -> None:
        self.is_closed = True

    def submit(self, key: str, point: Mapping[str, Any]) -> None:
        self.submitted.append((key, point))

    def poll(self, seconds: float) -> list[Outcome]:
        if len(self.submitted) > self.before:
            os.kill(os.getpid(), self.number)
            return []
        key, point = self.submitted[-1]
        return [Outcome(key, made_up(point), seconds=1.0)]


@pytest.mark.usefixtures("heard")
@pytest.mark.parametrize(
    ("number", "code", "status"), [(signal.SIGINT, INTERRUPTED, "stopped"), (signal.SIGTERM, TERMINATED, "interrupted")]
)
def test_ctrl_c_keeps_what_is_done_and_the_same_command_computes_what_is_missing(
    number: int, code: int, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "home"))
    argv = ["sweep", "--data", "digits", "--vary", "lr=0.1,1,2", "--vary", "norm=none,bn", "--device", "cpu"]
    argv += ["--batch-size", "32", "--examples", "100", "--json", str(tmp_path / "a.json")]

    def run(engine: Interrupted) -> tuple[int, Any]:
        monkeypatch.setattr(engines, "begin_engine", lambda *rest: engine)
        return main(argv), json.loads((tmp_path / "a.json").read_text())

    first = Interrupted(before=2, number=number)
    ended, found = run(first)
    assert (ended, found["status"], first.is_closed) == (code, status, True)
    assert [(point["values"]["lr"], point["arm"]) for point in found["points"]] == [
        (0.1, "none"), (0.1, "bn"), (1.0, "none"), (1.0, "bn")
    ]  # fmt: skip
    out, err = capsys.readouterr()
    assert "The same command goes on from here." in err
    assert out.splitlines()[0].endswith("ms a step")
    assert all(line.endswith(" 2.5") for line in out.splitlines()[1:5])
    second = Interrupted(before=9)
    ended, found = run(second)
    assert (ended, found["status"], len(found["points"]), len(second.submitted)) == (DONE, "finished", 6, 1)


def test_a_cluster_that_cannot_be_used_is_one_line_and_nothing_has_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_asked: Any) -> None:
        raise EngineError(Message("There is no cluster."))

    monkeypatch.setattr(engines, "RayEngine", refuse)
    monkeypatch.setenv("NORMSCOPE_RAY", "head:6379")
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "home"))
    argv = ["sweep", "--data", "digits", "--seeds", "2", "--json", str(tmp_path / "a.json")]
    assert main(argv) == CANNOT
    out, err = capsys.readouterr()
    assert (out, err.splitlines()[-1]) == ("", "error: There is no cluster.")
    assert main([*argv, "--device", "cuda"]) == CANNOT
    assert "error: --device: On a Ray cluster it must be cpu; got “cuda”." in capsys.readouterr().err
    assert [path.name for path in tmp_path.rglob("*.*")] == []


@pytest.mark.slow
def test_ctrl_c_in_a_terminal_ends_the_sweep_with_all_its_processes(tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "core", "sweep", "--data", "digits", "--vary", "lr=0.1,0.2,0.3,0.4", "--seeds", "30"]
    argv += ["--examples", "300", "--epochs", "1", "--json", str(tmp_path / "a.json")]
    home = {"NORMSCOPE_STORE": "on", "NORMSCOPE_HOME": str(tmp_path / "home")}
    with (tmp_path / "log").open("wb") as log:
        sweep = subprocess.Popen(argv, env=os.environ | home, stdout=log, stderr=log, start_new_session=True)
    try:
        until(lambda: len(list((tmp_path / "home").glob("runs/*/card.json"))) > 0 or sweep.poll() is not None)
        os.killpg(sweep.pid, signal.SIGINT)  # as a terminal does, to all of them
        assert sweep.wait(60) == INTERRUPTED, (tmp_path / "log").read_text()
        assert json.loads((tmp_path / "a.json").read_text())["points"]
        until(lambda: not is_there(sweep.pid))
    finally:
        with suppress(ProcessLookupError):
            os.killpg(sweep.pid, signal.SIGKILL)


def is_there(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.slow
def test_a_sweep_from_end_to_end_and_the_same_command_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "home"))
    files = [tmp_path / "a.json", tmp_path / "a.csv"]
    argv = [
        "sweep",
        "--data",
        "digits",
        "--epochs",
        "1",
        "--vary",
        "lr=0.1,1",
        "--vary",
        "norm=none,bn",
        "--device",
        "cpu",
    ]
    argv += ["--json", str(files[0]), "--csv", str(files[1])]
    assert main(argv) == DONE
    out, err = capsys.readouterr()
    found = json.loads(files[0].read_text())
    assert [entry["values"] for entry in found["points"]] == [
        {"lr": lr, "norm": norm} for lr in (0.1, 1.0) for norm in ("none", "bn")
    ]
    assert {entry["status"] for entry in found["points"]} == {"finished"}
    assert [row["test_accuracy"] for row in csv.DictReader(files[1].read_text().splitlines())] == [
        str(entry["test_accuracy"]) for entry in found["points"]
    ]
    assert out.splitlines()[0].split()[:3] == ["lr", "norm", "seeds"]
    assert "2 runs; about" in err
    assert main(argv) == DONE
    assert "All 2 runs are there from before." in capsys.readouterr().err
    assert json.loads(files[0].read_text()) == found
