"""Where the server's addresses begin: with its base path, where an operator has given it one."""

from __future__ import annotations


def start_of(base: str) -> str:
    """What they all begin with where the pages are at `base`, such as "norm"; "" where that is "", as it mostly is."""
    return "".join(f"/{part}" for part in base.split("/") if part)
