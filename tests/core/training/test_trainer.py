"""training/trainer.py: the same batches for every arm, the same numbers every time, and an end that names its cause."""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from itertools import chain, pairwise
from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets.lenet import build_lenet
from core.runs.manager import RunManager
from core.training import records
from core.training.arms import Arm, Batches, build_arms
from core.training.evaluation import batch_statistics, evaluate, evaluation_mode
from core.training.live_tests import EARLY_TESTS, is_live_test
from core.training.meter import POINTS, Meter
from core.training.records import (
    ArmDiverged,
    EpochFinished,
    LearningRateChanged,
    Record,
    TrainingStarted,
    TrainMeasured,
)
from core.training.steps import look_at_fixed_images
from core.training.trainer import RunStopped, Unattended, train

SIX = tuple(parse_arm(name) for name in ("none", "bn:dropout=0.3", "ln", "bn:book", "gn", "in/rms"))
CONFIG = ExperimentConfig(data="digits", examples=300, batch_size=20, epochs=7, learning_rate=0.5)  # 15 steps an epoch


def history_of(config: ExperimentConfig, data: Images, control: Any = None) -> list[Record]:
    history: list[Record] = []
    with suppress(RunStopped):
        train(config, data, history.append, control)
    return history


def losses(history: list[Record], arm: str) -> list[float]:
    """The loss at each point, exactly."""
    return [r.loss[arm] for r in history if isinstance(r, TrainMeasured) and arm in r.loss]


def the_tests(history: list[Record]) -> list[records.TestMeasured]:
    return [r for r in history if isinstance(r, records.TestMeasured)]


def numbers(history: list[Record]) -> list[tuple[Any, ...]]:
    """Everything measured, without the clock."""
    found: list[tuple[Any, ...]] = []
    for r in history:
        if isinstance(r, TrainMeasured):
            found.append((r.step, r.steps, dict(r.loss), dict(r.accuracy)))
        elif isinstance(r, records.TestMeasured):
            found.append((r.step, dict(r.loss), dict(r.accuracy), dict(r.batch_loss), dict(r.batch_accuracy)))
        elif isinstance(r, EpochFinished):
            found.append((r.step, dict(r.train_loss), dict(r.train_accuracy)))
    return found


@pytest.fixture(scope="module")
def history(small_images: Images) -> list[Record]:
    return history_of(CONFIG, small_images)


@pytest.fixture(scope="module")
def among(small_images: Images) -> list[Record]:
    """One epoch of six arms."""
    return history_of(replace(CONFIG, arms=SIX, epochs=1), small_images)


class StopAfter(Unattended):
    """A control that ends the training after so many steps, or changes the learning rate on the way."""

    def __init__(self, steps: int, rates: dict[int, float] | None = None) -> None:
        self.steps, self.rates = steps, rates or {}

    def begin_step(self, step: int) -> float | None:
        if step > self.steps:
            raise RunStopped
        return self.rates.get(step)


# --- the same numbers, every time --------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_same_config_gives_the_same_numbers_bit_for_bit(small_images: Images) -> None:
    config = replace(CONFIG, arms=SIX, epochs=1, batch_size=32, drop_last=False)
    assert numbers(history_of(config, small_images)) == numbers(history_of(config, small_images))


def test_another_seed_gives_other_numbers(small_images: Images, history) -> None:
    assert losses(history_of(replace(CONFIG, seed=1), small_images, StopAfter(3)), "bn") != losses(history, "bn")[:3]


def test_the_global_random_state_is_neither_read_nor_changed(small_images: Images, among) -> None:
    with torch.random.fork_rng():
        torch.manual_seed(torch.initial_seed() + 1)  # not the state that `among` was trained in
        before, again = torch.get_rng_state(), history_of(replace(CONFIG, arms=SIX, epochs=1), small_images)
        assert torch.equal(torch.get_rng_state(), before)
    assert numbers(again) == numbers(among)


@pytest.mark.slow
def test_restart_with_the_same_weights_gives_the_first_100_losses_again(
    manager: RunManager, start, small_digits
) -> None:
    first, again = start(CONFIG), start(CONFIG)
    for run in (first, again):
        manager.join(run)
        assert run.status == "finished"
    for arm in ("none", "bn", "ln"):
        once, twice = losses(list(first.history), arm), losses(list(again.history), arm)
        assert once[:100] == twice[:100]
        assert len(once[:100]) == 100


@pytest.mark.slow
def test_under_the_run_manager_the_numbers_are_those_of_the_command_line(
    manager: RunManager, start, small_digits, among
) -> None:
    run = start(replace(CONFIG, epochs=1, arms=SIX))
    manager.join(run)
    assert numbers(list(run.history)) == numbers(among)


# --- lock-step ---------------------------------------------------------------------------------------------------


def test_every_arm_starts_from_the_same_weights_and_says_so(among) -> None:
    started = among[0]
    assert isinstance(started, TrainingStarted)
    assert len({arm.fingerprint for arm in started.arms}) == 1
    first, *others = build_arms(replace(CONFIG, arms=SIX), torch.device("cpu"))
    weights = first.model.get_submodule("fc1").weight
    for arm in others:
        assert torch.equal(arm.model.get_submodule("fc1").weight, weights)
        assert arm.model.get_submodule("fc1").weight is not weights


def test_every_arm_sees_the_same_batches_in_the_same_order(small_images: Images, monkeypatch) -> None:
    seen: dict[str, list[torch.Tensor]] = {}
    real = build_lenet

    def spied(arm, config):
        model = real(arm, config)
        kept = seen.setdefault(arm.name, [])
        model.register_forward_pre_hook(lambda m, args: kept.append(args[0].clone()) if m.training else None)
        return model

    monkeypatch.setattr("core.training.arms.build_lenet", spied)
    config = replace(CONFIG, arms=SIX, batch_size=50, epochs=2)
    history_of(config, small_images)
    expected = [batch.images for batch in Batches(config, small_images)]
    for images in seen.values():
        assert len(images) == config.total_steps
        assert all(torch.equal(a, b) for a, b in zip(images, expected, strict=True))


@pytest.mark.parametrize("arm", SIX, ids=lambda arm: arm.name)
def test_an_arm_alone_has_the_same_numbers_as_among_others(small_images: Images, among, arm) -> None:
    alone = history_of(replace(CONFIG, arms=(arm,), epochs=1), small_images)
    assert losses(among, arm.name) == losses(alone, arm.name)
    assert [t.accuracy[arm.name] for t in the_tests(among)] == [t.accuracy[arm.name] for t in the_tests(alone)]


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.9}, {"optimizer": "adam", "learning_rate": 0.01}])
@pytest.mark.parametrize("norm", ["none", "bn", "ln"])
def test_a_plain_pytorch_loop_has_the_same_losses(small_images: Images, norm: str, settings) -> None:
    config = replace(CONFIG, **settings, examples=100, epochs=2, arms=(parse_arm(norm),))
    model = build_lenet(config.arms[0], config)
    if config.optimizer == "adam":
        optimizer: torch.optim.Optimizer = torch.optim.Adam(model.parameters(), lr=config.learning_rate)
    else:
        optimizer = torch.optim.SGD(model.parameters(), lr=config.learning_rate, momentum=config.momentum)
    X, y = small_images.train_images.float() / 255, small_images.train_labels
    generator, expected = torch.Generator().manual_seed(0), []
    for _ in range(2):
        for rows in torch.randperm(100, generator=generator).split(20):
            optimizer.zero_grad()
            loss = cross_entropy(model(X[rows]), y[rows])
            loss.backward()
            optimizer.step()
            expected.append(loss.item())
    assert losses(history_of(config, small_images), norm) == expected


@pytest.mark.parametrize(
    ("settings", "share"),
    [
        ({"schedule": "cosine"}, lambda step: 0.5 * (1 + math.cos(math.pi * step / 10))),
        ({"schedule": "step", "step_factor": 0.3, "momentum": 0.5}, lambda step: 0.3 ** (step // 5)),
    ],
    ids=["cosine", "stepwise"],
)
def test_with_decay_and_a_schedule_the_losses_are_those_of_a_plain_loop_that_writes_both_out(
    small_images: Images, settings, share
) -> None:
    arms = (parse_arm("bn"), parse_arm("bn:lr=0.2"))
    config = replace(CONFIG, examples=100, weight_decay=0.02, epochs=2, arms=arms, **settings)
    found = history_of(config, small_images)
    X, y = small_images.train_images.float() / 255, small_images.train_labels
    for arm, start in zip(config.arms, (0.5, 0.2), strict=True):
        model = build_lenet(arm, config)
        kept = [torch.zeros_like(parameter) for parameter in model.parameters()]
        generator, expected = torch.Generator().manual_seed(0), []
        for rows in chain.from_iterable(torch.randperm(100, generator=generator).split(20) for _ in range(2)):
            model.zero_grad()
            loss = cross_entropy(model(X[rows]), y[rows])
            loss.backward()
            rate = start * share(len(expected))
            with torch.no_grad():
                for parameter, velocity in zip(model.parameters(), kept, strict=True):  # biases, γ and β among them
                    velocity.mul_(config.momentum).add_(parameter.grad.add(parameter, alpha=0.02))
                    parameter.add_(velocity, alpha=-rate)
            expected.append(loss.item())
        assert losses(found, arm.name) == expected


# --- batches -----------------------------------------------------------------------------------------------------


def rows_of(config: ExperimentConfig, data: Images) -> list[list[int]]:
    """For every batch the rows of the training data it consists of, told by marked images."""
    count = len(data.train_images)
    marks = torch.arange(count).view(count, 1, 1, 1).expand(-1, 1, 28, 28)
    marked = replace(data, train_images=(marks % 256).to(torch.uint8), train_labels=torch.arange(count))
    return [batch.labels.tolist() for batch in Batches(config, marked)]


def test_an_epoch_has_every_example_once_and_the_next_one_another_order(small_images: Images) -> None:
    config = replace(CONFIG, batch_size=64, drop_last=False, epochs=2)
    found = rows_of(config, small_images)
    epochs = list(chain(*found[:5])), list(chain(*found[5:]))
    assert [len(batch) for batch in found] == [64, 64, 64, 64, 44] * 2
    assert sorted(epochs[0]) == sorted(epochs[1]) == list(range(300))
    assert epochs[0] != epochs[1]


def test_the_seed_decides_the_order_of_the_examples(small_images: Images) -> None:
    first, other = (rows_of(replace(CONFIG, seed=seed), small_images) for seed in (0, 1))
    assert first == rows_of(CONFIG, small_images)
    assert first != other


def test_a_dropped_last_batch_is_the_only_difference(small_images: Images) -> None:
    kept, dropped = (rows_of(replace(CONFIG, batch_size=64, drop_last=d, epochs=2), small_images) for d in (0, 1))
    assert dropped == [batch for batch in kept if len(batch) == 64]


def test_the_first_so_many_images_are_trained_on_and_no_others(small_images: Images) -> None:
    found = rows_of(replace(CONFIG, examples=50, batch_size=20, drop_last=False, epochs=1), small_images)
    assert sorted(chain(*found)) == list(range(50))


def test_images_and_labels_of_a_batch_belong_together(small_images: Images) -> None:
    for batch in Batches(replace(CONFIG, epochs=1), small_images):
        for image, label in zip(batch.images, batch.labels, strict=True):
            at = (small_images.train_images.float() / 255 == image).flatten(1).all(1).nonzero()[0]
            assert small_images.train_labels[at] == label


# --- what is measured --------------------------------------------------------------------------------------------


def test_each_of_the_first_100_steps_has_a_point_and_after_that_none_is_lost(history) -> None:
    points = [r for r in history if isinstance(r, TrainMeasured)]
    assert [p.step for p in points] == list(range(1, 106))
    assert sum(p.steps for p in points) == CONFIG.total_steps


def test_an_epochs_averages_are_those_of_its_steps(history, small_images: Images) -> None:
    config = replace(CONFIG, batch_size=64, drop_last=False, epochs=1)
    history = history_of(config, small_images)
    (epoch,) = (r for r in history if isinstance(r, EpochFinished))
    sizes = [64, 64, 64, 64, 44]
    for arm in ("none", "bn", "ln"):
        mean = sum(loss * n for loss, n in zip(losses(history, arm), sizes, strict=True)) / 300
        assert epoch.train_loss[arm] == pytest.approx(mean)


def test_time_and_examples_of_an_arm_only_grow(history) -> None:
    points = [r for r in history if isinstance(r, TrainMeasured)]
    for earlier, later in pairwise(points):
        for arm in ("none", "bn", "ln"):
            assert later.seconds[arm] > earlier.seconds[arm]
            assert later.examples[arm] == earlier.examples[arm] + 20


def test_an_epochs_end_is_tested_on_all_images_and_the_start_up_closely(history) -> None:
    found = {t.step: t for t in the_tests(history)}
    assert set(range(0, 106, 15)) | set(EARLY_TESTS) <= set(found)
    assert all(found[step].whole and found[step].examples == 100 for step in range(15, 106, 15))


def test_a_test_is_the_accuracy_of_the_network_at_that_step(small_images: Images) -> None:
    config = replace(CONFIG, epochs=1)
    history: list[Record] = []
    arms = train(config, small_images, history.append)
    last = the_tests(history)[-1]
    X, y = small_images.test_images.float() / 255, small_images.test_labels
    for arm in arms:
        with torch.no_grad():
            logits = arm.model.eval()(X)
        assert last.accuracy[arm.name] == pytest.approx((logits.argmax(1) == y).float().mean().item())
        assert last.loss[arm.name] == pytest.approx(cross_entropy(logits, y).item(), rel=1e-5)


def test_batch_statistics_are_those_of_batches_of_the_training_size(small_images: Images) -> None:
    config = replace(CONFIG, epochs=1, arms=(parse_arm("bn"),))
    history: list[Record] = []
    (arm,) = train(config, small_images, history.append)
    X, y = small_images.test_images.float() / 255, small_images.test_labels
    with torch.no_grad():
        logits = torch.cat([arm.model.train()(rows) for rows in X.split(20)])
    assert the_tests(history)[-1].batch_accuracy["bn"] == pytest.approx((logits.argmax(1) == y).float().mean().item())


def test_only_arms_with_batch_norm_are_tested_with_batch_statistics(among) -> None:
    last = the_tests(among)[-1]
    assert last.batch_accuracy.keys() == {"bn:dropout=0.3", "bn:book"}


@pytest.mark.parametrize("norm", ["bn", "bn:book", "in/bn"])
def test_testing_leaves_weights_statistics_and_modes_bitwise_as_they_were(small_images: Images, norm: str) -> None:
    model = build_lenet(parse_arm(norm), CONFIG)
    for batch in list(Batches(CONFIG, small_images))[:3]:
        model(batch.images)
    before = {name: values.clone() for name, values in model.state_dict().items()}
    for mode in (evaluation_mode, batch_statistics):
        with mode(model):
            evaluate(model, small_images.test_images, small_images.test_labels, lambda: None, 20)
    after = model.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)
    assert all(module.training for module in model.modules())


def test_statistics_come_back_even_when_a_test_is_cut_off(small_images: Images) -> None:
    model, calls = build_lenet(parse_arm("bn"), CONFIG), []

    def stop() -> None:
        calls.append(None)
        if len(calls) == 3:
            raise RunStopped

    before = {name: values.clone() for name, values in model.named_buffers()}
    with pytest.raises(RunStopped), batch_statistics(model):
        evaluate(model, small_images.test_images, small_images.test_labels, stop, 20)
    assert all(torch.equal(values, before[name]) for name, values in model.named_buffers())
    assert model.training


@pytest.mark.parametrize("count", [41, 61])
def test_a_last_test_image_alone_joins_the_batch_before_it(small_images: Images, count: int) -> None:
    model = build_lenet(parse_arm("bn"), CONFIG)
    images, labels = small_images.test_images[:count], small_images.test_labels[:count]
    with batch_statistics(model):
        loss, accuracy = evaluate(model, images, labels, lambda: None, 20)
    assert math.isfinite(loss)
    assert accuracy * count == pytest.approx(round(accuracy * count))


# --- steering ----------------------------------------------------------------------------------------------------


def test_a_new_learning_rate_holds_from_its_step_on_and_is_marked(small_images: Images, history) -> None:
    steered = history_of(CONFIG, small_images, StopAfter(24, {21: 0.05}))
    assert [r for r in steered if isinstance(r, LearningRateChanged)] == [LearningRateChanged(21, 0.5, 0.05)]
    for arm in ("none", "bn", "ln"):
        before, after = losses(history, arm), losses(steered, arm)
        assert after[:21] == before[:21]  # the loss of step 21 comes before its update
        assert after[21] != before[21]


def test_a_change_to_the_rate_it_has_already_changes_no_number(small_images: Images, history) -> None:
    assert losses(history_of(CONFIG, small_images, StopAfter(24, {21: 0.5})), "bn") == losses(history, "bn")[:24]


def test_an_arm_with_a_learning_rate_of_its_own_keeps_it(small_images: Images) -> None:
    config = replace(CONFIG, arms=(parse_arm("bn:lr=0.2"), parse_arm("ln")))
    plain, steered = (history_of(config, small_images, StopAfter(14, rates)) for rates in ({}, {11: 0.01}))
    assert losses(steered, "bn:lr=0.2") == losses(plain, "bn:lr=0.2")
    assert losses(steered, "ln") != losses(plain, "ln")


def test_a_rate_set_by_hand_stays_as_it_is_whatever_the_schedule_says_and_only_for_who_follows(
    small_images: Images,
) -> None:
    config = replace(CONFIG, schedule="cosine", arms=(parse_arm("bn:lr=0.2"), parse_arm("ln")))
    plain, steered = (history_of(config, small_images, StopAfter(14, rates)) for rates in ({}, {11: 0.01}))
    (change,) = [r for r in steered if isinstance(r, LearningRateChanged)]
    assert (change.step, change.new) == (11, 0.01)
    assert change.old == pytest.approx(0.25 * (1 + math.cos(math.pi * 9 / 105)))  # that of the mini-batch before
    assert losses(steered, "bn:lr=0.2") == losses(plain, "bn:lr=0.2")
    assert losses(steered, "ln")[:11] == losses(plain, "ln")[:11]
    constant = replace(CONFIG, arms=(parse_arm("ln"),))
    rates = {step: 0.25 * (1 + math.cos(math.pi * (step - 1) / 105)) for step in range(2, 11)} | {11: 0.01}
    assert losses(steered, "ln") == losses(history_of(constant, small_images, StopAfter(14, rates)), "ln")


def test_without_a_schedule_no_learning_rate_is_ever_touched(small_images: Images, monkeypatch) -> None:
    monkeypatch.setattr(Arm, "follow", lambda *given: pytest.fail(f"{given}"))
    arms = train(replace(CONFIG, examples=60, epochs=1), small_images, lambda record: None)
    assert [arm.optimizer.param_groups[0]["weight_decay"] for arm in arms] == [0, 0, 0]


def test_with_weight_decay_the_fixed_images_tell_no_update_since_a_step_is_not_rate_times_gradient(
    small_images: Images,
) -> None:
    config = replace(CONFIG, arms=(parse_arm("bn"),))
    for decay, is_told in ((0.0, True), (0.01, False)):
        plain = replace(config, weight_decay=decay)
        look = look_at_fixed_images(plain, small_images, build_arms(plain, torch.device("cpu")), 0)
        assert [layer.gradient.update_ratio is not None for layer in look.arms["bn"].layers] == [is_told] * 5


def test_a_stop_ends_before_the_next_step(small_images: Images) -> None:
    history: list[Record] = []
    with pytest.raises(RunStopped):
        train(CONFIG, small_images, history.append, StopAfter(7))
    assert [r.step for r in history if isinstance(r, TrainMeasured)] == list(range(1, 8))


# --- divergence --------------------------------------------------------------------------------------------------

WILD = replace(CONFIG, activation="relu", arms=(parse_arm("none:lr=1e6"), parse_arm("bn"), parse_arm("ln")), epochs=1)


def test_a_loss_that_is_not_finite_ends_that_arm_only_and_names_layer_and_step(small_images: Images) -> None:
    history = history_of(WILD, small_images)
    (broken,) = (r for r in history if isinstance(r, ArmDiverged))
    assert broken.arm == "none:lr=1e+06"
    assert 2 <= broken.step <= 10
    assert broken.layer in dict(build_lenet(WILD.arms[0], WILD).named_children())
    assert str(broken.what).startswith((f"{broken.layer}.", f"the output of {broken.layer}"))
    assert len(losses(history, "none:lr=1e+06")) == broken.step - 1
    (epoch,) = (r for r in history if isinstance(r, EpochFinished))
    assert epoch.train_loss.keys() == epoch.train_accuracy.keys() == {"bn", "ln"}
    assert all(map(math.isfinite, losses(history, "none:lr=1e+06")))
    for arm in ("bn", "ln"):
        assert losses(history, arm) == losses(history_of(replace(WILD, arms=WILD.arms[1:]), small_images), arm)
        assert the_tests(history)[-1].accuracy.keys() == {"bn", "ln"}


def test_when_every_arm_has_diverged_training_ends(small_images: Images) -> None:
    history: list[Record] = []
    (arm,) = train(replace(WILD, arms=WILD.arms[:1]), small_images, history.append)
    assert not arm.alive
    assert isinstance(history[-1], ArmDiverged)


@pytest.mark.parametrize(
    ("layer", "parameter", "value", "what"),
    [
        ("conv1", "weight", math.nan, "conv1.weight is not finite"),
        ("fc1", "bias", math.inf, "fc1.bias is not finite"),
        ("fc2", "weight", 3e38, "the output of fc2 is not finite"),
    ],
)
def test_the_layer_named_is_the_first_that_is_not_finite(
    small_images: Images, monkeypatch, layer, parameter, value, what
):
    def poisoned(arm, config):
        model = build_lenet(arm, config)
        with torch.no_grad():
            getattr(model.get_submodule(layer), parameter).fill_(value)
        return model

    monkeypatch.setattr("core.training.arms.build_lenet", poisoned)
    history = history_of(replace(WILD, arms=(parse_arm("none"),)), small_images)
    (broken,) = (r for r in history if isinstance(r, ArmDiverged))
    assert (broken.step, broken.layer, str(broken.what)) == (1, layer, what)


# --- bounds ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_size", [1, 2, 16, 256])
def test_no_test_is_older_than_200_steps_or_a_200th_of_the_run(batch_size: int) -> None:
    config = ExperimentConfig(examples=5120, epochs=2, batch_size=batch_size, arms=(parse_arm("ln"),))
    tested = [step for step in range(config.total_steps + 1) if is_live_test(config, step)]
    assert max(later - earlier for earlier, later in pairwise(tested)) <= max(200, config.total_steps / 200 + 1)


@pytest.mark.parametrize(
    "config",
    [
        ExperimentConfig(examples=100, epochs=1000, batch_size=1, arms=(parse_arm("ln"),)),
        ExperimentConfig(examples=25_600, epochs=1000),
        ExperimentConfig(data="digits", examples=100, batch_size=100, epochs=1000),
        ExperimentConfig(data="digits", examples=1437, batch_size=16, epochs=1000),
    ],
    ids=lambda config: f"{config.total_steps} steps",
)
def test_however_long_a_run_its_history_stays_short(config: ExperimentConfig) -> None:
    """The schedules alone, without training."""
    points: list[Record] = []
    arms = build_arms(replace(config, arms=(parse_arm("ln"),)), torch.device("cpu"))
    meter = Meter(config, arms, points.append)
    for step in range(1, config.total_steps + 1):
        meter.add(step, {"ln": (1.0, 1.0)}, 1)
        if step % config.steps_per_epoch == 0:
            meter.flush()
    live = sum(is_live_test(config, step) for step in range(config.total_steps + 1))
    assert len(points) <= POINTS + 100 + config.epochs
    assert live <= 220
    assert len(points) + live + 2 * config.epochs <= 6000
