"""A sequence for the cube: [N, T, D] as it enters the LayerNorm of a GRU's candidate state."""

from __future__ import annotations

import functools

import torch
from torch import Tensor, nn

from core.cube.sites import Site
from core.data.digits import digits_in_order
from core.data.images import Images, as_floats
from core.experiment.arm import Norm
from core.language.message import Message
from core.nets.gru import HIDDEN, ROWS
from core.training.crew import share_cores
from core.training.rows import train_rows


@functools.cache
def row_site(examples: int = 32) -> Site:
    """The candidate's a_h [N, T, D] in a GRU with LayerNorm after one epoch on the digits, with lengths that differ.

    Every second image is cut off below: its lengths run down from 28 to 14 rows.
    """
    share_cores()
    images, labels = digits_in_order()
    net, _ = train_rows(Images("digits", images, labels, images[:0], labels[:0], ()), True, epochs=1, examples=512)
    lengths = torch.tensor([ROWS if n % 2 == 0 else 14 + (5 * n) % 14 for n in range(examples)])
    seen: list[Tensor] = []
    with torch.no_grad():
        net(as_floats(images[:examples]), lengths, seen)
    norm, part = net.state_norm, slice(2 * HIDDEN, 3 * HIDDEN)
    assert isinstance(norm, nn.GroupNorm)
    return Site(
        "gru",
        torch.stack(seen, 1)[:, :, part].contiguous(),
        Norm.LN,
        gamma=norm.weight.detach()[part].clone(),
        beta=norm.bias.detach()[part].clone(),
        lengths=lengths,
        origin=Message(
            "worked example: a GRU with LayerNorm, one epoch of 512 digits, every second image cut off below"
        ),
    )
