"""Whether one of the installed packages is known to be vulnerable: pip-audit's word, where its service can be reached.

Exit codes: 0 none is, or nobody could say so, which is said; 1 one is.
"""

from __future__ import annotations

import json
import subprocess
import sys

COMMAND = [sys.executable, "-m", "pip_audit", "--local", "--format", "json", "--progress-spinner", "off"]


def verdict(told: str, trouble: str) -> tuple[int, str]:
    """The exit code and what is said, of what pip-audit wrote to stdout and stderr."""
    try:
        packages = json.loads(told)["dependencies"]
    except (ValueError, KeyError):
        reason = (trouble.strip().splitlines() or ["no answer"])[-1]
        return 0, f"NOTICE: the packages were not audited, since pip-audit had no answer: {reason}"
    # What its service does not know is skipped, and a mirror that is no PyPI knows nothing.
    audited = [each for each in packages if "skip_reason" not in each]
    if len(audited) < len(packages) / 2:
        return 0, f"NOTICE: the packages were not audited: the service knew {len(audited)} of {len(packages)}"
    found = [f"{each['name']} {each['version']}: {vuln['id']}" for each in audited for vuln in each.get("vulns", [])]
    if found:
        return 1, "\n".join(["known to be vulnerable:", *found])
    return 0, f"none of {len(audited)} packages is known to be vulnerable"


if __name__ == "__main__":
    try:
        done = subprocess.run(COMMAND, capture_output=True, text=True, timeout=300)
        code, said = verdict(done.stdout, done.stderr)
    except subprocess.TimeoutExpired:
        code, said = 0, "NOTICE: the packages were not audited: the service did not answer in five minutes"
    print(f"audit: {said}")
    sys.exit(code)
