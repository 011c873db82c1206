"""The 1,797 built-in digits of scikit-learn: no files, no network."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from core.data.files import DataError
from core.experiment.config import DATASETS
from core.language.message import Message


def split_digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training images and labels, test images and labels: split as ever."""
    from sklearn.model_selection import train_test_split

    images, labels = digits_in_order()
    train_size, test_size = DATASETS["digits"]
    train, test = train_test_split(
        np.arange(len(labels)), train_size=train_size, test_size=test_size, stratify=labels.numpy(), random_state=0
    )
    return images[train], labels[train], images[test], labels[test]


def digits_in_order() -> tuple[Tensor, Tensor]:
    """scikit-learn's 1,797 digits (8×8, values 0..16) enlarged to uint8 [1797, 1, 28, 28], and their labels [1797].

    Reads the file that comes with scikit-learn, but does not import it: that takes seconds.
    """
    sklearn = importlib.util.find_spec("sklearn")
    if sklearn is None or sklearn.origin is None:
        raise DataError(
            Message("The digits come with scikit-learn, which is not installed. Run `make run`, which installs it.")
        )
    rows = np.loadtxt(Path(sklearn.origin).parent / "datasets/data/digits.csv.gz", delimiter=",")
    small = torch.from_numpy(rows[:, :-1]).float().view(-1, 1, 8, 8)
    images = (interpolate(small, size=(28, 28), mode="bilinear") * (255 / 16)).round().to(torch.uint8)
    return images, torch.from_numpy(rows[:, -1]).long()
