"""Networks as ONNX, read back by onnxruntime and compared with the network of the run in evaluation mode."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
import torch

from core.exports import onnx
from core.exports.troubles import PackageMissing
from core.nets.lenet import build_lenet
from tests.core.exports.short import short, two


@pytest.mark.slow
@pytest.mark.parametrize("names", [("none", "bn", "bn:book:dropout=0.5"), ("in", "gn", "rms")])
def test_onnxruntime_predicts_as_the_network_for_any_number_of_images(names: tuple[str, ...], tmp_path: Path):
    import onnxruntime

    recording = short(*names, steps=2)
    paths = onnx.write(recording, tmp_path)
    assert len(paths) == len(names)
    for path, arm in zip(paths, recording.config.arms, strict=True):
        network = build_lenet(arm, recording.config)
        network.load_state_dict(dict(recording.networks(2)[arm.name]))
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        for count in (1, 3, 70):
            X = torch.rand(count, 1, 28, 28, generator=torch.Generator().manual_seed(count))
            (logits,) = session.run(["logits"], {"images": X.numpy()})
            torch.testing.assert_close(torch.from_numpy(logits), network.eval()(X).detach(), rtol=1e-4, atol=1e-5)


def test_without_its_packages_nothing_is_written_and_a_sentence_says_what_to_install(tmp_path: Path, monkeypatch):
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name.startswith("onnx") else found(name))
    with pytest.raises(PackageMissing, match="pip install onnx onnxscript"):
        onnx.write(two(), tmp_path / "new")
    assert not (tmp_path / "new").exists()
