"""The questions that are asked most, by name: what each varies, and what it answers.

READY_MADE  name: Question
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from core.lab.sweep import BATCH_SIZE, FIXED, LR, LR_RULE, PROPORTIONAL
from core.language.message import Message


@dataclass(frozen=True, slots=True)
class Question:
    """`seeds` from the base's on. With `then` so many more seeds are taken with each norm's own best rate.

    `along`: each run measures what steps along the gradient do.
    """

    answers: Message
    varied: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    seeds: int = 3
    then: int = 0
    along: bool = False


RATES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)

READY_MADE = {
    "ladder": Question(
        Message("how large the learning rate can be with each norm (the book's exercise 2)"), ((LR, RATES),)
    ),
    "batch-norm": Question(
        Message(
            "at which batch size each norm falls behind, and at which it is better than another, with a fixed learning "
            "rate and with one proportional to the batch"
        ),
        ((BATCH_SIZE, (2, 8, 32, 256)), (LR_RULE, (FIXED, PROPORTIONAL))),
        seeds=5,
    ),
    "depth": Question(
        Message("what depth and activation do to the first layer's gradient, and to the accuracy"),
        (("depth", (5, 8, 12)), ("activation", ("sigmoid", "relu"))),
    ),
    "seeds": Question(Message("how much of a lead is luck"), seeds=5),
    "which-norm": Question(
        Message("which norm is best when each has its own best learning rate: first the rates, then 5 other seeds"),
        ((LR, RATES),),
        seeds=1,
        then=5,
    ),
    "predictiveness": Question(
        Message(
            "how far the gradient can be trusted: what steps along it do to the loss and to the gradient itself, with "
            "ReLU and with sigmoid, which disagree"
        ),
        (("activation", ("relu", "sigmoid")), (LR, (0.2, 1.0))),
        along=True,
    ),
}
