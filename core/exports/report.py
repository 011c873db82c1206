"""A run as one HTML file, which opens offline and can be hosted as it is.

report   its text, in the language spoken here
offline  any such file: what it says, and the script that draws into it

What it says stands in it as HTML, for who prints it or has no scripts. Its charts are drawn by the page's own scripts
(core.exports.scripts) with the plotly.js of the installed package, and the step can be scrubbed through all looks. What
is large in it is packed: the browser's own DecompressionStream unpacks it.
"""

from __future__ import annotations

import base64
import functools
import gzip
import hashlib
import importlib.util
import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from core.exports.report_numbers import looks, points
from core.exports.report_words import body
from core.exports.scripts import ASSETS, standing_alone
from core.exports.title import title_of
from core.language.languages import ENGLISH, HTML_TAGS
from core.language.speech import _, spoken
from core.store.recording import Recording
from core.training.rates import falls
from core.training.records import to_json

ADDRESS = "http://localhost:8501/"  # where a page is that somebody has just started
# Scripts: this one by its hash, and what it unpacks. Nothing is fetched, from nowhere.
_POLICY = (
    "default-src 'none'; script-src 'sha256-{hash}' blob:; style-src 'unsafe-inline'; img-src data: blob:; "
    "base-uri 'none'; form-action 'none'"
)


def report(recording: Recording, address: str = ADDRESS) -> str:
    """`address` is that of a page, to which the report's link leads."""
    seen = list(recording.looks())
    values = {
        "records": points(recording),
        "falls": [to_json(fall) for fall in falls(recording.config, recording.records)],
        "looks": looks(recording, seen),
    }
    title = _("{name} · a run of NormScope", name=title_of(recording))
    return offline(title, body(recording, seen, address), "report/report.js", values)


def offline(title: str, html: str, name: str, values: dict[str, Any]) -> str:
    """`html` is all between <body> and the scripts, `name` a script of assets/, which is handed `values`."""
    script = standing_alone(name)
    handed = values | {"language": spoken(), "catalog": _catalog()}
    return Template((ASSETS / "report" / "report.html").read_text(encoding="utf-8")).substitute(
        lang=HTML_TAGS[spoken()],
        title=escape(title),
        policy=_POLICY.format(hash=_digest(script)),
        style=(ASSETS / "report" / "report.css").read_text(encoding="utf-8"),
        body=html,
        run=_packed(json.dumps(handed, ensure_ascii=False, allow_nan=False).encode()),
        plotly=_plotly(),
        script=script,
    )


def _catalog() -> Any:
    """The sentences of the scripts in the language spoken."""
    if spoken() == ENGLISH:
        return {}
    return json.loads((ASSETS / "locale" / f"{spoken()}.json").read_text(encoding="utf-8"))


def _digest(script: str) -> str:
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


@functools.cache
def _plotly() -> str:
    # Found, not imported: a report needs one file of the package.
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    return _packed((Path(str(spec.origin)).parent / "package_data" / "plotly.min.js").read_bytes())


def _packed(content: bytes) -> str:
    """As letters, none of which means anything to HTML."""
    return base64.b64encode(gzip.compress(content, 9, mtime=0)).decode()
