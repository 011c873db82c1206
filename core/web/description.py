"""What the routes are, for programs: an OpenAPI description, at GET /api/openapi.json.

Path parameters stand in the addresses; what is asked behind the “?” stands here, as core.web.parameters reads it. A
test holds it against what the endpoints read, and another asks them for all that it allows, and does not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import getdoc
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.experiment.links import QUERY_KEYS
from core.exports.formats import FORMATS
from core.lab.document import FORMATS as KINDS
from core.lab.links import KEYS as SWEEP_KEYS
from core.language.languages import LANGUAGES, QUERY_KEY
from core.runs.looks import SOURCES, STAGES
from core.web.api import QUESTIONS, VIEWS
from core.web.code import FORMS
from core.web.parameters import LAYER, Endpoint

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0}
OF_LAYER: Schema = {"type": "string", "pattern": f"^{LAYER.pattern}$"}
IN_PATH = {
    "format": {"enum": list(FORMATS)},
    "question": {"enum": list(QUESTIONS)},
    "form": {"enum": list(FORMS)},
    "kind": {"enum": list(KINDS)},
    "sequence": WHOLE,
}
SWITCH: Schema = {"enum": ["on", "off"]}
ASKED: dict[str, dict[str, Schema]] = {
    "/api/runs": {"known": TEXT, "seen": TEXT},
    "/api/runs/{run_id}/points": {"since": WHOLE, "class": TEXT},
    "/api/runs/{run_id}/inside": {
        "view": {"enum": list(VIEWS)},
        "since": WHOLE,
        "source": {"enum": list(SOURCES)},
        "layer": OF_LAYER,
        "class": TEXT,
    },
    "/api/experiment.{form}": dict.fromkeys(QUERY_KEYS, TEXT),
    "/api/lab/plan": dict.fromkeys((*QUERY_KEYS, *SWEEP_KEYS), TEXT),
    "/api/lab/{sweep_id}/progress": {"since": WHOLE, "generation": WHOLE},
    "/api/runs/{run_id}/ask/{question}": {
        "layer": OF_LAYER,
        "step": WHOLE,
        "stage": {"enum": list(STAGES)},
        "image": WHOLE,
    },
    "/api/lessons/{slug}": {"step": TEXT, "answers": SWITCH},
    "/api/lessons/{slug}/{step}/check": {"runs": TEXT, "predicted": TEXT, "answers": SWITCH},
    "/api/lessons/{slug}/{step}/shown": {"matrix": TEXT, "seed": WHOLE, "predicted": TEXT, "answers": SWITCH},
}
NEEDED = {"view", "runs"}  # without which there is no answer
OTHERS = {  # than JSON
    "/api/runs/{run_id}/export/{format}": "*/*",
    "/api/lab/{sweep_id}/export/{kind}": "*/*",
    "/api/runs/{run_id}/experiment.{form}": "*/*",
    "/api/experiment.{form}": "*/*",
    "/api/metrics": "text/plain",
    "/vendor/plotly.min.js": "text/javascript",
    "/assets/{version}/{file:path}": "*/*",
}
REFUSALS = {
    "400": "A parameter cannot be read, or what it asks for cannot be done; `error` says why.",
    "404": "There is no such thing, or not any more.",
    "429": "Asked too often; Retry-After says for how many seconds.",
    "500": "A fault of the server's; `error` has the number by which its log has it.",
    "503": "Others are being answered, and Retry-After says when to ask again; or the disk cannot be read.",
}


def described(getting: Mapping[str, Endpoint], posting: Mapping[str, Endpoint]) -> Endpoint:
    """An endpoint that tells the description of these."""

    async def description(request: Request) -> Response:
        """This description."""
        return JSONResponse(told)

    told = openapi({**getting, "/api/openapi.json": description}, posting)
    return description


def openapi(getting: Mapping[str, Endpoint], posting: Mapping[str, Endpoint]) -> dict[str, Any]:
    """The description as OpenAPI 3.1 has it."""
    paths = {_plain(address): {"get": _operation(address, endpoint)} for address, endpoint in getting.items()}
    for address, endpoint in posting.items():
        body = {"required": True, "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}}
        paths[_plain(address)] = {"post": _operation(address, endpoint) | {"requestBody": body}}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "NormScope",
            "version": "1",
            "description": "What the pages ask. A run's id is its only guard.",
        },
        "paths": paths,
    }


def _plain(address: str) -> str:
    return address.replace(":path}", "}")


def _operation(address: str, endpoint: Endpoint) -> dict[str, Any]:
    names = re.findall(r"{(\w+)", address)
    there = [_parameter(name, "path", IN_PATH.get(name, TEXT)) for name in names]
    asked = [_parameter(name, "query", schema) for name, schema in ASKED.get(address, {}).items()]
    kind = OTHERS.get(address, "application/json")
    answers: dict[str, Any] = {"200": {"description": "The answer.", "content": {kind: {}}}}
    answers |= {status: _refusal(about) for status, about in REFUSALS.items()}
    return {
        "summary": (getdoc(endpoint) or "").partition("\n")[0],
        "parameters": [*there, *asked, _parameter(QUERY_KEY, "query", {"enum": list(LANGUAGES)})],
        "responses": answers,
    }


def _parameter(name: str, where: str, schema: Schema) -> dict[str, Any]:
    return {"name": name, "in": where, "required": where == "path" or name in NEEDED, "schema": schema}


def _refusal(about: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"error": TEXT}, "required": ["error"]}
    return {"description": about, "content": {"application/json": {"schema": schema}}}
