"""A run as a file to take away, in any format of core.exports.formats; what is several files is one zip."""

from __future__ import annotations

import os
import shutil
import time
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from mimetypes import guess_type
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from typing import IO
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from core.exports.formats import FORMATS, ExportError, export, not_written
from core.language.speech import _
from core.runs.manager import manager
from core.runs.shown import ShownRun
from core.store.troubles import StoreError
from core.web.api import find, unknown_run
from core.web.parameters import answers, choice
from core.web.turns import Turns

WRITERS = Turns(at_once=2, waiting=8)  # an export takes seconds
PREFIX = "normscope-export-"
LEFT_SECONDS = 3600.0  # no export takes so long
PIECE = 1 << 18  # bytes


@answers
async def exported(request: Request) -> Response:
    """The file, in the language asked for; 404 for a run that is not kept, 400 and why where it cannot be made."""
    run_id, form = request.path_params["run_id"], choice(request, "format", FORMATS)
    if not manager().has_recording(run_id):
        return unknown_run(run_id)
    if isinstance(await find(request), ShownRun):
        hidden = _("Some arms of this run are hidden. It can be taken away when all are revealed.")
        return JSONResponse({"error": hidden}, 400)
    try:
        name, file = await WRITERS.take(partial(_made, run_id, form, first_page(request, "/api/runs/")))
    except (StoreError, ExportError) as error:
        return JSONResponse({"error": str(error.args[0])}, 400)
    headers = {
        "Content-Disposition": f'attachment; filename="normscope-{run_id}-{name}"',
        "Content-Length": str(os.fstat(file.fileno()).st_size),
        "Cache-Control": "no-store",
    }
    return StreamingResponse(_pieces(file), media_type=guess_type(name)[0], headers=headers)


def _made(run_id: str, form: str, page: str) -> tuple[str, IO[bytes]]:
    """The file's name and the file, open and in no folder any more: however its sending ends, nothing of it is left."""
    where = Path()
    try:
        where = Path(gettempdir())  # which is tried out
        _clear_away(where)
        return _in_a_folder(Path(mkdtemp(prefix=PREFIX)), run_id, form, page)
    except OSError as error:
        raise not_written(where, error) from error


def _in_a_folder(folder: Path, run_id: str, form: str, page: str) -> tuple[str, IO[bytes]]:
    try:
        path = _written(run_id, form, folder, page)
        return path.name, path.open("rb")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _clear_away(where: Path) -> None:
    """What a process of this user left that was killed while it wrote."""
    for folder in where.glob(f"{PREFIX}*"):
        with suppress(OSError):
            found = folder.lstat()
            if found.st_uid == os.getuid() and time.time() - found.st_mtime > LEFT_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def first_page(request: Request, route: str) -> str:
    """The address of the server's first page, to which a report's link leads.

    Behind a proxy that speaks https for it the server does not know that: the page that asks does.
    """
    asking = urlsplit(request.headers.get("referer", ""))
    is_ours = asking.netloc == request.url.netloc and asking.scheme in ("http", "https")
    below = request.url.path.partition(route)[0]
    return f"{asking.scheme if is_ours else request.url.scheme}://{request.url.netloc}{below}/"


def _written(run_id: str, form: str, folder: Path, page: str) -> Path:
    files = export(manager().recording(run_id), [form], folder / form, page)
    return files[0] if len(files) == 1 else _zipped(files, folder / form, folder / f"{form}.zip")


def _zipped(files: list[Path], root: Path, path: Path) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in files:
            archive.write(file, file.relative_to(root))
    return path
