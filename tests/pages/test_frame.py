"""Every page through the frame in four states (no run, running, finished, failed), and the link."""

import importlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path
from streamlit.testing.v1 import AppTest

from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.links import from_query, to_query
from core.experiment.rules import ConfigError
from core.runs import gallery
from core.runs.manager import manager
from core.runs.run import Run
from pages.parts.controls import read_config

FRAME = Path(__file__).parents[2] / "pages" / "frame.py"
SMALL = ExperimentConfig(data="digits", examples=64, batch_size=32, epochs=1)
ENDLESS = ExperimentConfig(data="digits", examples=64, batch_size=2, epochs=1000, arms=(parse_arm("none"),))
DIVERGING = ExperimentConfig(
    data="digits", examples=64, batch_size=32, learning_rate=1e30, activation="relu", arms=(parse_arm("none"),)
)


@pytest.fixture(autouse=True)
def no_run_is_left_behind() -> Iterator[None]:
    yield
    manager().shutdown(20)


def open_frame(**link: str) -> AppTest:
    app = AppTest.from_file(str(FRAME), default_timeout=60)
    for key, value in link.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception
    return app


def link_of(app: AppTest) -> dict[str, str]:
    return {key: app.query_params[key] for key in app.query_params}


def panel(app: AppTest) -> dict[str, Any]:
    """What the browser element of the train page is handed."""
    return dict(json.loads(app.get("bidi_component")[0].proto.json))


def ended(config: ExperimentConfig) -> Run:
    run = manager().submit(config)
    manager().join(run, 60)
    return run


def test_without_a_run_the_page_names_the_arms_to_come() -> None:
    shown = panel(open_frame())
    assert shown["run"] == ""
    assert [arm["title"] for arm in shown["arms"]] == ["No normalization", "BatchNorm", "LayerNorm"]


def test_a_running_run_is_shown_to_whoever_has_its_link_without_the_key() -> None:
    run = manager().submit(ENDLESS)
    shown = panel(open_frame(run=run.id))
    assert (shown["run"], shown["key"]) == (run.id, "")
    assert not run.ended


def test_a_finished_run_is_shown() -> None:
    run = ended(SMALL)
    assert run.status == "finished"
    assert panel(open_frame(run=run.id))["run"] == run.id


def test_a_run_is_named_with_the_learning_rate_that_it_ended_with_and_what_is_unusual_about_it(until) -> None:
    run = manager().submit(replace(ENDLESS, depth=8))
    until(lambda: run.snapshot().step > 2)
    run.change_learning_rate(run.key, 0.05)
    until(lambda: run.snapshot().learning_rate == 0.05)
    run.stop(run.key)
    until(lambda: run.ended)
    label = panel(open_frame(run=run.id))["label"]
    assert re.fullmatch(
        r"none · sigmoid · lr 0\.1 → 0\.05 from step [\d,]+ · batch 2 · depth 8 · 1,?000 epochs · seed 0", label
    )


def test_a_failed_run_is_shown() -> None:
    run = ended(DIVERGING)
    assert run.status == "failed"
    assert panel(open_frame(run=run.id))["run"] == run.id


def test_a_run_that_is_gone_is_reported() -> None:
    shown = panel(open_frame(run="gone"))
    assert shown["run"] == ""
    assert "not here any more" in shown["notices"][0]


def test_the_link_fills_the_form_and_the_form_the_link() -> None:
    app = open_frame(lr="0.25", batch="64", arms="bn,gn1")
    assert app.number_input(key="learning_rate").value == 0.25
    assert app.multiselect(key="arms").value == ["bn", "gn1"]
    app.number_input(key="batch_size").set_value(32).run()
    assert link_of(app) | {"batch": "32", "lr": "0.25", "arms": "bn,gn1"} == link_of(app)


def test_the_whole_configuration_is_in_the_link() -> None:
    assert link_of(open_frame()) == to_query(ExperimentConfig())


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_sets_every_setting(name: str) -> None:
    app = open_frame(depth="12", act="relu", epochs="9")
    app.button(key=f"preset {name}").click().run()
    assert link_of(app) == to_query(PRESETS[name])


def test_a_setting_that_cannot_be_run_is_explained_and_kept() -> None:
    app = open_frame()
    app.number_input(key="epochs").set_value(0).run()
    assert "1 to 1,000 epochs; got epochs 0" in app.error[0].value
    assert panel(app)["problem"] == app.error[0].value
    assert app.number_input(key="epochs").value == 0


def test_an_emptied_field_is_explained() -> None:
    with pytest.raises(ConfigError, match="epochs is empty"):
        read_config({"epochs": None, "arms": ["bn"]})


def test_an_arm_that_was_typed_wrong_is_explained() -> None:
    app = open_frame(arms="bn")
    app.multiselect(key="arms").set_value(["none"]).run()
    assert not app.error
    app.multiselect(key="arms").set_value([]).run()
    assert "1 to 6 arms; got 0" in app.error[0].value


def test_smaller_data_takes_what_it_has() -> None:
    app = open_frame()
    app.selectbox(key="data").set_value("digits").run()
    assert app.number_input(key="examples").value == 1437
    assert not app.error


def test_changing_the_form_leaves_a_run_in_progress_alone() -> None:
    run = manager().submit(ENDLESS)
    app = open_frame(run=run.id)
    app.number_input(key="epochs").set_value(7).run()
    app.selectbox(key="data").set_value("mnist").run()
    shown = panel(app)
    assert (shown["run"], shown["changed"]) == (run.id, "data mnist, epochs 7")
    assert run.config == ENDLESS
    assert not run.ended


def test_a_page_that_looks_inside_is_handed_the_run_in_every_state() -> None:
    states = {"": "", "running": manager().submit(ENDLESS).id}
    manager().shutdown(20)
    states |= {"finished": ended(SMALL).id, "failed": ended(DIVERGING).id}
    for page, run_id in product(("activations", "gradients", "parameters"), states.values()):
        app = open_frame(**{"run": run_id} if run_id else {})
        app.switch_page(str(FRAME.parent / f"{page}.py")).run()
        assert not app.exception
        shown = panel(app)
        assert shown["run"] == run_id
        assert shown["script"].endswith(f"/{page}.js")


def test_every_page_is_handed_the_runs_own_link_whatever_the_sidebar_says() -> None:
    run = ended(SMALL)
    app = open_frame(run=run.id)
    app.number_input(key="epochs").set_value(7).run()
    for page in ("train", "gradients"):
        app.switch_page(str(FRAME.parent / f"{page}.py")).run()
        link = dict(parse_qsl(panel(app)["link"]))
        assert link.pop("run") == run.id
        assert from_query(link) == (SMALL, [])


def test_a_visit_begins_once_to_import_what_the_first_run_would_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    imported, really = [], importlib.import_module
    monkeypatch.setattr(importlib, "import_module", lambda name, *rest: imported.append(name) or really(name, *rest))
    manager.cache_clear()
    open_frame()
    open_frame()
    ready = [thread for thread in threading.enumerate() if thread.name == "ready"]
    for thread in ready:
        thread.join(60)
    assert [name for name in imported if name in gallery.FOR_RUNS] == list(gallery.FOR_RUNS)


def test_a_visit_in_these_tests_leaves_the_list_of_import_folders_as_it_is() -> None:
    before = list(sys.path)
    with modified_sys_path(str(FRAME)):
        assert sys.path == before
    assert sys.path == before


@pytest.mark.slow
def test_a_visit_leaves_the_list_of_import_folders_as_it_is() -> None:
    """A folder put in and taken off again shifts the list under an import that a training thread has under way."""
    script = (
        "import sys, app\n"
        "from streamlit.runtime.scriptrunner.exec_code import modified_sys_path\n"
        "before = list(sys.path)\n"
        "with modified_sys_path(str(app.FRAME)): assert sys.path == before, sys.path\n"
        "assert sys.path == before"
    )
    ran = subprocess.run([sys.executable, "-c", script], cwd=FRAME.parents[1], capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
