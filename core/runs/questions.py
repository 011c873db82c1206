"""Questions to the live networks of a run, answered between two mini-batches; none of them changes anything.

feature_maps   what each arm makes of one image, channel by channel, and what it takes it for
recalibration  BatchNorm's test accuracy with running statistics estimated anew
noise          how much a mini-batch's mean varies, by the size of the mini-batch
activation     one layer's tensors, for the cube

Each takes (arms, data) first, as core.runs.run.Run.ask hands them over, and returns JSON values (activation: tensors).
"""

from __future__ import annotations

import copy
from typing import Any

import torch
from torch import Tensor, nn

from core.data.images import Images, as_floats
from core.experiment.rules import quoted
from core.language.message import Message
from core.nets.norms import BatchNorm
from core.probes.noise import batch_noise
from core.probes.watch import LayerSeen, probe
from core.training.arms import Arm
from core.training.evaluation import batch_statistics, evaluate, evaluation_mode, has_batch_statistics

RECALIBRATION_IMAGES = 10_000
RECALIBRATION_BATCH = 250
TEST_IMAGES = 2_000
NOISE_IMAGES = 2_000
NOISE_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MAX_MAPS = 16


class NoSuchThing(LookupError):
    """A question about a layer, an arm or an image that is not there."""


def feature_maps(arms: list[Arm], data: Images, layer: str, stage: str, image: int) -> dict[str, Any]:
    """Test image number `image` in evaluation mode: {"image", "label", "range", "arms": {name: {...}}}.

    Per arm "maps" ([C][H][W], a linear layer's units as one row; at most 16 channels) and the prediction with its
    probability. "range" is the smallest and largest finite value over all arms: one colour scale for all.
    """
    if not 0 <= image < len(data.test_images):
        last = len(data.test_images) - 1
        raise NoSuchThing(
            Message("The test set has images 0 to {last:,}; got {image}.", {"last": last, "image": image})
        )
    pixels = data.test_images[image : image + 1]  # [1, 1, 28, 28]
    shown = {arm.name: _maps(arm, data, pixels, layer, stage) for arm in arms}
    finite = [maps[maps.isfinite()] for maps, _ in shown.values()]
    values = torch.cat([part.flatten() for part in finite])
    return {
        "image": pixels[0, 0].tolist(),
        "label": data.classes[int(data.test_labels[image])],
        "range": [float(values.min()), float(values.max())] if len(values) else [0.0, 1.0],
        "arms": {name: prediction | {"maps": maps.tolist()} for name, (maps, prediction) in shown.items()},
    }


def _maps(arm: Arm, data: Images, pixels: Tensor, layer: str, stage: str) -> tuple[Tensor, dict[str, Any]]:
    seen = probe(arm.model, as_floats(pixels), training=False)
    found = _layer(seen.layers, layer)
    values = found.stages.get(stage, found.stages["before"])[0]  # [C, H, W] or [D]
    logits = next(reversed(seen.layers.values())).stages["before"][0]  # [10]
    shares = logits.softmax(0)
    best = int(shares.argmax())
    maps = values[:MAX_MAPS] if values.dim() == 3 else values[None, None, :]
    prediction = {"prediction": data.classes[best], "probability": float(shares[best]), "channels": len(values)}
    return maps.cpu(), prediction


def _layer(layers: dict[str, LayerSeen], name: str) -> LayerSeen:
    if name not in layers:
        values = {"layers": list(layers), "name": quoted(name)}
        raise NoSuchThing(Message("The layers are {layers}; got {name}.", values))
    return layers[name]


def recalibration(arms: list[Arm], data: Images) -> dict[str, Any]:
    """Test accuracies of every arm with BatchNorm, on copies: {"arms": {name: {"running", "recalibrated", "batch"}}}.

    The running statistics are estimated anew as the plain average over 10,000 training images in batches of 250 (as
    many as there are), with the weights of now. Accuracies are shares of the first 2,000 test images.
    """
    found = {}
    for arm in arms:
        if has_batch_statistics(arm.model):
            fresh = copy.deepcopy(arm.model)
            before = _accuracy(arm.model, data)
            with batch_statistics(fresh):
                own = _share(fresh, data)
            _recalibrate(fresh, data)
            found[arm.name] = {"running": before, "recalibrated": _accuracy(fresh, data), "batch": own}
    images, tested = len(data.train_images[:RECALIBRATION_IMAGES]), len(data.test_images[:TEST_IMAGES])
    return {"images": images - images % RECALIBRATION_BATCH, "test_images": tested, "arms": found}


def _accuracy(model: nn.Sequential, data: Images) -> float:
    with evaluation_mode(model):
        return _share(model, data)


def _share(model: nn.Sequential, data: Images) -> float:
    images, labels = data.test_images[:TEST_IMAGES], data.test_labels[:TEST_IMAGES]
    return evaluate(model, images, labels, lambda: None, RECALIBRATION_BATCH)[1]


@torch.no_grad()
def _recalibrate(model: nn.Sequential, data: Images) -> None:
    model.eval()
    norms = [m for m in model.modules() if isinstance(m, BatchNorm | nn.BatchNorm1d | nn.BatchNorm2d)]
    images = data.train_images[:RECALIBRATION_IMAGES]
    for k in range(len(images) // RECALIBRATION_BATCH):
        for norm in norms:
            norm.train()
            # The k-th batch weighs 1/(k+1), so all count alike. The book’s momentum is the weight of the old value.
            norm.momentum = k / (k + 1) if isinstance(norm, BatchNorm) else 1 / (k + 1)
        model(as_floats(images[k * RECALIBRATION_BATCH : (k + 1) * RECALIBRATION_BATCH]))


def noise(arms: list[Arm], data: Images, layer: str) -> dict[str, Any]:
    """Standard deviation of mini-batch means over sigma, per arm: {"sizes", "positions", "arms": {name: [...]}}.

    Over 300 random mini-batches of each size N, drawn from the layer's values before the norm on 2,000 test images.
    "positions" is H*W of the layer, 1 for a linear one.
    """
    images = as_floats(data.test_images[:NOISE_IMAGES])
    sizes = [size for size in NOISE_SIZES if size <= len(images) // 4]
    found, positions = {}, 1
    for arm in arms:
        z = _layer(probe(arm.model, images).layers, layer).stages["before"]
        positions = z[0, 0].numel()
        by_size = batch_noise(z, sizes)
        found[arm.name] = [by_size[size] for size in sizes]
    return {"sizes": sizes, "images": len(images), "positions": positions, "arms": found}


def activation(arms: list[Arm], data: Images, arm: str, layer: str, images: int, training: bool = True) -> LayerSeen:
    """What `layer` of `arm` does with the first `images` test images: all its stages, [N, C, H, W] or [N, D]."""
    chosen = next((each for each in arms if each.name == arm), None)
    if chosen is None:
        values = {"arms": [each.name for each in arms], "name": quoted(arm)}
        raise NoSuchThing(Message("The arms are {arms}; got {name}.", values))
    seen = probe(chosen.model, as_floats(data.test_images[:images]), training=training)
    return _layer(seen.layers, layer)
