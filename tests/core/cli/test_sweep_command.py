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
from urllib.parse import parse_qsl, urlencode

import pytest
from pyarrow import parquet

from core.cli import sweeps
from core.cli.commands import CANNOT, DONE, INTERRUPTED, TERMINATED
from core.cli.flags import UsageError, build_parser
from core.cli.process import main
from core.cli.sweeps import wanted
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.lab.estimate import Estimate
from core.lab.links import from_query, to_query
from core.lab.ready_made import RATES
from core.lab.sweep import Sweep
from core.language.message import Message
from core.runs import engines
from core.runs.engine import EngineError, Outcome
from tests.core.exports.opened import Read
from tests.core.lab.gated import made_up
from tests.fixtures import wait_until as until

RATES_999 = f"lr={','.join(f'{n / 1000:g}' for n in range(1, 1000))}"
MOMENTA_999 = RATES_999.replace("lr", "momentum")


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


def test_a_link_that_has_a_sweeps_own_words_alone_opens_with_the_usual_experiment_as_on_the_page() -> None:
    link = "vary=lr=0.1,1&seeds=2"
    assert parsed("--link", f"http://x/lab?{link}&lang=zh") == from_query(dict(parse_qsl(link)))
    assert parsed("--link", f"http://x/lab?{link}") == Sweep(ExperimentConfig(), (("lr", (0.1, 1.0)),), seeds=2)


def test_one_seed_of_the_usual_norms_is_a_sweep_too_as_on_the_page() -> None:
    assert parsed("--seeds", "1") == Sweep(ExperimentConfig())


def test_a_link_to_a_sweep_may_have_as_many_entries_as_the_limit_says() -> None:
    sweep = Sweep(ExperimentConfig(epochs=2), (("lr", tuple(n / 100 for n in range(1, 11))),), seeds=20, limit=600)
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
        (["--vary", "lr=0.1:0.2"], "--vary: lr: It must be a number; got"),
        (["--vary", "lr="], "--vary: lr: It has no values yet; what is varied has one or more, with commas between"),
        (["--vary", "lr=0.1,0.1"], "--lr: What is varied has one value or more, each once; got “0.1, 0.1”."),
        (["--link", "http://x/lab?vary=lr=0.1&then=21"], "--link: then: Up to 20 seeds with each arm's own best"),
        (["--link", "http://x/lab?vary=lr=0.1&seeds=0"], "--link: seeds: A sweep takes 1 to 20 seeds"),
        (["--link", "http://x/lab?vary=lr=0.1,-1"], "--link: lr: The learning rate must be a finite number above 0"),
        (["--link", "http://x/lab?vary=lr&seeds=2"], "--link: vary: It must be a setting and its values; got “lr”."),
        (["--link", "http://x/lab?validation=0.9"], "--link: validation: The share"),
        (
            ["--link", "http://x/lab?vary=lr=0.1", "--examples", "500", "--batch-size", "480"],
            "--batch-size, --examples: A mini-batch cannot be",
        ),
        (["--link", "http://x/lab?vary=momentum=0.1,0.9", "--optimizer", "adam"], "--link: vary: Only SGD has"),
        (["--link", "http://x/lab?vary=batch_size=0"], "--link: batch-size: "),
        (["--link", "http://x/lab?vary=norm=bn,zz"], "--link: norm: An arm is a norm"),
        (["--link", "http://x/lab?then=2"], "--link: vary: Seeds with each arm's own best"),
        (["--link", "http://x/lab?vary=lr=0.1", "--seeds", "99"], "--seeds: A sweep takes 1 to 20 seeds"),
        (["--link", "http://x/lab?lang=zh"], "--link: Its settings follow a “?”"),
        (
            ["--link", "http://x/lab?vary=lr=0.1&colour=1"],
            "--link: Unknown setting “colour” in the link cannot be used",
        ),
        (["--vary", "colour=1"], "--vary: It must be one of"),
        (["--vary", "seed=1,2"], "Give how many: --seeds 5."),
        (["--vary", "lr=1", "--vary", "lr=2"], "--vary: Each setting is varied once; got lr twice."),
        (["--vary", RATES_999, "--vary", MOMENTA_999], "--limit: A sweep has up to 400 entries"),
        (["--seeds", "1000000"], "--seeds: A sweep takes 1 to 20 seeds, counted from the base's; got 1,000,000. Use 1"),
        (["--seeds", "0"], "--seeds: A sweep takes 1 to 20 seeds, counted from the base's; got 0. Use 1 to 20."),
        (["--seeds", "2", "--examples", "500", "--batch-size", "480"], "got batch size 480 for 450 images."),
        (["--seeds", "2", "--examples", "500", "--batch-size", "480"], "Of 500 training images the sweep holds 50 out"),
        (["--seeds", "2", "--validation", "0.9"], "--validation: The share"),
        (["--vary", "norm=bn", "--norm", "ln"], "--vary norm: --norm says the same."),
        (["--seeds", "2", "--json", "-", "--csv", "-"], "--csv: Only one"),
        (
            ["--seeds", "2", "--csv", "-", "--report", "-"],
            "--report: Only one of --json, --csv, --parquet and --report can go",
        ),
        (["--seeds", "2", "--json", "a.out", "--csv", "a.out"], "--csv: A file has one result; "),
        (["--seeds", "2", "--csv", "/nowhere/a.csv"], "--csv: It must name a file that can be written"),
        (["--seeds", "2", "--report", "/nowhere/a.html"], "--report: It must name a file that can be written"),
        (["--seeds", "2", "--report", "/tmp"], "got /tmp (it is a folder, a device or write-protected)"),
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


OUT_OF_MEMORY = Message("The machine ran out of memory. Lower the batch size, or the number of points at once.")


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
    argv += ["--report", str(tmp_path / "a.html")]

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
    assert "grad. first/last" in out.splitlines()[0]
    assert {line.split()[-2] for line in out.splitlines()[1:5]} == {"0.50"}
    assert "2 of 3 runs have numbers." in Read((tmp_path / "a.html").read_text(encoding="utf-8")).text
    second = Interrupted(before=9)
    ended, found = run(second)
    assert (ended, found["status"], len(found["points"]), len(second.submitted)) == (DONE, "finished", 6, 1)
    assert "3 of 3 runs have numbers." in Read((tmp_path / "a.html").read_text(encoding="utf-8")).text


@pytest.mark.usefixtures("heard")
def test_the_report_of_a_question_has_both_of_its_sweeps_in_the_language_of_who_asks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Interrupted(before=99))
    argv = ["sweep", "--question", "which-norm", "--data", "digits", "--norm", "bn", "--device", "cpu", "--no-store"]
    assert main([*argv, "--language", "zh", "--report", "-"]) == DONE
    found = Read(capsys.readouterr().out)
    assert [len(each["groups"]) for each in found.run["sweeps"]] == [1, len(RATES)]  # the answer first
    assert found.run["language"] == "zh"


@pytest.mark.usefixtures("heard")
def test_what_is_ahead_of_a_question_counts_both_of_its_parts_and_one_bar_goes_through_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    times: list[float] = []
    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Interrupted(before=99))
    monkeypatch.setattr(Estimate, "_step", lambda self, config: 1.0)
    monkeypatch.setattr(sweeps, "duration", lambda seconds: times.append(seconds) or "so long")
    argv = ["sweep", "--data", "digits", "--norm", "bn", "--device", "cpu", "--no-store", "--question"]
    assert main([*argv, "which-norm"]) == DONE
    err = capsys.readouterr().err
    assert err.index("12 runs; about so long ahead.") < err.index("5 runs; about so long ahead.")
    assert times == pytest.approx([12 * times[1] / 5, times[1]])
    assert [f"{done}/12 [" in err for done in (0, 7, 12)] == [True] * 3


@pytest.mark.usefixtures("heard")
def test_the_files_of_a_question_tell_its_parts_apart_and_each_entrys_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Interrupted(before=99))
    files = {form: tmp_path / f"a.{form}" for form in ("json", "csv", "parquet")}
    argv = ["sweep", "--question", "which-norm", "--data", "digits", "--norm", "bn", "--norm", "ln"]
    argv += ["--vary", "lr=0.1,1", "--device", "cpu", "--no-store"]
    assert main([*argv, *(each for form, path in files.items() for each in (f"--{form}", str(path)))]) == DONE
    found = json.loads(files["json"].read_text())
    parts = [point["part"] for point in found["points"]]
    assert [(each["part"], each["entries"]) for each in found["sweeps"]] == [(1, 2 * 2), (2, 5 * 2)]
    assert [parts.count(1), parts.count(2), len(parts)] == [2 * 2, 5 * 2, 14]
    assert [each["part"] for each in found["groups"]] == [1] * 4 + [2] * 2
    of_csv = list(csv.DictReader(files["csv"].read_text().splitlines()))
    of_parquet = parquet.read_table(files["parquet"]).to_pylist()
    for rows in (of_csv, of_parquet):
        assert [int(row["part"]) for row in rows] == parts
        assert [float(row["lr"]) for row in rows] == [0.1, 0.1, 1.0, 1.0, *([0.1] * 10)]


@pytest.mark.usefixtures("heard")
def test_what_was_measured_along_the_gradient_has_a_table_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    along = {"along_cosine": 0.25, "along_change": 1.5, "along_loss_range": 0.125, "along_steepness": 7.5}

    class Measuring(Interrupted):
        def poll(self, seconds: float) -> list[Outcome]:
            found = super().poll(seconds)
            for arm in found[0].found["arms"].values() if found and self.submitted[-1][1]["along"] else ():
                arm |= along
            return found

    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Measuring(before=99))
    argv = ["sweep", "--data", "digits", "--norm", "bn", "--device", "cpu", "--no-store", "--vary", "lr=0.1,1"]
    assert main([*argv, "--along"]) == DONE
    head, table, *rows = capsys.readouterr().out.partition("Along the gradient:")[2].strip().splitlines()[:3]
    assert head.split()[:3] == ["lr", "norm", "cosine"]
    assert [row.split() for row in (table, *rows)] == [[lr, "bn", "+0.25", "1.5", "0.12", "7.5"] for lr in ("0.1", "1")]
    assert main(argv) == DONE
    assert "Along the gradient" not in capsys.readouterr().out


@pytest.mark.usefixtures("heard")
def test_of_both_parts_of_a_question_there_is_a_table_and_what_it_says(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Interrupted(before=99))
    argv = ["sweep", "--question", "which-norm", "--data", "digits", "--norm", "bn", "--device", "cpu", "--no-store"]
    assert main(argv) == DONE
    rates, seeds = capsys.readouterr().out.split("\n\n")
    assert rates.startswith("lr ")
    assert "BatchNorm: best with learning rate 0.01" in rates
    assert "the largest rate at which it learned" in rates
    assert seeds.startswith("norm ")
    assert "of the test images over 5 seeds." in seeds


def test_the_seeds_that_follow_are_in_a_sweeps_link_and_of_rates_alone() -> None:
    sweep = Sweep(ExperimentConfig(epochs=2), (("lr", (0.1, 1.0)),), then=4)
    assert parsed("--link", f"http://x/lab?{urlencode(to_query(sweep))}") == sweep
    assert parsed("--question", "which-norm").then == 5
    with pytest.raises(UsageError, match="--vary: Seeds with each arm's own best learning rate follow where lr alone"):
        parsed("--question", "which-norm", "--vary", "depth=5,8")


@pytest.mark.usefixtures("heard")
def test_what_programs_read_is_english_whoever_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Refusing(Interrupted):
        def poll(self, seconds: float) -> list[Outcome]:
            return [Outcome(each.key, None, OUT_OF_MEMORY) for each in super().poll(seconds)]

    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Refusing(before=9))
    files = [tmp_path / "a.json", tmp_path / "a.csv"]
    argv = ["sweep", "--data", "digits", "--vary", "lr=0.1,1", "--norm", "bn", "--device", "cpu", "--no-store"]
    main([*argv, "--language", "zh", "--json", str(files[0]), "--csv", str(files[1])])
    assert "内存" in capsys.readouterr().err
    assert [each["message"] for each in json.loads(files[0].read_text())["points"]] == [str(OUT_OF_MEMORY)] * 2
    assert [row["message"] for row in csv.DictReader(files[1].read_text().splitlines())] == [str(OUT_OF_MEMORY)] * 2


def test_a_report_that_cannot_be_written_at_the_end_takes_no_number_along(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "gone"
    folder.mkdir()

    class Removing(Interrupted):
        def close(self) -> None:
            folder.rmdir()

    monkeypatch.setattr(engines, "begin_engine", lambda *rest: Removing(before=9))
    argv = ["sweep", "--data", "digits", "--vary", "lr=0.1,1", "--norm", "bn", "--device", "cpu", "--no-store"]
    assert main([*argv, "--json", str(tmp_path / "a.json"), "--report", str(folder / "a.html")]) == CANNOT
    out, err = capsys.readouterr()
    assert err.splitlines()[-1].startswith(f"error: The results cannot be written to {folder / 'a.html'} (")
    assert "bn" in out
    assert len(json.loads((tmp_path / "a.json").read_text())["points"]) == 2


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
    argv = [sys.executable, "-m", "core", "sweep", "--data", "digits", "--vary", "lr=0.1,0.2,0.3,0.4,0.5,0.6"]
    argv += ["--seeds", "20", "--examples", "300", "--epochs", "1", "--json", str(tmp_path / "a.json")]
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
