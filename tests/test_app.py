"""app.py: what it refuses to serve with."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_a_server_that_cannot_be_as_it_is_told_does_not_start_and_says_why() -> None:
    told = os.environ | {"NORMSCOPE_GRACE_SECONDS": "soon"}
    done = subprocess.run([sys.executable, "app.py"], cwd=ROOT, env=told, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr == (
        "NormScope cannot start. NORMSCOPE_GRACE_SECONDS: It must be a finite number of seconds, 0 or more; "
        "got “soon”. Set it to 60, or leave it unset.\n"
    )
