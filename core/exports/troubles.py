"""What cannot be exported, or read again; the first argument of each is a Message.

PackageMissing, NoNetworks, BundleError
check_fit  raises BundleError unless a part of a bundle fits the others
"""

from __future__ import annotations

from core.experiment.rules import quoted
from core.language.message import Message


class PackageMissing(Exception):
    """A format cannot be written here: the Message says what to install."""


class NoNetworks(Exception):
    """A recording has no networks of its end."""


class BundleError(ValueError):
    """A bundle that cannot be read, or written: the rule, what was met, what to do."""


def check_fit(is_so: object, what: str, got: object) -> None:
    """`got` is what the bundle says of `what`."""
    if not is_so:
        raise BundleError(
            Message(
                "The bundle cannot be read, and nothing of it was kept: what it says of its run does not fit together "
                "({what}: {got}). Have it exported again.",
                {"what": what, "got": quoted(got)},
            )
        )
