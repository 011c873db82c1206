"""What the browser loads: this project's scripts and styles, and plotly.js. Their addresses carry a version.

A page asks for dozens of small files at once, while Streamlit runs it on the same processor: each is read and
compressed once, and answered from memory from then on. The version in their address is as old as that.
"""

from __future__ import annotations

import functools
import gzip
import hashlib
import importlib.util
import mimetypes
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from core.language.speech import _
from core.web.parameters import follows

ASSETS = Path(__file__).parents[2] / "assets"

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # for addresses that carry a version
VARYING = {**FOREVER, "Vary": "Accept-Encoding"}
COMPRESSED = {**VARYING, "Content-Encoding": "gzip"}


async def plotly_js(request: Request) -> Response:
    """plotly.js as the installed plotly package brings it; its address carries the version, so it may be kept."""
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(_compressed_plotly_js(), media_type="text/javascript", headers=COMPRESSED)
    return FileResponse(_plotly_js(), media_type="text/javascript", headers=VARYING)


@follows
async def asset(request: Request) -> Response:
    """A file of assets/; the version in its address is that of all of them, so scripts can import each other."""
    name = request.path_params["file"]
    found = _kept(ASSETS).get(name)
    if found is None:
        return JSONResponse({"error": _("There is no asset {name}.", name=name)}, 404)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.compressed, media_type=found.type, headers=COMPRESSED)
    return Response(found.content, media_type=found.type, headers=VARYING)


@dataclass(frozen=True)
class Asset:
    """A file as it is sent."""

    content: bytes
    compressed: bytes
    type: str


@functools.cache
def _kept(folder: Path) -> dict[str, Asset]:
    return {name: _asset((folder / name).read_bytes(), name) for name in _asset_files()}


def _asset(content: bytes, name: str) -> Asset:
    return Asset(content, gzip.compress(content, mtime=0), mimetypes.guess_type(name)[0] or "application/octet-stream")


@functools.cache
def assets_address() -> str:
    """Where the pages load assets from, relative to the server's root; changes when any asset or plotly changes."""
    digest = hashlib.sha256(version("plotly").encode())
    for name in _asset_files():
        digest.update((ASSETS / name).read_bytes())
    return f"assets/{digest.hexdigest()[:10]}"


def plotly_address() -> str:
    """Where the pages' scripts fetch plotly.js (assets/shared/plotly.js): a browser may keep it until it is another."""
    return f"vendor/plotly.min.js?v={assets_address().removeprefix('assets/')}"


def _asset_files() -> list[str]:
    return sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*") if path.is_file())


@functools.cache
def _compressed_plotly_js() -> bytes:
    """1.5 MB, and a tenth of a second's work: a class opens the page at once."""
    return gzip.compress(_plotly_js().read_bytes(), compresslevel=6, mtime=0)


@functools.cache
def _plotly_js() -> Path:
    # Found, not imported: the server needs one file of the package.
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    return Path(str(spec.origin)).parent / "package_data" / "plotly.min.js"
