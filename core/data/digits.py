"""The 1,797 built-in digits of scikit-learn: no files, no network."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn.functional import interpolate

from core.data.files import DataError
from core.experiment.config import DATASETS
from core.language.message import Message

Whole = NDArray[np.integer[Any]]


def split_digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Training images and labels, test images and labels: split as ever."""
    images, labels = digits_in_order()
    train, test = _split(labels.numpy(), DATASETS["digits"][0])
    return images[train], labels[train], images[test], labels[test]


def _split(labels: Whole, train_size: int) -> tuple[Whole, Whole]:
    """Rows to train on and to test on, by chance, of each class the same share.

    Those of scikit-learn's `train_test_split(…, stratify=labels, random_state=0)`, which takes a second to import.
    """
    chance = np.random.RandomState(0)  # whose numbers NumPy promises never to change
    counts = _share(np.bincount(labels), train_size, chance)
    train, test = [], []
    for label, count in enumerate(counts):
        rows = chance.permutation(np.flatnonzero(labels == label))
        train.append(rows[:count])
        test.append(rows[count:])
    return chance.permutation(np.concatenate(train)), chance.permutation(np.concatenate(test))


def _share(counts: Whole, size: int, chance: np.random.RandomState) -> Whole:
    """How many of each class are among `size`; what is left of rounding down goes to the largest fractions."""
    exact = counts * size / counts.sum()
    shares: Whole = np.floor(exact).astype(int)
    fractions = exact - shares
    for fraction in np.unique(fractions)[::-1]:
        if left := int(size - shares.sum()):
            alike = np.flatnonzero(fractions == fraction)
            shares[chance.choice(alike, size=min(len(alike), left), replace=False)] += 1
    return shares


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
