"""What a sweep found, as a table."""

from __future__ import annotations

from collections.abc import Sequence

from core.cli.tables import table
from core.lab.conclusions import percent
from core.lab.summary import Group
from core.lab.sweep import NORM, shown
from core.lab.wording import ranged
from core.language.speech import _
from core.words.numerals import digits


def sweep_table(found: Sequence[Group]) -> str:
    """One line for each combination and arm: median and range over its seeds; of the steps the processor time."""
    settings = [name for name, _value in found[0].where]
    head = (_("seeds"), _("finished"), _("learned"), _("held-out acc."), _("test acc."), _("ms a step"))
    rows = [_row(group) for group in found]
    return table("<" * (len(settings) + 1) + ">>>>>>", (*settings, NORM, *head), rows)


def _row(group: Group) -> tuple[str, ...]:
    spreads = (group.spread(measured) for measured in ("validation_accuracy", "test_accuracy"))
    told = ["–" if spread is None else str(percent(spread)) for spread in spreads]
    counts = (len(group.entries), group.finished, group.learned)
    settings = (shown(value) for _name, value in group.where)
    return (*settings, group.arm, *map(str, counts), *told, str(ranged(group.spread("step_milliseconds"), digits)))
