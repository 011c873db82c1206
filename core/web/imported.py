"""A run of another NormScope comes in as a file: checked as a whole, kept for the browser that sends it, or not at all.

It is sent as the request's body and not by Streamlit's uploader, whose limit is for all files of all pages. Its type is
one that no form of another site can send: the browser asks first then, and is told nothing.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path
from tempfile import gettempdir

from anyio import AsyncFile, NamedTemporaryFile, current_time, move_on_after
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from core.exports.archive import MOST_BYTES, too_large
from core.exports.troubles import BundleError
from core.language.message import Message
from core.runs.journal import note
from core.runs.library import NONE_KEPT, library
from core.store.card import Card
from core.store.troubles import StoreError, told
from core.web.owner import OWNER_COOKIE
from core.web.parameters import WHOLE, answers
from core.web.turns import Turns

TYPE = "application/zip"
READERS = Turns(at_once=1, waiting=4)  # a bundle may be as large as MOST_BYTES, and is in memory while it is read
AHEAD_SECONDS, BYTES_A_SECOND = 30.0, 10_000  # what comes slower, after so long, would hold its place for hours
NO_OWNER = Message(
    "A run is imported for the browser that sends it, and this one keeps no cookies. Allow them for this page, and "
    "load it anew."
)

TOO_SLOW = Message("Less than 10 kB/s of the bundle came: nothing of it is kept. Send it again over a faster line.")


@answers
async def imported(request: Request) -> Response:
    """{"id": …} of the run, which is kept from now on; 400 and why where nothing of it is."""
    key = request.cookies.get(OWNER_COOKIE, "")
    try:
        _check(request, key)
        async with NamedTemporaryFile(prefix="normscope-") as file:
            await _receive(request, file)
            card = await READERS.take(partial(_taken_in, Path(str(file.name)), key))
    except (BundleError, StoreError) as error:
        return JSONResponse({"error": str(error)}, 400)
    except OSError as error:
        return JSONResponse({"error": str(told(error, Path(gettempdir())))}, 400)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody reads it
    note("run %s imported", card.id)
    return JSONResponse({"id": card.id})


def _check(request: Request, key: str) -> None:
    """What can be said before any of it is read."""
    if not library().keeps:
        raise StoreError(NONE_KEPT)
    if not key:
        raise StoreError(NO_OWNER)
    if request.headers.get("content-type") != TYPE:
        raise BundleError(Message("A bundle is sent as {type}.", {"type": TYPE}))
    told = request.headers.get("content-length", "")
    if WHOLE.fullmatch(told) and int(told) > MOST_BYTES:
        raise _more_than_any(int(told))


async def _receive(request: Request, file: AsyncFile[bytes]) -> None:
    """As far as it is no more than a bundle may be, and comes fast enough: else who sends it is told so then."""
    got, began, parts = 0, current_time(), request.stream()
    while True:
        with move_on_after(began + AHEAD_SECONDS + got / BYTES_A_SECOND - current_time()) as patience:
            part = await anext(parts, None)
        if patience.cancelled_caught:
            raise BundleError(TOO_SLOW)
        if part is None:
            return await file.flush()
        got += len(part)
        if got > MOST_BYTES:
            raise _more_than_any(got)
        await file.write(part)


def _more_than_any(got: int) -> BundleError:
    return too_large(Message("{n:,} bytes", {"n": got}), Message("{n:,}", {"n": MOST_BYTES}))


def _taken_in(path: Path, key: str) -> Card:
    from core.exports import bundle  # no start of the server has to wait for what reads it

    return library().take_in(bundle.read(path), key)
