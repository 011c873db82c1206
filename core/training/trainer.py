"""The loop: all arms of an experiment in lock-step, on the same batches. It knows neither threads nor screens.

train      from the first mini-batch to the last
Training   the arms on their way, one mini-batch at a time; can be kept between two and taken up again
Control    who is asked before every mini-batch whether to go on

It is handed three pieces of outside world: `publish` takes what was measured, `control` is asked before every
mini-batch whether to go on, `crew` does the same for every arm, one after the other or at once. Everything random
comes from generators seeded by the config, so the same config on the same kind of processor with the same PyTorch gives
the same losses, bit for bit, on any number of cores.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from torch import Tensor

from core.data.device import describe
from core.data.images import Images
from core.experiment.config import CONSTANT, ExperimentConfig
from core.nets.lenet import fingerprint, parameter_count
from core.training import checkpoint, records
from core.training.ahead import Ahead, can_run_ahead
from core.training.arms import Arm, Batches, build_arms, schedule
from core.training.checkpoint import State
from core.training.crew import IN_TURN, Crew
from core.training.failures import failed
from core.training.live_tests import begin_test, is_due
from core.training.meter import Averages, Measured, Meter
from core.training.records import Publish, Record
from core.training.steps import begin_look, take, take_seen

NOTHING: frozenset[str] = frozenset()


class RunStopped(Exception):
    """Raised by a control to end training between two mini-batches; its arguments are the control's own."""


def _nothing() -> None:
    """Nobody needs to know."""


class Control(Protocol):
    """Who may pause, stop or steer the training."""

    before_waiting: Callable[[], None]
    """Called by the control before it waits: what a card still keeps is then read and published."""

    state: Callable[[], State] | None
    """How the training stands, once there is one; for begin_step and for after it, not for within a test."""

    def begin_step(self, step: int) -> float | None:
        """Return when mini-batch `step` may run (a new learning rate, or None); raise RunStopped to end."""

    def wait(self) -> None:
        """Return when work that is no training step may go on; raise RunStopped to end."""

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        """What to look at inside the networks after `step` updates: any of "fixed" and "batch"."""


class Unattended:
    """A control that never interferes."""

    before_waiting: Callable[[], None] = staticmethod(_nothing)
    state: Callable[[], State] | None = None

    def begin_step(self, step: int) -> float | None:
        return None

    def wait(self) -> None:
        return None

    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return NOTHING


def train(
    config: ExperimentConfig,
    data: Images,
    publish: Publish,
    control: Control | None = None,
    crew: Crew = IN_TURN,
) -> list[Arm]:
    """Train every arm of `config` on `data`, publishing records; returns the arms as they ended.

    `crew` is used between two calls of `control` only, and always waited for: nothing else touches the arms then.

    Raises RunStopped when `control` does. An arm whose loss is not finite ends alone and says where it broke; so does
    one whose network raises an exception.
    """
    training = Training(config, data, publish, crew)
    publish(training.started())
    return carry_on(training, control or Unattended())


def carry_on(training: Training, control: Control) -> list[Arm]:
    """From where `training` is to its end."""
    control.before_waiting, control.state = training.settle, training.state
    try:
        if training.step == 0:
            training.test(control.wait)
        while not training.ended:
            training.steer(control.begin_step(training.step + 1))
            training.advance(control.look(training.arms, training.data, training.step))
            training.test(control.wait)
        training.finish(control.look(training.arms, training.data, training.step))
    except RunStopped:
        training.settle()
        raise
    finally:
        control.before_waiting = _nothing
    return training.arms


class Training:
    """The arms of one experiment on their way: `step` mini-batches behind them, the next one to be taken by `advance`.

    On a CUDA card what a mini-batch measured is published some mini-batches later, in order, at the latest by `settle`:
    a card that is asked after each of them stands still most of the time. All else is as elsewhere.
    """

    def __init__(
        self, config: ExperimentConfig, data: Images, publish: Publish = lambda record: None, crew: Crew = IN_TURN
    ) -> None:
        self.config, self.data = config, data
        self.arms = build_arms(config, data.train_images.device)
        self.step = 0
        self._publish, self._crew = publish, crew
        self._batches = Batches(config, data)
        self._meter, self._averages = Meter(config, self.arms, publish), Averages()
        self._ahead = Ahead(config, data, self.arms, self._batches) if can_run_ahead(config, data) else None

    @property
    def ended(self) -> bool:
        """After the last mini-batch, or when no arm is alive."""
        return self.step >= self.config.total_steps or not any(arm.alive for arm in self.arms)

    def started(self) -> records.TrainingStarted:
        """What begins."""
        return records.TrainingStarted(
            device=describe(self.data.train_images.device, self._crew.threads),
            data=self.data.name,
            examples=self.config.examples,
            test_examples=len(self.data.test_images),
            batch_size=self.config.batch_size,
            steps_per_epoch=self.config.steps_per_epoch,
            total_steps=self.config.total_steps,
            arms=tuple(_arm_started(arm) for arm in self.arms),
        )

    def steer(self, learning_rate: float | None) -> None:
        """Have the arms without a learning rate of their own use this one from the next mini-batch on, if it is one.

        It stays until there is another one: they keep to no schedule any more.
        """
        followers = [arm for arm in self.arms if arm.config.learning_rate is None]
        if learning_rate is None or not followers:
            return
        changed = records.LearningRateChanged(self.step + 1, followers[0].learning_rate, learning_rate)
        for arm in followers:
            arm.follow(learning_rate)
            arm.by_hand = True
        self._tell(lambda: changed)

    def advance(self, sources: frozenset[str] = NOTHING) -> None:
        """One mini-batch for every living arm; before it a look at the networks, if `sources` says so."""
        if self.config.schedule != CONSTANT:
            schedule(self.config, self.arms, self.step + 1)
        if self._ahead is not None and self._ahead.takes(self.step + 1, sources, self):
            self._ahead.advance(self.step + 1, "fixed" in sources, self)
        else:
            self.settle()
            if self.ended:  # which settling may have shown
                return
            self._advance(sources)
        self.step += 1

    def _advance(self, sources: frozenset[str]) -> None:
        config, batch = self.config, self._batches.at(self.step + 1)
        look = self._begin_look() if "fixed" in sources else None
        if "batch" in sources:
            measured = take_seen(config, self.arms, batch, self._publish, self._crew)
        else:
            measured = take(self.arms, batch, self._publish, self._crew)
        if look is not None:
            look()
        self.count(batch.step, measured, len(batch.labels))

    def count(self, step: int, measured: Measured, examples: int) -> None:
        """Add what mini-batch `step` measured to the points and the epoch's averages."""
        self._meter.add(step, measured, examples)
        self._averages.add(measured, examples)
        over = not any(arm.alive for arm in self.arms)
        if over or step % self.config.steps_per_epoch == 0:
            self._meter.flush()
        if not over and step % self.config.steps_per_epoch == 0:
            self._publish(self._averages.finish(step, self._batches.epoch_of(step)))

    def test(self, wait: Callable[[], None]) -> None:
        """Read the test images, if that is due after so many mini-batches; `wait` is called between two parts of it."""
        if is_due(self.config, self.step) and any(arm.alive for arm in self.arms):
            if self._ahead is not None:
                self._ahead.read(self)  # now, so that the test does not count as the arms' time
            told, broken = begin_test(self.config, self.data, self.arms, self.step, wait, self._crew)
            self._bury(broken)
            if any(arm.alive for arm in self.arms):
                self._tell(told)

    def _bury(self, broken: dict[Arm, Exception]) -> None:
        """End the arms that could not be tested, after all that was measured before."""
        if broken:
            self.settle()
        for arm, error in broken.items():
            if arm.alive:
                self._publish(failed(arm, self.step, "test", error))

    def finish(self, sources: frozenset[str] = NOTHING) -> None:
        """Publish what is left; look once more where `sources` says so."""
        self.settle()
        if "fixed" in sources and any(arm.alive for arm in self.arms):
            self._begin_look()()

    def _begin_look(self) -> Callable[[], None]:
        return begin_look(self.config, self.data, self.arms, self.step, self._publish, self._crew)

    def settle(self) -> None:
        """Read and publish all that has been measured."""
        if self._ahead is not None:
            self._ahead.settle(self)

    def publish(self, record: Record) -> None:
        self._publish(record)

    def _tell(self, later: Callable[[], Record]) -> None:
        if self._ahead is None:
            self._publish(later())
        else:
            self._ahead.tell(later)

    # --- kept and taken up again -----------------------------------------------------------------------------------

    def state(self) -> State:
        """All that the rest depends on, to be kept between two mini-batches."""
        self.settle()
        values: dict[str, Any] = {"step": self.step, "meter": self._meter.state(), "epoch": self._averages.state()}
        values["arms"] = {}
        tensors: dict[str, Tensor] = {}
        for arm in self.arms:
            values["arms"][arm.name], of_arm = checkpoint.of_arm(arm)
            tensors |= {f"{arm.name}/{name}": tensor for name, tensor in of_arm.items()}
        return State(values, tensors)

    @classmethod
    def resumed(
        cls,
        config: ExperimentConfig,
        data: Images,
        state: State,
        publish: Publish = lambda record: None,
        crew: Crew = IN_TURN,
    ) -> Training:
        """The training that `state` was taken of, which goes on as if it had never been interrupted.

        On the CPU bit for bit, with the same kind of processor and PyTorch. Raises ValueError on the state of another
        experiment.
        """
        training = cls(config, data, publish, crew)
        try:
            training._restore(state)
        except (KeyError, RuntimeError) as error:
            raise ValueError(f"A training goes on from its own state; got another experiment's ({error}).") from error
        return training

    def _restore(self, state: State) -> None:
        self.step = state.values["step"]
        self._meter.resume(state.values["meter"])
        self._averages.resume(state.values["epoch"])
        for arm in self.arms:
            start = f"{arm.name}/"
            own = {name.removeprefix(start): tensor for name, tensor in state.tensors.items() if name.startswith(start)}
            checkpoint.restore(arm, state.values["arms"][arm.name], own)


def _arm_started(arm: Arm) -> records.ArmStarted:
    norms = sum(parameter_count(module) for name, module in arm.model.named_children() if name.endswith("_norm"))
    return records.ArmStarted(
        arm.name, arm.config.main_norm, arm.config.title, parameter_count(arm.model), norms, fingerprint(arm.model)
    )
