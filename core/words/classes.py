"""The names of classes, in words: those of the sources are torchvision's, in English.

class_named  one of them as it is told; what is no word, a digit or a romanized kana, is the same in any language
"""

from __future__ import annotations

from core.language.message import Message

_CLASSES = (
    Message("T-shirt/top"),
    Message("Trouser"),
    Message("Pullover"),
    Message("Dress"),
    Message("Coat"),
    Message("Sandal"),
    Message("Shirt"),
    Message("Sneaker"),
    Message("Bag"),
    Message("Ankle boot"),
    Message("0 - zero"),
    Message("1 - one"),
    Message("2 - two"),
    Message("3 - three"),
    Message("4 - four"),
    Message("5 - five"),
    Message("6 - six"),
    Message("7 - seven"),
    Message("8 - eight"),
    Message("9 - nine"),
)
_BY_NAME = {message.key: message for message in _CLASSES}


def class_named(name: str) -> Message | str:
    """What somebody reads where the data say `name`."""
    return _BY_NAME.get(name, name)
