"""LeNet, the book's network for batch normalization, with a name for every layer.

build_lenet      one arm's network, with its initial weights: an nn.Sequential, on the CPU
Dropout          dropout with a random stream of its own
fingerprint      eight hex digits that tell whether two networks start from the same weights
parameter_count  how many numbers a network learns
learned          which these are, by name

    [N, 1, 28, 28]  conv1 5x5 - norm - act          [N, 6, 24, 24]   pool1  [N, 6, 12, 12]
                    conv2 5x5 - norm - act          [N, 16, 8, 8]
                    (conv3 ... conv6 3x3, the same  [N, 16, 8, 8])   pool2  [N, 16, 4, 4]
    flatten         fc1 - norm - act - (dropout)    [N, 120]
                    fc2 - norm - act - (dropout)    [N, 84]
                    (fc3 ... fc5, the same          [N, 84])
                    the last fc: the logits         [N, 10]

Depth 5 is LeCun et al. 1998's conv, conv, fc, fc, fc as the book trains it: without padding. Depth 8 adds fc3 to
fc5, depth 12 also conv3 to conv6.
"""

from __future__ import annotations

import hashlib
import math
from collections import OrderedDict
from collections.abc import Iterator
from itertools import pairwise

import torch
from torch import Tensor, nn

from core.experiment.arm import CONV_CHANNELS, FC_FEATURES, ArmConfig
from core.experiment.config import ExperimentConfig
from core.nets import fast, steady
from core.nets.norms import build_norm

CLASSES = 10
FLAT_FEATURES = 16 * 4 * 4
EXTRA_CONVS = {5: 0, 8: 0, 12: 4}
EXTRA_LINEARS = {5: 0, 8: 3, 12: 3}

_ACTIVATIONS: dict[str, type[nn.Module]] = {"sigmoid": steady.Sigmoid, "tanh": nn.Tanh, "relu": nn.ReLU}
_POOLS: dict[str, type[fast.MaxPool2d] | type[fast.AvgPool2d]] = {"max": fast.MaxPool2d, "avg": fast.AvgPool2d}


def build_lenet(arm: ArmConfig, config: ExperimentConfig) -> nn.Sequential:
    """The arm's network for [N, 1, 28, 28] float32 images, giving [N, 10] logits; on the CPU, in training mode.

    Layers are called conv1, conv1_norm, conv1_act, pool1, conv2, ... flatten, fc1, fc1_norm, fc1_act, fc1_dropout
    (only where the dropout is above 0), ..., and the last linear layer fc3 (depth 5) or fc6. Without a norm,
    *_norm is nn.Identity, so that net[1] is the first norm in every arm.

    The convolution and linear weights depend on config.seed, config.init and config.depth only: all arms of an
    experiment start from the same ones (see fingerprint). PyTorch's global random state is neither read nor changed.
    """
    layers = OrderedDict([*_convolutions(arm, config), ("flatten", nn.Flatten()), *_linears(arm, config)])
    model = fast.Sequential(layers)
    _initialize(model, config)
    return model


Named = Iterator[tuple[str, nn.Module]]


def _convolutions(arm: ArmConfig, config: ExperimentConfig) -> Named:
    first, second = CONV_CHANNELS
    yield from _conv_block("conv1", _conv(1, first, 5), arm, config)
    yield "pool1", _POOLS[config.pool](2)
    yield from _conv_block("conv2", _conv(first, second, 5), arm, config)
    for i in range(EXTRA_CONVS[config.depth]):
        yield from _conv_block(f"conv{3 + i}", _conv(second, second, 3, padding=1), arm, config)
    yield "pool2", _POOLS[config.pool](2)


def _linears(arm: ArmConfig, config: ExperimentConfig) -> Named:
    first, second = FC_FEATURES
    widths = [FLAT_FEATURES, first, second] + [second] * EXTRA_LINEARS[config.depth]
    for i, (fan_in, fan_out) in enumerate(pairwise(widths), start=1):
        yield from _linear_block(f"fc{i}", _linear(fan_in, fan_out), arm, config)
    yield f"fc{len(widths)}", _linear(second, CLASSES)


def _conv_block(name: str, conv: nn.Conv2d, arm: ArmConfig, config: ExperimentConfig) -> Named:
    yield name, conv
    yield f"{name}_norm", build_norm(arm.conv_norm, conv.out_channels, 4, arm.groups, arm.book)
    yield f"{name}_act", _ACTIVATIONS[config.activation]()


def _linear_block(name: str, linear: nn.Linear, arm: ArmConfig, config: ExperimentConfig) -> Named:
    yield name, linear
    yield f"{name}_norm", build_norm(arm.fc_norm, linear.out_features, 2, arm.groups, arm.book)
    yield f"{name}_act", _ACTIVATIONS[config.activation]()
    p = config.dropout if arm.dropout is None else arm.dropout
    if p > 0:
        yield f"{name}_dropout", Dropout(p, stream_seed(config.seed, arm.name, name))


def _conv(channels_in: int, channels_out: int, kernel: int, padding: int = 0) -> fast.Conv2d:
    conv = fast.Conv2d(channels_in, channels_out, kernel, padding=padding, device="meta")
    _materialize(conv)
    return conv


def _linear(fan_in: int, fan_out: int) -> steady.Linear:
    linear = steady.Linear(fan_in, fan_out, device="meta")
    _materialize(linear)
    return linear


def _materialize(layer: nn.Module) -> None:
    # Made on the meta device, where PyTorch's own initialization draws no random numbers. Module.to_empty would
    # import sympy, which takes seconds.
    for name, parameter in list(layer.named_parameters()):
        setattr(layer, name, nn.Parameter(torch.empty(parameter.shape)))


class Dropout(nn.Module):
    """Set each value to 0 with probability p and multiply the others by 1/(1 - p); in eval mode, change nothing.

    Unlike nn.Dropout it draws from a generator of its own, on the input's device, started from `seed`: neither
    another arm nor a probe shifts its stream, and it leaves the global random state alone. `generator` is None until
    the first draw. Srivastava et al. 2014, "Dropout", in the inverted form of the book.

    Raises ValueError on p outside [0, 1).
    """

    def __init__(self, p: float, seed: int) -> None:
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"Dropout's p is the share of values set to 0, 0 <= p < 1; got {p}. Use 0 to 0.9.")
        self.p, self.seed = p, seed
        self.generator: torch.Generator | None = None
        self._drawn_on: torch.device | None = None

    def forward(self, X: Tensor) -> Tensor:
        if not self.training or self.p == 0:
            return X
        mask = torch.empty_like(X).bernoulli_(1 - self.p, generator=self._generator_on(X.device))
        return X * mask / (1 - self.p)

    def _generator_on(self, device: torch.device) -> torch.Generator:
        if self.generator is None or self._drawn_on != device:
            self.generator = torch.Generator(device).manual_seed(self.seed)
            self._drawn_on = device  # not generator.device, which may lack the index that a tensor's device has
        return self.generator

    def resume(self, device: torch.device, state: Tensor) -> None:
        """Go on in the random stream on `device` where `generator.get_state()` was `state`."""
        self._generator_on(device).set_state(state)

    def extra_repr(self) -> str:
        return f"p={self.p}, seed={self.seed}"


def stream_seed(*parts: object) -> int:
    """A seed from names and numbers, the same in every process (unlike hash(), which is salted)."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return int.from_bytes(digest[:6], "big")


def fingerprint(model: nn.Module) -> str:
    """The first 8 hex digits of sha256 over all convolution and linear weights and biases, in the network's order.

    Equal for all arms of an experiment before the first step, on whatever device.
    """
    digest = hashlib.sha256()
    for layer in weight_layers(model).values():
        for values in layer.parameters():
            digest.update(values.detach().cpu().numpy().tobytes())
    return digest.hexdigest()[:8]


def parameter_count(model: nn.Module) -> int:
    """How many numbers the network learns, gamma and beta included."""
    return sum(values.numel() for values in learned(model).values())


def learned(model: nn.Module) -> dict[str, nn.Parameter]:
    """All parameters by name but those that stay where they start (core.nets.part_norms.frozen)."""
    return {name: parameter for name, parameter in model.named_parameters() if parameter.requires_grad}


def weight_layers(model: nn.Module) -> dict[str, nn.Conv2d | nn.Linear]:
    """The convolution and linear layers by name, in the network's order: conv1 ... fc3."""
    return {name: layer for name, layer in model.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)}


def _initialize(model: nn.Module, config: ExperimentConfig) -> None:
    generator = torch.Generator().manual_seed(config.seed)
    for layer in weight_layers(model).values():
        _draw_weight(layer.weight, config.init, generator)
        assert layer.bias is not None
        bound = 1 / math.sqrt(layer.weight[0].numel())  # 1/sqrt(fan_in), PyTorch's default for biases
        nn.init.uniform_(layer.bias, -bound, bound, generator=generator)


def _draw_weight(weight: Tensor, init: str, generator: torch.Generator) -> None:
    match init:
        case "xavier":  # Glorot & Bengio 2010, equation 16
            nn.init.xavier_uniform_(weight, generator=generator)
        case "he":  # He et al. 2015, equation 10, from the uniform distribution
            nn.init.kaiming_uniform_(weight, nonlinearity="relu", generator=generator)
        case "default":  # what nn.Linear and nn.Conv2d do: uniform within 1/sqrt(fan_in)
            nn.init.kaiming_uniform_(weight, a=math.sqrt(5), generator=generator)
        case "normal":
            nn.init.normal_(weight, std=0.01, generator=generator)
        case _:
            raise ValueError(f"init is one of xavier, he, default, normal; got {init}.")
