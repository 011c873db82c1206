"""Who may steer a run: whoever has its owner's secret, the same for all runs of one browser.

new_key      a secret: 96 random bits
opens        whether what somebody has is that secret
NotTheOwner  somebody who only watches tried to steer
"""

from __future__ import annotations

import secrets


class NotTheOwner(PermissionError):
    """Somebody who only watches tried to steer."""


def new_key() -> str:
    """An owner's secret: 96 random bits."""
    return secrets.token_urlsafe(12)


def opens(given: str, key: str) -> bool:
    """Whether `given` is `key`; takes as long where only the last character differs."""
    return secrets.compare_digest(given.encode(errors="replace"), key.encode())
