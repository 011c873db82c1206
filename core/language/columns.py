"""How much room a text takes on a terminal, where a Chinese character is as wide as two letters.

width    in columns
padded   filled up to as many
wrapped  in lines of at most so many, broken at spaces and between Chinese characters
"""

from __future__ import annotations

from unicodedata import east_asian_width

_OPENS, _CLOSES = "“‘（《「", "”’），。、；：？！》」"


def width(text: str) -> int:
    """In columns."""
    return sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)


def padded(text: str, columns: int, align: str = "<") -> str:
    """Spaces behind it ("<") or before it (">")."""
    room = " " * (columns - width(text))
    return text + room if align == "<" else room + text


def wrapped(text: str, columns: int) -> list[str]:
    """White space counts as one space, as in textwrap."""
    lines, line = [], ""
    for piece in _pieces(" ".join(text.split())):
        if line and width((line + piece).rstrip()) > columns:
            lines.append(line.rstrip())
            line = ""
        line += piece
    return [*lines, line.rstrip()] if line else lines


def _pieces(text: str) -> list[str]:
    pieces: list[str] = []
    for sign in text:
        wide = east_asian_width(sign) in "WF"
        before = pieces[-1] if pieces else ""
        is_glued = sign == " " or sign in _CLOSES or (before and before[-1] in _OPENS)
        follows = bool(before) and not wide and before[-1] != " " and east_asian_width(before[-1]) not in "WF"
        if before and (is_glued or follows):
            pieces[-1] += sign
        else:
            pieces.append(sign)
    return pieces
