"""A small GRU that reads an image row by row, with LayerNorm and without: why LN suits recurrent nets.

LayerNorm's mean at a time step is over the D features of one example at that step: neither the batch nor the length
of the sequence plays a part. BatchNorm's would be over the examples that are that long. Ba, Kiros & Hinton 2016,
"Layer Normalization", section 3.1.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

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
