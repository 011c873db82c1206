"""What the numbers of a run say, and whether a prediction holds: pure functions of evidence.

judge    right, wrong, or this run does not decide; in words
outcome  the answer that the numbers give, if they give one
seen     the same for a step that shows a demonstration
decided  the same from the values alone
lead     how far one number is from another, as a difference or as a factor

A step's evidence is one for each of its experiments, in order. Sentences are in the language spoken here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite

from core.language.lists import parted
from core.language.speech import _
from core.lessons.check import Check, Target
from core.lessons.demonstration import Shown
from core.lessons.evidence import Evidence
from core.lessons.lesson import Step
from core.lessons.measures import FACTOR, Where
from core.lessons.numbers import how_far, numbers_of, readings_of, title_of
from core.training.records import LearningRateChanged

RIGHT, WRONG, UNDECIDED = "right", "wrong", "undecided"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`answer` is a choice's key, or the number asked for; None where this run does not decide, and then `why` not.

    `deciding` is what the margin is held against: a lead, or the distance from an edge.
    """

    answer: str | float | None
    numbers: str
    why: str = ""
    deciding: float | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`stands` is "right", "wrong" or "undecided"; `answer` the choice that is right, where it is one."""

    stands: str
    says: str
    numbers: str
    answer: str


def judge(step: Step, evidence: Sequence[Evidence], predicted: str | float) -> Verdict:
    """The prediction against these runs' own numbers, and no others."""
    return held_against(step, outcome(step, evidence), predicted)


def held_against(step: Step, found: Outcome, predicted: str | float) -> Verdict:
    """The prediction against what was found."""
    answer = found.answer if isinstance(found.answer, str) else ""
    if found.answer is None:
        return Verdict(UNDECIDED, _undecided(step, found.why), found.numbers, "")
    if isinstance(predicted, str):
        return _called(step, predicted == answer, found.numbers, answer)
    return _number(step, found, predicted)


def _undecided(step: Step, why: str) -> str:
    if step.demonstration:
        return _("This computation does not decide. {why}", why=why)
    return _("This run does not decide. {why}", why=why)


def _called(step: Step, holds: bool, numbers: str, answer: str) -> Verdict:
    if step.demonstration:
        says = _("Your prediction holds for these numbers.") if holds else _("These numbers say otherwise.")
    else:
        says = _("Your prediction holds in this run.") if holds else _("This run says otherwise.")
    return Verdict(RIGHT if holds else WRONG, says, numbers, answer)


def _number(step: Step, found: Outcome, predicted: float) -> Verdict:
    check = step.check
    assert isinstance(found.answer, float)
    assert check.tolerance is not None
    off = lead(check, *sorted((predicted, found.answer), reverse=True))
    far = check.tolerance * check.margin if check.how.scale == FACTOR else check.tolerance + check.margin
    if off <= check.tolerance or off > far:
        return _called(step, off <= check.tolerance, found.numbers, "")
    why = _(
        "Your {predicted} is farther off than {tolerance}, but by less than what another seed changes, {margin}.",
        predicted=check.how.told(predicted),
        tolerance=how_far(check, check.tolerance),
        margin=how_far(check, check.margin),
    )
    return Verdict(UNDECIDED, _undecided(step, why), found.numbers, "")


def outcome(step: Step, evidence: Sequence[Evidence]) -> Outcome:
    """What the runs' numbers say, whatever was predicted."""
    check = step.check
    values = [check.how.find(evidence[t.experiment], t.arm, _where_of(check, t)) for t in check.of]
    numbers = numbers_of(step, evidence, values)
    return decided(step, values, numbers, _obstacle(step, evidence))


def seen(step: Step, shown: Shown) -> Outcome:
    """What the demonstration's readings say, whatever was predicted."""
    values = [shown.readings[target.arm] for target in step.check.of]
    return decided(step, values, readings_of(step, values), str(shown.obstacle or ""))


def decided(step: Step, values: Sequence[float | None], numbers: str = "", obstacle: str = "") -> Outcome:
    """The answer that these values of the check's targets give, in their order; none where there is an obstacle."""
    check = step.check
    if obstacle:
        return Outcome(None, numbers, obstacle)
    known = [value for value in values if value is not None]
    if len(known) < len(values):
        missing = [title_of(step, target) for target, value in zip(check.of, values, strict=True) if value is None]
        return Outcome(None, numbers, _("It does not have the number that decides: {arms}.", arms=parted(missing)))
    return _KINDS[check.kind](step, known, numbers)


def _where_of(check: Check, target: Target) -> Where:
    return replace(check.where, layer=target.layer) if target.layer else check.where


def _obstacle(step: Step, evidence: Sequence[Evidence]) -> str:
    """Why these runs are not the step's: not at their end, on other images, steered."""
    for config, found in zip(step.experiments, evidence, strict=True):
        if found.config.data != config.data:
            return _("It ran on {used}, since {asked} was not to be had.", used=found.config.data, asked=config.data)
        if found.config != config:
            return _("It ran with other settings than the lesson’s.")
        if any(isinstance(record, LearningRateChanged) for record in found.records):
            return _("Its learning rate was changed on the way.")
        all_lost = all(found.lost_at(arm.name) is not None for arm in config.arms)
        if found.status != "finished" and not all_lost:
            return _("It did not come to its end.")
    return ""


# --- the kinds ------------------------------------------------------------------------------------------------------


def lead(check: Check, larger: float, smaller: float) -> float:
    """By how much, or how many times, `larger` is larger; two infinite ones are alike."""
    if check.how.scale != FACTOR:
        return 0.0 if larger == smaller else larger - smaller
    return 1.0 if larger == smaller else larger / smaller if smaller > 0 else inf


def _extreme(step: Step, values: Sequence[float], numbers: str) -> Outcome:
    """The largest or smallest, if the next one that would mean something else is far enough from it."""
    check = step.check
    order = sorted(range(len(values)), key=lambda i: values[i], reverse=check.kind == "most")
    first, answers = order[0], check.answers
    rival = next((i for i in order if answers[i] != answers[first]), None)
    if rival is None:
        return Outcome(answers[first], numbers)
    apart = lead(check, *sorted((values[first], values[rival]), reverse=True))
    if apart > check.margin:
        return Outcome(answers[first], numbers, deciding=apart)
    if check.within is not None and apart <= check.within:
        return Outcome(check.alike, numbers, deciding=apart)
    return Outcome(None, numbers, _too_near(step, first, rival, apart), apart)


def _too_near(step: Step, first: int, rival: int, apart: float) -> str:
    check = step.check
    between = {"first": title_of(step, check.of[first]), "second": title_of(step, check.of[rival])}
    sizes = {"apart": how_far(check, apart), "margin": how_far(check, check.margin)}
    if check.how.scale == FACTOR:
        return _(
            "Between {first} and {second} lies a factor of {apart}, and seeds alone make up to {margin}.",
            **between,
            **sizes,
        )
    return _("Between {first} and {second} lie {apart}, and seeds alone make up to {margin}.", **between, **sizes)


def _bands(step: Step, values: Sequence[float], numbers: str) -> Outcome:
    check, (value,) = step.check, values
    apart, edge = min((_distance(check, value, edge), edge) for edge in check.edges)
    if apart > check.margin:
        return Outcome(check.answers[sum(value > edge for edge in check.edges)], numbers, deciding=apart)
    return Outcome(None, numbers, _too_near_to(step, 0, edge), apart)


def _last(step: Step, values: Sequence[float], numbers: str) -> Outcome:
    """The last one above the threshold, if all are clearly on one side, and in order."""
    check = step.check
    assert check.threshold is not None
    distances = [_distance(check, value, check.threshold) for value in values]
    nearest = min(range(len(values)), key=distances.__getitem__)
    if distances[nearest] <= check.margin:
        return Outcome(None, numbers, _too_near_to(step, nearest, check.threshold), distances[nearest])
    above = [value > check.threshold for value in values]
    if above != sorted(above, reverse=True):
        return Outcome(None, numbers, _("One that was expected to fail held while one before it failed."))
    answer = check.answers[sum(above) - 1] if any(above) else check.nothing
    return Outcome(answer, numbers, deciding=distances[nearest])


def _value(step: Step, values: Sequence[float], numbers: str) -> Outcome:
    (value,) = values
    if not isfinite(value):
        return Outcome(None, numbers, _("The number asked for is not finite in it."))
    return Outcome(value, numbers)


def _same(step: Step, values: Sequence[float], numbers: str) -> Outcome:
    """Whether the largest and the smallest are near enough to be one, or far enough not to be."""
    check, (same, other) = step.check, step.check.answers
    assert check.within is not None
    apart = lead(check, max(values), min(values))
    if apart <= check.within or apart > check.margin:
        return Outcome(same if apart <= check.within else other, numbers, deciding=apart)
    first, last = values.index(max(values)), values.index(min(values))
    return Outcome(None, numbers, _too_near(step, first, last, apart), apart)


def _distance(check: Check, value: float, edge: float) -> float:
    return lead(check, *sorted((value, edge), reverse=True))


def _too_near_to(step: Step, index: int, edge: float) -> str:
    check = step.check
    return _(
        "{arm} is nearer to {edge}, where the answers part, than seeds alone move it: {margin}.",
        arm=title_of(step, check.of[index]),
        edge=check.how.told(edge),
        margin=how_far(check, check.margin),
    )


_KINDS: dict[str, Callable[[Step, Sequence[float], str], Outcome]] = {
    "most": _extreme,
    "least": _extreme,
    "bands": _bands,
    "last": _last,
    "number": _value,
    "same": _same,
}
