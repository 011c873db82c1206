"""A small GRU that reads an image row by row, with LayerNorm and without: why LN suits recurrent nets.

RowGRU        28 rows of 28 pixels, one per time step -> 10 logits; its state norm can be seen in the cube
train_rows    one network trained, with its results; the same weights and batches with and without LayerNorm
compare_rows  both, on the digits
row_site      [N, T, D] as it enters the LayerNorm of the candidate state, for the cube

    python -m core sequence --data digits --epochs 3

LayerNorm's mean at a time step is over the D features of one example at that step: neither the batch nor the length
of the sequence plays a part. BatchNorm's would be over the examples that are that long. Ba, Kiros & Hinton 2016,
"Layer Normalization", section 3.1.
"""

from __future__ import annotations

import functools
import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from core.cube.sites import Site
from core.data.files import Images, as_floats, digits_in_order, load
from core.experiment.config import Norm
from core.training.crew import share_cores

HIDDEN = 32
ROWS = 28
GATES = 3  # reset, update, candidate


class RowGRU(nn.Module):
    """[N, 1, 28, 28] -> [N, 10]. Cho et al. 2014, "Learning Phrase Representations", in PyTorch's form.

    r, z = σ(a_x + a_h), n = tanh(a_x + r · a_h), h ← (1 − z) · n + z · h, with a_x = W x and a_h = U h. With
    `layer_norm`, a_x and a_h are normalized over their D = 32 features, each gate by itself, with γ and β of its own.
    """

    def __init__(self, layer_norm: bool, seed: int = 0) -> None:
        super().__init__()
        self.from_row = nn.Linear(ROWS, GATES * HIDDEN)
        self.from_state = nn.Linear(HIDDEN, GATES * HIDDEN)
        self.head = nn.Linear(HIDDEN, 10)
        # Three groups of D features are three LayerNorms, one per gate.
        self.row_norm = nn.GroupNorm(GATES, GATES * HIDDEN) if layer_norm else nn.Identity()
        self.state_norm = nn.GroupNorm(GATES, GATES * HIDDEN) if layer_norm else nn.Identity()
        generator = torch.Generator().manual_seed(seed)
        for layer in (self.from_row, self.from_state, self.head):
            for numbers in layer.parameters():
                nn.init.uniform_(numbers, -1 / math.sqrt(HIDDEN), 1 / math.sqrt(HIDDEN), generator=generator)

    def forward(self, images: Tensor, lengths: Tensor | None = None, seen: list[Tensor] | None = None) -> Tensor:
        """Reads `lengths` [N] rows of each image (None: all); appends a_h [N, 3·D] of each step to `seen`."""
        state = images.new_zeros(len(images), HIDDEN)
        for t, row in enumerate(images.squeeze(1).unbind(1)):  # [N, 28]
            projected = self.from_state(state)
            if seen is not None:
                seen.append(projected)
            new = self._step(self.row_norm(self.from_row(row)), self.state_norm(projected), state)
            state = new if lengths is None else torch.where((t < lengths)[:, None], new, state)
        return torch.as_tensor(self.head(state))

    def _step(self, from_row: Tensor, from_state: Tensor, state: Tensor) -> Tensor:
        row, before = from_row.chunk(GATES, 1), from_state.chunk(GATES, 1)
        reset, update = torch.sigmoid(row[0] + before[0]), torch.sigmoid(row[1] + before[1])
        candidate = torch.tanh(row[2] + reset * before[2])
        return (1 - update) * candidate + update * state


@dataclass(frozen=True, slots=True)
class RowsTrained:
    """One network after one epoch: its mean training loss and its accuracy on the test images."""

    layer_norm: bool
    epoch: int
    train_loss: float
    test_accuracy: float


def train_rows(
    images: Images, layer_norm: bool, epochs: int = 3, examples: int = 1024, rate: float = 0.5, seed: int = 0
) -> tuple[RowGRU, list[RowsTrained]]:
    """Plain SGD, batches of 64 in the same order with and without LayerNorm, gradients clipped to norm 1."""
    net, results = RowGRU(layer_norm, seed), []
    generator = torch.Generator().manual_seed(seed)
    for epoch in range(1, epochs + 1):
        order = torch.randperm(min(examples, len(images.train_images)), generator=generator)
        losses = [_learn(net, images, batch, rate) for batch in torch.split(order, 64)]
        results.append(RowsTrained(layer_norm, epoch, sum(losses) / len(losses), _accuracy(net, images)))
    return net, results


def _learn(net: RowGRU, images: Images, batch: Tensor, rate: float) -> float:
    loss = nn.functional.cross_entropy(net(as_floats(images.train_images[batch])), images.train_labels[batch])
    parameters = list(net.parameters())
    gradients = torch.autograd.grad(loss, parameters)
    norm = torch.stack([g.norm() for g in gradients]).norm().item()
    with torch.no_grad():
        for values, gradient in zip(parameters, gradients, strict=True):
            values.sub_(rate / max(1.0, norm) * gradient)
    return float(loss.detach())


def _accuracy(net: RowGRU, images: Images, most: int = 2000) -> float:
    with torch.no_grad():
        answers = net(as_floats(images.test_images[:most])).argmax(1)
    return float((answers == images.test_labels[:most]).double().mean())


@functools.cache
def compare_rows() -> tuple[RowsTrained, ...]:
    """Three epochs on 1,024 digits without and with LayerNorm, otherwise the same; some seconds, once."""
    share_cores()
    digits = load("digits")
    return tuple(row for layer_norm in (False, True) for row in train_rows(digits, layer_norm)[1])


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
        origin="worked example: a GRU with LayerNorm, one epoch of 512 digits, every second image cut off below",
    )
