"""Questions to the live networks of a run, answered between two mini-batches; none of them changes anything.

feature_maps   what each arm makes of one image, channel by channel, and what it takes it for
recalibration  BatchNorm's test accuracy with running statistics estimated anew
noise          how much a mini-batch's mean varies, by the size of the mini-batch
noise_by_layer the same for mini-batches of one size, layer by layer
bias_gradients whether a bias has anything to learn, layer by layer
kept_bytes     how much of a forward pass is kept for the backward pass
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
from core.nets.norms import BATCH_NORMS, BatchNorm
from core.probes.noise import batch_noise
from core.probes.watch import LayerSeen, probe
from core.training.arms import Arm
from core.training.evaluation import batch_statistics, evaluate, evaluation_mode, has_batch_statistics
from core.words.classes import class_named

RECALIBRATION_IMAGES = 10_000
RECALIBRATION_BATCH = 250
TEST_IMAGES = 2_000
NOISE_IMAGES = 2_000
NOISE_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256)
MAX_MAPS = 16
GRADIENT_IMAGES = 64


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
        "label": class_named(data.classes[int(data.test_labels[image])]),
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
    answer = class_named(data.classes[best])
    prediction = {"prediction": answer, "probability": float(shares[best]), "channels": len(values)}
    return maps.cpu(), prediction


def _layer(layers: dict[str, LayerSeen], name: str) -> LayerSeen:
    if name not in layers:
        values = {"layers": list(layers), "name": quoted(name)}
        raise NoSuchThing(Message("The layers are {layers}; got {name}.", values))
    return layers[name]


def recalibration(arms: list[Arm], data: Images, examples: int) -> dict[str, Any]:
    """Test accuracies of every arm with BatchNorm, on copies: {"arms": {name: {"running", "recalibrated", "batch"}}}.

    The running statistics are estimated anew as the plain average over the run's first 10,000 training images, of which
    it has `examples`, in batches of 250 (or of all, if there are fewer), with the weights of now. Accuracies are
    shares of the first 2,000 test images.
    """
    seen = data.train_images[: min(examples, RECALIBRATION_IMAGES)]
    found = {}
    for arm in arms:
        if has_batch_statistics(arm.model):
            fresh = copy.deepcopy(arm.model)
            before = _accuracy(arm.model, data)
            with batch_statistics(fresh):
                own = _share(fresh, data)
            _recalibrate(fresh, seen)
            found[arm.name] = {"running": before, "recalibrated": _accuracy(fresh, data), "batch": own}
    used = len(seen) - len(seen) % _batch(seen)
    return {"images": used, "test_images": len(data.test_images[:TEST_IMAGES]), "arms": found}


def _batch(images: Tensor) -> int:
    return min(RECALIBRATION_BATCH, len(images))


def _accuracy(model: nn.Sequential, data: Images) -> float:
    with evaluation_mode(model):
        return _share(model, data)


def _share(model: nn.Sequential, data: Images) -> float:
    images, labels = data.test_images[:TEST_IMAGES], data.test_labels[:TEST_IMAGES]
    return evaluate(model, images, labels, lambda: None, RECALIBRATION_BATCH)[1]


@torch.no_grad()
def _recalibrate(model: nn.Sequential, images: Tensor) -> None:
    model.eval()
    norms = [m for m in model.modules() if isinstance(m, BATCH_NORMS)]
    size = _batch(images)
    for k in range(len(images) // size):
        for norm in norms:
            norm.train()
            # The k-th batch weighs 1/(k+1), so all count alike. The book’s momentum is the weight of the old value.
            norm.momentum = k / (k + 1) if isinstance(norm, BatchNorm) else 1 / (k + 1)
        model(as_floats(images[k * size : (k + 1) * size]))


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


def noise_by_layer(arms: list[Arm], data: Images, size: int) -> dict[str, Any]:
    """The same for mini-batches of `size` images: {"images", "arms": {name: {layer: …}}}.

    No arm has a number where the pool is too small to draw so many from it again and again.
    """
    images = as_floats(data.test_images[:NOISE_IMAGES])
    asked = arms if size <= len(images) // 4 else []
    return {"images": len(images), "arms": {arm.name: _noise_by_layer(arm.model, images, size) for arm in asked}}


def _noise_by_layer(model: nn.Sequential, images: Tensor, size: int) -> dict[str, float]:
    layers = probe(model, images).layers
    return {name: batch_noise(seen.stages["before"], [size])[size] for name, seen in layers.items()}


def bias_gradients(arms: list[Arm], data: Images) -> dict[str, Any]:
    """Largest |∂L/∂b| of each layer's bias over the largest |∂L/∂W|: {"images", "arms": {name: {layer: ratio}}}.

    Of the mean loss on the first test images, in training mode, on copies. In front of BatchNorm it is rounding.
    """
    images, labels = data.test_images[:GRADIENT_IMAGES], data.test_labels[:GRADIENT_IMAGES]
    return {"images": len(images), "arms": {arm.name: _bias_gradients(arm.model, images, labels) for arm in arms}}


def _bias_gradients(model: nn.Sequential, images: Tensor, labels: Tensor) -> dict[str, float]:
    fresh = copy.deepcopy(model).train()
    layers = {name: layer for name, layer in fresh.named_children() if isinstance(layer, nn.Conv2d | nn.Linear)}
    parts = [part for layer in layers.values() for part in (layer.bias, layer.weight) if part is not None]
    loss = nn.functional.cross_entropy(fresh(as_floats(images)), labels)
    found = [float(gradient.abs().max()) for gradient in torch.autograd.grad(loss, parts)]
    pairs = zip(layers, found[::2], found[1::2], strict=True)
    return {name: bias / weight for name, bias, weight in pairs if weight > 0}


def kept_bytes(arms: list[Arm], data: Images, batch_size: int) -> dict[str, Any]:
    """What a training step keeps of its forward pass for the backward pass: {"images", "arms": {name: bytes}}.

    All memory that autograd holds then, each piece once, without parameters and running statistics: counted, with any
    device, not what its allocator has reserved. On copies, with the first training images as one mini-batch.
    """
    images, labels = data.train_images[:batch_size], data.train_labels[:batch_size]
    return {"images": len(images), "arms": {arm.name: _kept_bytes(arm.model, images, labels) for arm in arms}}


def _kept_bytes(model: nn.Sequential, images: Tensor, labels: Tensor) -> int:
    fresh = copy.deepcopy(model).train()
    kept: list[Tensor] = []  # alive, so that no two pieces of memory have one address

    def keep(values: Tensor) -> Tensor:
        kept.append(values)
        return values

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda values: values):
        loss = nn.functional.cross_entropy(fresh(as_floats(images)), labels)
    own = {values.untyped_storage().data_ptr() for values in (*fresh.parameters(), *fresh.buffers(), loss)}
    sizes = {values.untyped_storage().data_ptr(): values.untyped_storage().nbytes() for values in kept}
    return sum(size for place, size in sizes.items() if place not in own)


def activation(arms: list[Arm], data: Images, arm: str, layer: str, images: int, training: bool = True) -> LayerSeen:
    """What `layer` of `arm` does with the first `images` test images: all its stages, [N, C, H, W] or [N, D]."""
    chosen = next((each for each in arms if each.name == arm), None)
    if chosen is None:
        values = {"arms": [each.name for each in arms], "name": quoted(arm)}
        raise NoSuchThing(Message("The arms are {arms}; got {name}.", values))
    seen = probe(chosen.model, as_floats(data.test_images[:images]), training=training)
    return _layer(seen.layers, layer)
