"""How the numbers in many tensors are distributed, reduced on their device to the few that stats.py makes records of.

Rows, distributions  moments by unit, extremes, percentiles and two histograms of every row
log_counts           histograms of gradients, by sign and magnitude
root_mean_squares    also of what is too small to square

Half of what a look costs is to call its operations, not what they do. So what is few numbers is done for all rows at
once, and what is many row by row: several maps together would leave the second-level cache.

Nothing here asks the device for a value on the way (no .item(), no boolean indexing), so a GPU is not waited for.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import count

import numpy as np
import torch
from torch import Tensor
from torch.linalg import vector_norm
from torch.nn.functional import pad

from core.probes.summary import PERCENTILES

BINS = 80
# Percentiles need sorting. Of more values than this, an evenly spread subset is sorted: its percentiles are off by
# about 0.6 percentage points at the median and 0.1 at the 1st and 99th (standard error sqrt(p(1 - p)/n)).
SORTED_VALUES = 2**13
# Gradients of deep sigmoid networks reach 1e-12, so gradients are binned by magnitude: two bins per decade.
LOG_LOW, LOG_HIGH, BINS_PER_DECADE = -14, 2, 2
LOG_BINS = (LOG_HIGH - LOG_LOW) * BINS_PER_DECADE
# Slots for magnitudes: one below the bins, the bins, those from there to float32's end at 3.4e38, and three more.
LOG_INF = 1 + (39 - LOG_LOW) * BINS_PER_DECADE
LOG_NAN, LOG_ZERO, LOG_SLOTS = LOG_INF + 1, LOG_INF + 2, LOG_INF + 3

COUNTERS = 64  # of each bin, on devices that are not the CPU

Range = tuple[float, float]
Found = dict[str, Tensor]


@dataclass(frozen=True, slots=True)
class Rows:
    """Values that are reduced together: [R, C, M], R rows, C units of each, M values of each unit in any order."""

    values: Tensor
    ranges: tuple[Range, ...]  # of each row's fixed histogram


def distributions(parts: Sequence[Rows]) -> Found:
    """What there is to know of all rows of all parts, in their order; R and C are sums over the parts here.

    unit_means, unit_vars [C] over each unit's values (biased); low, high [R] finite extremes, (inf, -inf) without any;
    percentiles [R, 7] at PERCENTILES; fixed [R, BINS + 2] and adaptive [R, BINS + 4] as counted below.
    """
    flat = [part.values.flatten(1) for part in parts]  # [R, C*M]
    means, variances = _joined(_unit_moments(part.values) for part in parts)
    low, high, fixed = _joined(_finite(X, part.ranges) for X, part in zip(flat, parts, strict=True))
    starts, scales = _adaptive_bins(low, high)
    sizes = [len(values) for values in flat]
    adaptive = zip(flat, torch.split(starts, sizes), torch.split(scales, sizes), strict=True)
    return {
        "unit_means": means,
        "unit_vars": variances,
        "low": low,
        "high": high,
        "percentiles": _percentiles(_samples(flat)),
        "fixed": fixed,
        "adaptive": torch.cat([_adaptive_counts(*each) for each in adaptive]),
    }


def _joined(parts: Iterable[tuple[Tensor, ...]]) -> tuple[Tensor, ...]:
    return tuple(torch.cat(kind) for kind in zip(*parts, strict=True))


def _unit_moments(X: Tensor) -> tuple[Tensor, Tensor]:
    """[R, C, M] -> mean and biased variance, [R*C] each."""
    means = X.mean(dim=2)
    norms = vector_norm(X - means[..., None], dim=2)  # around the mean, so that narrow ones are resolved
    return means.flatten(), norms.square_().div_(X.shape[2]).flatten()


def _finite(X: Tensor, ranges: tuple[Range, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """[R, K] -> smallest and largest finite value, [R] each, (inf, -inf) if there is none; fixed counts, see below."""
    inf = math.inf
    finite = torch.nan_to_num(X, nan=inf, posinf=inf, neginf=inf)
    low = finite.amin(dim=1)
    high = finite.nan_to_num_(posinf=-inf).amax(dim=1)
    return low, high, _fixed_counts(finite, ranges)


# Percentiles


def stride(values: int) -> int:
    """The step through so many values that leaves SORTED_VALUES at most, and skips no channel or column of a map."""
    return next(step for step in count(math.ceil(values / SORTED_VALUES)) if math.gcd(step, values) == 1)


def _samples(flat: Sequence[Tensor]) -> Tensor:
    """[R, K] of all: evenly spread values of each row, and inf where a row has fewer than another."""
    samples = [X[:, :: stride(X.shape[1])] for X in flat]
    longest = max(sample.shape[1] for sample in samples)
    return torch.cat([pad(sample, (0, longest - sample.shape[1]), value=math.inf) for sample in samples])


def _percentiles(samples: Tensor) -> Tensor:
    """[R, 7]: PERCENTILES of the finite values, linear between ranks as numpy's; inf or nan if there are none."""
    inf = math.inf
    ordered = _sorted(torch.nan_to_num(samples, nan=inf, posinf=inf, neginf=inf))  # the finite ones come first
    finite = torch.searchsorted(ordered, torch.full_like(ordered[:, :1], inf))  # [R, 1], how many
    ranks = (finite - 1).clamp_(min=0) * _shares(samples.device)
    below, above = ordered.gather(1, ranks.floor().long()), ordered.gather(1, ranks.ceil().long())
    return torch.lerp(below, above, ranks.frac().to(samples.dtype))


@cache
def _shares(device: torch.device) -> Tensor:
    return torch.tensor(PERCENTILES, device=device) / 100


def _sorted(X: Tensor) -> Tensor:
    # numpy's sort is vectorized: on the CPU it takes a twentieth of torch's time, which was a fifth of a look's.
    return torch.from_numpy(np.sort(X.numpy())) if X.device.type == "cpu" else X.sort().values


# Histograms


def _fixed_counts(X: Tensor, ranges: tuple[Range, ...]) -> Tensor:
    """[R, 1 + BINS + 1]: below low (with -inf), the bins, from high on. X [R, K], without nan, is overwritten."""
    scales, shifts = _fixed_bins(ranges, BINS, X.device)
    return _occurrences(X.mul_(scales).add_(shifts).clamp_(0, BINS + 1), BINS + 2)


@cache
def _fixed_bins(ranges: tuple[Range, ...], bins: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """[R, 1] each: x is in bin floor(x * scale + shift), counted from 1."""
    scales = [bins / (high - low) for low, high in ranges]
    shifts = [1 - low * scale for (low, _), scale in zip(ranges, scales, strict=True)]
    return torch.tensor(scales, device=device)[:, None], torch.tensor(shifts, device=device)[:, None]


def _adaptive_bins(low: Tensor, high: Tensor) -> tuple[Tensor, Tensor]:
    """[R, 1] each: x is in bin floor((x / 2 - start) * scale); halves, so that nothing overflows."""
    low, high = (torch.where(low <= high, end, 0) / 2 for end in (low, high))
    width = (high - low).clamp_(min=BINS * torch.finfo(low.dtype).tiny)  # never 0
    return low[:, None], (BINS / width)[:, None]


def _adaptive_counts(X: Tensor, starts: Tensor, scales: Tensor) -> Tensor:
    """[R, BINS + 4]: the bins from low to high, those at high itself, nan, +inf, -inf."""
    places = (X / 2).sub_(starts).mul_(scales)
    return _occurrences(places.nan_to_num_(nan=BINS + 1, posinf=BINS + 2, neginf=BINS + 3), BINS + 4)


def log_counts(gradients: Sequence[Tensor]) -> Tensor:
    """[G, 2, LOG_SLOTS], positive and negative: below the bins, the bins, above them, inf, nan, 0 (as positive)."""
    X = torch.cat([gradient.flatten() for gradient in gradients])
    places = X.abs().log10_().sub_(LOG_LOW).mul_(BINS_PER_DECADE).add_(1)
    places = places.nan_to_num_(nan=LOG_NAN, posinf=LOG_INF, neginf=LOG_ZERO).clamp_(min=0)
    places = places.floor_().add_((X < 0) * LOG_SLOTS)
    for row, part in enumerate(torch.split(places, [gradient.numel() for gradient in gradients])):
        part.add_(row * 2 * LOG_SLOTS)
    return _occurrences(places[None], len(gradients) * 2 * LOG_SLOTS).view(-1, 2, LOG_SLOTS)


def _occurrences(places: Tensor, slots: int) -> Tensor:
    """How often each of 0, 1, ..., slots - 1 occurs in each row of `places` [R, K], rounded down: [R, slots]."""
    rows, whole = len(places), places.short()  # there are far fewer than 32,768 rows * slots
    if rows > 1:
        whole += torch.arange(0, rows * slots, slots, dtype=whole.dtype, device=whole.device)[:, None]
    # Either is right anywhere; bincount is faster on the CPU, but makes the host wait for any other device.
    count_on = _occurrences_on_cpu if places.device.type == "cpu" else _occurrences_on_device
    return count_on(whole.flatten(), rows * slots).view(rows, slots)


def _occurrences_on_cpu(places: Tensor, slots: int) -> Tensor:
    return torch.bincount(places, minlength=slots)


def _occurrences_on_device(places: Tensor, slots: int) -> Tensor:
    # Most values fall into few bins, and a card adds to one number one after another: so there are many of each.
    copies = torch.arange(len(places), device=places.device).remainder_(COUNTERS).mul_(slots).add_(places)
    found = torch.zeros(COUNTERS * slots, dtype=torch.int32, device=places.device)
    return found.scatter_add_(0, copies, torch.ones_like(copies, dtype=torch.int32)).view(COUNTERS, slots).sum(0)


# Sizes


def root_mean_squares(tensors: Sequence[Tensor]) -> Tensor:
    """[T]: the root mean square of each.

    By way of the largest magnitude: the square of 1e-23, a deep sigmoid network's gradient, is 0 in float32.
    """
    largest = torch.stack([X.abs().amax() for X in tensors])
    largest = largest.clamp_(min=torch.finfo(largest.dtype).tiny)
    scaled = [vector_norm(X / most) / math.sqrt(X.numel()) for X, most in zip(tensors, largest, strict=True)]
    return torch.stack(scaled) * largest
