"""An experiment's program for the browser: of a run, or of settings that have not been run."""

from __future__ import annotations

import json
from collections.abc import Iterable

from starlette.requests import Request
from starlette.responses import Response

from core.experiment.config import ExperimentConfig
from core.experiment.links import from_query
from core.exports.notebook import notebook
from core.exports.script import script
from core.language.languages import QUERY_KEY
from core.training.records import Record
from core.web.api import find, of, unknown_run
from core.web.parameters import Refused, answers, choice

FORMS = ("py", "ipynb")


@answers
async def code_of_run(request: Request) -> Response:
    """The program of a run with what it measured so far, in the language asked for, as a file: form py or ipynb."""
    run = await find(request)
    if run is None:
        return unknown_run(request.path_params["run_id"])
    return await of(run, lambda: _file(request, run.config, run.history))


@answers
async def code_of_settings(request: Request) -> Response:
    """The program of the experiment that the query describes as a page's link does."""
    asked = {key: value for key, value in request.query_params.items() if key != QUERY_KEY}
    config, problems = from_query(asked, refuses=True)
    if problems:
        raise Refused(problems[0])
    return _file(request, config, ())


def _file(request: Request, config: ExperimentConfig, facts: Iterable[Record]) -> Response:
    form = choice(request, "form", FORMS)
    text = script(config, facts) if form == "py" else json.dumps(notebook(config, facts), ensure_ascii=False, indent=1)
    headers = {"Content-Disposition": f'attachment; filename="experiment.{form}"', "Cache-Control": "no-store"}
    return Response(text, headers=headers, media_type="text/plain" if form == "py" else "application/json")
