"""The script of an experiment computes what the experiment computed, without any of this project."""

from __future__ import annotations

import gzip
import hashlib
import os
import runpy
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl

import nbformat
import pytest
import torch

from core.data.images import load
from core.data.sources import SOURCES
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.experiment.environment import data_root
from core.experiment.links import from_query
from core.exports.notebook import notebook
from core.exports.script import script
from core.language.speech import speaking
from core.nets.fast import plain
from core.nets.lenet import build_lenet
from core.training import arms, records
from core.training.records import ArmDiverged, LearningRateChanged, Record, TrainMeasured
from core.training.trainer import Unattended, train

FIRST = 50  # losses


def experiment(arms: str, **settings: Any) -> ExperimentConfig:
    usual = {"data": "digits", "examples": 400, "batch_size": 16, "epochs": 2, "learning_rate": 0.1}
    return ExperimentConfig(**usual | settings, arms=tuple(map(parse_arm, arms.split())))


class Steering(Unattended):
    """Changes the learning rate at some steps, as somebody who watches would."""

    def __init__(self, rates: dict[int, float]) -> None:
        self.rates = rates

    def begin_step(self, step: int) -> float | None:
        return self.rates.get(step)


def run(config: ExperimentConfig, rates: dict[int, float]) -> list[Record]:
    """What this project measures."""
    found: list[Record] = []
    train(config, load(config.data), found.append, Steering(rates))
    return found


def losses(facts: list[Record]) -> dict[int, dict[str, float]]:
    points = [record for record in facts if isinstance(record, TrainMeasured) and record.step <= FIRST]
    assert all(point.steps == 1 for point in points)
    return {point.step: dict(point.loss) for point in points}


def output(text: str, folder: Path, *flags: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python script.py` in an empty folder, which sees nothing of this project."""
    file = folder / "script.py"
    file.write_text(text, encoding="utf-8")
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("NORMSCOPE", "PYTHON"))}
    command = [sys.executable, "-P", "-W", "error", "-X", "importtime", str(file), *flags]
    return subprocess.run(
        command, cwd=folder, env=inherited | environment, capture_output=True, text=True, encoding="utf-8", check=False
    )


def printed(said: str) -> dict[int, dict[str, float]]:
    """Of each step that was printed, each arm's loss."""
    found = {}
    for line in said.splitlines():
        head, *cells = line.split("\t")
        if head.startswith("step "):
            pairs = [cell.rsplit(" ", 1) for cell in cells]
            found[int(head.removeprefix("step "))] = {name: float(loss) for name, loss in pairs}
    return found


def has_its_losses(said: str, config: ExperimentConfig, facts: list[Record], rel: float = 1e-5) -> None:
    expected, found = losses(facts), printed(said)
    assert len(expected) == min(FIRST, config.total_steps)
    for step, each in expected.items():
        assert found[step] == pytest.approx(each, rel=rel), step


def imported(timing: str) -> list[str]:
    return [
        line.split("|")[-1].strip().split(".")[0] for line in timing.splitlines() if line.startswith("import time:")
    ]


@pytest.mark.slow
def test_the_script_has_the_losses_of_its_experiment_and_needs_nothing_of_this_project(tmp_path: Path) -> None:
    config = experiment(
        "none bn:book gn1/none:lr=0.3:dropout=0.5",
        examples=330,
        batch_size=13,
        drop_last=False,
        momentum=0.5,
        dropout=0.2,
        seed=7,
    )
    facts = run(config, {20: 0.02, 31: 0.2})
    done = output(script(config, facts), tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    assert not {"core", "pages", "streamlit"} & set(imported(done.stderr))
    has_its_losses(done.stdout, config, facts)


Here = Callable[..., str]

COVERING = {
    "adam": (experiment("none bn ln", optimizer="adam", learning_rate=0.003, activation="relu", init="he"), {}),
    "depth 8": (experiment("none bn none/gn6", depth=8, activation="tanh", init="default", pool="avg"), {9: 0.5}),
    "depth 12": (experiment("bn:book rms/ln in", depth=12, momentum=0.9, learning_rate=0.02), {}),
    "normal": (experiment("none/bn bn/none ln/rms", init="normal", activation="relu", batch_size=8), {}),
    "an arm alone": (experiment("none:lr=0.02", dropout=0.5), {5: 1.0}),
    "a batch of two": (experiment("bn bn:dropout=0.3 gn2:dropout=0.9", batch_size=2, examples=50), {}),
    "gn/bn:book": (experiment("gn/bn:book bn/gn4:book none/rms", pool="avg", dropout=0.1), {}),
    "many images": (experiment("none ln gn in rms", batch_size=50, epochs=5), {30: 0.05}),
    "parts of batch norm": (experiment("mo vo fix mo/bn none/vo fix/none"), {12: 0.3}),
    "decay and a cosine": (
        experiment("none bn:book ln:lr=0.02", weight_decay=0.02, schedule="cosine", momentum=0.5, drop_last=False),
        {23: 0.03},
    ),
    "decay with adam, stepwise": (
        experiment(
            "none bn", optimizer="adam", learning_rate=0.003, weight_decay=0.1, epochs=4, examples=200, schedule="step"
        ),
        {},
    ),
    "stepwise, and by hand": (
        experiment("bn none", schedule="step", step_epochs=2, epochs=5, examples=160, step_factor=0.25),
        {33: 0.01, 41: 0.2},
    ),
    "it diverges": (experiment("none none:lr=1000 bn", activation="relu", init="he"), {}),
}


def test_what_is_covered_are_all_settings_that_an_experiment_has() -> None:
    configs = [config for config, _ in COVERING.values()]
    for name, least in {"optimizer": 2, "depth": 3, "activation": 3, "init": 4, "pool": 2, "schedule": 3}.items():
        assert len({getattr(config, name) for config in configs}) == least, name
    arms = [arm for config in configs for arm in config.arms]
    assert len({arm.conv_norm for arm in arms}) == 9
    assert len({arm.fc_norm for arm in arms}) == 8


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Here]:
    """Runs a program, with flags, in this process, where PyTorch is there already, and gives what it printed.

    That it needs nothing else of this process, those tests see that run it by itself.
    """

    def ran(text: str, *flags: str) -> str:
        file = tmp_path / "script.py"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setattr(sys, "argv", [str(file), *flags])
        runpy.run_path(str(file), run_name="__main__")
        return capsys.readouterr().out

    before = torch.get_num_threads()
    yield ran
    torch.set_num_threads(before)


def test_the_script_of_a_short_experiment_has_its_losses(here: Here) -> None:
    short = experiment("none bn:lr=0.2", examples=64, epochs=1, weight_decay=0.05, schedule="cosine")
    facts = run(short, {2: 0.5, 3: 0.05})
    has_its_losses(here(script(short, facts)), short, facts)


def test_the_script_ends_once_all_have_diverged(here: Here) -> None:
    lost = experiment("none:lr=1e9 bn:lr=1e30", activation="relu", init="he", examples=640, batch_size=16, epochs=1)
    said = here(script(lost, run(lost, {})))
    assert said.count("the loss is not finite") == 2
    assert all(printed(said).values())
    assert not printed(said.rsplit("the loss is not finite", 1)[1])


@pytest.mark.slow
@pytest.mark.parametrize("name", COVERING)
def test_the_script_of_any_experiment_has_its_losses(name: str, here: Here) -> None:
    config, rates = COVERING[name]
    facts = run(config, rates)
    has_its_losses(here(script(config, facts)), config, facts)


@pytest.mark.slow
def test_of_many_images_batch_norm_lets_grow_that_faster_layers_round_otherwise(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three digits are the same, as docs/exports.md says; with PyTorch's own layers as many as elsewhere."""
    config, rates = experiment("bn bn:book", batch_size=50, epochs=5), {30: 0.05}
    facts = run(config, rates)
    said = here(script(config, facts))
    has_its_losses(said, config, facts, rel=5e-3)
    monkeypatch.setattr(arms, "build_lenet", lambda *asked: plain(build_lenet(*asked)))
    has_its_losses(said, config, run(config, rates))


@pytest.mark.slow
def test_the_script_reads_the_real_images_where_it_is_told_and_where_the_environment_says(
    fashion, here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, root = replace(ExperimentConfig(), examples=512, epochs=1, batch_size=256), str(data_root())
    facts = run(config, {})
    done = output(script(config, facts), tmp_path, NORMSCOPE_DATA=root)
    has_its_losses(done.stdout, config, facts)
    assert "torchvision" not in imported(done.stderr)
    monkeypatch.setenv("NORMSCOPE_DATA", str(tmp_path / "nowhere"))
    has_its_losses(here(script(config, facts), "--data-root", root), config, facts)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_script_is_as_well_kept_as_this_project(language: str, tmp_path: Path) -> None:
    with speaking(language):
        for name, (config, rates) in COVERING.items():
            facts = [LearningRateChanged(step, 0.1, rate) for step, rate in rates.items()]
            (tmp_path / f"{name.replace('/', '-')}.py").write_text(script(config, facts), encoding="utf-8")
        (tmp_path / "first look.py").write_text(script(ExperimentConfig()), encoding="utf-8")
    ruff = [Path(sys.executable).with_name("ruff"), "--isolated"]
    for what in (["check", "--ignore", "E501"], ["format", "--check", "--line-length", "120"]):
        done = subprocess.run([*ruff, *what, tmp_path], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout


def test_the_script_has_the_link_of_its_experiment_and_the_chapter_of_its_language() -> None:
    config = experiment("none bn:lr=0.5", seed=12)
    for language, chapter in {"en": "https://d2l.ai/", "zh": "https://zh.d2l.ai/"}.items():
        with speaking(language):
            text = script(config)
        (link,) = [line.split("?")[1] for line in text.splitlines() if "data=digits" in line]
        query = dict(parse_qsl(link))
        assert query.pop("lang") == language
        assert from_query(query) == (config, [])
        assert f"# {chapter}" in text.replace("： ", "：").replace("：https", "# https").replace(": https", "# https")


def test_what_a_rate_set_by_hand_did_to_the_schedule_is_told_as_the_program_does_it() -> None:
    changed = [LearningRateChanged(3, 0.1, 0.5)]

    def told(arms: str, language: str = "en", **settings: Any) -> str:
        with speaking(language):
            return script(experiment(arms, **settings), changed)

    keeps = "ends the schedule, but for networks with a learning rate of their own (bn:lr=0.2), which keep to it"
    for schedule in ("cosine", "step"):
        own = told("none bn:lr=0.2", schedule=schedule)
        assert keeps in own.replace("\n# ", " ")
        assert "kept the learning rate" not in own
        assert "What was set by hand ends the schedule." in told("none bn", schedule=schedule)
        assert "手动设定的学习率使调度结束；有自己学习率的网络" in told("none bn:lr=0.2", "zh", schedule=schedule)
    assert "bn:lr=0.2 kept the learning rate of their own." in told("none bn:lr=0.2")
    assert "ends the schedule" not in told("none bn:lr=0.2") + told("none bn")


def test_weight_decay_is_told_by_the_name_that_the_program_has_for_it() -> None:
    for language in ("en", "zh"):
        with speaking(language):
            comments = [line for line in script(experiment("bn", weight_decay=0.01)).splitlines() if line[:1] == "#"]
        assert "WEIGHT_DECAY" in "".join(comments)


def test_the_script_tells_what_was_measured_as_comments() -> None:
    config = COVERING["it diverges"][0]
    facts = run(config, {})
    tested = [record for record in facts if isinstance(record, records.TestMeasured)][-1]
    (lost,) = [record for record in facts if isinstance(record, ArmDiverged)]
    comments = [line for line in script(config, facts).splitlines() if line.startswith("# ")]
    assert f"# bn: test loss {tested.loss['bn']:.4f} and test accuracy {tested.accuracy['bn']:.4f} at step 50, " in (
        "\n".join(comments)
    )
    assert f"# none:lr=1000: the loss was not finite at step {lost.step}" in comments


def test_the_script_of_a_run_that_did_not_say_how_it_ended_tells_its_last_point() -> None:
    config = experiment("bn", epochs=1, examples=320)
    begun = [record for record in run(config, {}) if getattr(record, "step", 0) <= 3]
    said = script(config, [records.StatusChanged("running", 0), *begun])
    assert f"The run had come to step 3 of {config.total_steps}" in said


def test_a_script_of_an_experiment_that_has_not_begun_tells_no_results() -> None:
    assert "What NormScope measured" not in script(experiment("bn"))
    assert "What NormScope measured" in script(experiment("bn"), run(experiment("bn", epochs=1, examples=32), {}))


@pytest.fixture
def refused(here: Here, capsys: pytest.CaptureFixture[str]) -> Here:
    """The last line that a program, which ends with 2, has for who reads its errors."""

    def ended(text: str, *flags: str) -> str:
        with pytest.raises(SystemExit) as exit_of:
            here(text, *flags)
        assert exit_of.value.code == 2
        usage, *_, said = capsys.readouterr().err.splitlines()
        assert usage.startswith("usage: script.py")
        return said.removeprefix("script.py: error: ")

    return ended


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """A folder with images to spoil."""
    FashionMNIST(str(tmp_path / "images"), download=True)
    return tmp_path / "images"


def of_64_images(folder: Path) -> str:
    """The program of an experiment that has a few images in `folder`, which are no real ones."""
    text = script(replace(ExperimentConfig(), examples=64, batch_size=32, epochs=1))
    for name, md5 in SOURCES["fashion-mnist"].files:
        text = text.replace(md5, hashlib.md5((folder / "FashionMNIST" / "raw" / name).read_bytes()).hexdigest())
    return text


def test_images_that_are_not_there_are_a_sentence_and_no_traceback(refused: Here, tmp_path: Path) -> None:
    said = refused(script(ExperimentConfig()), "--data-root", str(tmp_path / "nowhere"))
    file = tmp_path / "nowhere" / "FashionMNIST" / "raw" / "train-images-idx3-ubyte.gz"
    assert said.startswith(f"{file} cannot be read (No such file or directory).")
    assert said.endswith("Name another folder with --data-root, or --download it.")


@pytest.mark.parametrize("how", ["cut off", "not packed", "of fewer images", "another one", "empty"])
def test_a_file_that_is_not_the_experiments_own_is_a_sentence(images: Path, refused: Here, how: str) -> None:
    text = of_64_images(images)
    file = images / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte.gz"
    whole = file.read_bytes()
    file.write_bytes(
        {
            "cut off": whole[:-20],
            "not packed": gzip.decompress(whole),
            "of fewer images": gzip.compress(gzip.decompress(whole)[: 16 + 63 * 784]),
            "another one": file.with_name("t10k-labels-idx1-ubyte.gz").read_bytes(),
            "empty": b"",
        }[how]
    )
    said = refused(text, "--data-root", str(images))
    assert said.startswith(f"{file} must have the md5 {hashlib.md5(whole).hexdigest()}, and has another. Name a folder")


def test_a_folder_in_place_of_a_file_is_a_sentence(images: Path, refused: Here) -> None:
    text = of_64_images(images)
    file = images / "FashionMNIST" / "raw" / "t10k-images-idx3-ubyte.gz"
    file.unlink()
    file.mkdir()
    assert refused(text, "--data-root", str(images)).startswith(f"{file} cannot be read (Is a directory). Name another")


@pytest.mark.parametrize("name", ["foo", "cuda:99", "meta", "xpu:7", "hpu", "", "cpu:x"])
def test_a_device_that_is_not_here_is_a_sentence(refused: Here, name: str) -> None:
    said = refused(script(experiment("bn")), f"--device={name}")
    assert said == f"--device must be one that PyTorch finds here; got {name}. Leave it out to use cpu."


def test_in_chinese_so_it_is(refused: Here, tmp_path: Path) -> None:
    with speaking("zh"):
        text = script(ExperimentConfig())
    assert "PyTorch" in refused(text, "--device", "foo")
    assert str(tmp_path) in refused(text, "--data-root", str(tmp_path))


def test_images_that_cannot_be_fetched_are_a_sentence(
    refused: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, flags = script(ExperimentConfig()), ("--data-root", str(tmp_path), "--download")
    monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", ["http://127.0.0.1:9/"])
    said = refused(text, *flags)
    assert said.startswith("The images cannot be fetched (Error downloading train-images-idx3-ubyte.gz")
    assert said.endswith(f"Try again, or put them into {tmp_path}/FashionMNIST/raw.")
    monkeypatch.setitem(sys.modules, "torchvision.datasets", None)
    assert refused(text, *flags) == "--download needs torchvision: pip install torchvision"


def test_the_notebook_is_valid_and_its_cells_are_the_script() -> None:
    config = COVERING["gn/bn:book"][0]
    found = notebook(config, run(replace(config, epochs=1, examples=32), {}))
    nbformat.validate(nbformat.from_dict(found))
    cells = [cell["source"] for cell in found["cells"] if cell["cell_type"] == "code"]
    code = "\n".join(line for line in "\n".join(cells).splitlines() if line.strip())
    assert code == "\n".join(line for line in script(config).splitlines() if line.strip() and not line.startswith("# "))
    kinds = [cell["cell_type"] for cell in found["cells"]]
    assert kinds[0] == "markdown"
    assert "code code" not in " ".join(kinds)


@pytest.mark.slow
def test_the_notebook_runs_as_it_is_beside_the_flags_of_a_kernel(here: Here, monkeypatch: pytest.MonkeyPatch) -> None:
    config = experiment("bn", examples=32, epochs=1)
    cells = [cell["source"] for cell in notebook(config)["cells"] if cell["cell_type"] == "code"]
    monkeypatch.setitem(sys.modules, "ipykernel", ModuleType("ipykernel"))
    said = here("\n".join(cells), "-f", "kernel-1.json")
    assert printed(said)[1] == pytest.approx(losses(run(config, {}))[1])


class FashionMNIST:
    """Stands in for torchvision's, which needs a network: 64 images, and that they were fetched."""

    def __init__(self, root: str, download: bool = False) -> None:
        assert download
        folder = Path(root) / "FashionMNIST" / "raw"
        folder.mkdir(parents=True)
        for part in ("train", "t10k"):
            sizes = bytes([0, 0, 8, 3, 0, 0, 0, 64, 0, 0, 0, 28, 0, 0, 0, 28])
            images = sizes + bytes(i % 251 for i in range(64 * 784))
            labels = bytes([0, 0, 8, 1, 0, 0, 0, 64]) + bytes(i % 10 for i in range(64))
            (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(images, mtime=0))
            (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(labels, mtime=0))
        print("fetched")


@pytest.mark.slow
def test_images_are_fetched_only_with_the_flag_and_only_those_that_are_missing(
    here: Here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torchvision.datasets.FashionMNIST", FashionMNIST)
    FashionMNIST(str(tmp_path / "theirs"), download=True)
    text, root = of_64_images(tmp_path / "theirs"), str(tmp_path / "new")

    def ran(*flags: str) -> tuple[bool, int]:
        said = here(text, "--data-root", root, *flags)
        return "fetched" in said, len(printed(said))

    with pytest.raises(SystemExit):
        ran()
    assert ran("--download") == (True, 2)
    assert ran("--download") == (False, 2)
    assert ran() == (False, 2)
