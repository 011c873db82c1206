"""`python -m core runs`, and `train` where runs are kept: what was trained is listed, shown, gone on with, deleted."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from bench.kills import measured
from core.cli.process import main
from core.cli.progress import Progress
from core.cli.training import attempt
from core.data.images import load
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.writer import Writer
from core.store.card import Begun, write_card
from core.store.run_file import FILE
from core.store.shelf import Shelf
from core.training.records import ArmDiverged, History, Record, StatusChanged, TrainingStarted
from core.training.trainer import Control, train
from core.words.endings import none_left
from tests.core.store.recorded import ORIGIN

ROOT = Path(__file__).parents[3]
QUICK = ["--data", "digits", "--examples", "100", "--batch-size", "20", "--epochs", "1", "--norm", "bn"]
CONFIG = ExperimentConfig(data="digits", examples=100, batch_size=20, epochs=1, arms=(parse_arm("bn"),))


@pytest.fixture
def shelf(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Shelf:
    monkeypatch.setenv("NORMSCOPE_STORE", "on")
    monkeypatch.setenv("NORMSCOPE_HOME", str(tmp_path / "home"))
    return Shelf(tmp_path / "home", 10**9)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    def told(*words: str) -> tuple[int, str, str]:
        code = main([*words])
        said = capsys.readouterr()
        return code, said.out, said.err

    return told


def test_what_was_trained_is_listed_shown_renamed_deleted_and_restored(shelf: Shelf, run) -> None:
    assert run("runs", "list") == (0, "", f"No runs are kept in {shelf.home}.\n")
    assert run("runs", "list", "--json")[:2] == (0, "[]\n")
    code, out, err = run("train", *QUICK, "--json", "-")
    results = json.loads(out)
    assert code == 0
    (listed,) = json.loads(run("runs", "list", "--json")[1])
    assert err.startswith("digits, 100 examples, on ")
    assert err.count(f"This run’s id is {listed['id']}.\n") == 1
    assert (listed["status"], listed["step"], listed["by"], listed["name"]) == ("finished", 5, "command line", "")
    assert listed["config"] == CONFIG.to_json()
    assert listed["test_accuracy"] == {"bn": results["arms"]["bn"]["epochs"][-1]["test_accuracy"]}
    shown = json.loads(run("runs", "show", "last", "--json")[1])
    assert shown.pop("results") == results
    assert shown == listed
    code, out, _ = run("runs", "export", "last", "--format", "json,script", "--to", str(shelf.home / "out"))
    assert (code, out) == (0, f"{shelf.home}/out/results.json\n{shelf.home}/out/experiment.py\n")
    assert json.loads((shelf.home / "out" / "results.json").read_text()) == results
    code, out, err = run("runs", "export", "last", "--format", "png", "--to", str(shelf.home))
    assert (code, out, "A format is one of csv" in err) == (2, "", True)
    assert run("runs", "rename", "last", "my run")[0] == 0
    code, out, _ = run("runs", "list")
    assert (code, out.splitlines()[1].split()[:3]) == (0, [listed["id"], "my", "run"])
    assert "finished" in run("runs", "show", "my run")[1]
    code, _, err = run("runs", "delete", "my run")
    assert (code, err) == (0, f"Deleted. For an hour `python -m core runs restore {listed['id']}` takes it back.\n")
    code, out, err = run("runs", "show", "my run")
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"error: No run “my run” is kept in {shelf.home}. Its id, its name or “last” says which; ")
    assert run("runs", "restore", listed["id"])[0] == 0
    assert run("runs", "show", listed["id"])[0] == 0
    code, _, err = run("runs", "resume", "last")
    assert code == 2
    assert "error: Only a run that was stopped or interrupted can go on; this one has come to its end." in err


@pytest.mark.parametrize(("variable", "words"), [("on", ["--no-store"]), ("off", [])])
def test_nothing_is_kept_where_nobody_wants_it(shelf: Shelf, run, monkeypatch, variable: str, words: list[str]) -> None:
    monkeypatch.setenv("NORMSCOPE_STORE", variable)
    code, _, err = run("train", *QUICK, *words)
    assert (code, "id" in err) == (0, False)
    assert not shelf.home.exists()
    if variable == "off":
        assert run("runs", "list")[::2] == (
            2,
            "error: NORMSCOPE_STORE is off, so no runs are kept. Leave it unset to have them.\n",
        )


def test_an_id_that_leads_to_nothing_is_not_told(shelf: Shelf, run) -> None:
    shelf.home.write_text("a file where the folder of runs should be")
    code, _, err = run("train", *QUICK)
    assert (code, "This run is not being kept" in err, "This run’s id" in err) == (0, True, False)


def test_a_run_that_cannot_be_read_is_said_beside_the_others_and_put_aside_when_asked(shelf: Shelf, run) -> None:
    (shelf.home / "runs" / "bad").mkdir(parents=True)
    (shelf.home / "runs" / "bad" / FILE).write_text("no run at all" * 1000)
    code, out, err = run("runs", "list", "--json")
    assert (code, out) == (0, "[]\n")
    assert err.startswith("Run bad cannot be read. What is kept of this run cannot be read:")
    assert err.endswith("Here `python -m core runs aside bad` puts it aside.\n")
    assert run("runs", "delete", "bad")[0] == 0
    assert run("runs", "list", "--json")[2] == ""
    assert run("runs", "restore", "bad")[0] == 0
    assert run("runs", "aside", "bad")[2] == f"It is in {shelf.home}/aside/bad now.\n"
    assert run("runs", "list", "--json")[2] == ""


def test_sigterm_before_anything_is_measured_leaves_a_run_that_is_interrupted(shelf: Shelf, run, monkeypatch) -> None:
    def killed(_config: object, _images: object, _publish: object, control: Control, _crew: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        control.begin_step(1)

    monkeypatch.setattr("core.cli.kept.train", killed)
    code, _, err = run("train", *QUICK)
    assert (code, err.splitlines()[-1]) == (143, "The process was told to end while it ran.")
    assert [card.status for card in shelf.cards()] == ["interrupted"]


def test_a_disk_that_hangs_keeps_a_process_that_is_told_to_end_for_three_seconds_in_all(
    shelf: Shelf, run, monkeypatch
) -> None:
    def killed(_config: object, _images: object, _publish: object, control: Control, _crew: object) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        control.begin_step(1)

    waited, now = [], time.monotonic

    def wait(_writer: Writer, *rest: object) -> None:
        waited.append(rest[-1])
        monkeypatch.setattr(time, "monotonic", lambda: now() + sum(waited))

    monkeypatch.setattr("core.cli.kept.train", killed)
    monkeypatch.setattr(Writer, "wait_for", wait)
    monkeypatch.setattr(Writer, "close", wait)
    assert run("train", *QUICK)[0] == 143
    assert len(waited) == 2
    assert sum(waited) <= 3.5  # docker stop, and the promise of five seconds with what PyTorch needs to go


def test_what_goes_on_and_ends_with_no_arm_left_has_all_that_was_measured_to_say_why(shelf: Shelf) -> None:
    before = History([ArmDiverged(3, "bn", "conv1", "nan")])
    status, why = attempt(lambda: [], CONFIG, Progress(History()), before)
    assert (status, why) == ("failed", none_left(CONFIG, before))


def test_a_bar_begins_where_the_run_stood_and_what_is_said_meanwhile_has_a_line_of_its_own(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with Progress(History()) as progress:
        progress.step = 150
        progress.publish(TrainingStarted("CPU", "digits", 100, 360, 20, 5, 200, ()))
        progress.say("Something is said.")
    err = capsys.readouterr().err
    assert "| 150/200 " in err
    assert re.search(r"^.*\r *\rSomething is said\.\n", err, re.MULTILINE), err


def test_a_run_that_goes_on_without_its_images_is_told_of_no_flag_that_it_lacks(
    shelf: Shelf, run, tmp_path, monkeypatch
) -> None:
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    config = ExperimentConfig(data="mnist", arms=(parse_arm("bn"),))
    file = shelf.create("a", Begun(config, config, ORIGIN))
    file.write([(1, StatusChanged("interrupted", 0))])
    file.close(ended=True)
    write_card(file.folder, replace(shelf.card("a"), status="interrupted"))
    code, _, err = run("runs", "resume", "a", "--data-root", str(tmp_path / "none"))
    assert (code, err.startswith("error: mnist is not complete"), "--data digits" in err) == (2, True, False)


def test_where_nothing_can_be_kept_training_goes_on_and_says_so(shelf: Shelf, run) -> None:
    shelf.home.touch()
    code, out, err = run("train", *QUICK)
    assert (code, "finished" in out) == (0, True)
    assert "This run is not being kept; it is in memory only. Runs are kept in a folder" in err


@pytest.mark.slow
@pytest.mark.parametrize(("how", "code", "status"), [("SIGTERM", 143, "interrupted"), ("SIGINT", 130, "stopped")])
def test_a_signal_ends_a_run_where_it_can_go_on_and_it_does(
    shelf: Shelf, run, how: str, code: int, status: str
) -> None:
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    argv = ["train", *QUICK, "--epochs", "6", "--momentum", "0.9"]
    slow = "from core.runs.run import Run; publish = Run.publish; import time"
    slow += "; Run.publish = lambda run, record: (publish(run, record), time.sleep(0.1))"
    program = f"{listen}; {slow}; from core.cli.process import main; raise SystemExit(main({argv!r}))"
    with subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stderr=subprocess.PIPE) as process:
        try:
            while not (shelf.cards() and shelf.cards()[0].step >= 5):
                assert process.poll() is None
                time.sleep(0.05)
            process.send_signal(getattr(signal, how))
            process.communicate(timeout=60)  # a second or less, where nobody else wants the processor
        finally:
            process.kill()
    assert process.returncode == code
    (card,) = shelf.cards()
    assert (card.status, card.resumable) == (status, True)
    assert shelf.read(card.id).checkpoint().step >= card.step - 1
    going_on, _, err = run("runs", "resume", "last")
    assert going_on == 0
    assert re.search(r"\| (\d+)/30 ", err).group(1) == str(card.step)  # type: ignore[union-attr]
    alone: list[Record] = []
    train(shelf.card(card.id).config, load("digits"), alone.append)
    assert measured(shelf.recording(card.id).records) == measured(alone)
    assert os.listdir(shelf.home / "runs") == [card.id]
