"""The optimizers: PyTorch's own, which on the CPU leave torch.compile alone.

optimizer_for  the experiment's optimizer for one network
SGD, Adam      PyTorch's, bit for bit, without its detours for torch.compile: these import torch._dynamo, which takes
               a second that everybody would wait for before the first step
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from core.data.device import is_card
from core.experiment.config import ExperimentConfig


def _undecorated(method: Callable[..., Any]) -> Any:
    """What PyTorch has wrapped for torch.compile; `method` itself in a PyTorch that does not."""
    return getattr(method, "__wrapped__", method)


class _Undecorated:
    """What all of PyTorch's optimizers share."""

    add_param_group = _undecorated(torch.optim.Optimizer.add_param_group)
    zero_grad = _undecorated(torch.optim.Optimizer.zero_grad)
    state_dict = _undecorated(torch.optim.Optimizer.state_dict)
    load_state_dict = _undecorated(torch.optim.Optimizer.load_state_dict)


class SGD(_Undecorated, torch.optim.SGD):
    """torch.optim.SGD; see above."""

    step = torch.no_grad()(_undecorated(torch.optim.SGD.step))


class Adam(_Undecorated, torch.optim.Adam):
    """torch.optim.Adam; see above."""

    step = torch.no_grad()(_undecorated(torch.optim.Adam.step))


def optimizer_for(model: nn.Module, config: ExperimentConfig, learning_rate: float) -> torch.optim.Optimizer:
    """The optimizer that `config` names, for all parameters of `model` on their device.

    Weight decay is PyTorch's, with Adam, too: so many times each parameter, be it a bias, γ or β, is added to its
    gradient.
    """
    device = next(model.parameters()).device
    if is_card(device):
        return _on_card(config, torch.tensor(learning_rate, device=device), model)
    if config.optimizer == "adam":
        return Adam(model.parameters(), lr=learning_rate, weight_decay=config.weight_decay)
    return SGD(model.parameters(), lr=learning_rate, momentum=config.momentum, weight_decay=config.weight_decay)


def _on_card(config: ExperimentConfig, learning_rate: Tensor, model: nn.Module) -> torch.optim.Optimizer:
    # The same formulas in one kernel for all weights, which reads the learning rate on the card.
    weights, decay = model.parameters(), config.weight_decay
    if config.optimizer == "adam":
        return torch.optim.Adam(weights, lr=learning_rate, weight_decay=decay, fused=True, capturable=True)
    return torch.optim.SGD(weights, lr=learning_rate, momentum=config.momentum, weight_decay=decay, fused=True)
