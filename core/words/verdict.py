"""What the latest test of a run supports: who reads the test images best, by how much, and whether that can be called.

verdict         all of it, in a few sentences
behind          which arms read worse than the best, as far as it can be called
sampling_error  of the difference between two accuracies, as far as the test images go
largest_fall    how much of its accuracy an arm has lost again
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from core.experiment.config import ExperimentConfig
from core.language.lists import parted
from core.language.message import Message
from core.language.several import Sentences
from core.language.speech import _, ngettext
from core.training.records import ArmDiverged, Record, TestMeasured
from core.words.endings import about_failed
from core.words.numerals import in_percent

CHANCE = 0.1  # ten classes
Z95 = 1.96
WINDOW_EPOCHS = 2  # the most in which a fall counts, see verdict
Titles = Mapping[str, Message]

MUCH = 0.1  # of an arm's accuracy, lost again at any time: no less than the jumps of which verdict tells


def verdict(config: ExperimentConfig, history: Iterable[Record], ended: bool) -> str:
    """What the latest test says in words; empty before the first one after training has begun.

    An arm is "at chance" when its accuracy is within 3 standard errors of 1/10. Why it is so, core.words.reasons says.

    A lead counts only beyond two things, which are all that one run can show:

    - the 95 % sampling error of the difference of two shares, z·√(p₁q₁/n + p₂q₂/n) (Wald, unpaired: on the same images
      the true one is smaller). It is that of the test images: another seed, or another machine's rounding, is another
      draw, and may differ by more;
    - the largest fall of an arm's accuracy within the last two epochs (but no more than the second half of all steps so
      far: before it arms learn from nothing), from any test to any later one on as many images, live tests among
      them. In evaluation mode BatchNorm at learning rate 1 jumps by 5 to 10 points from one epoch to the next (87.0,
      81.2, 75.9, 86.2, 88.7, 81.0 % in one run of the book's setting), and where a run ends on that is luck: the same
      mathematics, written twice, ended on 71.7 and 60.7 %. One epoch can miss it (86.2 to 88.7), so it is two. A fall
      and not a rise, because a rise may be learning. What counts is the distance to the leader, of the leader itself
      the lead.

    What an arm lost earlier and did not get back calls no lead in question, but is said, with how much it was and when.
    """
    facts = list(history)
    tests = [r for r in facts if isinstance(r, TestMeasured)]
    test = next((t for t in reversed(tests) if t.step > 0), None)
    if test is None or not test.accuracy:
        return ""
    titles = {arm.name: arm.title for arm in config.arms}
    at_the_end = ended and test.step == config.total_steps
    window, recent = _recent(config, tests, test)
    parts = [
        _opening(test, at_the_end, _ranking(tests, test, titles)),
        _lead(test, recent, window, titles),
        *(_had_been(tests, test, name, titles) for name in _ranked(test)),
        _batch_gap(test, titles),
        _diverged(facts, titles),
        about_failed(facts, titles),
    ]
    return str(Sentences(parts))


def behind(config: ExperimentConfig, tests: Sequence[TestMeasured], names: Collection[str]) -> frozenset[str]:
    """Those of `names` that the latest of `tests`, all after training has begun, calls worse than the best of them.

    It is called as a lead is: none where all are at chance, and not the second where any has fallen by too much.
    """
    if not tests:
        return frozenset()
    test = tests[-1]
    ranked = [name for name in _ranked(test) if name in names]
    if not ranked or is_at_chance(test.accuracy[ranked[0]], test.examples):
        return frozenset()
    best, *others = ranked
    recent = _recent(config, tests, test)[1]
    called = frozenset(name for name in others if _is_called(test, recent, best, name))
    return called - set(others[:1]) if others and _unsteady(test, recent, ranked) else called


def _is_called(test: TestMeasured, recent: Sequence[TestMeasured], better: str, worse: str) -> bool:
    """Whether their distance is beyond the test images' sampling error, and neither has fallen by more."""
    first, second = test.accuracy[better], test.accuracy[worse]
    apart = first - second
    is_steady = all(largest_fall(recent, name) <= apart for name in (better, worse))
    return apart > sampling_error(first, second, test.examples) and is_steady


def _recent(
    config: ExperimentConfig, tests: Sequence[TestMeasured], test: TestMeasured
) -> tuple[int, list[TestMeasured]]:
    """(how many steps before `test` a fall counts, the tests since)."""
    window = min(test.step // 2, WINDOW_EPOCHS * config.steps_per_epoch)
    return window, [each for each in tests if each.step >= test.step - window]


def sampling_error(first: float, second: float, examples: int) -> float:
    """Half the 95 % interval of the difference between two accuracies measured on `examples` images each."""
    return Z95 * math.sqrt((first * (1 - first) + second * (1 - second)) / examples)


def is_at_chance(accuracy: float, examples: int) -> bool:
    """Whether an accuracy cannot be told from guessing among ten classes."""
    return accuracy <= CHANCE + 3 * math.sqrt(CHANCE * (1 - CHANCE) / examples)


def largest_fall(tests: Sequence[TestMeasured], name: str) -> float:
    """The most that an arm's accuracy fell from one of `tests` to a later one on as many images; 0 if it never did."""
    highest: dict[int, float] = {}
    fall = 0.0
    for test in tests:
        if name in test.accuracy:
            accuracy = test.accuracy[name]
            highest[test.examples] = max(highest.get(test.examples, accuracy), accuracy)
            fall = max(fall, highest[test.examples] - accuracy)
    return fall


def _opening(test: TestMeasured, at_the_end: bool, ranking: str) -> str:
    values = {"examples": test.examples, "ranking": ranking}
    if at_the_end and test.whole:
        return ngettext(
            "At the end, after {n:,} step, on all {examples:,} test images: {ranking}.",
            "At the end, after {n:,} steps, on all {examples:,} test images: {ranking}.",
            test.step,
            **values,
        )
    if at_the_end:
        return ngettext(
            "At the end, after {n:,} step, on the first {examples:,} test images: {ranking}.",
            "At the end, after {n:,} steps, on the first {examples:,} test images: {ranking}.",
            test.step,
            **values,
        )
    if test.whole:
        return ngettext(
            "After {n:,} step, on all {examples:,} test images: {ranking}.",
            "After {n:,} steps, on all {examples:,} test images: {ranking}.",
            test.step,
            **values,
        )
    return ngettext(
        "After {n:,} step, on the first {examples:,} test images: {ranking}.",
        "After {n:,} steps, on the first {examples:,} test images: {ranking}.",
        test.step,
        **values,
    )


def _ranking(tests: Sequence[TestMeasured], test: TestMeasured, titles: Titles) -> str:
    """Semicolons, as in all headlines: between them a title may be followed by more than one number."""
    return parted(_standing(tests, test, name, titles) for name in _ranked(test))


def _ranked(test: TestMeasured) -> list[str]:
    return sorted(test.accuracy, key=lambda name: -test.accuracy[name])


def _standing(tests: Sequence[TestMeasured], test: TestMeasured, name: str, titles: Titles) -> str:
    values = {"arm": titles[name], "accuracy": _percent(test.accuracy[name])}
    if not is_at_chance(test.accuracy[name], test.examples):
        return _("{arm} {accuracy}", **values)
    # What the untrained network reads at step 0 is nothing that it has learned, however far from guessing it is.
    always = all(is_at_chance(t.accuracy[name], t.examples) for t in tests if t.step > 0 and name in t.accuracy)
    if always:
        return _("{arm} {accuracy} (still at chance)", **values)
    return _("{arm} {accuracy} (at chance again)", **values)


def _lead(test: TestMeasured, recent: Sequence[TestMeasured], window: int, titles: Titles) -> str:
    ranked = _ranked(test)
    if len(ranked) < 2 or is_at_chance(test.accuracy[ranked[0]], test.examples):
        return ""
    first, second = (test.accuracy[name] for name in ranked[:2])
    lead, error = first - second, sampling_error(first, second, test.examples)
    points = {"lead": in_percent(lead), "error": in_percent(error)}
    if lead <= error:
        if points["lead"] == "0.0":
            return _("Too close to call: the first two are level (±{error} from the test images alone).", **points)
        return _(
            "Too close to call: the lead is {lead} points, within the sampling error of the test images (±{error}).",
            **points,
        )
    unsteady = _unsteady(test, recent, ranked)
    if unsteady is not None:
        return _(
            "Too close to call: the lead is {lead} points, and within the last {window:,} steps one arm's test "
            "accuracy fell by {fall}: {arm}.",
            lead=points["lead"],
            window=window,
            fall=in_percent(largest_fall(recent, unsteady)),
            arm=titles[unsteady],
        )
    return _(
        "The lead is {lead} points (±{error} from the test images alone; another seed or another machine may differ "
        "by more).",
        **points,
    )


def _unsteady(test: TestMeasured, recent: Sequence[TestMeasured], ranked: Sequence[str]) -> str | None:
    """Who of two or more fell by more than it is behind the first, which itself by more than its lead: who by most."""
    first, second = (test.accuracy[name] for name in ranked[:2])
    apart = {name: first - min(second, test.accuracy[name]) for name in ranked}
    falls = {name: largest_fall(recent, name) for name in ranked}
    return max((name for name in ranked if falls[name] > apart[name]), key=falls.__getitem__, default=None)


def _had_been(tests: Sequence[TestMeasured], test: TestMeasured, name: str, titles: Titles) -> str:
    """Where an arm reads much worse than it once did on as many images: how well that was, and when."""
    alike = [t for t in tests if 0 < t.step <= test.step and t.examples == test.examples and name in t.accuracy]
    best = max(alike, key=lambda t: t.accuracy[name])
    once, now = best.accuracy[name], test.accuracy[name]
    if once - now <= max(MUCH, sampling_error(once, now, test.examples)):
        return ""
    return _(
        "{arm} had been at {accuracy} at epoch {epoch:.1f}.",
        arm=titles[name],
        accuracy=_percent(once),
        epoch=best.epoch,
    )


def _batch_gap(test: TestMeasured, titles: Titles) -> str:
    """Names the arm whose accuracy hangs most on where its statistics come from, if that is beyond sampling."""
    gaps = {name: own - test.accuracy[name] for name, own in test.batch_accuracy.items() if name in test.accuracy}
    name = max(gaps, key=lambda name: abs(gaps[name]), default=None)
    if name is None:
        return ""
    own = test.batch_accuracy[name]
    if abs(gaps[name]) <= sampling_error(own, test.accuracy[name], test.examples):
        return ""
    return _(
        "With batch statistics instead of running ones: {arm} {accuracy}.", arm=titles[name], accuracy=_percent(own)
    )


def _diverged(facts: Iterable[Record], titles: Titles) -> str:
    fallen = [_("{arm} at step {step:,}", arm=titles[r.arm], step=r.step) for r in facts if isinstance(r, ArmDiverged)]
    return _("Diverged: {arms}.", arms=parted(fallen)) if fallen else ""


def _percent(share: float) -> str:
    return _("{points} %", points=in_percent(share))
