"""The networks' numbers as safetensors, buffers included, beside a README of their names and shapes."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlencode

from safetensors.torch import save
from torch import Tensor, nn

from core.experiment.arm import ArmConfig
from core.experiment.links import to_query
from core.exports.networks import at_the_end, file_name
from core.exports.title import title_of
from core.language.speech import _, ngettext
from core.store.recording import Recording

Networks = dict[ArmConfig, nn.Module]


def write(recording: Recording, folder: Path) -> list[Path]:
    """One file an arm, of the end, and README.md in the language spoken here.

    Raises NoNetworks where none are kept, and OSError.
    """
    step, networks = at_the_end(recording)
    folder.mkdir(parents=True, exist_ok=True)
    link = f"?{urlencode(to_query(recording.config))}"
    paths = [folder / f"{file_name(arm)}.safetensors" for arm in networks]
    for path, (arm, network) in zip(paths, networks.items(), strict=True):
        about = {"format": "pt", "arm": arm.name, "step": str(step), "normscope": recording.origin.normscope}
        tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
        content = _in_one_order(save(tensors, about | {"experiment": link}))
        path.write_bytes(content)  # save_file has an error of its own for a disk
    readme = folder / "README.md"
    readme.write_text(_readme(recording, step, networks, link), encoding="utf-8")
    return [*paths, readme]


def _in_one_order(content: bytes) -> bytes:
    """The same file, in which what it says of itself stands in the same order each time: the library's is by chance."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    told = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    told += b" " * (-len(told) % 8)  # the numbers begin at a multiple of 8
    return len(told).to_bytes(8, "little") + told + content[8 + size :]


def _readme(recording: Recording, step: int, networks: Networks, link: str) -> str:
    first = file_name(next(iter(networks)))
    return (
        "\n\n".join(
            [
                _("# Weights of the run “{name}”", name=title_of(recording)),
                ngettext(
                    "The networks after {n:,} step, one safetensors file for each: numbers only, nothing in them is "
                    "executed. Buffers are among them, so a network that reads its file predicts as it did in the run.",
                    "The networks after {n:,} steps, one safetensors file for each: numbers only, nothing in them is "
                    "executed. Buffers are among them, so a network that reads its file predicts as it did in the run.",
                    step,
                ),
                _("The experiment, to be put behind the address of a NormScope page:"),
                f"```\n{link}\n```",
                _(
                    "Shapes are PyTorch’s: a convolution’s kernels are [outputs, inputs, height, width], a linear "
                    "layer’s weight is [outputs, inputs]. Images are [N, 1, 28, 28], float32 from 0 to 1."
                ),
                f"```python\nfrom safetensors.torch import load_file\n\n"
                f'numbers = load_file("{first}.safetensors")  # name: tensor\n```',
                *(_arm(arm, network) for arm, network in networks.items()),
                *_lacking(recording, networks),
            ]
        )
        + "\n"
    )


def _arm(arm: ArmConfig, network: nn.Module) -> str:
    head = [
        f"## {file_name(arm)}.safetensors",
        str(arm.title),
        _("| name | shape | what |") + "\n|---|---|---|",
    ]
    return "\n\n".join(head) + "\n" + "\n".join(_rows(network))


def _rows(network: nn.Module) -> Iterable[str]:
    for name, tensor in network.state_dict().items():
        layer, _dot, part = name.rpartition(".")
        yield f"| `{name}` | {_shape(tensor)} | {_what(layer, part)} |"


def _shape(tensor: Tensor) -> str:
    return f"[{', '.join(map(str, tensor.shape))}]"


def _what(layer: str, part: str) -> str:
    """In words; the book's class and PyTorch's have other names for the same."""
    if layer.endswith("_norm"):
        return {
            "weight": _("γ of the norm"),
            "gamma": _("γ of the norm"),
            "bias": _("β of the norm"),
            "beta": _("β of the norm"),
            "running_mean": _("running mean; not learned"),
            "moving_mean": _("running mean; not learned"),
            "running_var": _("running variance, from the unbiased one; not learned"),
            "moving_var": _("running variance, from the biased one; not learned"),
            "num_batches_tracked": _("how many mini-batches the running statistics have seen"),
        }[part]
    if part == "bias":
        return _("biases")
    return _("kernels of the convolution") if layer.startswith("conv") else _("weights of the linear layer")


def _lacking(recording: Recording, networks: Networks) -> list[str]:
    lost = [arm.name for arm in recording.config.arms if arm not in networks]
    return [_("Not here, since they ended before the run did: {arms}.", arms=", ".join(lost))] if lost else []
