"""What a step's prediction is held against: which number decides, and by which margin; validated when it is made.

Check        kind, measure, targets and margin
Target       an arm of one of the step's experiments: "bn", or "bn@2" in the second; or a demonstration's reading
LessonError  what is wrong with a lesson, for its author; require and one_of raise it
"""

from __future__ import annotations

from collections import ChainMap
from collections.abc import Collection
from dataclasses import dataclass
from itertools import pairwise
from math import isfinite

from core.lessons.measures import FACTOR, MEASURES, Measure, Where
from core.lessons.readings import READ

LEAST_SEEDS = 3
KINDS = {
    "most": "which of several is largest",
    "least": "which of several is smallest",
    "bands": "between which edges a number lies",
    "last": "the last of several, in order, that is above a threshold",
    "number": "how large a number is",
    "same": "whether several numbers are one",
}
EVERYWHERE = Where()  # at the end
ALL_MEASURES = ChainMap(READ, MEASURES)


class LessonError(ValueError):
    """A lesson that cannot be taught as it is written, or one that there is not; its text says what to do."""


def require(holds: bool, sentence: str) -> None:
    if not holds:
        raise LessonError(sentence)


def one_of(what: str, value: object, allowed: Collection[str]) -> None:
    """Raises LessonError with all that is allowed."""
    require(value in allowed, f"{what} is one of {', '.join(allowed)}; got {value!r}. Use one of them.")


@dataclass(frozen=True, slots=True)
class Target:
    """An arm of the step's experiments, which count from 0 here and from 1 where they are written.

    `layer` is this target's own, where a check compares layers; else the check's.
    """

    arm: str
    experiment: int = 0
    layer: str = ""

    @property
    def name(self) -> str:
        numbered = f"{self.arm}@{self.experiment + 1}" if self.experiment else self.arm
        return f"{numbered}#{self.layer}" if self.layer else numbered


@dataclass(frozen=True, slots=True)
class Check:
    """`of` are the targets, `answers` what each of them (or each band between `edges`) means as a choice.

    `margin` is a difference, or for measures that are compared by factors a factor. `seeds` are the values of what
    decides over at least three seeds, from which it was taken, and `origin` says when and with what. `alike`: the
    answer where two differ by no more than `within`. `nothing`: the answer where none is above the threshold.
    """

    kind: str
    measure: str
    of: tuple[Target, ...]
    answers: tuple[str, ...]
    margin: float
    seeds: tuple[float, ...]
    origin: str
    where: Where = EVERYWHERE
    edges: tuple[float, ...] = ()
    threshold: float | None = None
    nothing: str = ""
    tolerance: float | None = None
    alike: str = ""
    within: float | None = None

    def __post_init__(self) -> None:
        one_of("A check's kind", self.kind, KINDS)
        one_of("A check's measure", self.measure, ALL_MEASURES)
        self._check_margin()
        self._check_where()
        getattr(self, f"_check_{'several' if self.kind in ('most', 'least') else self.kind}")()

    @property
    def how(self) -> Measure:
        return ALL_MEASURES[self.measure]

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Every choice that the numbers may say is the right one."""
        return tuple(dict.fromkeys(filter(None, (*self.answers, self.nothing, self.alike))))

    def _check_margin(self) -> None:
        least = 1.0 if self.how.scale == FACTOR else 0.0
        require(
            isfinite(self.margin) and self.margin > least,
            f"The margin of {self.measure} is a {self.how.scale} above {least:g}; got {self.margin:g}.",
        )
        require(
            len(self.seeds) >= LEAST_SEEDS and all(map(isfinite, self.seeds)),
            f"A margin is taken from at least {LEAST_SEEDS} seeds, whose finite values stand in seeds; got "
            f"{len(self.seeds)}. Run `python -m bench.lessons NAME --seeds {LEAST_SEEDS}`.",
        )
        require(bool(self.origin), "A margin says in origin when, where and how its seeds were run; it is empty.")

    def _check_where(self) -> None:
        layers = {target.layer or self.where.layer for target in self.of}
        given = {
            "layer": max(layers, default=""),
            "at": self.where.at,
            "reach": self.where.reach,
            "unit": self.where.unit,
        }
        for name, value in given.items():
            require(
                value in ("", None) or name in self.how.takes,
                f"{self.measure} takes no {name}; got {value!r}. Leave it.",
            )
        for name in ("layer", "reach", "unit"):
            missing = given[name] in ("", None) or (name == "layer" and "" in layers)
            require(name not in self.how.takes or not missing, f"{self.measure} needs {name}; say which.")

    def _check_several(self) -> None:
        require(len(self.of) >= 2, f"“{self.kind}” compares at least two; got {len(self.of)}. Name them in of.")
        require(
            bool(self.alike) == (self.within is not None),
            "alike, an answer, and within, how near is alike, are given together; got one of them.",
        )
        if self.within is not None:
            require(len(self.of) == 2, f"Only two can be alike; got {len(self.of)}. Leave out alike.")
            require(
                self.within <= self.margin,
                f"What is alike, within {self.within:g}, cannot be decided by a margin of {self.margin:g}. Lower it.",
            )

    def _check_bands(self) -> None:
        require(len(self.of) == 1, f"“bands” is about one; got {len(self.of)}. Name it in of.")
        require(
            bool(self.edges) and all(a < b for a, b in pairwise(self.edges)),
            f"The edges of bands go up; got {list(self.edges)}. Sort them.",
        )
        require(
            len(self.answers) == len(self.edges) + 1,
            f"{len(self.edges)} edges make {len(self.edges) + 1} bands; got {len(self.answers)} answers.",
        )

    def _check_last(self) -> None:
        require(len(self.of) >= 2, f"“last” goes through at least two; got {len(self.of)}. Name them in of.")
        require(self.threshold is not None, "“last” needs a threshold; say above which a target counts.")
        require(bool(self.nothing), "“last” needs nothing, the choice where none is above the threshold.")

    def _check_number(self) -> None:
        require(len(self.of) == 1, f"“number” is about one; got {len(self.of)}. Name it in of.")
        least = 1.0 if self.how.scale == FACTOR else 0.0
        require(
            self.tolerance is not None and self.tolerance > least,
            f"“number” needs a tolerance, a {self.how.scale} above {least:g}, within which a prediction is right.",
        )

    def _check_same(self) -> None:
        require(len(self.of) >= 2, f"“same” compares at least two; got {len(self.of)}. Name them in of.")
        require(len(self.answers) == 2, f"“same” has two answers, same and other; got {len(self.answers)}.")
        require(
            self.within is not None and self.within <= self.margin,
            "“same” needs within, how near is the same, and no more than the margin.",
        )
