"""What a run is called in a file: its name, or what it compares and when it was begun."""

from __future__ import annotations

from core.language.lists import enumerated
from core.store.recording import Recording


def title_of(recording: Recording) -> str:
    """Many runs have no name: none, bn, ln · digits · 2026-11-27."""
    config = recording.config
    arms = enumerated(arm.name for arm in config.arms)
    return recording.name or f"{arms} · {config.data} · {recording.origin.started:%Y-%m-%d}"
