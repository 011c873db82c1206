"""How far the mean of a small batch lies from the mean of all.

mean_noise   the scatter of BatchNorm's mean over many batches, by the size of the batch
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from core.cube.sites import Site


@dataclass(frozen=True, slots=True)
class Noise:
    """How far a batch's mean lies from the whole pool's, in standard deviations of the values (0.35 = 35 %)."""

    batch: int
    measured: float
    independent_examples: float
    independent_values: float


def mean_noise(site: Site, batches: Iterable[int], draws: int = 300, seed: int = 0) -> list[Noise]:
    """The scatter of BatchNorm's mean over `draws` batches drawn from the site's examples, averaged over features.

    For [N, C, H, W] and [N, D]. Drawn with replacement, so that the pool's size plays no part. Beside it what
    theory says for examples that are independent, 1/√N times what one example scatters, and for values that are all
    independent, 1/√(N·H·W). LayerNorm's mean of an image has no such noise: the batch plays no part in it.
    """
    x = site.values.double()
    per_example = x.flatten(2).mean(2) if x.ndim == 4 else x  # [N, C]
    sigma = x.transpose(0, 1).flatten(1).std(1, correction=0).clamp(min=1e-12)
    positions = math.prod(site.shape[2:])
    one = (per_example.std(0, correction=0) / sigma).mean().item()
    generator = torch.Generator().manual_seed(seed)
    return [
        Noise(size, _scatter(per_example, sigma, size, draws, generator), one / size**0.5, (size * positions) ** -0.5)
        for size in batches
    ]


def _scatter(per_example: Tensor, sigma: Tensor, size: int, draws: int, generator: torch.Generator) -> float:
    picked = torch.randint(len(per_example), (draws, size), generator=generator)
    weights = torch.zeros(draws, len(per_example), dtype=torch.float64)
    weights.scatter_add_(1, picked, torch.full(picked.shape, 1 / size, dtype=torch.float64))
    means = weights @ per_example  # [draws, C]
    return (means.std(0) / sigma).mean().item()
