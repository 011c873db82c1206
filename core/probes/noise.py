"""How much a mini-batch's mean varies, by the size of the mini-batch."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from core.probes.reduction import by_unit


@torch.no_grad()
def batch_noise(z: Tensor, sizes: Sequence[int], seed: int = 0, batches: int = 300) -> dict[int, float]:
    """How far a mini-batch's mean is off, by batch size: its standard deviation over `batches` random mini-batches.

    z: [M, C, H, W] or [M, D], a layer's output for a pool of M images that the batches are drawn from without
    replacement, such as a probe's stages["before"]. In units of the channel's standard deviation over the pool,
    averaged over the channels. For a linear layer that is 1/sqrt(N), times sqrt(1 - N/M) because the pool is finite;
    for a convolution it is far more than 1/sqrt(N*H*W), because neighbouring positions say almost the same.

    Raises ValueError if a batch would be larger than the pool.
    """
    if max(sizes) > len(z):
        raise ValueError(
            f"A batch is drawn from the pool of {len(z)} images; got size {max(sizes)}. Use a larger pool."
        )
    image_means = z.flatten(2).mean(dim=2) if z.ndim == 4 else z  # [M, C]
    unit_vars = by_unit(z).var(dim=1, correction=0)  # [C]
    order = torch.rand(batches, len(z), generator=torch.Generator().manual_seed(seed)).argsort(dim=1).to(z.device)
    noises = [image_means[order[:, :size]].mean(dim=1).std(dim=0, correction=0) for size in sizes]  # each [C]
    in_sigmas = torch.stack([(noise / unit_vars.sqrt()).mean() for noise in noises])
    return dict(zip(sizes, in_sigmas.tolist(), strict=True))
