"""core.cli: what the command line writes, what it refuses and with which words, and that --help is quick."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import io
import json
import math
import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import torch

from core.cli.commands import CANNOT, DONE, FAULT, INTERRUPTED, NOTHING_TO_SHOW, TERMINATED, write_json
from core.cli.flags import UsageError, about_digits, build_parser, experiment
from core.cli.process import main
from core.cli.settings import FLAGS, PRESET_FLAGS
from core.cli.streams import Outlet
from core.cli.tables import rows_table
from core.data.images import load
from core.data.sources import SOURCES
from core.experiment.arm import parse_arm
from core.experiment.config import DATASETS, PRESETS, ExperimentConfig
from core.experiment.fitting import DIGITS
from core.experiment.links import to_query
from core.training import records
from core.training.rows import RowsTrained
from core.training.trainer import train

QUICK = ["train", "--data", "digits", "--device", "cpu", "--batch-size", "256"]
EPOCH_KEYS = ["epoch", "train_loss", "train_accuracy", "test_loss", "test_accuracy", "test_accuracy_batch"]
FILES = 4


@pytest.fixture(autouse=True, scope="module")
def threads() -> Iterator[None]:
    """The command line leaves a core free; the tests of other files get theirs back."""
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@dataclass(frozen=True)
class Ran:
    code: int
    out: str
    err: str
    json: Any = None


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run_main(*argv: str) -> Ran:
        code = main(argv)
        return Ran(code, *capsys.readouterr())

    return run_main


def parsed(*argv: str) -> ExperimentConfig:
    return experiment(build_parser().parse_args(["train", *argv]))


def python(*argv: str) -> list[str]:
    return [sys.executable, *argv]


# A run


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> Ran:
    """Two epochs of five steps, once for all tests that look at them."""
    path = tmp_path_factory.mktemp("quick") / "out.json"
    argv = [*QUICK, "--norm", "none", "--norm", "bn", "--norm", "ln", "--epochs", "2", "--json", str(path)]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = main(argv)
    return Ran(code, out.getvalue(), err.getvalue(), json.loads(path.read_text(encoding="utf-8")))


def test_the_json_has_the_documented_shape(quick: Ran) -> None:
    assert quick.code == 0
    assert {"config", "device", "arms"} <= quick.json.keys()
    assert quick.json["config"]["data"] == "digits"
    assert quick.json["device"].startswith("CPU")
    assert list(quick.json["arms"]) == ["none", "bn", "ln"]
    for name, arm in quick.json["arms"].items():
        assert arm["config"]["arm"] == name
        assert arm["status"] == "finished"
        assert arm["steps"] == 10
        assert arm["examples_per_second"] > 0
        assert [epoch["epoch"] for epoch in arm["epochs"]] == [1, 2]
        for epoch in arm["epochs"]:
            assert list(epoch) == EPOCH_KEYS
            assert isinstance(epoch["test_accuracy_batch"], float) == (name == "bn")


def test_the_json_holds_the_numbers_of_an_independent_training(quick: Ran) -> None:
    config = ExperimentConfig(data="digits", examples=1437, epochs=2)
    facts: list[records.Record] = []
    train(config, load("digits"), facts.append)
    ends = [fact for fact in facts if isinstance(fact, records.EpochFinished)]
    tests = {fact.step: fact for fact in facts if isinstance(fact, records.TestMeasured)}
    for name, arm in quick.json["arms"].items():
        expected = [
            {
                "epoch": end.epoch,
                "train_loss": end.train_loss[name],
                "train_accuracy": end.train_accuracy[name],
                "test_loss": tests[end.step].loss[name],
                "test_accuracy": tests[end.step].accuracy[name],
                "test_accuracy_batch": tests[end.step].batch_accuracy.get(name),
            }
            for end in ends
        ]
        assert arm["epochs"] == expected


def test_stdout_has_a_row_per_arm_and_the_verdict(quick: Ran) -> None:
    lines = quick.out.splitlines()
    assert [line.split()[0] for line in lines[:4]] == ["arm", "none", "bn", "ln"]
    assert f"{quick.json['arms']['bn']['epochs'][-1]['test_accuracy'] * 100:.1f} %" in lines[2]
    assert lines[4].startswith("At the end, after 10 steps, on all 360 test images:")
    assert len(lines) == 5


def test_the_epochs_training_loss_and_the_last_batchs_have_names_of_their_own(quick: Ran) -> None:
    head, *rows = [re.split(r"  +", line) for line in quick.out.splitlines()[:4]]
    epoch = quick.json["arms"]["bn"]["epochs"][-1]
    assert rows[1][head.index("mean train loss")] == f"{epoch['train_loss']:.4f}"
    last = quick.err.replace("\r", "\n").splitlines()[-2].partition(", batch loss none ")[2]
    assert last.partition(", bn ")[2].partition(",")[0] != f"{epoch['train_loss']:.3f}"


def test_stderr_has_a_progress_bar_with_every_arms_loss(quick: Ran) -> None:
    last = quick.err.replace("\r", "\n").splitlines()[-2]
    assert "100%" in last
    assert "10/10" in last
    losses = [part.split()[-2:] for part in last.partition("loss")[2].rstrip("]").split(",")]
    assert [name for name, _ in losses] == ["none", "bn", "ln"]
    assert all(0 < float(loss) < 5 for _, loss in losses)


def test_an_arm_that_diverges_is_said_and_the_others_go_on(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    arms = ["--norm", "none:lr=1e30", "--norm", "bn"]
    ran = run(*QUICK, "--activation", "relu", "--epochs", "1", *arms, "--json", str(path))
    found = json.loads(path.read_text())["arms"]
    assert ran.code == 0
    assert found["none:lr=1e+30"]["status"] == "diverged"
    assert found["bn"]["status"] == "finished"
    assert "Diverged: No normalization (lr 1e+30) at step 2." in ran.out


def test_when_every_arm_diverges_the_exit_code_is_1_and_the_json_is_strict(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    ran = run(*QUICK, "--activation", "relu", "--lr", "1e30", "--norm", "none", "--json", str(path))
    assert ran.code == 1
    assert "none at step 2: " in ran.err
    assert "Lower the learning rate (it was 1·10³⁰)" in ran.err
    assert json.loads(path.read_text(), parse_constant=pytest.fail)["status"] == "failed"


def test_a_dash_is_stdout_which_then_has_the_json_alone(run: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    ran = run("train", *QUICK[1:], "--norm", "bn", "--epochs", "1", "--json", "-")
    assert list(json.loads(ran.out)["arms"]) == ["bn"]
    assert "mean train loss" in ran.err
    assert list(tmp_path.iterdir()) == []


def test_losses_that_are_not_finite_become_null(run: Any, tmp_path: Path) -> None:
    # One step an epoch: the weights are ruined by the first, and the epoch's test sees it before training does.
    path = tmp_path / "out.json"
    argv = ["--activation", "relu", "--lr", "1e38", "--norm", "none", "--examples", "256", "--epochs", "1"]
    ran = run(*QUICK, *argv, "--json", str(path))
    epoch = json.loads(path.read_text(), parse_constant=pytest.fail)["arms"]["none"]["epochs"][0]
    assert ran.code == 0
    assert epoch["test_loss"] is None
    assert epoch["train_loss"] > 0


@pytest.mark.slow
def test_ctrl_c_writes_what_was_measured(tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    argv = [*QUICK, "--epochs", "1000", "--json", str(path)]
    # As at a terminal, also where the tests run in the background: there a shell has its children ignore Ctrl-C.
    listen = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    train = (
        f"from core.cli import process, progress; progress.LOG_SECONDS = 0; raise SystemExit(process.main({argv!r}))"
    )
    code = f"{listen}; {train}"
    with subprocess.Popen(python("-c", code), stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stderr is not None
        seen = b""
        while b"loss none" not in seen:
            seen += os.read(process.stderr.fileno(), 4096) or pytest.fail(seen.decode())
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=30)
    found = json.loads(path.read_text())
    assert process.returncode == 130
    assert b"Traceback" not in seen + err
    assert found["status"] == found["arms"]["bn"]["status"] == "stopped"
    assert found["arms"]["bn"]["steps"] > 0
    assert b"Stopped at step" in err
    assert b"examples/s" in out
    assert list(tmp_path.iterdir()) == [path]


# Flags


def test_every_setting_of_an_experiment_has_a_flag() -> None:
    assert set(FLAGS) == {field.name for field in fields(ExperimentConfig)}


def test_every_preset_has_a_flag() -> None:
    assert sorted(PRESET_FLAGS.values()) == sorted(PRESETS)


def test_without_flags_it_is_the_first_look() -> None:
    assert parsed() == PRESETS["First look"] == ExperimentConfig()


def test_every_flag_reaches_its_setting() -> None:
    words = (
        "--data mnist --examples 5000 --batch-size 64 --no-drop-last --norm bn/none --norm gn1 --norm bn:dropout=0.5 "
        "--activation relu --pool avg --init he --depth 8 --dropout 0.2 --optimizer adam --lr 0.01 --momentum 0.9 "
        "--weight-decay 0.001 --schedule step --step-epochs 2 --step-factor 0.1 --epochs 7 --seed 42"
    )
    arms = tuple(parse_arm(name) for name in ("bn/none", "gn1", "bn:dropout=0.5"))
    expected = ExperimentConfig(
        "mnist", 5000, 64, False, arms, "relu", "avg", "he", 8, 0.2, "adam", 0.01, 0.9, 0.001, "step", 2, 0.1, 7, 42
    )  # fmt: skip
    assert parsed(*words.split()) == expected
    assert all(getattr(expected, field) != getattr(ExperimentConfig(), field) for field in FLAGS)


def test_flags_change_a_preset() -> None:
    book = PRESETS["The book, zh edition"]
    assert parsed("--preset", "book-zh") == book
    assert parsed("--preset", "book-zh", "--epochs", "1") == replace(book, epochs=1)


def test_the_digits_take_settings_of_their_own_for_flags_that_are_not_given() -> None:
    usual = ExperimentConfig(data="digits", **DIGITS)
    assert parsed("--data", "digits") == usual
    assert parsed("--data", "digits", "--examples", "300") == replace(usual, examples=300)
    chosen = ["--batch-size", "256", "--epochs", "3"]  # what they would be elsewhere
    assert parsed("--data", "digits", *chosen) == ExperimentConfig(data="digits", examples=1437)


@pytest.mark.parametrize("preset", PRESET_FLAGS)
def test_a_preset_goes_to_the_digits_with_what_it_has_beside_their_settings(preset: str) -> None:
    expected = replace(PRESETS[PRESET_FLAGS[preset]], data="digits", **DIGITS)
    assert parsed("--preset", preset, "--data", "digits") == expected


def test_a_link_goes_to_the_digits_with_what_it_chose_and_comes_back_from_them() -> None:
    elsewhere = "http://localhost:8501/?" + urlencode(to_query(ExperimentConfig(learning_rate=0.7, seed=4)))
    there = ExperimentConfig(**{"data": "digits", "seed": 4} | DIGITS | {"learning_rate": 0.7})
    assert parsed("--link", elsewhere, "--data", "digits") == there
    back = parsed("--link", "http://localhost:8501/?" + urlencode(to_query(there)), "--data", "mnist")
    assert back == ExperimentConfig(data="mnist", learning_rate=0.7, seed=4)


EXAMPLES = "--examples 1,437 instead of 20,000"
BATCH, EPOCHS = "--batch-size 32 instead of 256", "--epochs 6 instead of 3"


@pytest.mark.parametrize(
    ("words", "taken"),
    [
        ("--data digits", [EXAMPLES, BATCH, EPOCHS]),
        ("--data digits --batch-size 64", [EXAMPLES, EPOCHS]),
        ("--data digits --examples 200 --batch-size 64 --epochs 1", []),
        ("--preset book-zh --data digits", ["--examples 1,437 instead of 60,000", BATCH, "--epochs 6 instead of 10"]),
        ("--link http://x/?data=digits&epochs=2", [EXAMPLES, BATCH]),
        ("--link http://x/?data=digits&examples=200&batch=32&epochs=6", []),
        ("--link http://x/?epochs=9 --data digits", [EXAMPLES, BATCH]),
        ("--data mnist", []),
    ],
)
def test_what_the_digits_have_taken_is_said_with_the_flags_that_change_it(words: str, taken: list[str]) -> None:
    arguments = build_parser().parse_args(["train", *words.split()])
    line = "So few images take settings with which the lesson shows: {}. Give the flags to choose others."
    assert str(about_digits(arguments, experiment(arguments))) == (line.format(", ".join(taken)) if taken else "")


def test_the_digits_settings_are_said_before_the_run(run: Any) -> None:
    ran = run("train", "--data", "digits", "--norm", "bn", "--epochs", "1", "--device", "cpu")
    assert ran.code == 0
    assert ran.err.startswith("So few images take settings with which the lesson shows: --examples 1,437 instead of")
    assert "--epochs" not in ran.err.splitlines()[0]


def test_a_decimal_comma_is_a_decimal_sign() -> None:
    config = parsed("--lr", "0,3", "--dropout", "0,25", "--norm", "none:lr=0,02", "--examples", "20,000")
    assert (config.learning_rate, config.dropout, config.examples) == (0.3, 0.25, 20_000)
    assert [arm.name for arm in config.arms] == ["none:lr=0.02"]
    assert build_parser().parse_args(["sequence", "--lr", "0,3"]).lr == 0.3


def test_a_link_of_the_page_is_the_experiment_on_the_page() -> None:
    config = ExperimentConfig(arms=(parse_arm("bn:book"), parse_arm("in/ln")), learning_rate=0.25, drop_last=False)
    query = "&".join(f"{key}={value}" for key, value in to_query(config).items())
    assert parsed("--link", f"http://localhost:8501/train?{query}&run=Xy_12&cube=left:gn&look=20,conv1") == config


# Bad input: exit code 2 and one line with the flag, what it got and what to do


REFUSED = {
    "--lr nan": "error: --lr: The learning rate must be a finite number above 0; got nan. Use 0.1.",
    "--lr 0": "error: --lr: The learning rate must be a finite number above 0; got 0. Use 0.1.",
    "--lr 1e39": "error: --lr: The networks compute in float32, where a learning rate is from 1.2e-38 to 3.4e+38; got "
    "1e+39. Use 0.1.",
    "--lr 1e-50": "error: --lr: The networks compute in float32, where",
    "--lr 1e38 --optimizer adam": "error: --lr: The networks compute in float32, where a learning rate is from 1.2e-38 "
    "to 3e+37; got 1e+38. Use 0.1.",
    "--norm none:lr=4e38": "error: --norm: The networks compute in float32, where",
    "--norm bn:dropout=0.99999999999": "error: --norm: Dropout is the share of values set to 0, from 0 up to but not "
    "including 1, and 0.99999999999 is 0 or 1 in float32, in which the networks compute. Use 0 to 0.9.",
    "--momentum 0.99999999999": "error: --momentum: SGD's momentum is the share of the last step that is kept",
    "--link http://x/?lr=1e39": "error: --link: “lr=1e39” in the link cannot be used. The networks compute in float32",
    "--lr fast": "error: --lr: It must be a number; got “fast”. Write it like 0.1. See `python -m core train --help`.",
    "--lr 1,000": "error: --lr: It must be a number that reads in one way only; got “1,000”. Write 1000 or 1.000. See",
    "--lr=": "error: --lr: It is empty and must be a number. Write it like 0.1. See",
    "--norm none:lr=1,000": "error: --norm: lr in “none:lr=1,000” must be a number that reads in one way only",
    "--epochs 0": "error: --epochs: A run has 1 to 1,000 epochs; got 0. Use 1 to 1,000.",
    "--epochs 1.5": "error: --epochs: It must be a whole number; got “1.5”. Write it like 20. "
    "See `python -m core train --help`.",
    "--data cifar": "error: --data: It must be one of fashion-mnist, mnist, kmnist, digits; got “cifar”.",
    "--pool sum": "error: --pool: It must be one of max, avg; got “sum”.",
    "--depth 6": "error: --depth: It must be one of 5, 8, 12; got “6”.",
    "--momentum 1": "error: --momentum: ",
    "--weight-decay=-1": "error: --weight-decay: Weight decay is 0, for none, or a number that float32 holds",
    "--schedule linear": "error: --schedule: It must be one of constant, step, cosine; got “linear”.",
    "--step-epochs 0": "error: --step-epochs: A stepwise learning rate falls every 1 to 1,000 epochs; got 0.",
    "--step-factor 2": "error: --step-factor: The factor of a learning rate that falls stepwise is above 0 and below 1",
    "--dropout nan": "error: --dropout: ",
    "--seed -1": "error: --seed: A seed is a whole number from 0",
    f"--seed {'9' * 5000}": "error: --seed: It must be a whole number; got “9999",
    "--norm foo": "error: --norm: An arm is a norm (none, bn, ln, in, gn, rms, mo, vo, fix)",
    "--norm gn4": "error: --norm: GroupNorm's groups must divide the channels",
    "--norm bn --norm bn": "error: --norm: Every arm must differ from the others; got bn twice.",
    "--batch-size 1": "error: --norm, --batch-size: A batch of 1 has no spread",
    "--examples 257 --no-drop-last": "error: --examples, --batch-size, --drop-last: A batch of 1 has no spread",
    "--examples 100": "error: --examples, --batch-size: A mini-batch cannot be larger than the training data",
    "--examples 60001": "error: --data, --examples: fashion-mnist has 60,000 training images; got 60,001.",
    "--preset third": "error: --preset: invalid choice: 'third'",
    "--preset book-zh --link http://x/?lr=1": "error: --link: not allowed with argument --preset.",
    "--link http://x/?lr=0&warp=9": "error: --link: Unknown setting “warp” in the link cannot be used. “lr=0” "
    "in the link cannot be used. The learning rate must be a finite number above 0; got 0. Use 0.1.",
    "--link http://x/": "error: --link: Its settings follow a “?”; got “http://x/”.",
    "--link http://[x/?lr=1": "error: --link: It must be an address",
    "--device tpu": "error: --device: A device is auto, cpu, cuda, cuda:N or mps; got “tpu”.",
    "--device cuda:99": "error: --device: It must be one that PyTorch finds on this machine; got “cuda:99”.",
    "--json /nowhere/at/all.json": "error: --json: It must name a file that can be written; got /nowhere/at/all.json "
    "(No such file or directory). Name another one.",
    "--json /dev/null": "error: --json: It must name a file that can be written; got /dev/null (it is a folder, a "
    "device or write-protected). Name another one.",
    "--json /": "error: --json: It must name a file that can be written; got / (",
    "--warp 9": "error: --warp: There is no such flag. See `python -m core train --help`.",
    "--epoch 1": "error: --epoch: There is no such flag.",
    "--lr ٣": "error: --lr: It must be a number; got “٣”.",
    "--epochs 1_0": "error: --epochs: It must be a whole number; got “1_0”.",
    "--data-root ~nosuchuser/x": "error: --data-root: Its ~ must stand for the home of a user who is here; got "
    "“~nosuchuser/x”. Give the whole path.",
    "--json ~nosuchuser/x": "error: --json: Its ~ must stand for the home of a user who is here",
    "--lr": "error: --lr: expected one argument. See `python -m core train --help`.",
}


@pytest.mark.parametrize(("words", "line"), REFUSED.items(), ids=[words[:40] for words in REFUSED])
def test_bad_input_is_refused_in_one_line(run: Any, words: str, line: str) -> None:
    ran = run("train", *words.split())
    assert ran.code == 2
    assert ran.err.startswith(line)
    assert ran.err.count("\n") == 1
    assert ran.out == ""


@pytest.mark.parametrize("flag", [*FLAGS.values(), "--json", "--data-root", "--link", "--device"])
def test_two_dashes_are_no_value_of_any_flag(run: Any, flag: str) -> None:
    ran = run("train", f"{flag}=--")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err == f"error: {flag}: “--” is no value. Give one, or leave the flag out.\n"


@pytest.mark.parametrize("flag", ["--json", "--data-root"])
@pytest.mark.parametrize("text", ["", "  "])
def test_an_empty_path_is_not_the_folder_one_is_in(run: Any, flag: str, text: str) -> None:
    ran = run("train", f"{flag}={text}")
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {flag}: It is empty and must be a path.")


def test_a_bad_environment_is_refused_in_one_line(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_DATA", "~nosuchuser/images")
    for words in (("data", "verify"), ("train",), ("sequence", "--data", "mnist")):
        ran = run(*words)
        assert ran.code == 2
        assert ran.err.splitlines()[-1].startswith("error: NORMSCOPE_DATA: Its ~ must stand for the home of a user")


def test_a_line_break_in_bad_input_stays_in_the_one_line(run: Any) -> None:
    assert run("train", "--data", "a\nb").err.count("\n") == 1


@pytest.mark.parametrize("argv", [[], ["fly"], ["data"], ["data", "lose"], ["data", "fetch", "--data", "cifar"]])
def test_an_unknown_command_is_refused_in_one_line(run: Any, argv: list[str]) -> None:
    ran = run(*argv)
    assert ran.code == 2
    assert ran.err.startswith("error: ")
    assert ran.err.count("\n") == 1


def test_a_corrupt_file_is_named_with_the_remedy(run: Any, tmp_path: Path) -> None:
    broken = tmp_path / "FashionMNIST/raw/train-images-idx3-ubyte.gz"
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"half")
    ran = run("train", "--data-root", str(tmp_path), "--device", "cpu")
    assert ran.code == 2
    assert ran.err.startswith(f"error: {broken} is corrupt or truncated")
    assert "python -m core data fetch --data fashion-mnist" in ran.err
    assert ran.err.count("\n") == 1


def test_data_that_cannot_be_fetched_points_to_the_digits(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("torchvision.datasets.MNIST.mirrors", ["http://127.0.0.1:9/"])
    ran = run("train", "--data", "mnist", "--data-root", str(tmp_path))
    assert ran.code == 2
    assert ran.err.startswith("error: mnist is not complete")
    assert ran.err.endswith("Or train on --data digits, which are built in.\n")


def test_results_that_were_there_before_survive_a_refusal(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "out.json"
    path.write_text("precious")
    assert run("train", "--json", str(path), "--device", "cuda:99").code == 2
    assert path.read_text() == "precious"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_takes_the_file_but_not_the_numbers(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    ran = run(*QUICK, "--norm", "bn", "--epochs", "1", "--json", str(tmp_path / "out.json"))
    assert ran.code == 2
    assert "BatchNorm" in ran.out
    assert ran.err.endswith("(No space left on device). Free some space.\n")
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_became_read_only_is_not_called_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(Path, "write_bytes", read_only)
    with pytest.raises(UsageError, match="Choose a folder on a disk that can be written to"):
        write_json(tmp_path / "out.json", {})


# Data files


def test_verify_shows_every_file_and_exits_1_when_one_is_missing_or_corrupt(run: Any, tmp_path: Path) -> None:
    folder = tmp_path / "FashionMNIST/raw"
    folder.mkdir(parents=True)
    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(b"half")
    ran = run("data", "verify", "--data-root", str(tmp_path))
    rows = [line.split() for line in ran.out.splitlines()]
    assert ran.code == 1
    assert rows[0] == ["dataset", "size", "status", "file"]
    assert [row[-2] for row in rows[1:]] == ["missing"] * (FILES - 1) + ["corrupt"]
    assert ran.err == (
        "4 of 4 files are missing or corrupt; `python -m core data fetch --data fashion-mnist` gets them.\n"
    )


def test_a_folder_with_a_line_break_in_its_name_takes_one_line_of_the_table(run: Any, tmp_path: Path) -> None:
    ran = run("data", "verify", "--data", "kmnist", "--data-root", str(tmp_path / "a\nb"))
    assert [line.split()[0] for line in ran.out.splitlines()] == ["dataset", *["kmnist"] * 4]
    assert "a\\nb" in ran.out


def test_verify_all_covers_every_dataset(run: Any, tmp_path: Path) -> None:
    ran = run("data", "verify", "--data", "all", "--data-root", str(tmp_path))
    assert ran.code == 1
    assert {line.split()[0] for line in ran.out.splitlines()[1:]} == set(DATASETS)


@pytest.mark.parametrize("action", ["fetch", "verify"])
def test_the_digits_need_no_files(run: Any, action: str) -> None:
    ran = run("data", action, "--data", "digits")
    assert ran.code == 0
    assert "built in" in ran.out


def test_fetch_shows_progress_and_how_the_files_stand(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def chunks(url: str) -> Iterator[tuple[bytes, int]]:
        yield from [(b"a whole", 12), (b" file", 12)]

    files = tuple((name, hashlib.md5(b"a whole file").hexdigest()) for name in ("images.gz", "labels.gz"))
    monkeypatch.setattr("core.data.files._chunks", chunks)
    monkeypatch.setitem(SOURCES, "kmnist", replace(SOURCES["kmnist"], files=files))
    ran = run("data", "fetch", "--data", "kmnist", "--data-root", str(tmp_path))
    assert ran.code == 0
    assert "images.gz: 100%" in ran.err
    assert "labels.gz: 100%" in ran.err
    assert [line.split()[3:] for line in ran.out.splitlines()[1:]] == [
        ["ok", str(tmp_path / "KMNIST/raw" / name)] for name, _ in files
    ]


# Sequences


def test_the_row_reader_is_trained_without_layernorm_and_with_it(run: Any) -> None:
    ran = run("sequence", "--examples", "128", "--epochs", "2")
    assert ran.code == 0
    head, *lines = (line.split() for line in ran.out.splitlines())
    assert head[:2] == ["norm", "epoch"]
    assert [line[:2] for line in lines] == [["none", "1"], ["none", "2"], ["ln", "1"], ["ln", "2"]]


def test_the_row_readers_own_rate_is_the_one_to_go_back_to(run: Any) -> None:
    assert run("sequence", "--lr", "0").err.endswith("got 0. Use 0.5. See `python -m core sequence --help`.\n")


def test_a_loss_that_grows_without_end_keeps_its_column() -> None:
    losses = (2.3, 1e30, math.inf, math.nan)
    lines = rows_table([RowsTrained(False, 1, loss, 0.1, 360) for loss in losses]).splitlines()
    assert [line.split()[2] for line in lines[1:]] == ["2.3000", "1.000e+30", "inf", "nan"]
    assert len({len(line) for line in lines}) == 1


def test_a_row_reader_whose_loss_is_no_number_is_an_exit_code(run: Any) -> None:
    ran = run("sequence", "--examples", "128", "--epochs", "1", "--lr", "1e38")
    assert (ran.code, "nan" in ran.out) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        "--lr 0",
        "--lr nan",
        "--lr 1e39",
        "--lr 1e-50",
        "--epochs 0",
        "--epochs 1001",
        "--epochs 9999999999999",
        "--examples -1",
        "--seed -1",
        "--seed 4294967296",
        "--data cifar",
    ],
)
def test_bad_input_for_the_row_reader_is_refused_in_one_line(run: Any, words: str) -> None:
    ran = run("sequence", *words.split())
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith(f"error: {words.split()[0]}: ")
    assert ran.err.count("\n") == 1


def test_every_flag_of_the_row_reader_is_documented(run: Any) -> None:
    page = (Path(__file__).parents[3] / "docs/command-line.md").read_text(encoding="utf-8")
    flags = set(re.findall(r"--[a-z-]+", run("sequence", "--help").out)) - {"--help"}
    section = page.split("## Sequences")[1].split("## Data")[0]
    assert flags == set(re.findall(r"(?<=\| `)--[a-z-]+", section))


# The process


def test_help_is_shown_without_importing_torch() -> None:
    code = (
        "import sys, core.cli.process as cli\n"
        "assert cli.main(['train', '--help']) == 0\n"
        "assert not {'torch', 'numpy', 'tqdm'} & set(sys.modules)"
    )
    done = subprocess.run(python("-c", code), capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stderr
    assert all(flag in done.stdout for flag in FLAGS.values())


def test_every_flag_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs/command-line.md").read_text(encoding="utf-8")
    others = ["--preset", "--link", "--device", "--data-root", "--language", "--json"]
    assert [flag for flag in [*FLAGS.values(), *others] if f"| `{flag}" not in page] == []


def test_output_survives_a_terminal_with_few_letters() -> None:
    letters = os.environ | {"PYTHONIOENCODING": "ascii"}
    done = subprocess.run(python("-m", "core", "train", "--help"), capture_output=True, encoding="ascii", env=letters)
    assert done.returncode == 0
    assert "2?2 values" in done.stdout


def test_a_reader_that_has_left_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(python("-m", "core", "--help"), stdout=writing, stderr=subprocess.PIPE)
    os.close(writing)
    assert done.returncode == 0
    assert done.stderr == b""


# Streams: closed, full, or with nobody at the other end

VERIFY = "-m core data verify --data digits"
needs_full_disk = pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full, the disk always full")


def shell(command: str) -> subprocess.CompletedProcess[str]:
    """`command` as typed, python being this one."""
    return subprocess.run(["sh", "-c", command.replace("python", sys.executable, 1)], capture_output=True, text=True)


@pytest.mark.parametrize(("redirection", "is_read"), [("2>&-", True), (">&-", False), (">&- 2>&- <&-", False)])
def test_with_a_closed_stream_the_work_is_done_all_the_same(redirection: str, is_read: bool) -> None:
    done = shell(f"exec python {VERIFY} {redirection}")
    assert (done.returncode, done.stderr, "built in" in done.stdout) == (0, "", is_read)


@needs_full_disk
def test_results_that_cannot_be_written_are_said_to_be_lost() -> None:
    done = shell(f"exec python {VERIFY} > /dev/full")
    assert done.returncode == 2
    assert done.stderr == (
        "error: The results cannot be written to stdout (No space left on device). Free some space, or send them "
        "elsewhere.\n"
    )


@needs_full_disk
@pytest.mark.parametrize(("to", "code"), [("> /dev/full", 2), ("| true", 0)])
def test_a_document_that_cannot_be_written_to_stdout_is_lost_as_a_table_is(to: str, code: int) -> None:
    script = "import core.cli.process as p, core.cli.commands as c\nfrom pathlib import Path\n"
    script += "p.COMMANDS['data'] = lambda _: c.write(Path('-'), 'x' * (1 << 20)) or 0\nraise SystemExit(p.process())"
    done = shell(f"python -c {shlex.quote(script)} data verify {to}")
    assert (done.returncode, done.stderr.count("\n")) == (code, 1 if code else 0), done.stderr


def test_what_python_is_asked_to_write_at_once_is_written_at_once() -> None:
    """Else the end of a bar comes behind the results: each waits in a buffer of its own."""
    script = "import sys, core.cli.streams as s; s.prepare(); print('a', end='', file=sys.stderr); print('b', end='')"
    script += "; print('c', end='', file=sys.stderr)"
    done = shell(f"PYTHONUNBUFFERED=1 python -c {shlex.quote(script)} 2>&1")
    assert done.stdout == "abc"


@pytest.mark.parametrize("redirection", ["2>&-", pytest.param("2> /dev/full", marks=needs_full_disk)])
def test_bad_input_with_nobody_to_tell_it_to_is_still_2_and_nothing_is_said_on_stdout(redirection: str) -> None:
    done = shell(f"exec python -m core train --lr nan {redirection}")
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "")


def test_a_fault_of_its_own_is_3_with_its_traceback() -> None:
    code = "import core.cli.process as p; p.COMMANDS['data'] = lambda _: 1 / 0; raise SystemExit(p.process())"
    done = subprocess.run(python("-c", code, "data", "verify"), capture_output=True, text=True)
    assert done.returncode == 3
    assert "ZeroDivisionError" in done.stderr
    assert done.stderr.endswith("This is a fault in NormScope itself, not in what was asked for.\n")


@needs_full_disk
def test_progress_that_cannot_be_written_stops_no_training(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "out.json"
    with Path("/dev/full").open("wb") as full:
        stderr = Outlet(full)
        monkeypatch.setattr(sys, "stderr", stderr)
        ran = run(*QUICK, "--norm", "bn", "--epochs", "1", "--json", str(path))
    assert stderr.lost is not None
    assert (ran.code, "BatchNorm" in ran.out) == (0, True)
    assert json.loads(path.read_text())["status"] == "finished"


def test_ctrl_c_while_the_program_is_still_read_ends_it_without_a_traceback() -> None:
    code = (
        "import runpy, sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'core.cli.process': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n"
        "runpy.run_module('core', run_name='__main__')"
    )
    done = subprocess.run(
        python("-c", code), cwd=Path(__file__).parents[3], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_every_exit_code_is_documented() -> None:
    page = (Path(__file__).parents[3] / "docs/command-line.md").read_text(encoding="utf-8")
    documented = re.findall(r"^\| (\d+) \|", page.split("## Exit codes")[1], re.MULTILINE)
    assert documented == [str(code) for code in (DONE, NOTHING_TO_SHOW, CANNOT, FAULT, INTERRUPTED, TERMINATED)]
