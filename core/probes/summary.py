"""What a look inside a network found, as plain numbers: frozen, in the past tense, without torch.

NetworkSummary  all layers of one arm at one moment
LayerSummary    one layer: its stages, its gradients, its norm
StageSummary    the distribution of one stage
GradientSummary, NormSummary, Histogram, SignedLogHistogram
drift           how far the channels' means moved between two looks

Floats may be nan or inf, where the network's are. Tuples over channels have one entry per channel of a convolution,
or per unit of a linear layer; "unit" means either.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import fsum

from core.language.message import Message

PERCENTILES = (1, 5, 25, 50, 75, 95, 99)


@dataclass(frozen=True, slots=True)
class Histogram:
    """Counts in equally wide bins from `low` to `high`, and of the finite values below low and from high on.

    Where no value can lie beyond `high` (sigmoid, tanh, and adaptive ones), the last bin includes `high` itself.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    underflow: int
    overflow: int


@dataclass(frozen=True, slots=True)
class SignedLogHistogram:
    """Counts by sign and magnitude: bins equally wide in log10|x|, from `low` up to but not including `high`.

    `negative` and `positive` both run from small to large magnitudes. Exact zeros are counted apart from magnitudes
    below `low` (`tiny`, either sign); `huge` are finite ones from `high` on.
    """

    low: float
    high: float
    negative: tuple[int, ...]
    zero: int
    tiny: int
    positive: tuple[int, ...]
    huge: int
    nan: int
    inf: int


@dataclass(frozen=True, slots=True)
class StageSummary:
    """The `values` numbers of one stage of a layer over the examples looked at.

    mean, std, unit_std and the channel values are over all of them: one NaN or Inf among them shows. Percentiles, low,
    high and the histograms are over the finite ones, and the others are counted beside.
    """

    values: int
    nan: int
    positive_inf: int
    negative_inf: int
    mean: float
    std: float  # pooled: over everything
    unit_std: float  # over examples and positions within a unit, then averaged over the units
    low: float
    high: float
    percentiles: tuple[float, ...]  # at PERCENTILES
    sampled: int  # how many values, evenly spread, the percentiles are from
    fixed: Histogram  # over a range that is the same for all arms and steps, see core.probes.reduction.FIXED_RANGES
    adaptive: Histogram  # over [low, high], so that a narrow distribution is resolved
    unit_means: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class GradientSummary:
    """Whole-batch gradients of the mean loss: per-example ones do not exist through batch norm."""

    mean_abs: float  # mean |dL/dW|
    rms: float  # root mean square of dL/dW
    before_rms: float  # root mean square of dL/dz, z the layer's output
    zero_share: float  # of dL/dW, exact zeros
    histogram: SignedLogHistogram  # of dL/dW
    update_ratio: float | None  # RMS of the weights' update over RMS of the weights; None where there was no update


@dataclass(frozen=True, slots=True)
class NormSummary:
    """A norm layer, per channel; () for what it does not have. Parameters and running values are from before the step.

    `values` numbers go into each of batch_mean and batch_var (biased: divided by `values`), which are those of the
    layer's input per channel, whatever the norm averages over.
    """

    kind: str  # the module's class
    gamma: tuple[float, ...]
    beta: tuple[float, ...]
    gamma_grad: tuple[float, ...]
    beta_grad: tuple[float, ...]
    values: int
    batch_mean: tuple[float, ...]
    batch_var: tuple[float, ...]
    running_mean: tuple[float, ...]
    running_var: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class LayerSummary:
    """One layer. Without a norm, normalized, scaled and norm are None; the last layer has `before` only."""

    name: str
    before: StageSummary
    normalized: StageSummary | None
    scaled: StageSummary | None
    activated: StageSummary | None
    rule: Message | str  # what `inactive_share` counts, in words; "" for the last layer
    inactive_share: float | None  # saturated values of sigmoid and tanh, dead units of ReLU
    zero_share: float | None  # values after the activation that are exactly 0
    gradient: GradientSummary | None
    norm: NormSummary | None


@dataclass(frozen=True, slots=True)
class NetworkSummary:
    """One arm's layers in the network's order, over `examples` images."""

    examples: int
    layers: tuple[LayerSummary, ...]

    @property
    def gradient_ratio(self) -> float | None:
        """mean |dL/dW| of the first layer over that of the last; None without gradients, or if the last is 0."""
        first, last = self.layers[0].gradient, self.layers[-1].gradient
        return first.mean_abs / last.mean_abs if first and last and last.mean_abs else None


def drift(earlier: StageSummary, later: StageSummary) -> float:
    """Mean absolute move of the unit means, in pooled standard deviations of `later`; inf where that is 0.

    In pooled ones, because without a norm the deviation within a unit is nearly 0 and would make any drift look huge.
    """
    moves = [abs(b - a) for a, b in zip(earlier.unit_means, later.unit_means, strict=True)]
    move = fsum(moves) / len(moves)
    return move / later.std if later.std else (0.0 if move == 0 else float("inf"))
