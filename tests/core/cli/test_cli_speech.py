"""core.cli.speech: whose language the command line speaks, and that argparse speaks it too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import Any

import pytest

from core.cli.commands import CANNOT, DONE
from core.cli.process import main
from core.cli.speech import language_of
from core.language.columns import width
from core.language.speech import spoken

MACHINE = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture(autouse=True)
def english_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in MACHINE:
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    ("words", "machine", "language"),
    [
        ("train", {}, "en"),
        ("train", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("train --language en", {"LANG": "zh_CN.UTF-8"}, "en"),
        ("train --language zh", {"LC_ALL": "C"}, "zh"),
        ("--language=zh train", {}, "zh"),
        ("train --language", {"LANG": "zh_CN.UTF-8"}, "zh"),
        ("train --language fr", {"LANG": "zh_CN.UTF-8"}, "zh"),  # the refusal is told in the machine's language
        ("train --languages zh", {}, "en"),
    ],
)
def test_the_flag_decides_wherever_it_stands_else_the_machine(
    words: str, machine: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in machine.items():
        monkeypatch.setenv(name, value)
    assert language_of(words.split()) == language


def test_help_is_told_in_the_language_and_the_next_command_speaks_its_own(capsys: Any) -> None:
    assert main(["--language", "zh", "--help"]) == DONE
    chinese = capsys.readouterr().out
    assert chinese.startswith("用法：python -m core [-h] [--language {en,zh}] 命令 ...")
    assert "训练一个实验中的各个网络并加以比较" in chinese
    assert "显示这段帮助并退出" in chinese
    assert main(["--help"]) == DONE
    english = capsys.readouterr().out
    assert english.startswith("usage: python -m core [-h] [--language {en,zh}] COMMAND ...")
    assert "train the arms of an experiment and compare them" in english
    assert spoken() == "en"


def test_chinese_help_is_as_wide_as_the_terminal_and_no_wider(capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    main(["--language", "zh", "--help"])
    flags = capsys.readouterr().out.split("示例")[0].splitlines()[5:]
    assert max(map(width, flags)) <= 60
    assert any(re.match(" {20,}[^ ]", line) for line in flags)  # one that goes on


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("--language zh", "缺少必需的参数：命令"),
        ("--language zh trian", "命令：不能是'trian'"),
        ("sequence --language zh --data", "--data：需要一个值"),
        ("data --language fr fetch", "--language: invalid choice: 'fr' (choose from "),
    ],
)
def test_what_argparse_refuses_it_says_in_the_language(words: str, said: str, capsys: Any) -> None:
    assert main(words.split()) == CANNOT
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("command", [[], ["train"], ["sequence"], ["data"]])
def test_every_command_has_the_flag(command: list[str], capsys: Any) -> None:
    main([*command, "--help"])
    assert "--language {en,zh}" in capsys.readouterr().out


def test_a_process_takes_the_machine_s_language() -> None:
    machine = {name: value for name, value in os.environ.items() if name not in MACHINE} | {"LANG": "zh_CN.UTF-8"}
    command = [sys.executable, "-m", "core", "--help"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", env=machine, check=True)
    assert done.stdout.startswith("用法：")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            "train --lr fast",
            "错误：--lr：这个值应是一个数；给出的是“fast”。请写成0.1这样的形式。参见 `python -m core train --help`。",
        ),
        ("train --lr", "错误：--lr：需要一个值。参见 `python -m core train --help`。"),
        ("train --warp 9", "错误：--warp：没有这个选项。参见 `python -m core train --help`。"),
        ("train --norm bn --norm bn", "错误：--norm：各个网络须互不相同；bn给出了两次。请去掉一个。"),
        (
            "train --link http://x/?lr=0",
            "错误：--link：链接中的“lr=0”无法使用。学习率须是大于0的有限数；给出的是0。请用0.1。",
        ),
    ],
)
def test_what_is_refused_is_said_in_one_line_with_one_full_stop(words: str, said: str, capsys: Any) -> None:
    assert main(["--language", "zh", *words.split()]) == CANNOT
    assert capsys.readouterr().err == f"{said}\n"


def test_columns_under_chinese_heads_stand_under_one_another(capsys: Any) -> None:
    assert main(["--language", "zh", "data", "verify", "--data", "digits"]) == DONE
    head, row = capsys.readouterr().out.splitlines()
    assert head == "数据集  大小  状态  文件"
    assert width(head.partition("文件")[0]) == width(row.partition("scikit-learn")[0])
    assert width(head.partition("状态")[0]) == width(row.partition("内置")[0])
