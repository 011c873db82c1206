"""A training step, and a look, as CUDA graphs: all their kernels are launched by one call.

CapturedStep  one mini-batch of every arm, with its results kept on the card until they are read
Reading       the results of some steps on their way to the host
CapturedLook  one arm on the fixed images, on a stream of its own

LeNet's step is some 80 kernels of a few microseconds each, and calling them takes ten times as long as they do. What is
captured works in memory that stays where it is: weights, the order of the images, the learning rate, the results.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from core.data.images import Images, as_floats
from core.data.streams import Beside, Moment, aside, lane, to_host
from core.experiment.config import ExperimentConfig
from core.nets.card import patches
from core.nets.lenet import learned
from core.probes.reduction import reduce
from core.probes.stats import packed, summary_of
from core.probes.summary import NetworkSummary
from core.probes.watch import watch
from core.training.arms import Arm

SLOTS = 50  # steps whose results fit on the card; so late, at most, a loss that is not finite is told
Run = Callable[[], None]


class NotCaptured(RuntimeError):
    """Why these steps cannot be captured here; they can be taken one call after another."""


def capture(work: Run, stream: torch.cuda.Stream | None = None) -> Run:
    """The same work as a graph's replay; it must have run before, so that libraries have made their choices.

    Graphs that are replayed at the same time need a `stream` each, see core.data.streams.lane.
    Raises NotCaptured.
    """
    graph = torch.cuda.CUDAGraph()
    try:
        with torch.cuda.graph(graph, stream=stream, capture_error_mode="thread_local"):  # others may use the card
            work()
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:
        raise NotCaptured(str(error).partition("\n")[0]) from error
    return graph.replay


class Feed:
    """The mini-batches of an epoch on the card: what conv1's kernels meet, and the labels; two at a time.

    While the arms learn from one, the next one is picked.
    """

    def __init__(self, config: ExperimentConfig, data: Images, conv: nn.Conv2d) -> None:
        device, size = data.train_images.device, config.batch_size
        self._data, self._conv = data, conv
        self._order = torch.zeros(config.examples + size, dtype=torch.int64, device=device)  # beyond the end: any image
        self._start = torch.zeros(1, dtype=torch.int64, device=device)
        self._places = torch.arange(size, device=device)
        self.labels = [data.train_labels[:size].clone() for _ in range(2)]
        self.met = [self._patches(data.train_images[:size]) for _ in range(2)]  # [B, C * h * w + 1, H', W']

    def aim(self, order: Tensor, start: int, into: int) -> None:
        """The next mini-batch is that of the images order[start:], and is picked into place `into`, 0 or 1."""
        self._order[: len(order)].copy_(order)
        self._start.fill_(start)
        self.pick(into)

    def pick(self, into: int) -> None:
        """The next mini-batch into place `into`."""
        rows = self._order.index_select(0, self._start + self._places)  # [B]
        torch.index_select(self._data.train_labels, 0, rows, out=self.labels[into])
        self._patches(self._data.train_images.index_select(0, rows), self.met[into])
        self._start.add_(len(rows))

    def _patches(self, images: Tensor, out: Tensor | None = None) -> Tensor:
        assert not isinstance(self._conv.padding, str)
        return patches(as_floats(images), self._conv.kernel_size, self._conv.padding, out)


@dataclass(frozen=True, slots=True)
class Reading:
    """The results of `steps` steps of `arms` on their way to the host."""

    arms: list[Arm]
    steps: int
    _began: Moment
    _ended: Moment
    _on_host: Tensor  # [SLOTS, A, 2]

    def rows(self) -> list[list[tuple[float, float]]]:
        """For each step (loss, correctly read examples) of every arm; waits for the card."""
        self._ended.wait()
        return self._on_host[: self.steps].tolist()

    @property
    def seconds(self) -> float:
        """A step's time; call rows first."""
        return self._ended.seconds_since(self._began) / self.steps


class CapturedStep:
    """One mini-batch of every arm, side by side. An arm whose loss is not finite stays as it is from then on.

    Raises NotCaptured. The arms must have taken a step before, so that the optimizers have what they keep.
    """

    def __init__(self, config: ExperimentConfig, data: Images, arms: list[Arm]) -> None:
        self.arms, self._device = arms, data.train_images.device
        conv = next(layer for layer in arms[0].model.modules() if isinstance(layer, nn.Conv2d))
        self._feed = Feed(config, data, conv)
        self._place, self._aimed_at = 0, -1  # which of the feed's two is next; the step that it is of
        self._parameters = [list(learned(arm.model).values()) for arm in arms]
        self._frozen = [torch.zeros((), device=self._device) for _ in arms]  # 1 once a loss was not finite
        self._buffers = [[(buffer, buffer.clone()) for buffer in arm.model.buffers()] for arm in arms]
        self._result = torch.zeros(len(arms), 2, device=self._device)
        self._results = torch.zeros(SLOTS, len(arms), 2, device=self._device)
        self._slot = torch.zeros(1, dtype=torch.int64, device=self._device)
        lanes = [f"arm {number}" for number in range(len(arms))]
        self._streams = [lane(self._device, name) for name in (*lanes, "feed")]
        self._besides = [Beside(self._device, name) for name in lanes]
        self._steps, self._began = 0, Moment(self._device)
        for arm, frozen in zip(arms, self._frozen, strict=True):
            # Fused optimizers skip their update where this is 1; it is how torch.amp tells them.
            arm.optimizer.grad_scale, arm.optimizer.found_inf = None, frozen  # type: ignore[attr-defined]
        self._warm_up()
        self._replays = [capture(partial(self._step, place)) for place in range(2)]

    @property
    def is_full(self) -> bool:
        """Whether the results have to be read before another step."""
        return self._steps == SLOTS

    def take(self, step: int, order: Tensor, start: int) -> None:
        """Mini-batch `step`, of the images order[start:]; returns at once."""
        if self._aimed_at != step:
            self._feed.aim(order, start, self._place)
        if self._steps == 0:
            self._began = Moment(self._device)
        self._replays[self._place]()
        self._place, self._steps = 1 - self._place, self._steps + 1
        end = start + 2 * len(self._feed.labels[0])
        self._aimed_at = step + 1 if end <= len(order) else -1  # in another epoch the order is another

    def read(self) -> Reading:
        """What has been measured since the last reading; returns at once."""
        ended = Moment(self._device)
        on_host = to_host(self._results)
        self._slot.zero_()
        reading = Reading(self.arms, self._steps, self._began, ended, on_host)
        self._steps = 0
        return reading

    def thaw(self, arm: Arm) -> None:
        """Give an arm that froze the running statistics that it had then; its weights have not moved."""
        for buffer, kept in self._buffers[self.arms.index(arm)]:
            buffer.copy_(kept)

    # --- what is captured --------------------------------------------------------------------------------------------

    def _step(self, place: int) -> None:
        learning = [partial(self._learn, i, place) for i in range(len(self.arms))]
        self._beside_each_other([*learning, partial(self._feed.pick, 1 - place)])
        self._results.index_copy_(0, self._slot, self._result[None])
        self._slot.add_(1)

    def _beside_each_other(self, works: list[Run]) -> None:
        for stream, work in zip(self._streams, works, strict=True):
            with aside(stream):
                work()
        for stream in self._streams:
            if stream is not None:
                torch.cuda.current_stream().wait_stream(stream)

    def _learn(self, i: int, place: int) -> None:
        arm, labels = self.arms[i], self._feed.labels[place]
        with self._besides[i] as beside:
            logits = arm.model(self._feed.met[place])  # [B, 10]
            loss = F.cross_entropy(logits, labels)
            with beside.later(logits, loss):
                self._measure(i, logits.detach(), loss.detach(), labels)
            gradients = torch.autograd.grad(loss, self._parameters[i])
        for parameter, gradient in zip(self._parameters[i], gradients, strict=True):
            parameter.grad = gradient
        arm.optimizer.step()

    @torch.no_grad()
    def _measure(self, i: int, logits: Tensor, loss: Tensor, labels: Tensor) -> None:
        was_frozen = self._frozen[i].bool()
        for buffer, kept in self._buffers[i]:
            torch.where(was_frozen, kept, buffer, out=kept)
        self._frozen[i].logical_or_(loss.isfinite().logical_not())
        self._result[i, 0].copy_(loss)
        self._result[i, 1].copy_((logits.argmax(1) == labels).sum())

    @torch.no_grad()
    def _warm_up(self) -> None:
        """Take two steps for the libraries' sake, and leave all as it was, also where one of them failed."""
        before = [(tensor, tensor.clone()) for arm in self.arms for tensor in _tensors(arm)]
        side = lane(self._device, "warm-up")
        try:
            with aside(side), torch.enable_grad():
                for place in range(2):
                    self._step(place)
        finally:
            if side is not None:
                torch.cuda.current_stream().wait_stream(side)
            for tensor, values in before:
                tensor.copy_(values)
            for buffer, kept in (pair for pairs in self._buffers for pair in pairs):
                kept.copy_(buffer)
            for tensor in (*self._frozen, self._slot):
                tensor.zero_()


def _tensors(arm: Arm) -> list[Tensor]:
    """All that a step changes: weights, buffers and what the optimizer keeps."""
    kept = [value for state in arm.optimizer.state.values() for value in state.values()]
    return [tensor.detach() for tensor in (*arm.model.state_dict().values(), *kept) if isinstance(tensor, Tensor)]


class CapturedLook:
    """Arm `number` on the fixed images in training mode: a copy, while it learns on. Raises NotCaptured."""

    def __init__(self, arm: Arm, number: int, images: Tensor, labels: Tensor) -> None:
        self._device, self._images, self._labels = images.device, images, labels
        self._twin = copy.deepcopy(arm.model)
        mine, its = arm.model.state_dict(), self._twin.state_dict()
        self._pairs = list(zip(mine.values(), its.values(), strict=True))
        self._stream = lane(self._device, f"look {number}")
        with aside(self._stream):
            self._look()  # for the libraries' sake
        if self._stream is not None:
            torch.cuda.current_stream().wait_stream(self._stream)
        self._replay = capture(self._look, self._stream)
        self._looked = Moment(self._device)

    def begin(self, learning_rate: float | None) -> Callable[[], NetworkSummary]:
        """Look at the arm as it is now; what comes back waits for the card. `learning_rate`: as in summarise."""
        self._looked.hold()
        with torch.no_grad():
            for tensor, copied in self._pairs:
                copied.copy_(tensor)
        with aside(self._stream):
            self._replay()
            on_host, looked = to_host(self._packed), Moment(self._device)
        self._looked = looked

        def summary() -> NetworkSummary:
            looked.wait()
            return summary_of(self._seen, self._found, on_host, learning_rate)

        return summary

    def _look(self) -> None:
        with watch(self._twin) as self._seen:
            loss = F.cross_entropy(self._twin(self._images), self._labels)
            torch.autograd.grad(loss, list(learned(self._twin).values()))
        with torch.no_grad():
            self._found = reduce(self._seen, measured_update=False)
            self._packed = packed(self._found)
