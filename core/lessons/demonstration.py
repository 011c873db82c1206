"""What a step computes at once and shows, in place of a run: tables and code, and the numbers that its check reads.

Demonstration  a computation with a name for each number that it reads
Given          what the visitor gives it: a matrix that one may type over, or a seed
Shown          what it found
Table, Code    what is drawn of that
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent
from typing import TypeAlias

from core.language.message import Message

MATRIX = ((1.0, 2.0, 0.5), (3.0, 0.0, 4.5), (2.0, 5.0, 1.5), (6.0, 1.0, 3.5))  # 4 examples with 3 features
MOST_SEEDS = 10  # whoever asks for others makes the server compute anew; what was computed is kept

Matrix = tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class Given:
    """`matrix` is MATRIX with what was typed over it; `seed` draws everything that is random."""

    matrix: Matrix = MATRIX
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are (its head, its cells); `marked` are cells that stand out; one that is `typed` is the matrix itself."""

    title: Message
    columns: tuple[Message | str, ...]
    rows: tuple[tuple[Message | str, tuple[str, ...]], ...]
    marked: frozenset[tuple[int, int]] = frozenset()
    typed: bool = False


@dataclass(frozen=True, slots=True)
class Code:
    """The lines that are run, as they stand in our source."""

    title: Message
    text: str

    @classmethod
    def of(cls, title: Message, *parts: Callable[..., object]) -> Code:
        return cls(title, "\n\n".join(dedent(inspect.getsource(part)).strip() for part in parts))


Block: TypeAlias = Table | Code


@dataclass(frozen=True, slots=True)
class Shown:
    """`readings` by name; None for one that could not be read. `obstacle` says why nothing is decided."""

    blocks: tuple[Block, ...]
    readings: Mapping[str, float | None]
    obstacle: Message | None = None


@dataclass(frozen=True, slots=True)
class Demonstration:
    """`before` is what the question is about, seen before the prediction; `show` the computation, seen after it.

    `readings` says what each is called in a sentence; `takes` is "matrix" or "seed"; `example` is what a seed gives,
    for tests and for margins.
    """

    before: Callable[[Given], tuple[Block, ...]]
    show: Callable[[Given], Shown]
    readings: Mapping[str, Message]
    takes: str
    example: Callable[[int], Given] = lambda seed: Given(seed=seed)


def numbers(values: Sequence[float], decimals: int = 2) -> tuple[str, ...]:
    """As a table writes them, with a real minus and without one before 0."""
    return tuple(
        f"{value + 0.0:.{decimals}f}".replace("-", "−") if abs(value) >= 0.5 * 10**-decimals else "0"
        for value in values
    )
