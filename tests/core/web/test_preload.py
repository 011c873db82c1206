"""The scripts of a page are named in the header of its document: all of them, in that document alone."""

import re
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import HTMLResponse, JSONResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from core.web.assets import ASSETS, assets_address
from core.web.preload import ON_EVERY_PAGE, SCRIPTS, Preloading, link, needed

NAMED = re.compile(r"<([^>]+)>; rel=modulepreload; fetchpriority=low")


def client(base: str = "") -> TestClient:
    start = "/" + base if base else ""
    routes = [
        Route(f"{start}/api/health", lambda _: JSONResponse({})),
        Route(f"{start}/broken", lambda _: HTMLResponse("no", 500)),
        Route(f"{start}/{{page:path}}", lambda _: HTMLResponse("a page")),
    ]
    return TestClient(Starlette(routes=routes, middleware=[Middleware(Preloading, base=base)]))


@pytest.mark.parametrize("base", ["", "norm", "/courses/norm/"])
@pytest.mark.parametrize("page", SCRIPTS)
def test_a_page_names_its_script_and_those_files_are_there(page: str, base: str) -> None:
    start = "/" + base.strip("/") if base else ""
    header = client(base.strip("/")).get(f"{start}/{page}").headers["link"]
    names = [address.removeprefix(f"{assets_address()}/") for address in NAMED.findall(header)]
    assert SCRIPTS[page] in names
    assert len(names) == len(set(names))
    assert all((ASSETS / name).is_file() for name in names)


def test_the_pages_that_draw_charts_name_plotly_js_too_under_the_address_at_which_their_script_fetches_it() -> None:
    pages = {page for page in SCRIPTS if "plotly.min.js" in client().get(f"/{page}").headers["link"]}
    assert pages == set(SCRIPTS) - {"cube", "reference"}
    digest = assets_address().removeprefix("assets/")
    assert f"<vendor/plotly.min.js?v={digest}>; rel=preload; as=script; fetchpriority=low" in link("train")
    assert "`vendor/plotly.min.js?v=${version()}" in (ASSETS / "shared" / "plotly.js").read_text()


@pytest.mark.parametrize("address", ["/api/health", "/broken", "/static/index.html", "/cube/more"])
def test_nothing_else_does(address: str) -> None:
    assert "link" not in client().get(address).headers


def test_every_page_of_the_frame_has_a_script() -> None:
    frame = (Path(__file__).parents[3] / "pages" / "frame.py").read_text()
    pages = re.findall(r'st\.Page\("(\w+)\.py"', frame)
    assert pages
    assert set(pages) <= set(SCRIPTS)


def test_imports_are_followed_through_lines_and_folders_and_named_once(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "one.js").write_text('import {\n  x,\n} from "../b/two.js";\nimport "./three.js";\n')
    (tmp_path / "b" / "two.js").write_text('export { y } from "./two_b.js"; // import "../a/no.js"\n')
    (tmp_path / "b" / "two_b.js").write_text('import { x } from "./two.js";\nconst text = "./none.js";\n')
    (tmp_path / "a" / "three.js").write_text('import "../b/two.js";\n')
    monkeypatch.setattr("core.web.preload.ASSETS", tmp_path)
    assert needed("a/one.js") == ["a/one.js", "b/two.js", "a/three.js", "b/two_b.js"]


# What a visitor waits for before anything can be pressed: how many scripts, each of them a question to the server, and
# how many thousand letters. A page that needs more begins with less, and imports the rest when it is used.
BUDGETS = {
    "": (49, 144),
    "activations": (48, 155),
    "gradients": (43, 131),
    "parameters": (45, 145),
    "cube": (31, 136),
    "lessons": (30, 101),
    "lab": (31, 110),
    "runs": (44, 146),
    "reference": (20, 59),
}


@pytest.mark.parametrize("page", BUDGETS)
def test_a_page_begins_with_no_more_scripts_than_its_budget(page: str) -> None:
    names = needed(SCRIPTS[page], *ON_EVERY_PAGE)
    scripts, thousands = BUDGETS[page]
    assert len(names) <= scripts
    assert sum((ASSETS / name).stat().st_size for name in names) <= 1000 * thousands


def test_train_does_not_wait_for_what_draws() -> None:
    drawing = ["train/charts.js", "train/curves.js", "train/strip_charts.js", "train/saved.js", "shared/saved_image.js"]
    begins_with = needed(SCRIPTS[""], *ON_EVERY_PAGE)
    assert not set(drawing) & set(begins_with)
    assert set(drawing) <= set(needed("train/charts.js"))
    named = [address.removeprefix(f"{assets_address()}/") for address in NAMED.findall(link(""))]
    assert named[: len(begins_with)] == begins_with
    assert set(drawing) <= set(named[len(begins_with) :])  # fetched after, and there when there is something to draw
