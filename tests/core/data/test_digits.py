"""core.data.digits: scikit-learn's, enlarged and split as ever.

scikit-learn and scipy are imported in the tests that ask them: they take seconds, and every worker of the test suite
imports every file.
"""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import torch

from core.data.digits import digits_in_order
from core.data.images import Images, load
from core.experiment.config import DATASETS
from tests.core.data.served import md5


def test_the_digits_have_the_sizes_that_the_config_promises(digits: Images) -> None:
    train_size, test_size = DATASETS["digits"]
    assert digits.train_images.shape == (train_size, 1, 28, 28)
    assert digits.test_images.shape == (test_size, 1, 28, 28)
    assert (digits.train_labels.shape, digits.test_labels.shape) == ((train_size,), (test_size,))
    assert {digits.train_images.dtype, digits.test_images.dtype} == {torch.uint8}
    assert {digits.train_labels.dtype, digits.test_labels.dtype} == {torch.int64}
    assert digits.classes == tuple("0123456789")


def test_the_digits_use_the_whole_range_of_uint8(digits: Images) -> None:
    assert digits.train_images.min() == 0
    assert digits.train_images.max() >= 250


def test_the_digits_are_scikit_learns_enlarged_as_scipy_enlarges_them_each_once(digits: Images) -> None:
    from scipy.ndimage import zoom
    from sklearn.datasets import load_digits

    originals = load_digits()
    zoomed = zoom(originals.images * (255 / 16), (1, 3.5, 3.5), order=1, mode="nearest", grid_mode=True)
    expected = torch.from_numpy(zoomed).float().flatten(1)
    got = torch.cat([digits.train_images, digits.test_images]).float().flatten(1)
    nearest = torch.cdist(got, expected).argmin(dim=1)
    assert len(nearest.unique()) == 1_797  # so training and test share no image
    assert (got - expected[nearest]).abs().max() <= 0.51  # rounded to whole numbers
    assert originals.target[nearest].tolist() == torch.cat([digits.train_labels, digits.test_labels]).tolist()


def test_the_digits_split_keeps_each_classs_share(digits: Images) -> None:
    from sklearn.datasets import load_digits

    counts = np.bincount(load_digits().target)
    expected = torch.from_numpy(counts * 360 / 1_797)
    assert (digits.test_labels.bincount() - expected).abs().max() <= 1


def test_the_digits_split_is_that_of_scikit_learn(digits: Images) -> None:
    from sklearn.model_selection import train_test_split

    images, labels = digits_in_order()
    train, test = train_test_split(
        np.arange(1_797), train_size=1_437, test_size=360, stratify=labels.numpy(), random_state=0
    )
    assert torch.equal(digits.train_images, images[train])
    assert torch.equal(digits.train_labels, labels[train])
    assert torch.equal(digits.test_images, images[test])
    assert torch.equal(digits.test_labels, labels[test])


@pytest.mark.slow
def test_to_load_the_digits_imports_nothing_that_takes_seconds() -> None:
    script = """import sys
from core.data.images import load
load("digits")
print(*sorted({"sklearn", "scipy", "pandas", "torchvision"} & sys.modules.keys()))"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_the_digits_split_is_the_same_in_every_release(digits: Images) -> None:
    again = load("digits")
    assert torch.equal(again.train_images, digits.train_images)
    assert torch.equal(again.test_labels, digits.test_labels)
    assert md5(digits.test_labels.numpy().astype("<i8").tobytes()) == "eff59bacc24de44fc202d2b2edba0705"
