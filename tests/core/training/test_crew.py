"""Arms side by side: the same numbers as one after the other, on as many threads as the cores allow."""

from __future__ import annotations

import threading

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.training import crew as crews
from core.training import records
from core.training.arms import Arm
from core.training.crew import IN_TURN, Share, crew, share_cores
from core.training.trainer import Unattended, train

CPU = torch.device("cpu")
CONFIG = ExperimentConfig(data="digits", examples=320, batch_size=32, epochs=1, dropout=0.2)


@pytest.fixture
def cores(monkeypatch):
    """cores(4): the machine has so many, as far as crews know."""
    yield lambda count: monkeypatch.setattr(crews, "usable_cores", lambda: count)
    monkeypatch.undo()
    share_cores()


def of(arms: int, batch_size: int = 32) -> ExperimentConfig:
    """An experiment with so many arms."""
    names = ("none", "bn", "ln", "gn", "rms", "bn/none")[:arms]
    return ExperimentConfig(data="digits", examples=320, batch_size=batch_size, arms=tuple(map(parse_arm, names)))


class Looking(Unattended):
    """Looks at everything at every second step."""

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset({"fixed", "batch"} if step % 2 else ())


def trained(config: ExperimentConfig, data: Images, crew: object) -> tuple[list[dict], list[dict[str, torch.Tensor]]]:
    """What was measured (times left out), and the weights at the end."""
    facts: list[records.Record] = []
    arms = train(config, data, facts.append, Looking(), crew)
    timeless = [{k: v for k, v in records.to_json(fact).items() if k != "seconds"} for fact in facts]
    assert {type(fact) for fact in facts} >= {records.TrainMeasured, records.TestMeasured, records.NetworksSeen}
    return timeless, [arm.model.state_dict() for arm in arms]


@pytest.mark.slow
@pytest.mark.parametrize("machine", [2, 3, 8])
def test_on_any_number_of_cores_every_number_is_that_of_one_bit_for_bit(digits: Images, cores, machine):
    cores(machine)
    with crew(CPU, CONFIG) as workers:
        measured, weights = trained(CONFIG, digits, workers)
    expected, expected_weights = trained(CONFIG, digits, IN_TURN)
    measured[0].pop("device"), expected[0].pop("device")  # which says how many threads there were
    assert measured == expected
    torch.testing.assert_close(weights, expected_weights, rtol=0, atol=0)


def test_arms_really_work_at_the_same_time(cores):
    cores(2)
    both_are_here = threading.Barrier(2, timeout=30)
    with crew(CPU, of(2)) as two:
        assert len(list(two.map(lambda _: both_are_here.wait(), range(2)))) == 2


@pytest.mark.parametrize(
    ("machine", "spare", "arms", "at_once", "threads"),
    [
        (1, 0, 3, 1, 1),
        (2, 1, 3, 1, 1),
        (2, 0, 1, 1, 2),
        (2, 0, 2, 2, 1),
        (2, 0, 3, 1, 2),  # measured: two at once would leave a core idle every second time
        (2, 0, 4, 2, 1),
        (3, 0, 3, 3, 1),
        (4, 1, 3, 3, 1),
        (8, 1, 3, 3, 2),
        (8, 0, 1, 1, 8),
        (32, 0, 1, 1, 8),
        (32, 0, 3, 3, 8),
    ],
)
def test_cores_are_shared_out_among_the_arms(cores, machine, spare, arms, at_once, threads):
    cores(machine)
    assert Share.of(machine - spare, arms) == Share(at_once, threads) if machine > spare else True
    before = torch.get_num_threads()
    with crew(CPU, of(arms), spare) as workers:
        assert workers.threads == threads
        assert [*workers.map(lambda _: torch.get_num_threads(), range(arms))] == [threads] * arms
        assert getattr(workers, "_max_workers", 1) == at_once
    assert torch.get_num_threads() == before


@pytest.mark.parametrize(("machine", "arms", "at_once"), [(2, 1, 1), (2, 3, 2), (8, 3, 3)])
def test_with_few_images_an_operation_has_one_thread(cores, machine, arms, at_once):
    cores(machine)
    with crew(CPU, of(arms, batch_size=16)) as workers:
        assert (workers.threads, getattr(workers, "_max_workers", 1)) == (1, at_once)
        assert workers.submit(torch.get_num_threads).result() == 1


def test_what_goes_on_beside_the_arms_takes_one_thread_from_them_until_it_ends(cores):
    cores(2)
    go_on = threading.Event()
    with crew(CPU, of(1)) as workers:
        look = workers.submit(lambda: go_on.wait(30) and torch.get_num_threads())
        assert [*workers.map(lambda _: torch.get_num_threads(), range(2))] == [1, 1]
        go_on.set()
        assert look.result() == 1
        assert [*workers.map(lambda _: torch.get_num_threads(), range(2))] == [2, 2]


@given(st.integers(1, 64), st.integers(1, 6))
def test_no_core_is_asked_for_twice_and_no_arm_waits_without_need(machine, arms):
    share = Share.of(machine, arms)
    assert 1 <= share.at_once <= arms
    assert 1 <= share.threads <= 8
    assert share.at_once * share.threads <= machine
    assert share.speed(arms) >= max(Share(1, min(8, machine)).speed(arms), Share(min(machine, arms), 1).speed(arms))


@pytest.mark.parametrize(
    ("machine", "spare", "device"), [(1, 0, "cpu"), (1, 1, "cpu"), (2, 1, "cpu"), (16, 0, "cuda"), (8, 0, "mps")]
)
def test_where_it_does_not_pay_whoever_asks_does_the_work_and_no_thread_is_started(cores, machine, spare, device):
    cores(machine)
    with crew(torch.device(device), of(3), spare) as alone:
        assert list(alone.map(lambda _: threading.current_thread(), range(2))) == [threading.current_thread()] * 2


@pytest.mark.parametrize("machine", [1, 2])
def test_what_goes_wrong_in_an_arm_goes_to_whoever_asked(cores, machine):
    cores(machine)
    with crew(CPU, of(2)) as workers, pytest.raises(torch.OutOfMemoryError, match="full"):
        list(workers.map(_run_out_of_memory, range(2)))


def _run_out_of_memory(_: int) -> None:
    raise torch.OutOfMemoryError("full")


def test_an_arm_that_diverges_among_others_ends_alone(digits: Images, cores):
    cores(2)
    arms = tuple(map(parse_arm, ("bn", "none:lr=1e9", "ln")))
    config = ExperimentConfig(data="digits", examples=640, batch_size=64, epochs=1, activation="relu", arms=arms)
    facts: list[records.Record] = []
    with crew(CPU, of(2)) as two:
        ended = train(config, digits, facts.append, crew=two)
    assert [arm.alive for arm in ended] == [True, False, True]
    assert [fact.arm for fact in facts if isinstance(fact, records.ArmDiverged)] == [arms[1].name]
