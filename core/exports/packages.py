"""Formats that need a package which NormScope itself does not: it is asked for when it is used."""

from __future__ import annotations

import importlib.util

from core.exports.troubles import PackageMissing
from core.language.message import Message

PACKAGES = {"tensorboard": ("tensorboard",), "onnx": ("onnx", "onnxscript")}  # format: as Python imports them


def need(name: str) -> None:
    """Raises PackageMissing where a package that the format `name` needs is not installed."""
    missing = [package for package in PACKAGES.get(name, ()) if importlib.util.find_spec(package) is None]
    if missing:
        raise PackageMissing(
            Message(
                "The format {name} needs Python packages that are not installed here: {packages}. Install them with: "
                "pip install {command}",
                {"name": name, "packages": missing, "command": " ".join(missing)},
            )
        )
