"""Every demonstration that a lesson may name."""

from __future__ import annotations

from core.lessons.agreement import THREE_WAYS
from core.lessons.book_class import RELOADED, SWITCHED, TODAY
from core.lessons.company import ON_MAPS, ON_SEQUENCES
from core.lessons.demonstration import Demonstration
from core.lessons.typed_over import BY_HAND, SIDE_BY_SIDE, VARIANCES
from core.lessons.whitening import WHITENING

DEMONSTRATIONS: dict[str, Demonstration] = {
    "batch-norm-by-hand": BY_HAND,
    "which-variance": VARIANCES,
    "three-ways": THREE_WAYS,
    "batch-and-layer-norm": SIDE_BY_SIDE,
    "other-images": ON_MAPS,
    "sequences": ON_SEQUENCES,
    "reloaded": RELOADED,
    "switched": SWITCHED,
    "today": TODAY,
    "whitening": WHITENING,
}
