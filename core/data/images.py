"""The images of an experiment, on the device as uint8.

load       the images of one dataset, on the device, fetching first what is missing
Images     one dataset
as_floats  a batch as the network wants it

The files are read as they are, so their folder may be read-only.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from core.data.digits import split_digits
from core.data.files import Progress, never_stopped, no_progress, ready
from core.data.sources import SOURCES

DATA_TITLES = {"fashion-mnist": "Fashion-MNIST", "mnist": "MNIST", "kmnist": "KMNIST"}  # as one writes them


@dataclass(frozen=True, slots=True, eq=False)
class Images:
    """One dataset, wholly on one device."""

    name: str
    train_images: Tensor  # [N, 1, 28, 28] uint8, 0..255
    train_labels: Tensor  # [N] int64, 0..9
    test_images: Tensor  # [M, 1, 28, 28] uint8, 0..255
    test_labels: Tensor  # [M] int64, 0..9
    classes: tuple[str, ...]  # 10 names, by label


def load(
    name: str,
    root: Path | None = None,
    device: torch.device | str = "cpu",
    progress: Progress = no_progress,
    check_stopped: Callable[[], None] = never_stopped,
) -> Images:
    """The dataset `name` (a key of config.DATASETS) on `device`; root None means data_root().

    Missing files are downloaded: `progress` and `check_stopped` are called after every chunk, and whatever
    check_stopped raises ends the download, at the latest after the 10 s that a silent server is given.
    "digits" needs neither files nor network.

    Raises DataError: missing=True if files are absent and cannot be fetched, missing=False if one is corrupt.
    """
    paths = ready(name, root, progress, check_stopped)
    return _digits(device) if name == "digits" else _decode(name, paths, device)


def _digits(device: torch.device | str) -> Images:
    train_images, train_labels, test_images, test_labels = (part.to(device) for part in split_digits())
    classes = tuple(str(digit) for digit in range(10))
    return Images("digits", train_images, train_labels, test_images, test_labels, classes)


def as_floats(images: Tensor) -> Tensor:
    """uint8 0..255 of any shape to float32 0..1, on the same device; no mean is subtracted, as in the book.

    Raises TypeError for other dtypes: dividing twice would go unseen.
    """
    if images.dtype is not torch.uint8:
        raise TypeError(f"Images are uint8 until they are divided by 255; got {images.dtype}. Pass them as loaded.")
    return images.to(torch.float32) / 255


def _decode(name: str, paths: list[Path], device: torch.device | str) -> Images:
    train_images, train_labels, test_images, test_labels = (_read_idx(path) for path in paths)
    return Images(
        name,
        train_images.unsqueeze(1).to(device),
        train_labels.long().to(device),
        test_images.unsqueeze(1).to(device),
        test_labels.long().to(device),
        SOURCES[name].classes,
    )


def _read_idx(path: Path) -> Tensor:
    """IDX: two zero bytes, 8 for uint8, the number of axes, their sizes (big-endian, 4 bytes each), the values.

    torchvision's reader wants the file unpacked, and the folder may be read-only.
    """
    content = bytearray(gzip.decompress(path.read_bytes()))  # bytearray: torch warns of memory it cannot write to
    axes = content[3]
    shape = np.frombuffer(content, ">u4", count=axes, offset=4)
    return torch.from_numpy(np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape))
