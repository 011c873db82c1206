"""The worked example: what the cube page looks at where there is no run.

WorkedExample   conv1, conv2, fc1 and fc2 of a LeNet and gru of a row reader, each built when it is looked at
lenet_sites     the LeNet's
"""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import torch
from torch import nn

from core.cube.row_site import row_site
from core.cube.sites import Site, capture
from core.data.digits import digits_in_order
from core.data.images import as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.nets.lenet import build_lenet
from core.training.crew import share_cores

CONFIG = ExperimentConfig(data="digits", examples=1024, batch_size=64, learning_rate=1.0)
STEPS = 12


class WorkedExample(Mapping[str, Site]):
    """The same numbers every time. The first look at a layer trains its network, in some tenths of a second."""

    _NAMES = ("conv1", "conv2", "fc1", "fc2", "gru")

    def __getitem__(self, name: str) -> Site:
        if name not in self._NAMES:
            raise KeyError(name)
        return row_site() if name == "gru" else lenet_sites()[name]

    def __contains__(self, name: object) -> bool:  # Mapping's own would build the site
        return name in self._NAMES

    def __iter__(self) -> Iterator[str]:
        return iter(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)


@functools.cache
def lenet_sites() -> Mapping[str, Site]:
    """{layer: Site} of a LeNet with BatchNorm after 12 steps of 64 digits, for the first 256 digits."""
    share_cores()
    net, (images, labels) = build_lenet(parse_arm("bn"), CONFIG), digits_in_order()
    for step in range(STEPS):
        batch = slice(step * CONFIG.batch_size, (step + 1) * CONFIG.batch_size)
        loss = nn.functional.cross_entropy(net(as_floats(images[batch])), labels[batch])
        parameters = list(net.parameters())
        with torch.no_grad():  # plain SGD by hand: torch.optim takes seconds to import
            for values, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
                values.sub_(CONFIG.learning_rate * gradient)
    origin = Message("worked example: BatchNorm, step {step}, built-in digits", {"step": STEPS})
    return capture(net, as_floats(images[:256]), origin)
