"""What a sweep found, as tables."""

from __future__ import annotations

from collections.abc import Sequence

from core.cli.tables import table
from core.lab.summary import Group
from core.lab.sweep import NORM, shown
from core.lab.trusted import signed
from core.lab.wording import percent, ranged
from core.language.speech import _
from core.words.numerals import digits


def sweep_table(found: Sequence[Group]) -> str:
    """One line for each combination and arm: median and range over its seeds; of the steps the processor time.

    The gradient's magnitude in the first layer over that in the last is that before the first step.
    """
    settings = [name for name, _value in found[0].where]
    head = (_("seeds"), _("finished"), _("learned"), _("held-out acc."), _("test acc."), _("grad. first/last"))
    rows = [_row(group) for group in found]
    return table("<" * (len(settings) + 1) + ">>>>>>>", (*settings, NORM, *head, _("ms a step")), rows)


def along_table(found: Sequence[Group]) -> str:
    """The same of what was measured along the gradient; empty where nothing was."""
    if not any(group.spread("along_cosine") for group in found):
        return ""
    settings = [name for name, _value in found[0].where]
    head = (_("cosine"), _("its change"), _("loss range, nats"), _("steepness (β)"))
    told = table("<" * (len(settings) + 1) + ">>>>", (*settings, NORM, *head), [_along(group) for group in found])
    return f"{_('Along the gradient:')}\n{told}"


def _along(group: Group) -> tuple[str, ...]:
    numbers = [
        str(ranged(group.spread(name), digits)) for name in ("along_change", "along_loss_range", "along_steepness")
    ]
    cosine = str(ranged(group.spread("along_cosine"), signed))
    return (*(shown(value) for _name, value in group.where), group.arm, cosine, *numbers)


def _row(group: Group) -> tuple[str, ...]:
    spreads = (group.spread(measured) for measured in ("validation_accuracy", "test_accuracy"))
    told = ["–" if spread is None else str(percent(spread)) for spread in spreads]
    counts = (len(group.entries), group.finished, group.learned)
    settings = (shown(value) for _name, value in group.where)
    others = (str(ranged(group.spread(measured), digits)) for measured in ("gradient_ratio", "step_milliseconds"))
    return (*settings, group.arm, *map(str, counts), *told, *others)
