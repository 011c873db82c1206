"""core.data.images: what reaches the device."""

from __future__ import annotations

import gzip
from dataclasses import FrozenInstanceError
from pathlib import Path

import numpy as np
import pytest
import torch

from core.data.images import as_floats, load
from core.experiment.config import DATASETS
from core.experiment.environment import data_root
from tests.core.data.served import NAMES, put

needs_fashion_mnist = pytest.mark.skipif(
    not all((data_root() / "FashionMNIST/raw" / name).exists() for name in NAMES),
    reason=f"needs the four real Fashion-MNIST files in {data_root()}/FashionMNIST/raw (set NORMSCOPE_DATA)",
)


def unpacked(content: bytes, path: Path) -> str:
    path.write_bytes(gzip.decompress(content))
    return str(path)


def test_the_files_are_decoded_as_torchvision_decodes_them(files: dict[str, bytes], tmp_path: Path) -> None:
    from torchvision.datasets.mnist import read_image_file, read_label_file

    put(files, tmp_path)
    images = load("fashion-mnist", tmp_path)
    raw = [unpacked(files[name], tmp_path / name[:-3]) for name in NAMES]
    assert torch.equal(images.train_images, read_image_file(raw[0]).unsqueeze(1))
    assert torch.equal(images.train_labels, read_label_file(raw[1]))
    assert torch.equal(images.test_images, read_image_file(raw[2]).unsqueeze(1))
    assert torch.equal(images.test_labels, read_label_file(raw[3]))


def test_images_are_uint8_and_labels_int64_with_a_channel_axis(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    images = load("fashion-mnist", tmp_path)
    assert images.train_images.shape == (300, 1, 28, 28)
    assert images.test_images.shape == (50, 1, 28, 28)
    assert {images.train_images.dtype, images.test_images.dtype} == {torch.uint8}
    assert {images.train_labels.dtype, images.test_labels.dtype} == {torch.int64}


def test_everything_is_on_the_device_asked_for(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    for images in (load("fashion-mnist", tmp_path, "meta"), load("digits", tmp_path, "meta")):
        tensors = [images.train_images, images.train_labels, images.test_images, images.test_labels]
        assert {tensor.device.type for tensor in tensors} == {"meta"}


@pytest.mark.cuda
def test_the_values_survive_the_move_to_cuda(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    for name in ("fashion-mnist", "digits"):
        here, there = load(name, tmp_path), load(name, tmp_path, "cuda")
        assert there.train_images.is_cuda
        assert torch.equal(here.train_images, there.train_images.cpu())
        assert torch.equal(here.test_labels, there.test_labels.cpu())


def test_reading_leaves_the_folder_as_it_was(files: dict[str, bytes], tmp_path: Path) -> None:
    folder = put(files, tmp_path)
    before = {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]}
    load("fashion-mnist", tmp_path)
    assert {path: path.stat().st_mtime_ns for path in [folder, *folder.iterdir()]} == before


def test_images_cannot_be_exchanged(files: dict[str, bytes], tmp_path: Path) -> None:
    put(files, tmp_path)
    images = load("fashion-mnist", tmp_path)
    with pytest.raises(FrozenInstanceError):
        images.name = "mnist"  # type: ignore[misc]


@needs_fashion_mnist
def test_real_fashion_mnist_has_its_published_sizes_classes_and_mean() -> None:
    images = load("fashion-mnist")
    sizes = len(images.train_images), len(images.test_images)
    assert sizes == (len(images.train_labels), len(images.test_labels)) == DATASETS["fashion-mnist"]
    assert images.train_labels.bincount().tolist() == [6_000] * 10
    assert images.test_labels.bincount().tolist() == [1_000] * 10
    assert images.classes[0] == "T-shirt/top"
    assert images.classes[9] == "Ankle boot"
    assert images.train_labels[:5].tolist() == [9, 0, 0, 3, 0]
    floats = as_floats(images.train_images)
    assert floats.mean().item() == pytest.approx(0.2860, abs=5e-5)  # the constants that everyone normalizes with
    assert floats.std().item() == pytest.approx(0.3530, abs=5e-5)


def test_floats_are_the_bytes_over_255_and_nothing_else() -> None:
    every_byte = torch.arange(256, dtype=torch.uint8)
    floats = as_floats(every_byte)
    assert floats.dtype is torch.float32
    assert floats.numpy().tolist() == (np.arange(256, dtype=np.float32) / np.float32(255)).tolist()


def test_images_are_not_divided_by_255_twice() -> None:
    with pytest.raises(TypeError, match=r"uint8 .* got torch.float32"):
        as_floats(as_floats(torch.ones(2, dtype=torch.uint8)))
