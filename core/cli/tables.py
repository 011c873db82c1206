"""What was found, as columns on stdout."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.experiment.rules import printable
from core.language.columns import padded, width
from core.language.lists import enumerated
from core.language.message import Message
from core.language.speech import _, pgettext
from core.words.numerals import in_percent

if TYPE_CHECKING:
    from core.data.files import FileCheck
    from core.store.card import Card
    from core.training.rows import RowsTrained

# of an arm, and of a file
STATUSES = {
    "queued": Message("queued"),
    "preparing": Message("preparing"),
    "running": Message("running"),
    "paused": Message("paused"),
    "finished": Message("finished"),
    "stopped": Message("stopped"),
    "interrupted": Message("interrupted"),
    "failed": Message("failed"),
    "diverged": Message("diverged"),
    "ok": Message("ok"),
    "missing": Message("missing"),
    "corrupt": Message("corrupt"),
}


def results_table(found: dict[str, Any]) -> str:
    """One line per arm with the numbers of its last finished epoch.

    The mean training loss is the epoch's, over its examples while the weights moved, as the book prints it.
    """
    measured = (_("mean train loss"), _("test loss"), _("test acc."), _("batch stat."), _("examples/s"))
    head = (_("arm"), _("parameters"), pgettext("head of a column", "steps"), *measured, _("status"))
    return table("<>>>>>>><", head, [_arm_row(name, arm) for name, arm in found["arms"].items()])


def _arm_row(name: str, arm: dict[str, Any]) -> tuple[str, ...]:
    epoch = arm["epochs"][-1] if arm["epochs"] else {}
    return (
        name,
        _or_dash(arm["parameters"], "{:,}"),
        _or_dash(arm["steps"], "{:,}"),
        _loss(epoch.get("train_loss")),
        _loss(epoch.get("test_loss")),
        _percent(epoch.get("test_accuracy")),
        _percent(epoch.get("test_accuracy_batch")),
        _or_dash(arm["examples_per_second"], "{:,.0f}"),
        str(STATUSES[arm["status"]]),
    )


def cards_table(cards: Sequence[Card]) -> str:
    """One line per run that is kept."""
    head = (_("id"), _("name"), _("begun"), _("data"), _("arms"), pgettext("head of a column", "step"), _("status"))
    return table("<<<<<><", head, [_card_row(card) for card in cards])


def _card_row(card: Card) -> tuple[str, ...]:
    tested = card.accuracies or {}
    arms = (f"{arm.name} {_percent(tested.get(arm.name))}" for arm in card.config.arms)
    where = f"{card.step:,}/{card.config.total_steps:,}"
    begun = f"{card.origin.started.astimezone():%Y-%m-%d %H:%M}"
    status = str(STATUSES.get(card.status, card.status))
    return card.id, printable(card.name), begun, card.config.data, enumerated(arms), where, status


def _loss(value: float | None) -> str:
    return _or_dash(value, "{:.4f}" if value is None or value < 1e6 else "{:.3e}")  # of one that grows without end


def _percent(share: float | None) -> str:
    return "–" if share is None else _("{points} %", points=in_percent(share))


def _or_dash(value: float | None, form: str) -> str:
    return "–" if value is None else form.format(value)


def table(align: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Columns as wide as they must be, each with its own sign in `align`: "<" for words, ">" for numbers."""
    lines = [tuple(head), *(tuple(row) for row in rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(padded(cell, w, a) for cell, a, w in zip(line, align, widths, strict=True)).rstrip() for line in lines
    )


def rows_table(rows: Sequence[RowsTrained]) -> str:
    """One line per network and epoch; the training loss is the epoch's mean."""
    head = (_("norm"), pgettext("head of a column", "epoch"), _("mean train loss"), _("test acc."), _("test images"))
    lines = (_row_of(row) for row in rows)
    return table("<>>>>", head, lines)


def _row_of(row: RowsTrained) -> tuple[str, ...]:
    norm, accuracy = "ln" if row.layer_norm else "none", _percent(row.test_accuracy)
    return norm, str(row.epoch), _loss(row.train_loss), accuracy, f"{row.test_images:,}"


def files_table(checks: dict[str, list[FileCheck]]) -> str:
    """One line per file; the built-in digits have none and get a line of their own."""
    rows: list[Sequence[str]] = []
    for name, files in checks.items():
        rows += [(name, _size(check.path), str(STATUSES[check.status]), printable(str(check.path))) for check in files]
        rows += [] if files else [(name, "", _("built in"), "scikit-learn")]
    return table("<><<", (_("dataset"), _("size"), _("status"), _("file")), rows)


def _size(path: Path) -> str:
    return f"{math.ceil(path.stat().st_size / 1024):,} KiB" if path.exists() else "–"
