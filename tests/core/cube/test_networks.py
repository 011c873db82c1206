"""What the cube page can look into: live networks, those of an earlier step, and the worked example."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from core.cube import example
from core.cube.example import WorkedExample, lenet_sites
from core.cube.networks import EXAMPLE, Networks
from core.cube.sites import capture
from core.data.images import as_floats
from core.experiment.arm import Norm, parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.asking import NothingToSee
from core.runs.at_hand import at_hand
from core.runs.gallery import Gallery
from core.runs.hidden import hide, reveal
from core.runs.kept_run import KeptRun
from core.runs.shown import shown
from core.store.card import Begun
from core.store.networks import networks_bytes
from core.store.run_file import FILE
from core.store.shelf import Shelf
from core.store.taking_in import take_in
from core.training.records import StatusChanged
from tests.core.store.recorded import recorded

TWO_ARMS = ExperimentConfig(
    data="digits", examples=64, batch_size=16, epochs=1000, arms=(parse_arm("bn"), parse_arm("ln"))
)
SHORT = ExperimentConfig(data="digits", examples=64, batch_size=16, epochs=3, learning_rate=0.5)


@pytest.fixture
def no_example(monkeypatch):
    """Building the worked example fails."""
    monkeypatch.setattr(example, "lenet_sites", None)
    monkeypatch.setattr(example, "row_site", None)


def test_the_worked_example_is_the_same_every_time_and_has_learned_gamma():
    first = WorkedExample()["conv1"]
    lenet_sites.cache_clear()
    second = WorkedExample()["conv1"]
    assert torch.equal(first.values, second.values)
    assert first.shape == (256, 6, 24, 24)
    assert (first.gamma - 1).abs().max() > 0.02


def test_the_worked_example_knows_its_layers_before_any_is_built(no_example):
    assert list(WorkedExample()) == ["conv1", "conv2", "fc1", "fc2", "gru"]
    assert "gru" in WorkedExample()
    assert "fc3" not in WorkedExample()


def test_without_a_run_there_is_the_worked_example(no_example):
    networks = Networks(None)
    assert (networks.state, networks.names, networks.steps) == ("none", [EXAMPLE], [])
    assert len(networks.sites(EXAMPLE)) == 5


def test_of_a_run_in_whose_place_another_was_begun_it_says_which(manager, start):
    run = start(TWO_ARMS)
    networks = Networks(run)
    assert Networks(None).next == networks.next == ""
    other = manager.submit(TWO_ARMS, replaces=run)
    assert networks.next == other.id


def test_once_an_arm_is_revealed_who_looks_needs_the_networks_anew_also_after_the_end(manager, start, small_digits):
    run = start(replace(TWO_ARMS, epochs=1))
    whole = Networks(run)
    hide(run, run.key)
    networks = Networks(shown(run))
    manager.join(run)
    assert (whole.hides, whole.outdated) == (False, True)
    assert (networks.names, networks.hides, networks.outdated) == (["bn", EXAMPLE], True, False)
    reveal(run, run.key)
    assert networks.outdated
    assert (Networks(shown(run)).names, Networks(shown(run)).hides) == (["bn", "ln", EXAMPLE], False)


@pytest.mark.parametrize(("arms", "first"), [("none ln bn", "ln"), ("none none/bn", "none/bn"), ("none", "none")])
def test_where_nobody_has_chosen_it_is_the_first_with_a_norm(manager, start, small_digits, arms, first):
    run = start(replace(TWO_ARMS, arms=tuple(map(parse_arm, arms.split())), epochs=1))
    manager.join(run)
    assert Networks(run).first == first


def test_a_live_runs_networks_are_looked_at_between_two_mini_batches(start, small_digits, until, no_example):
    run = start(TWO_ARMS)
    until(lambda: run.snapshot().step > 2)
    networks = Networks(run)
    assert (networks.state, networks.names) == ("learning", ["bn", "ln", EXAMPLE])
    found = networks.sites("ln")
    assert found["conv1"].norm is Norm.LN
    assert found["conv1"].shape == (256, 6, 24, 24)
    assert str(found["conv1"].origin).startswith("LayerNorm, step ")
    assert networks.sites("ln") is found


def test_while_a_run_is_paused_its_tensors_are_those_of_the_step_they_name(start, small_digits, until):
    run = start(TWO_ARMS)
    until(lambda: run.snapshot().step > 2)
    run.pause(run.key)
    until(lambda: run.status == "paused")
    step = run.snapshot().step
    assert str(Networks(run).sites("bn")["conv1"].origin) == f"BatchNorm, step {step:,}, digits"


def test_live_tensors_come_anew_and_show_the_same_images(start, small_digits, until, monkeypatch):
    monkeypatch.setattr("core.cube.networks.FRESH_SECONDS", 0.0)
    run = start(TWO_ARMS)
    networks = Networks(run)
    until(lambda: networks.state == "learning")
    before, step = networks.sites("bn"), run.snapshot().step
    until(lambda: run.snapshot().step > step + 1)
    after = networks.sites("bn")
    assert after["conv1"].origin != before["conv1"].origin
    assert not torch.equal(after["conv1"].values, before["conv1"].values)
    run.stop(run.key)
    until(lambda: run.ended)
    images = as_floats(small_digits.train_images[:256])
    expected = run.ask(lambda arms, data: capture(arms[0].model, images)).result(5)
    assert torch.equal(networks.sites("bn")["conv1"].values, expected["conv1"].values)


def test_the_networks_of_an_earlier_step_are_those_of_then(manager, start, small_digits):
    run = start(SHORT)
    manager.join(run, 60)
    networks = Networks(run)
    assert networks.state == "ended"
    assert [networks.steps[0], networks.steps[-1]] == [0, SHORT.total_steps]
    first, last = (networks.sites("bn", step)["conv1"] for step in (0, SHORT.total_steps))
    assert str(first.origin) == "BatchNorm, step 0, digits"
    assert torch.equal(first.gamma, torch.ones(6))
    assert not torch.equal(last.gamma, torch.ones(6))
    assert torch.equal(last.values, networks.sites("bn")["conv1"].values)


def test_a_step_that_was_not_kept_is_refused_with_those_that_were(manager, start, small_digits):
    run = start(SHORT)
    manager.join(run, 60)
    with pytest.raises(NothingToSee, match=r"kept at steps 0, 1, 2.*got step 7777"):
        Networks(run).sites("bn", 7777)


def test_of_a_run_that_is_executed_elsewhere_the_step_is_that_of_its_last_kept_networks(tmp_path, small_digits):
    recording = recorded(replace(SHORT, epochs=1, batch_size=8))
    shelf = Shelf(tmp_path, 10**9)
    take_in(shelf, replace(recording, network_steps=(5,)))
    run = KeptRun(shelf, recording.id, Gallery(None, torch.device("cpu")))
    assert run.snapshot().step == 8
    found = Networks(run).sites("bn")["conv1"]
    assert str(found.origin) == "BatchNorm, step 5, digits"
    assert torch.equal(found.gamma, recording.networks(5)["bn"]["conv1_norm.weight"])
    assert at_hand(run) == (5, "checkpoint")
    assert Networks(run).instead_of(None) == "These are the last networks that were kept of this run."
    assert Networks(run).instead_of(5) == ""


def test_networks_that_are_damaged_are_told_of_and_bring_no_page_down(tmp_path, small_digits):
    recording = recorded(replace(SHORT, epochs=1, batch_size=8))
    shelf = Shelf(tmp_path, 10**9)
    take_in(shelf, recording)
    run = KeptRun(shelf, recording.id, Gallery(None, torch.device("cpu")))
    with closing(sqlite3.connect(shelf.folder(recording.id) / FILE)) as file, file:
        file.execute("UPDATE networks SET body = CAST(body || x'00' AS BLOB)")
    with pytest.raises(NothingToSee, match="is damaged"):
        Networks(run).sites("bn")


def test_of_a_run_that_was_kept_to_its_end_nothing_stands_in_place_of_anything(tmp_path, small_digits):
    recording = recorded(replace(SHORT, epochs=1, batch_size=8))
    shelf = Shelf(tmp_path, 10**9)
    take_in(shelf, recording)
    run = KeptRun(shelf, recording.id, Gallery(None, torch.device("cpu")))
    assert at_hand(run) == (8, "end")
    assert Networks(run).instead_of(None) == ""


def test_of_a_run_that_another_process_has_under_way_it_is_said_that_its_networks_are_a_checkpoints(
    tmp_path, small_digits
):
    recording = recorded(replace(SHORT, epochs=1, batch_size=8))
    shelf = Shelf(tmp_path, 10**9)
    file = shelf.create("a", Begun(recording.config, recording.config, recording.origin))
    under_way = [each for each in recording.records if each != StatusChanged("finished", 8)]
    networks = {5: networks_bytes(recording.networks(5))}
    file.write([(1, StatusChanged("running", 0)), *enumerate(under_way, 2)], networks=networks)
    run = KeptRun(shelf, "a", Gallery(None, torch.device("cpu")))
    assert (run.ended, run.snapshot().step, at_hand(run)) == (False, 8, (5, "checkpoint"))
    assert Networks(run).instead_of(None) == (
        "Another process has this run under way: these are the networks of its last checkpoint."
    )
    file.close()


def test_the_networks_of_a_run_that_is_executed_here_are_those_of_now_until_its_end(start, small_digits, until):
    run = start(TWO_ARMS)
    until(lambda: run.snapshot().step > 2)
    assert (at_hand(run)[1], Networks(run).instead_of(None)) == ("now", "")
    run.stop(run.key)
    until(lambda: run.ended)
    assert at_hand(run) == (run.snapshot().step, "end")


def test_before_its_networks_are_built_a_run_offers_the_worked_example(manager, start, small_digits, until):
    running = start(TWO_ARMS)
    until(lambda: running.status == "running")
    queued = Networks(start(TWO_ARMS))
    assert (queued.state, queued.names) == ("waiting", [EXAMPLE])


def test_a_run_that_does_not_answer_in_time_is_reported(start, small_digits, until):
    run = start(TWO_ARMS)
    until(lambda: run.snapshot().step > 2)
    with pytest.raises(NothingToSee, match="did not answer within"):
        Networks(run, patience=0).sites("bn")


@pytest.mark.slow
def test_the_first_look_imports_nothing_that_takes_seconds():
    script = """import sys
from core.cube.networks import Networks
Networks(None).sites("example")["conv1"]
sys.exit(" ".join({"sklearn", "sympy"} & sys.modules.keys()) or 0)"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
