"""One sentence that this run supports: who reads the test images best, by how much, and within what spread."""

from __future__ import annotations

import math
from collections.abc import Iterable

from core.experiment.config import ExperimentConfig
from core.training.records import ArmDiverged, Record, TestMeasured
from core.words.endings import about_failed
from core.words.numerals import printed

CHANCE = 0.1  # ten classes
Z95 = 1.96


def verdict(config: ExperimentConfig, history: Iterable[Record], ended: bool) -> str:
    """What the latest test says in words; empty before the first one after training has begun.

    An arm is "at chance" when its accuracy is within 3 standard errors of 1/10. A lead counts only beyond the 95 %
    sampling error of the difference of two shares, z·√(p₁q₁/n + p₂q₂/n) (Wald, unpaired: on the same images the
    true one is smaller).
    """
    facts = list(history)
    test = next((r for r in reversed(facts) if isinstance(r, TestMeasured) and r.step > 0), None)
    if test is None or not test.accuracy:
        return ""
    titles = {arm.name: arm.title for arm in config.arms}
    diverged = [r for r in facts if isinstance(r, ArmDiverged)]
    at_the_end = ended and test.step == config.total_steps
    parts = [_opening(test, at_the_end), _ranking(test, titles), _spread(test), _batch_gap(test, titles)]
    parts += [f"{titles[r.arm]} diverged at step {r.step}." for r in diverged]
    parts += [about_failed(facts, titles)]
    return " ".join(filter(None, parts))


def sampling_error(first: float, second: float, examples: int) -> float:
    """Half the 95 % interval of the difference between two accuracies measured on `examples` images each."""
    return Z95 * math.sqrt((first * (1 - first) + second * (1 - second)) / examples)


def is_at_chance(accuracy: float, examples: int) -> bool:
    """Whether an accuracy cannot be told from guessing among ten classes."""
    return accuracy <= CHANCE + 3 * math.sqrt(CHANCE * (1 - CHANCE) / examples)


def all_diverged(history: Iterable[Record], learning_rate: float) -> str:
    """Why a run has failed whose last arm has diverged; at least one ArmDiverged must be among `history`."""
    first = next(record for record in history if isinstance(record, ArmDiverged))
    return (
        f"Every arm's loss stopped being a finite number; the first was {first.arm} at step {first.step}: "
        f"{first.what}. Lower the learning rate (it was {printed(f'{learning_rate:g}')}) and start again."
    )


def _opening(test: TestMeasured, at_the_end: bool) -> str:
    which = "all" if test.whole else "the first"
    steps = f"{test.step:,} step{'s' * (test.step != 1)}"
    return f"{'At the end, a' if at_the_end else 'A'}fter {steps}, on {which} {test.examples:,} test images:"


def _ranking(test: TestMeasured, titles: dict[str, str]) -> str:
    ranked = sorted(test.accuracy.items(), key=lambda item: -item[1])
    learnt = [f"{titles[name]} {_percent(a)}" for name, a in ranked if not is_at_chance(a, test.examples)]
    guessing = [f"{titles[name]} ({_percent(a)})" for name, a in ranked if is_at_chance(a, test.examples)]
    sentence = ", ".join(learnt)
    if guessing:
        sentence += ("; " if learnt else "") + f"still at chance: {', '.join(guessing)}"
    return sentence + "."


def _spread(test: TestMeasured) -> str:
    ranked = sorted(test.accuracy.values(), reverse=True)
    if len(ranked) < 2 or is_at_chance(ranked[0], test.examples):
        return ""
    lead, error = ranked[0] - ranked[1], sampling_error(ranked[0], ranked[1], test.examples)
    points = f"{100 * lead:.1f} points (sampling error ±{100 * error:.1f}; one seed)"
    return f"The lead is {points}." if lead > error else f"Too close to call: the lead is {points}."


def _batch_gap(test: TestMeasured, titles: dict[str, str]) -> str:
    """Names the arm whose accuracy hangs most on where its statistics come from, if that is beyond sampling."""
    gaps = {name: own - test.accuracy[name] for name, own in test.batch_accuracy.items() if name in test.accuracy}
    name = max(gaps, key=lambda name: abs(gaps[name]), default=None)
    if name is None:
        return ""
    own = test.batch_accuracy[name]
    if abs(gaps[name]) <= sampling_error(own, test.accuracy[name], test.examples):
        return ""
    return f"With batch statistics instead of running ones {titles[name]} reads {_percent(own)}."


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
