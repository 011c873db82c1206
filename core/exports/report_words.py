"""What a report says, as HTML: it can be read without its scripts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from html import escape
from typing import Any
from urllib.parse import urlencode

from core.experiment.config import STEP
from core.experiment.links import to_query
from core.exports.results import results
from core.exports.title import title_of
from core.language.message import Message
from core.language.speech import _, pgettext
from core.store.recording import Recording
from core.training.records import (
    DataReplaced,
    LearningRateChanged,
    NetworksSeen,
    StatusChanged,
    TrainingStarted,
    reached,
)
from core.words.causes import Reason
from core.words.evidence import Evidence
from core.words.numerals import in_percent, printed
from core.words.reasons import reasons
from core.words.settings import LABELS, about_rate, told_value
from core.words.verdict import verdict

BY = {
    "page": Message("from the page"),
    "command line": Message("from the command line"),
    "sweep": Message("by a sweep"),
    "import": Message("imported"),
}
STATUSES = {
    "finished": Message("The run has finished: {step:,} of {total:,} steps."),
    "stopped": Message("The run was stopped after {step:,} of {total:,} steps."),
    "failed": Message("The run failed after {step:,} of {total:,} steps."),
    "interrupted": Message("The run was interrupted after {step:,} of {total:,} steps."),
}
GOING_ON = Message("The run had not ended: {step:,} of {total:,} steps.")
ENDS = {"diverged": Message("diverged"), "failed": Message("failed")}


def body(recording: Recording, seen: Sequence[NetworksSeen], address: str) -> str:
    """All between <body> and the scripts."""
    return "\n".join(
        [
            _head(recording),
            *_verdict(recording, seen),
            _seed(recording),
            _table(recording),
            _curves(recording),
            _inside() if seen else "",
            _settings(recording),
            _again(recording, address),
        ]
    )


def _head(recording: Recording) -> str:
    origin = recording.origin
    values: dict[str, Any] = {
        "when": f"{origin.started:%Y-%m-%d %H:%M}",
        "where": BY.get(origin.by, origin.by),
        "device": next((r.device for r in recording.records if isinstance(r, TrainingStarted)), origin.processor),
        "versions": f"NormScope {origin.normscope}, Python {origin.python}, PyTorch {origin.torch}",
    }
    where = _("Started on {when} UTC, {where}, on {device}. {versions}.", **values)
    return f'<header><h1>{escape(title_of(recording))}</h1><p class="soft">{escape(where)}</p></header>' + _notes(
        recording
    )


def _notes(recording: Recording) -> str:
    """What differs from the settings below, and how the run ended."""
    changes = [r for r in recording.records if isinstance(r, LearningRateChanged)]
    replaced = [r for r in recording.records if isinstance(r, DataReplaced)]
    ending = next((r for r in reversed(recording.records) if isinstance(r, StatusChanged)), None)
    values = {"step": reached(recording.records), "total": recording.config.total_steps}
    said = [
        str(replace(STATUSES.get(recording.status, GOING_ON), values=values)),
        str(ending.message) if ending else "",
    ]
    for each in replaced:
        said += [_("The images asked for were {asked}; it ran on {used}.", asked=each.asked, used=each.used)]
        said += [str(each.settings)]
    for change in changes:
        rates = {"old": printed(f"{change.old:g}"), "new": printed(f"{change.new:g}")}
        said += [_("Learning rate changed by hand from step {step:,} on: {old} → {new}.", step=change.step, **rates)]
    said += [str(about_rate(recording.config, recording.records))]
    style = "soft" if recording.status == "finished" and not replaced else "note"
    return "".join(f'<p class="{style}">{escape(each)}</p>' for each in said if each)


def _verdict(recording: Recording, seen: Sequence[NetworksSeen]) -> Iterator[str]:
    said = verdict(recording.config, recording.records, recording.status == "finished")
    yield _heading(_("What the last test supports"))
    yield f'<p class="verdict">{escape(said or _("No test was made after the first step, so nothing is said."))}</p>'
    found = reasons(recording.config, recording.records, Evidence(sorted(seen, key=lambda look: look.step)))
    if found:
        yield f'<ul class="reasons">{"".join(_reason(each) for each in found)}</ul>'


def _reason(reason: Reason) -> str:
    """With the look at which it is seen, which the report's script brings below."""
    where = f'href="#inside" data-step="{reason.step}" data-seen="{escape(reason.layer)}" data-source="{reason.source}"'
    return f"<li>{escape(str(reason.said))} <a {where}>→ {escape(str(reason.place))}</a></li>"


def _seed(recording: Recording) -> str:
    said = _(
        "This is one run from one seed ({seed}). Another seed draws other initial weights and another order of the "
        "images, another machine rounds differently, and either can move an accuracy by more than the ± of "
        "a test, which stands for the test images alone. What is said here holds for this run. What a norm does in "
        "general takes the same experiment from several seeds, and how far their results lie apart.",
        seed=recording.config.seed,
    )
    return f"{_heading(_('What one seed does not tell'))}<p>{escape(said)}</p>"


def _table(recording: Recording) -> str:
    found = results(recording.config, recording.records)["arms"]
    head = [
        _("arm"),
        _("parameters"),
        pgettext("head of a column", "steps"),
        _("mean train loss"),
        _("test loss"),
        _("test acc."),
        _("batch stat."),
        "",
    ]
    rows = "".join(_row(recording, name, arm) for name, arm in found.items())
    cells = "".join(f'<th scope="col">{escape(each)}</th>' for each in head)
    note = _(
        "Numbers of the last finished epoch. The training loss is the epoch’s mean while the weights moved. Tests are "
        "in evaluation mode; “batch stat.” is the test accuracy with each batch’s own statistics instead of running "
        "ones."
    )
    table = f'<div class="wide"><table><thead><tr>{cells}</tr></thead><tbody>{rows}</tbody></table></div>'
    return f'{_heading(_("Results"))}{table}<p class="soft">{escape(note)}</p>'


def _row(recording: Recording, name: str, arm: dict[str, Any]) -> str:
    epoch = arm["epochs"][-1] if arm["epochs"] else {}
    title = next(str(each.title) for each in recording.config.arms if each.name == name)
    cells = [
        "–" if arm["parameters"] is None else f"{arm['parameters']:,}",
        f"{arm['steps']:,}",
        _number(epoch.get("train_loss")),
        _number(epoch.get("test_loss")),
        _percent(epoch.get("test_accuracy")),
        _percent(epoch.get("test_accuracy_batch")),
        str(ENDS.get(arm["status"], "")),
    ]
    values = "".join(f"<td>{escape(cell)}</td>" for cell in cells)
    return f'<tr><th scope="row">{_arm(name, title)}</th>{values}</tr>'


def _arm(name: str, title: str) -> str:
    return f'<span data-arm="{escape(name)}"><i></i>{escape(title)}</span>'


def _number(value: float | None) -> str:
    return "–" if value is None else printed(f"{value:.4f}" if abs(value) < 1e4 else f"{value:.1e}")


def _percent(share: float | None) -> str:
    return "–" if share is None else _("{points} %", points=in_percent(share))


def _curves(recording: Recording) -> str:
    key = "".join(f"<li>{_arm(arm.name, str(arm.title))}</li>" for arm in recording.config.arms)
    how = _(
        "Solid: training, each point the mean of nine, the single ones faint behind it. Dashed: test images, in "
        "evaluation mode; a large mark is a test on all of them. Dotted: the same with the batch’s own statistics."
    )
    broken = _("The charts cannot be drawn in this browser; all that is said in words is here.")
    return (
        f"{_heading(_('Loss and accuracy'))}<p class='note' data-part='broken' hidden>{escape(broken)}</p>"
        f"<noscript><p class='note'>{escape(broken)}</p></noscript><ul class='key'>{key}</ul>"
        f"<p class='soft'>{escape(how)}</p>{_charts('loss', 'accuracy', 'chart long')}"
    )


def _inside() -> str:
    how = _("Any look can be chosen: with the slider, the arrow keys, or a click on the curves.")
    label = escape(_("Which look inside the networks is shown"))
    scrub = (
        f"<div class='scrub'><output data-part='where'></output>"
        f"<input type='range' data-part='slider' min='0' max='0' value='0' aria-label='{label}'></div>"
    )
    said = "".join(f"<p class='says' data-part='{name}'></p>" for name in ("saysActivations", "saysParameters"))
    return (
        f"<div id='inside'></div>{_heading(_('Inside the networks'))}<p class='soft screen'>{escape(how)}</p>{scrub}"
        f"<p class='says' data-part='saysGradients'></p>{_charts('gradients', 'spreads')}"
        f"<div class='layers' data-part='layers' role='group' aria-label='{escape(_('Layer'))}'></div>"
        f"{said}{_charts('gamma', 'beta', 'low')}"
    )


def _charts(first: str, second: str, style: str = "chart") -> str:
    both = "".join(f"<div class='{style}' data-part='{name}'></div>" for name in (first, second))
    return f"<div class='pair'>{both}</div>"


def _settings(recording: Recording) -> str:
    unused = () if recording.config.schedule == STEP else ("step_epochs", "step_factor")
    rows = "".join(
        f"<tr><th scope='row'>{escape(str(label))}</th><td>{escape(told_value(name, recording.config))}</td></tr>"
        for name, label in LABELS.items()
        if name not in unused
    )
    return f"{_heading(_('Settings'))}<table class='settings'><tbody>{rows}</tbody></table>"


def _again(recording: Recording, address: str) -> str:
    link = f"{address}?{urlencode(to_query(recording.config))}"
    opened = _("With a NormScope running there, this opens the same experiment:")
    typed = _("Or from the command line:")
    command = f"python -m core train --link '{link}'"
    return (
        f"{_heading(_('Run it yourself'))}<p>{escape(opened)}<br><a href='{escape(link)}'>{escape(link)}</a></p>"
        f"<p>{escape(typed)}</p><pre>{escape(command)}</pre>"
    )


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"
