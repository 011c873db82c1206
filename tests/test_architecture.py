"""The rules that hold the house up, each shown to be able to fail.

Who may import whom is said in pyproject.toml and checked by import-linter; here planted imports show that it notices.
"""

from __future__ import annotations

import ast
import json
import pkgutil
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import core

ROOT = Path(__file__).resolve().parent.parent
MOST_LINES, MOST_IN_CORE = 400, 300
CALLS_BY_NAME = "core/runs/gallery.py"  # which has the slow modules imported while nobody waits
NO_TORCH = ("core/training/records.py", "core/exports/figures.py", "core/cube/axes.py")
MODULES = sorted(module.name for module in pkgutil.walk_packages(core.__path__, "core."))

# What is known to break a rule. An entry that does so no longer has to go, so that the list can only shrink.

DEBTS: dict[str, set[str]] = {}

Sources = dict[str, str]  # path from the project's folder: content


def sources(*patterns: str) -> Sources:
    paths = sorted(path for pattern in patterns for path in ROOT.glob(pattern) if path.is_file())
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths}


def project() -> Sources:
    return sources("app.py", "core/**/*.py", "pages/**/*.py", "bench/**/*.py", "assets/**/*.js", "assets/**/*.css")


# --- the checkers: what breaks a rule ----------------------------------------------------------------------------


def imported(source: str, path: str = "") -> Iterator[str]:
    """Every module that `source` imports, anywhere in it; relative ones as absolute, `from a import b` as a.b too."""
    package = Path(path).parent.parts
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1], node.module] if node.level else [node.module]
            module = ".".join(filter(None, base))
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            yield from (str(arg.value) for arg in node.args[:1] if isinstance(arg, ast.Constant))


def imports(files: Sources, *modules: str) -> list[str]:
    """The files that import one of `modules` or something in them."""
    return [
        path
        for path, source in files.items()
        if path.endswith(".py")
        and any(
            name == module or name.startswith(f"{module}.") for name in imported(source, path) for module in modules
        )
    ]


def state_outside_the_session(files: Sources) -> list[str]:
    words = ("session_state", "cache_resource")
    return [path for path, text in files.items() if any(w in text for w in words) and path != "pages/parts/session.py"]


def threads_outside_runs_and_crew(files: Sources) -> list[str]:
    runs = imports(files, "threading", "_thread", "multiprocessing")
    crews = [path for path, source in files.items() if "PoolExecutor" in source]  # a Future alone starts nothing
    others = [path for path in runs if not path.startswith("core/runs/")]
    return others + [path for path in crews if path != "core/training/crew.py"]


def plotly_outside_figures(files: Sources) -> list[str]:
    return [path for path in imports(files, "plotly") if path != "core/exports/figures.py"]


def torch_where_none_is_needed(files: Sources) -> list[str]:
    return imports({path: source for path, source in files.items() if path in NO_TORCH}, "torch", "torchvision")


def drawers_for_everything(files: Sources) -> list[str]:
    return [path for path in files if Path(path).stem in ("util", "utils", "helper", "helpers", "misc", "common")]


def files_too_long(files: Sources) -> list[str]:
    most = {path: MOST_IN_CORE if path.startswith("core/") else MOST_LINES for path in files}
    return [path for path, text in files.items() if len(text.splitlines()) > most[path]]


def imports_that_the_linter_cannot_see(files: Sources) -> list[str]:
    linted = {path: text for path, text in files.items() if path.startswith(("core/", "pages/"))}
    calls = ("import_module(", "__import__(")
    return [path for path, text in linted.items() if any(call in text for call in calls) and path != CALLS_BY_NAME]


def environment_outside_its_file(files: Sources) -> list[str]:
    reads = re.compile(r"(environ|getenv)\W[^\n]*NORMSCOPE_")
    return [path for path, text in files.items() if reads.search(text) and path != "core/experiment/environment.py"]


def fragments_without_a_language(files: Sources) -> list[str]:
    """Streamlit runs a fragment without the frame, which says whose language is spoken: language.fragment does, too."""
    fragments = re.compile(r"\bst\.fragment\b|import .*\bfragment\b")
    return [path for path, text in files.items() if fragments.search(text) and path != "pages/parts/language.py"]


def the_workshop_where_the_product_runs(files: Sources) -> list[str]:
    """Babel and what uses it are for who develops; an image has neither."""
    return imports(
        {path: text for path, text in files.items() if not path.startswith("bench/")}, "babel", "translation"
    )


def rooms_that_export(files: Sources) -> list[str]:
    """The rooms of core whose own file has more than a docstring, or none."""
    rooms = {path: ast.parse(text) for path, text in files.items() if re.fullmatch(r"core/(\w+/)?__init__\.py", path)}
    return [path for path, tree in rooms.items() if ast.get_docstring(tree) is None or len(tree.body) > 1]


def what_is_on_no_map(files: Sources) -> list[str]:
    """The files that have no line in their room's docstring, and the rooms that have none in core's."""
    maps = {str(Path(path).parent): text for path, text in files.items() if path.endswith("/__init__.py")}
    places = [Path(path).parent if path.endswith("/__init__.py") else Path(path).with_suffix("") for path in files]
    inside = [place for place in places if str(place.parent) in maps and place.parts[0] == "core"]
    inside = [place for place in inside if place.name != "__main__"]
    return [str(place) for place in inside if not re.search(rf"(?m)^{place.name} ", maps[str(place.parent)])]


RULES = {
    state_outside_the_session: [
        {"pages/train.py": "import streamlit as st\nst.session_state['x'] = 1"},
        {"pages/parts/live.py": "@st.cache_resource\ndef f(): ..."},
        {"core/runs/run.py": "cache_resource"},
    ],
    threads_outside_runs_and_crew: [
        {"pages/train.py": "from concurrent.futures import ThreadPoolExecutor"},
        {"core/data/files.py": "def f():\n    from threading import Thread"},
        {"core/training/crew.py": "import threading"},
    ],
    plotly_outside_figures: [
        {"pages/train.py": "import plotly.graph_objects as go"},
        {"core/web/api.py": "from plotly import offline"},
    ],
    torch_where_none_is_needed: [{path: "import torch"} for path in NO_TORCH],
    drawers_for_everything: [{"core/utils.py": ""}, {"pages/parts/helpers.py": ""}],
    files_too_long: [
        {"core/runs/run.py": "x\n" * (MOST_IN_CORE + 1)},
        {"assets/train/live.js": "x\n" * (MOST_LINES + 1)},
    ],
    imports_that_the_linter_cannot_see: [
        {"core/data/files.py": "import importlib\nimportlib.import_module('streamlit')"},
        {"pages/train.py": "__import__('torch')"},
    ],
    environment_outside_its_file: [
        {"core/runs/run.py": "os.environ['NORMSCOPE_HOME']"},
        {"pages/train.py": "os.getenv('NORMSCOPE_HOME')"},
        {"bench/page.py": "x = os.environ.get('NORMSCOPE_HOME', '')"},
    ],
    fragments_without_a_language: [
        {"pages/parts/cube_view.py": "@st.fragment\ndef f(): ..."},
        {"pages/parts/live.py": "from streamlit import fragment"},
    ],
    the_workshop_where_the_product_runs: [
        {"core/language/lists.py": "from babel.lists import format_list"},
        {"pages/frame.py": "import translation.catalog"},
    ],
    rooms_that_export: [
        {"core/runs/__init__.py": '"""Runs.\n\nrun  one\ngallery  its\n"""\nfrom core.runs.run import Run'},
        {"core/runs/__init__.py": "# run"},
        {"core/nets/__init__.py": '"""Networks.\n\nlenet  one\n"""\nVERSION = 1'},
    ],
    what_is_on_no_map: [
        {"core/runs/pace.py": ""},
        {"core/attic/__init__.py": '"""Things."""'},
    ],
}
ALLOWED = {
    "core/__init__.py": '"""The map.\n\nruns  of today\nexports  of them\nnets  to run\ntraining  them"""',
    "core/runs/__init__.py": '"""Runs.\n\nrun      one\ngallery  its images\n"""',
    "core/runs/gallery.py": "importlib.import_module(name)",
    "core/runs/run.py": "import threading\nfrom core.training.records import Record",
    "core/training/crew.py": "from concurrent.futures import ThreadPoolExecutor",
    "core/exports/figures.py": "import plotly.graph_objects as go",
    "core/nets/lenet.py": "import torch\nimport streamlitlike" + "\n" * (MOST_IN_CORE - 2),
    "pages/parts/session.py": "import streamlit as st\nst.session_state['x'] = 1",
    "pages/train.py": "from pages.parts import live" + "\n" * MOST_LINES,
}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_file_breaks_the_rule(rule) -> None:
    assert set(rule(project())) == DEBTS.get(rule.__name__, set())


@pytest.mark.parametrize(("rule", "bad"), [(rule, bad) for rule, cases in RULES.items() for bad in cases])
def test_the_rule_can_fail(rule, bad: Sources) -> None:
    assert len(rule(ALLOWED | bad)) == 1


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_lets_pass_what_is_right(rule) -> None:
    assert rule(ALLOWED) == []


def test_the_rules_look_at_the_whole_project() -> None:
    assert {"app.py", "core/runs/run.py", "pages/frame.py", "pages/parts/session.py"} <= project().keys()


# --- who imports whom --------------------------------------------------------------------------------------------

PLANTED = {
    "A room imports only from rooms below it": [
        {"core/nets/lenet.py": "from core.runs import run"},
        {"core/language/lists.py": "from core.experiment.rules import quoted"},
        {"core/experiment/config.py": "def f():\n    import core.data.files"},
        {"core/training/meter.py": "if TYPE_CHECKING:\n    from core.cli import flags"},
        {"core/attic/__init__.py": "", "core/attic/box.py": ""},
    ],
    "core knows no screen": [
        {"core/data/files.py": "import streamlit as st"},
        {"core/data/files.py": "def f():\n    from streamlit.runtime import get_instance"},
        {"core/cli/flags.py": "from pages.parts import live"},
        {"core/web/api.py": "import app"},
    ],
    "pages know no torch": [
        {"pages/train.py": "import torch"},
        {"pages/parts/live.py": "from torch import nn"},
        {"pages/parts/live.py": "import numpy as np"},
    ],
    "No page imports another": [
        {"pages/train.py": "from pages import cube"},
        {"pages/train.py": "import pages.cube"},
        {"pages/parts/live.py": "from .. import train"},
        {"pages/gallery.py": ""},
    ],
    "No page imports another as a script": [{"pages/train.py": "import cube"}],
}


def linted(folder: Path) -> subprocess.CompletedProcess[str]:
    """What `lint-imports` says of the project in `folder`."""
    linter = [Path(sys.executable).with_name("lint-imports"), "--no-logo", "--no-cache"]
    return subprocess.run(linter, cwd=folder, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The project as far as import-linter reads it, with all of PLANTED in it, and what is said of each contract."""
    folder = tmp_path_factory.mktemp("planted")
    for name in ("core", "pages"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder)
    for path, text in [planted for cases in PLANTED.values() for bad in cases for planted in bad.items()]:
        (folder / path).parent.mkdir(exist_ok=True)
        with (folder / path).open("a") as file:
            file.write(f"\n{text}\n")
    done = linted(folder)
    assert done.returncode == 1
    assert [name for name in PLANTED if f"{name} BROKEN" not in done.stdout] == []
    _, *said = re.split(rf"^({'|'.join(PLANTED)})\n-+$", done.stdout, flags=re.MULTILINE)
    return folder, dict(zip(said[::2], said[1::2], strict=True))


def test_import_linter_finds_nothing_and_has_looked_at_everything() -> None:
    done = linted(ROOT)
    assert (done.returncode, "0 broken" in done.stdout) == (0, True), done.stdout
    assert [name for name in PLANTED if f"{name} KEPT" not in done.stdout] == []


@pytest.mark.parametrize(("contract", "bad"), [(name, bad) for name, cases in PLANTED.items() for bad in cases])
def test_import_linter_notices_a_planted_import(contract: str, bad: Sources, told: tuple[Path, dict[str, str]]) -> None:
    folder, said = told
    path, text = next(iter(bad.items()))
    if text:
        module = path.removesuffix(".py").replace("/", ".")
        line = (folder / path).read_text()[: (folder / path).read_text().index(f"\n{text}\n")].count("\n") + 2
        line += text.count("\n")  # the import is its last
        assert re.search(rf"{re.escape(module)} -> [\w.]+ \([^)]*\bl\.{line}\b", said[contract])
    else:
        assert f"- {path.removesuffix('.py').removesuffix('/__init__').replace('/', '.')}\n" in said[contract]


# --- what really happens on import -------------------------------------------------------------------------------

PROBE = """
import json, random, sys
modules, paths = json.loads(sys.argv[1])
sys.path[:0] = paths

import threading, numpy, torch  # what they do themselves is not the project's doing

forbidden = ("socket.connect", "socket.getaddrinfo", "urllib.Request", "subprocess.Popen", "os.system")
events = []
sys.addaudithook(lambda event, args: events.append(event) if event in forbidden else None)

def state():
    return {
        "thread": sorted(t.name for t in threading.enumerate()),
        "torch's random state": torch.get_rng_state().tolist(),
        "numpy's random state": repr(numpy.random.get_state()),
        "python's random state": random.getstate(),
        "CUDA": torch.cuda.is_initialized(),
        "torch's threads": torch.get_num_threads(),
        "default dtype": torch.get_default_dtype(),
    }

found = {}
for module in modules:
    events.clear()
    before, loaded = state(), set(sys.modules)
    __import__(module)
    after = state()
    now = {name.split(".")[0] for name in set(sys.modules) - loaded}
    unwanted = now & {"streamlit", "pages", "app", "torchvision", "sklearn"}  # screens, and what takes a second to load
    found[module] = [*events, *(key for key in before if before[key] != after[key]), *unwanted]
print(json.dumps(found))
"""


def doings(modules: list[str], *paths: Path) -> dict[str, list[str]]:
    """What each of `modules` did when a fresh process imported it."""
    asked = json.dumps([modules, [str(path) for path in (ROOT, *paths)]])
    done = subprocess.run([sys.executable, "-c", PROBE, asked], cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    answer: dict[str, list[str]] = json.loads(done.stdout.splitlines()[-1])
    return answer


BAD_IMPORTS = {
    "thread": "import threading\nthreading.Thread(target=threading.Event().wait, name='x', daemon=True).start()",
    "torch's random state": "import torch\ntorch.manual_seed(1)",
    "numpy's random state": "import numpy\nnumpy.random.seed(0)",
    "python's random state": "import random\nrandom.random()",
    "CUDA": "import torch\ntorch.cuda.is_initialized = lambda: True",
    "torch's threads": "import torch\ntorch.set_num_threads(torch.get_num_threads() + 1)",
    "socket.connect": "import socket\ntry: socket.create_connection(('127.0.0.1', 9))\nexcept OSError: pass",
    "subprocess.Popen": "import subprocess\nsubprocess.run(['true'])",
    "streamlit": "import streamlit",
    **{
        name: f"import sys, types\nsys.modules[{name!r}] = types.ModuleType('x')" for name in ("torchvision", "sklearn")
    },
}


@pytest.fixture(scope="module")
def noticed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """What the modules of core did in a fresh process, and then the bad ones."""
    folder = tmp_path_factory.mktemp("bad")
    for number, doing in enumerate(BAD_IMPORTS):
        (folder / f"bad_{number}.py").write_text(BAD_IMPORTS[doing])
    return doings([*MODULES, *(f"bad_{number}" for number in range(len(BAD_IMPORTS)))], folder)


def test_importing_any_module_of_core_starts_nothing_and_loads_no_screen(noticed) -> None:
    assert "core.runs.run" in MODULES
    assert {module: noticed[module] for module in MODULES} == {module: [] for module in MODULES}


def test_whatever_a_module_does_on_import_is_noticed(noticed) -> None:
    assert [doing for number, doing in enumerate(BAD_IMPORTS) if doing not in noticed[f"bad_{number}"]] == []


@pytest.mark.parametrize("path", [path for path in NO_TORCH if (ROOT / path).exists()])
def test_what_needs_no_torch_loads_none(path: str) -> None:
    module = path.removesuffix(".py").replace("/", ".")
    loaded = f"import sys, {module}; print('torch' in sys.modules, 'plotly' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split()[0] == "False"


def test_no_two_test_files_have_the_same_name() -> None:
    """They are no packages, so pytest takes the second for the first, and collects neither."""
    names = Counter(path.name for path in (ROOT / "tests").rglob("test_*.py"))
    assert [name for name, count in names.items() if count > 1] == []


# Styles of pages on which nothing is drawn live.
STILL = {"assets/cube/page.css", "assets/report/report.css", "assets/shared/welcome.css"}


def asked_of_what_is_deep(styles: Sources) -> Iterator[str]:
    """Selectors with :has() of what is no child. A browser looks anew, at each change of a chart, at all around it.

    Measured on Train: 1,200 elements and 12 ms for each drawing of a live chart; without such styles 160 and 2.6 ms.
    """
    for path, style in styles.items():
        if path not in STILL:
            yield from (f"{path}: {each}" for each in re.findall(r"[^{},\n]*:has\(\s*(?!>)[^{}]*", style))


def test_no_style_asks_what_is_deep_inside_what_stands_around_a_live_chart() -> None:
    planted = {
        "assets/a.css": ".a:has(> .b) { color: red }\nbody:has(.b) .c { color: red }",
        "assets/cube/page.css": "body:has(.b) {}",
    }
    assert list(asked_of_what_is_deep(planted)) == ["assets/a.css: body:has(.b) .c "]
    assert list(asked_of_what_is_deep(sources("assets/**/*.css"))) == []
