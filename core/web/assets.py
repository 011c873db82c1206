"""What the browser loads: this project's scripts and styles, and plotly.js. Their addresses carry a version."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
from pathlib import Path

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from core.language.speech import _
from core.web.parameters import follows

ASSETS = Path(__file__).parents[2] / "assets"

FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}  # for addresses that carry a version


async def plotly_js(request: Request) -> Response:
    """plotly.js as the installed plotly package brings it; its address carries the version, so it may be kept."""
    return FileResponse(_plotly_js(), media_type="text/javascript", headers=FOREVER)


@follows
async def asset(request: Request) -> Response:
    """A file of assets/; the version in its address is that of all of them, so scripts can import each other."""
    name = request.path_params["file"]
    if name not in _asset_files():
        return JSONResponse({"error": _("There is no asset {name}.", name=name)}, 404)
    return FileResponse(ASSETS / name, headers=FOREVER)


@functools.cache
def assets_address() -> str:
    """Where the pages load assets from, relative to the server's root; changes when any asset changes."""
    digest = hashlib.sha256()
    for name in _asset_files():
        digest.update((ASSETS / name).read_bytes())
    return f"assets/{digest.hexdigest()[:10]}"


def _asset_files() -> list[str]:
    return sorted(path.relative_to(ASSETS).as_posix() for path in ASSETS.rglob("*") if path.is_file())


@functools.cache
def _plotly_js() -> Path:
    # Found, not imported: the server needs one file of the package.
    spec = importlib.util.find_spec("plotly")
    assert spec is not None
    return Path(str(spec.origin)).parent / "package_data" / "plotly.min.js"
