"""What each layer of core.nets.fast is worth: training with all of them against one kind left to torch.nn."""

from __future__ import annotations

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from bench.loops import images
from bench.pairs import compare, rows
from core.data.images import Images, as_floats
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.nets import fast
from core.nets.lenet import build_lenet

STEPS = 40
KINDS: tuple[tuple[str, str, type[nn.Module]], ...] = (  # arm, pooling, layer
    ("bn", "max", fast.Conv2d),
    ("bn", "max", fast.MaxPool2d),
    ("bn", "avg", fast.AvgPool2d),
    ("bn", "max", fast.Sequential),
    ("bn", "max", fast.BatchNorm2d),
    ("ln", "max", fast.GroupNorm),
    ("in/ln", "max", fast.InstanceNorm2d),
)


def report(repeats: int) -> str:
    data = images()
    pairs = []
    for arm, pool, kind in KINDS:
        config = ExperimentConfig(data=data.name, examples=1024, arms=(parse_arm(arm),), pool=pool)
        whole = build_lenet(config.arms[0], config)
        without = fast.plain(build_lenet(config.arms[0], config), kind)
        what = f"with {kind.__name__} of core.nets.fast / with torch.nn's"
        pairs.append(compare(what, lambda m=without: _train(m, data), lambda m=whole: _train(m, data), repeats))
    return f"""## Layers

One arm with BatchNorm (LayerNorm, InstanceNorm for theirs), {STEPS} mini-batches of 256, all other layers fast in
both. Conv2d puts the images last; without it the other layers have them first. Sequential pools before the
activation where core.nets.fast's MaxPool2d follows it, so without that the activation has all values, too.

{rows(pairs)}
"""


def _train(model: nn.Module, data: Images) -> None:
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for step in range(STEPS):
        rows = torch.arange(256 * step, 256 * (step + 1)) % len(data.train_images)
        loss = cross_entropy(model(as_floats(data.train_images[rows])), data.train_labels[rows])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
