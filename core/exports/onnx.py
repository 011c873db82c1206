"""The networks as ONNX files, which other programs run. Needs the packages onnx and onnxscript."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from core.exports.networks import at_the_end, file_name
from core.exports.packages import need
from core.store.recording import Recording


def write(recording: Recording, folder: Path) -> list[Path]:
    """One file an arm, of the end, in evaluation mode: "images" [N, 1, 28, 28] of 0..1 give "logits" [N, 10].

    Raises PackageMissing without onnx and onnxscript, NoNetworks where none are kept, and OSError.
    """
    need("onnx")
    _step, networks = at_the_end(recording)
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(network, folder / f"{file_name(arm)}.onnx") for arm, network in networks.items()]


def _write(network: nn.Module, path: Path) -> Path:
    # Two images: of one, an exporter might take the number for a constant.
    torch.onnx.export(
        network,
        (torch.zeros(2, 1, 28, 28),),
        path,
        input_names=["images"],
        output_names=["logits"],
        dynamic_shapes=({0: torch.export.Dim("N")},),
        external_data=False,
        dynamo=True,
        verbose=False,
    )
    return path
