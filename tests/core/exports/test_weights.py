"""Weights as safetensors, read back by safetensors and put into a network that reads images as the run's did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file

from core.experiment.arm import parse_arm
from core.exports import weights
from core.exports.networks import file_name
from core.exports.troubles import NoNetworks
from core.language.message import Message
from core.language.speech import speaking
from core.nets.lenet import build_lenet
from tests.core.exports.short import short, two


def test_what_is_written_are_the_numbers_of_the_last_step_buffers_included(tmp_path: Path):
    recording = two()
    weights.write(recording, tmp_path)
    for name, kept in recording.networks(10).items():
        read = load_file(tmp_path / f"{name}.safetensors")
        assert {k: v.tolist() for k, v in read.items()} == {k: v.tolist() for k, v in kept.items()}
    assert load_file(tmp_path / "bn.safetensors")["conv1_norm.num_batches_tracked"] == 10


def test_a_file_says_of_which_arm_and_step_it_is(tmp_path: Path):
    weights.write(two(), tmp_path)
    with safe_open(tmp_path / "bn.safetensors", "pt") as file:
        about = file.metadata()
    assert (about["arm"], about["step"]) == ("bn", "10")
    assert about["experiment"].startswith("?data=digits")


def test_the_same_weights_give_the_same_bytes_each_time(tmp_path: Path):
    recording = two()
    for folder in map(str, range(6)):
        weights.write(recording, tmp_path / folder)
    for name in ("bn.safetensors", "README.md"):
        assert len({path.read_bytes() for path in tmp_path.glob(f"*/{name}")}) == 1


def test_the_readme_of_a_run_without_a_name_says_what_it_is(tmp_path: Path):
    (*_, readme) = weights.write(replace(two(), name=""), tmp_path)
    assert readme.read_text().startswith("# Weights of the run “none, bn · digits · 2026-11-27”\n")
    with speaking("zh"):
        weights.write(replace(two(), name=""), tmp_path)
    assert readme.read_text().startswith("# 运行“none、bn · digits · 2026-11-27”的权重\n")


def test_a_network_that_reads_its_file_predicts_as_the_one_that_was_trained(tmp_path: Path):
    recording = two()
    weights.write(recording, tmp_path)
    arm = recording.config.arms[1]
    trained, read = build_lenet(arm, recording.config).eval(), build_lenet(arm, recording.config).eval()
    trained.load_state_dict(dict(recording.networks(10)["bn"]))
    read.load_state_dict(load_file(tmp_path / "bn.safetensors"))
    X = torch.rand(3, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    assert read(X).equal(trained(X))


def test_the_readme_has_every_name_with_its_shape_in_the_readers_language(tmp_path: Path):
    recording = short("bn/none:dropout=0.5", "bn:book", "rms", steps=2)
    with speaking("zh"):
        paths = weights.write(recording, tmp_path)
    text = paths[-1].read_text()
    for path in paths[:-1]:
        assert f"## {path.name}" in text
        part = text.split(f"## {path.name}")[1].split("## ")[0]
        for name, tensor in load_file(path).items():
            assert f"| `{name}` | {list(tensor.shape)} |" in part
    assert "移动平均" in text
    assert "running" not in text.replace("running_", "")


def test_no_two_arms_have_files_of_one_name():
    names = ["bn", "bn/none", "bn:book", "bn/none:book", "none/bn", "gn1", "gn1/none", "none:lr=1e-05", "none:lr=0.1"]
    arms = [parse_arm(name) for name in names]
    assert len({file_name(arm) for arm in arms}) == len(arms)
    assert all(set(file_name(arm)).isdisjoint('/:\\*?"<>|') for arm in arms)


def test_without_networks_nothing_is_written_and_a_sentence_says_why(tmp_path: Path):
    recording = two()
    for lacking in (replace(recording, network_steps=()), replace(recording, networks=lambda step: {})):
        with pytest.raises(NoNetworks, match="start it again"):
            weights.write(lacking, tmp_path / "new")
    assert not (tmp_path / "new").exists()


def test_networks_that_have_left_since_somebody_looked_are_said_to_be_none(tmp_path: Path):
    def gone(step: int):
        raise LookupError(Message("The networks were kept at steps {steps}.", {"steps": [0]}))

    with pytest.raises(NoNetworks, match="were kept at steps 0"):
        weights.write(replace(two(), networks=gone), tmp_path)


def test_a_disk_that_is_full_is_an_error_of_the_system_as_in_every_format(tmp_path: Path):
    (tmp_path / "bn.safetensors").symlink_to("/dev/full")
    with pytest.raises(OSError, match="No space left"):
        weights.write(two(), tmp_path)


def test_an_arm_that_ended_before_its_run_is_named(tmp_path: Path):
    recording = two()
    alone = replace(recording, networks=lambda step: {"bn": recording.networks(step)["bn"]})
    paths = weights.write(alone, tmp_path)
    assert [path.name for path in paths] == ["bn.safetensors", "README.md"]
    assert "Not here, since they ended before the run did: none." in paths[-1].read_text()
