"""Sweeps as one HTML file that opens offline: what was asked, what they found in words, and the page's own charts.

report  its text, in the language spoken here
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from core.exports.report import ADDRESS, offline
from core.lab.arrived import Findings
from core.lab.conclusions import concluded
from core.lab.entries import FAILED, Entry
from core.lab.statistics import LEAST_SEEDS
from core.lab.summary import Group, groups
from core.lab.sweep import LR, Sweep
from core.lab.told import link, news, planned
from core.lab.trusted import signed
from core.lab.wording import label, percent, ranged, told
from core.language.lists import enumerated
from core.language.several import Sentences
from core.language.speech import _, ngettext
from core.words.numerals import digits
from core.words.settings import told_value

SCRIPT = "report/sweep.js"


def report(parts: Sequence[Findings], address: str = ADDRESS) -> str:
    """Of a sweep, or of one after the other; `address` is that of a server's first page, to which its links lead.

    The last one has the answer, and so is the first to be read.
    """
    read = parts[::-1]
    told = [_drawn(found) for found in read]
    bodies = (_body(found, each["plan"], address) for found, each in zip(read, told, strict=True))
    return offline(_title(parts[0].sweep), "\n".join([_broken(), *bodies]), SCRIPT, {"sweeps": told})


def _drawn(found: Findings) -> dict[str, Any]:
    """What the script is told; its runs are on another machine for who reads it."""
    groups = [group | {"runs": [], "part": 0} for group in news(found.arrived, 0)]  # each part is drawn by itself
    return {"plan": planned(found.sweep), "groups": groups}


def _title(sweep: Sweep) -> str:
    return " × ".join([*(str(label(name)) for name, _values in sweep.varied), _("Norm")])


def _asked(sweep: Sweep) -> str:
    """In one line, as the page tells it."""
    given = [
        _("{setting}: {values}", setting=label(name), values=enumerated(told(name, value) for value in values))
        for name, values in sweep.varied
    ]
    norms = _("Norms: {values}", values=enumerated(sweep.arms))
    seeds = ngettext("{n} seed", "{n} seeds", sweep.seeds)
    best = ngettext(
        "{n} other seed with each one’s own best rate", "{n} other seeds with each one’s own best rate", sweep.then
    )
    return " · ".join([*given, norms, seeds, *([best] if sweep.then else [])])


def _body(found: Findings, plan: dict[str, Any], address: str) -> str:
    entries, sweep = found.entries, found.sweep
    of_all = groups(entries)
    parts = [_head(found, plan), _said(sweep, entries, of_all), _table(of_all, sweep.along), *_charts(sweep, of_all)]
    return "\n".join(["<article>", *parts, _again(f"{address}lab?{link(sweep)}"), "</article>"])


def _head(found: Findings, plan: dict[str, Any]) -> str:
    images = [told_value("data", found.sweep.base)] if plan["data"] else []
    how = _("{done:,} of {total:,} runs have numbers.", done=found.done, total=found.total)
    soft = [_asked(found.sweep), " · ".join([*images, *plan["base"]])]
    lines = "".join(f'<p class="soft">{escape(line)}</p>' for line in soft)
    style = "soft" if found.done == found.total else "note"
    title = escape(_title(found.sweep))
    return f'<header><h1>{title}</h1>{lines}</header><p class="{style}">{escape(how)}</p>'


def _said(sweep: Sweep, entries: Sequence[Entry], found: Sequence[Group]) -> str:
    said = list(map(str, concluded(sweep, found)))
    why = sorted({str(entry["message"]) for entry in entries if entry["status"] == FAILED})
    said += [_("A run has failed: {why}", why=each) for each in why]
    if sweep.seeds < LEAST_SEEDS and len(sweep.arms) > 1:
        said.append(_("Which arm is better than which is said from 5 seeds on."))
    chosen = _(
        "Chosen on the last {share} % of the training images, which are held out; told on the test images, which each "
        "run reads once, at its end.",
        share=f"{100 * sweep.validation:g}",
    )
    points = "".join(f"<li>{escape(each)}</li>" for each in said)
    return f'{_heading(_("What the numbers say"))}<ul class="reasons">{points}</ul><p class="soft">{escape(chosen)}</p>'


def _table(found: Sequence[Group], is_along: bool) -> str:
    settings = [str(label(name)) for name, _value in found[0].where] if found else []
    head = [
        *settings, _("Norm"), _("Seeds"), _("Finished"), _("Learned"), _("Held-out accuracy"), _("Test accuracy"),
        _("Processor time a step, ms"), _("Gradient, first layer to last"),
        *((_("Gradient after a step: cosine"), _("Loss along it: range, nats")) if is_along else ()),
    ]  # fmt: skip
    cells = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    rows = "".join(_row(group, is_along) for group in found)
    note = _(
        "Medians, and the range over the seeds. Processor time: forward, backward and update of one mini-batch with "
        "one thread, without the run’s first step and its tests. Gradients: before the first step."
    )
    table = f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f'{_heading(_("Results"))}{table}<p class="soft">{escape(note)}</p>'


def _row(group: Group, is_along: bool) -> str:
    shares = (group.spread(f"{images}_accuracy") for images in ("validation", "test"))
    cells = [
        *(told(name, value) for name, value in group.where), group.arm, len(group.entries), group.finished,
        group.learned, *("–" if share is None else percent(share) for share in shares),
        *(ranged(group.spread(name), digits) for name in ("step_milliseconds", "gradient_ratio")),
    ]  # fmt: skip
    if is_along:
        cells += [ranged(group.spread("along_cosine"), signed), ranged(group.spread("along_loss_range"), digits)]
    return f"<tr>{''.join(f'<td>{escape(str(cell))}</td>' for cell in cells)}</tr>"


def _charts(sweep: Sweep, found: Sequence[Group]) -> list[str]:
    """Places for what the script draws; a map needs something that is varied."""
    if not found:
        return []
    maps = [_heading(_("Maps")), *(_map(name, words) for name, words in _maps(sweep).items())] if sweep.varied else []
    how = [_("Lines are medians over the seeds, bands reach from the least to the greatest.")]
    how += [_("Press a cell of a map for its curves, and another one to compare them.")] if sweep.varied else []
    where, told = '<p class="says" data-part="where"></p>', f'<p class="soft">{escape(str(Sentences(how)))}</p>'
    along = [_heading(_("Along the gradient, step by step")), *_along()] if sweep.along else []
    return [*maps, _heading(_("Training loss")), where, _curves("bands"), told, *along]


def _along() -> list[str]:
    words = {
        "cosine": _(
            "of a mini-batch’s gradients before and after one step: +1 where it has not turned, −1 where it is "
            "reversed · on a plateau it hardly turns: look whether the arm learned"
        ),
        "range": _("nats from the least to the largest loss of a mini-batch after steps of ¼ to 4 learning rates"),
    }
    return [f'<p class="soft">{escape(each)}</p>{_curves(name)}' for name, each in words.items()]


def _curves(name: str) -> str:
    return f'<div class="chart" data-curves="{name}"></div><p class="says" data-lost="{name}"></p>'


def _broken() -> str:
    words = escape(_("The charts cannot be drawn in this browser; all that is said in words is here."))
    return f'<p class="note" data-part="broken" hidden>{words}</p><noscript><p class="note">{words}</p></noscript>'


def _maps(sweep: Sweep) -> dict[str, str]:
    fate = {
        "fate": _(
            "✓ learns: at least 20 % of the held-out images, more where these are few · ○ survives: finite to the end, "
            "no more · ✕ fails: diverges, or has no result"
        )
    }
    along = {
        "cosine": _(
            "cosine of a mini-batch’s gradients before and after one step of the learning rate: median over the seeds"
        ),
        "range": _(
            "nats from the least to the largest loss of a mini-batch after steps of ¼ to 4 learning rates: median over "
            "the seeds"
        ),
    }
    others = {
        "validation": _("held-out accuracy: median over the seeds"),
        "ratio": _("gradient, first layer to last: median over the seeds, before the first step"),
    }
    return (along if sweep.along else {}) | (fate if LR in dict(sweep.varied) else {}) | others


def _map(name: str, words: str) -> str:
    return f'<p class="soft">{escape(words)}</p><div data-part="{name}" data-map="{name}"></div>'


def _again(address: str) -> str:
    opened = _("With a NormScope running there, this opens the same sweep; where its runs are kept, with its numbers:")
    typed, command = _("Or from the command line:"), f"python -m core sweep --link '{address}'"
    return (
        f"{_heading(_('Run it yourself'))}<p>{escape(opened)}<br><a href='{escape(address)}'>{escape(address)}</a></p>"
        f"<p>{escape(typed)}</p><pre>{escape(command)}</pre>"
    )


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"
