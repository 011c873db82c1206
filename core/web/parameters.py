"""What a request asks with: each parameter of each route is read here, and what cannot be read is answered in words.

one      the text of a parameter; whole, choice, layer: what it must be
answers  an endpoint that speaks the language asked for, and whose refusals become 400 in JSON
follows  an endpoint that speaks the language asked for, if it is one, and refuses nothing
"""

from __future__ import annotations

import functools
import re
from collections.abc import Awaitable, Callable, Collection

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from core.experiment.rules import quoted
from core.language.languages import ENGLISH, LANGUAGES, QUERY_KEY, understood
from core.language.message import Message
from core.language.speech import _, speak
from core.store.troubles import Damaged, NoSuchRun, StoreError
from core.web.turns import AGAIN_SECONDS, NoTurn

WHOLE = re.compile(r"[0-9]{1,40}")  # ASCII's digits; Python answers thousands of them with an error of its own

LAYER = re.compile(r"(conv|fc)[1-9][0-9]?")

Endpoint = Callable[[Request], Awaitable[Response]]


class Refused(ValueError):
    """A parameter that cannot be read; its text says what it must be."""


def one(request: Request, name: str, default: str | None = None) -> str:
    """The parameter's text, in the path or behind the “?”. Raises Refused if it is missing or given twice."""
    if name in request.path_params:
        return str(request.path_params[name])
    given = request.query_params.getlist(name)
    if len(given) > 1:
        raise Refused(Message("{name} must be given once", {"name": name}))
    if not given and default is None:
        raise Refused(Message("{name} is missing", {"name": name}))
    return given[0] if given else str(default)


def whole(request: Request, name: str, default: str | None = None) -> int:
    """A number of 0, 1, 2, …"""
    text = one(request, name, default)
    if not WHOLE.fullmatch(text):
        if text.startswith("-"):
            raise Refused(Message("{name} must be a whole number, 0 or more", {"name": name}))
        raise Refused(Message("{name} must be a whole number", {"name": name}))
    return int(text)


def choice(request: Request, name: str, allowed: Collection[str], default: str | None = None) -> str:
    """One of `allowed`."""
    text = one(request, name, default)
    if text not in allowed:
        values = {"name": name, "allowed": list(allowed), "given": quoted(text)}
        raise Refused(Message("{name} must be one of {allowed}; got {given}", values))
    return text


def layer(request: Request, default: str | None = None) -> str:
    """A layer's name; whether the run at hand has it is another question, which networks of another depth answer."""
    text = one(request, "layer", default)
    if not LAYER.fullmatch(text):
        raise Refused(Message("layer must be a name such as conv1 or fc2; got {given}", {"given": quoted(text)}))
    return text


def given(request: Request, name: str) -> bool:
    """Whether the request has the parameter at all."""
    return name in request.query_params


def answers(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, in the language of the request, English if it names none; refusals are 400 and their reason."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        try:
            speak(choice(request, QUERY_KEY, LANGUAGES, ENGLISH))  # a request is a task of its own
            return await endpoint(request)
        except Refused as refused:
            return JSONResponse({"error": str(refused)}, 400)
        except NoTurn:
            busy = _("The server is busy with what others asked for. Try again in {n} s.", n=AGAIN_SECONDS)
            return JSONResponse({"error": busy}, 503, {"Retry-After": str(AGAIN_SECONDS), "Cache-Control": "no-store"})
        except StoreError as error:  # a kept run that was deleted, or damaged, since somebody began to read it, or all
            return JSONResponse({"error": str(error)}, 404 if isinstance(error, NoSuchRun | Damaged) else 503)

    return answer


def follows(endpoint: Endpoint) -> Endpoint:
    """`endpoint`, in the language of the request as far as it is one; what it answers hangs on nothing asked with."""

    @functools.wraps(endpoint)
    async def answer(request: Request) -> Response:
        speak(understood(request.query_params.get(QUERY_KEY)) or ENGLISH)
        return await endpoint(request)

    return answer
