"""The part of an experiment's program that has the networks: norms and dropout that are written out, LeNet, the arms.

norms_sections               (title, words, code) of what PyTorch has no layer for, and the experiment needs
network_words, network_code  LeNet as a function of its norms
arms_words, arms_code        the networks that are compared, with their initial weights
has_dropout                  whether any arm has some
"""

from __future__ import annotations

from textwrap import dedent

from core.experiment.arm import ArmConfig, Norm
from core.experiment.config import ExperimentConfig
from core.exports.program_data import quoted
from core.language.speech import _

PARTS = (Norm.MO, Norm.VO)
LONGEST = 120  # characters of a line

_CONVS = {5: 2, 8: 2, 12: 6}
_LINEARS = {5: (120, 84), 8: (120, 84, 84, 84, 84), 12: (120, 84, 84, 84, 84)}
_ACTIVATIONS = {"sigmoid": "nn.Sigmoid()", "tanh": "nn.Tanh()", "relu": "nn.ReLU()"}
_POOLS = {"max": "nn.MaxPool2d(2)", "avg": "nn.AvgPool2d(2)"}
_INITS = {
    "xavier": "nn.init.xavier_uniform_(layer.weight, generator=generator)",
    "he": 'nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu", generator=generator)',
    "default": "nn.init.kaiming_uniform_(layer.weight, a=math.sqrt(5), generator=generator)",
    "normal": "nn.init.normal_(layer.weight, std=0.01, generator=generator)",
}


def has_dropout(config: ExperimentConfig) -> bool:
    """Whether any arm drops values."""
    return any(_dropout(arm, config) for arm in config.arms)


def _dropout(arm: ArmConfig, config: ExperimentConfig) -> float:
    return config.dropout if arm.dropout is None else arm.dropout


# --- what PyTorch has no layer for -------------------------------------------------------------------------------


def norms_sections(config: ExperimentConfig) -> list[tuple[str, str, str]]:
    """Batch norm as in the book, RMSNorm, parts of batch norm, dropout with a stream of its own: those needed."""
    found = []
    if any(arm.book for arm in config.arms):
        words = _(
            "Batch norm written out, as in the book: for features [N, D] mean and variance are over N, for maps "
            "[N, C, H, W] over N, H and W. The moving statistics are buffers, so that they are saved with the network, "
            "and train() and eval() decide which statistics are used."
        )
        found.append((_("Batch norm, as in the book"), words, _BATCH_NORM))
    if any(Norm.RMS in arm.norms for arm in config.arms):
        words = _(
            "Every image is divided by its root mean square over all channels and positions; nothing is subtracted. "
            "There is one γ a channel, and no β."
        )
        found.append((_("RMSNorm"), words, _RMS_NORM))
    if any(norm in PARTS for arm in config.arms for norm in arm.norms):
        words = _(
            "Batch norm with a part left out: one subtracts the mean only, the other divides by the standard deviation "
            "only. γ and β and the moving statistics are batch norm’s."
        )
        found.append((_("Parts of batch norm"), words, _PARTS))
    if any(Norm.FIX in arm.norms for arm in config.arms):
        words = _("PyTorch’s batch norm, whose γ stays 1 and whose β stays 0.")
        found.append((_("Batch norm with frozen γ and β"), words, _FROZEN))
    if has_dropout(config):
        words = _(
            "Dropout that draws from a generator of its own, whose seed is made of the experiment’s seed, the arm’s "
            "name and the layer’s: so no network changes what another one drops."
        )
        found.append((_("Dropout"), words, _DROPOUT))
    return found


_BATCH_NORM = dedent("""
    def batch_norm(X, gamma, beta, moving_mean, moving_var, eps, momentum, training):
        if training:
            axes = (0,) if X.ndim == 2 else (0, 2, 3)
            mean = X.mean(dim=axes, keepdim=True)
            var = ((X - mean) ** 2).mean(dim=axes, keepdim=True)
            moving_mean = momentum * moving_mean + (1 - momentum) * mean.detach()
            moving_var = momentum * moving_var + (1 - momentum) * var.detach()
        else:
            mean, var = moving_mean, moving_var
        X_hat = (X - mean) / torch.sqrt(var + eps)
        return gamma * X_hat + beta, moving_mean, moving_var


    class BatchNorm(nn.Module):
        def __init__(self, num_features, num_dims):
            super().__init__()
            shape = (1, num_features) if num_dims == 2 else (1, num_features, 1, 1)
            self.eps, self.momentum = 1e-5, 0.9
            self.gamma = nn.Parameter(torch.ones(shape))
            self.beta = nn.Parameter(torch.zeros(shape))
            self.register_buffer("moving_mean", torch.zeros(shape))
            self.register_buffer("moving_var", torch.ones(shape))

        def forward(self, X):
            Y, self.moving_mean, self.moving_var = batch_norm(
                X, self.gamma, self.beta, self.moving_mean, self.moving_var, self.eps, self.momentum, self.training
            )
            return Y
    """).strip()

_RMS_NORM = dedent("""
    class RMSNorm(nn.Module):
        def __init__(self, num_features, num_dims):
            super().__init__()
            self.gamma = nn.Parameter(torch.ones((1, num_features) if num_dims == 2 else (1, num_features, 1, 1)))

        def forward(self, X):
            axes = tuple(range(1, X.ndim))
            return self.gamma * X / torch.sqrt((X**2).mean(dim=axes, keepdim=True) + 1e-5)
    """).strip()

_PARTS = dedent("""
    class PartOfBatchNorm(nn.Module):
        def __init__(self, num_features, num_dims, subtracts):
            super().__init__()
            shape = (1, num_features) if num_dims == 2 else (1, num_features, 1, 1)
            self.subtracts = subtracts
            self.gamma = nn.Parameter(torch.ones(shape))
            self.beta = nn.Parameter(torch.zeros(shape))
            self.register_buffer("moving_mean", torch.zeros(shape))
            self.register_buffer("moving_var", torch.ones(shape))

        def forward(self, X):
            mean, var = self.moving_mean, self.moving_var
            if self.training:
                axes = (0,) if X.ndim == 2 else (0, 2, 3)
                mean = X.mean(dim=axes, keepdim=True)
                var = ((X - mean) ** 2).mean(dim=axes, keepdim=True)
                self.moving_mean.lerp_(mean.detach(), 0.1)
                self.moving_var.lerp_(var.detach(), 0.1)
            X_hat = X - mean if self.subtracts else X / torch.sqrt(var + 1e-5)
            return self.gamma * X_hat + self.beta
    """).strip()

_FROZEN = dedent("""
    def frozen(layer):
        return layer.requires_grad_(False)
    """).strip()

_DROPOUT = dedent("""
    class Dropout(nn.Module):
        def __init__(self, p, arm, layer):
            super().__init__()
            digest = hashlib.sha256(f"{SEED}/{arm}/{layer}".encode()).digest()
            self.p = p
            self.generator = torch.Generator(device).manual_seed(int.from_bytes(digest[:6], "big"))

        def forward(self, X):
            if not self.training or self.p == 0:
                return X
            mask = torch.empty_like(X).bernoulli_(1 - self.p, generator=self.generator)
            return X * mask / (1 - self.p)
    """).strip()


# --- the network -------------------------------------------------------------------------------------------------


def network_words(config: ExperimentConfig) -> tuple[str, ...]:
    """What the function is of."""
    return (
        _(
            "LeNet for images [N, 1, 28, 28], with 10 logits; after every convolution and every linear layer but the "
            "last a norm, where the network has one."
        ),
    )


def network_code(config: ExperimentConfig) -> str:
    """lenet(): one network, with a name for every layer."""
    drops = has_dropout(config)
    act, pool = _ACTIVATIONS[config.activation], _POOLS[config.pool]
    layers: list[tuple[str, str, str]] = []  # name, layer, shape of what comes out
    for i in range(1, _CONVS[config.depth] + 1):
        conv = {1: "nn.Conv2d(1, 6, 5)", 2: "nn.Conv2d(6, 16, 5)"}.get(i, "nn.Conv2d(16, 16, 3, padding=1)")
        channels, shape = (6, "[N, 6, 24, 24]") if i == 1 else (16, "[N, 16, 8, 8]")
        layers += [
            (f"conv{i}", conv, shape),
            (f"conv{i}_norm", f"norm_of_maps({channels})", ""),
            (f"conv{i}_act", act, ""),
        ]
        if i == 1:
            layers.append(("pool1", pool, "[N, 6, 12, 12]"))
    layers += [("pool2", pool, "[N, 16, 4, 4]"), ("flatten", "nn.Flatten()", "[N, 256]")]
    before = 256
    for i, width in enumerate(_LINEARS[config.depth], start=1):
        layers += [
            (f"fc{i}", f"nn.Linear({before}, {width})", f"[N, {width}]"),
            (f"fc{i}_norm", f"norm_of_features({width})", ""),
            (f"fc{i}_act", act, ""),
        ]
        layers += [(f"fc{i}_dropout", f'Dropout(dropout, arm, "fc{i}")', "")] * drops
        before = width
    layers.append((f"fc{len(_LINEARS[config.depth]) + 1}", f"nn.Linear({before}, 10)", "[N, 10]"))
    written = "\n".join(f"{' ' * 12}{name}={layer}," + f"  # {shape}" * bool(shape) for name, layer, shape in layers)
    arguments = "norm_of_maps, norm_of_features" + ", dropout, arm" * drops
    return f"def lenet({arguments}):\n    return nn.Sequential(\n        OrderedDict(\n{written}\n        )\n    )"


# --- the arms ----------------------------------------------------------------------------------------------------


def arms_words(config: ExperimentConfig) -> tuple[str, ...]:
    """What is alike in all of them, and what the norms are."""
    says = [
        _(
            "All start from the same convolution and linear weights: for each network a generator with the "
            "experiment’s seed draws them, layer by layer, the weights and then the biases."
        )
    ]
    if any(arm.conv_norm is Norm.LN for arm in config.arms):
        says.append(_("After a convolution LayerNorm is GroupNorm with one group: one γ and one β a channel."))
    return tuple(says)


def arms_code(config: ExperimentConfig) -> str:
    """The networks by name, on the device, in training mode."""
    drops = has_dropout(config)

    def written(arm: ArmConfig) -> str:
        name = quoted(arm.name)
        arguments = [_of_maps(arm), _of_features(arm), *([f"{_dropout(arm, config)!r}", name] if drops else [])]
        line = f"    {name}: lenet({', '.join(arguments)}),"
        if len(line) <= LONGEST:
            return line
        return "\n".join([f"    {name}: lenet(", *(f"        {each}," for each in arguments), "    ),"])

    nets = "\n".join(map(written, config.arms))
    return f"{_INITIALIZE.replace('INIT', _INITS[config.init])}\n\n\nnets = {{\n{nets}\n}}\n{_START}"


def _of_maps(arm: ArmConfig) -> str:
    match arm.conv_norm:
        case Norm.BN if arm.book:
            return "lambda channels: BatchNorm(channels, num_dims=4)"
        case Norm.BN:
            return "nn.BatchNorm2d"
        case Norm.LN:
            return "lambda channels: nn.GroupNorm(1, channels)"
        case Norm.IN:
            return "lambda channels: nn.InstanceNorm2d(channels, affine=True)"
        case Norm.GN:
            return f"lambda channels: nn.GroupNorm({arm.groups}, channels)"
        case Norm.RMS:
            return "lambda channels: RMSNorm(channels, num_dims=4)"
        case Norm.MO | Norm.VO:
            return f"lambda channels: PartOfBatchNorm(channels, num_dims=4, subtracts={arm.conv_norm is Norm.MO})"
        case Norm.FIX:
            return "lambda channels: frozen(nn.BatchNorm2d(channels))"
        case _:
            return "nn.Identity"


def _of_features(arm: ArmConfig) -> str:
    match arm.fc_norm:
        case Norm.BN if arm.book:
            return "lambda features: BatchNorm(features, num_dims=2)"
        case Norm.BN:
            return "nn.BatchNorm1d"
        case Norm.LN:
            return "nn.LayerNorm"
        case Norm.GN:
            return f"lambda features: nn.GroupNorm({arm.groups}, features)"
        case Norm.RMS:
            return "lambda features: RMSNorm(features, num_dims=2)"
        case Norm.MO | Norm.VO:
            return f"lambda features: PartOfBatchNorm(features, num_dims=2, subtracts={arm.fc_norm is Norm.MO})"
        case Norm.FIX:
            return "lambda features: frozen(nn.BatchNorm1d(features))"
        case _:
            return "nn.Identity"


_INITIALIZE = dedent("""
    def initialize(net):
        generator = torch.Generator().manual_seed(SEED)
        for layer in net:
            if isinstance(layer, (nn.Conv2d, nn.Linear)):
                INIT
                bound = 1 / math.sqrt(layer.weight[0].numel())
                nn.init.uniform_(layer.bias, -bound, bound, generator=generator)
    """).strip()

_START = dedent("""
    for net in nets.values():
        initialize(net)
        net.to(device)
    """).strip()
