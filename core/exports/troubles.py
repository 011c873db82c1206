"""What cannot be exported, or read again; the first argument of each is a Message."""

from __future__ import annotations


class PackageMissing(Exception):
    """A format cannot be written here: the Message says what to install."""


class NoNetworks(Exception):
    """A recording has no networks of its end."""


class BundleError(ValueError):
    """A bundle that cannot be read, or written: the rule, what was met, what to do."""
