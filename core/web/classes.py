"""What the browsers in a class are told of it: with the answers to what they ask anyway, and alone where they ask
nothing.

Whoever has the class's id may follow it. Nothing here changes one.
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from core.runs.manager import manager
from core.web.parameters import answers, given, one


@answers
async def class_news(request: Request) -> Response:
    """How the class stands; `{"ended": true}` for one that is not known."""
    told = manager().classes.told(one(request, "class_id"))
    return Response(_within(told), media_type="application/json", headers={"Cache-Control": "no-store"})


def with_class(request: Request, answer: bytes) -> bytes:
    """The answer, a JSON object, with how the class stands that the request names in `class`, if it does."""
    if not given(request, "class"):
        return answer
    return answer[:-1] + b"," + _within(manager().classes.told(one(request, "class")))[1:]


def _within(told: bytes) -> bytes:
    return b'{"class":' + told + b"}"
