"""Every page through the frame in four states (no run, running, finished, failed), and the link."""

import importlib
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

import pytest
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path
from streamlit.testing.v1 import AppTest

from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.fitting import DIGITS
from core.experiment.links import from_query, to_query
from core.experiment.rules import ConfigError
from core.runs import gallery
from core.runs.manager import RunManager, manager
from core.runs.run import Run
from core.training.records import LearningRateChanged
from pages.parts.controls import read_config
from tests.pages.visits import FRAME, open_frame

SMALL = ExperimentConfig(data="digits", examples=64, batch_size=32, epochs=1)
ENDLESS = ExperimentConfig(data="digits", examples=64, batch_size=2, epochs=1000, arms=(parse_arm("none"),))
DIVERGING = ExperimentConfig(
    data="digits", examples=64, batch_size=32, learning_rate=1e30, activation="relu", arms=(parse_arm("none"),)
)


@pytest.fixture(autouse=True)
def no_run_is_left_behind() -> Iterator[None]:
    yield
    manager().shutdown(20)


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
    until(lambda: any(isinstance(record, LearningRateChanged) for record in run.history))
    run.stop(run.key)
    until(lambda: run.ended)
    label = panel(open_frame(run=run.id))["label"]
    assert re.fullmatch(
        r"none · sigmoid · lr 0\.1 → 0\.05 from step [\d,]+ · batch 2 · depth 8 · 1,?000 epochs · seed 0", label
    )
    assert re.fullmatch(
        r"none · sigmoid · 学习率 0\.1 → 0\.05（自第[\d,]+步起） · 批量大小 2 · 层数 8 · 1,?000个迭代周期 · 随机种子 0",
        panel(open_frame(run=run.id, lang="zh"))["label"],
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
    assert "Epochs: A run has 1 to 1,000 epochs; got 0. Use" in app.error[0].value
    assert panel(app)["problem"] == app.error[0].value
    assert app.number_input(key="epochs").value == 0


@pytest.mark.parametrize(
    "setting", ["examples", "batch_size", "learning_rate", "epochs", "dropout", "momentum", "seed"]
)
def test_an_emptied_field_is_explained_by_its_label(setting: str) -> None:
    app = open_frame()
    field = app.number_input(key=setting)
    field.set_value(None).run()
    assert app.error[0].value == f"{field.label} is empty. Fill it in, or choose a preset."
    assert panel(app)["problem"] == app.error[0].value
    assert app.number_input(key=setting).value is None
    app.button(key="preset First look").click().run()
    assert not app.error


def test_a_refusal_names_all_the_fields_that_it_is_about_by_their_labels() -> None:
    app = open_frame(batch="512", examples="600")
    app.number_input(key="examples").set_value(500).run()
    labels = [app.number_input(key=setting).label for setting in ("examples", "batch_size")]
    assert app.error[0].value.startswith(f"{', '.join(labels)}: A mini-batch cannot be larger")


@pytest.mark.parametrize("settings", [{"epochs": None}, {"epochs": 0}, {"arms": ["bnn"]}, {"momentum": 2.0}])
def test_no_refusal_on_the_page_has_a_name_out_of_the_code(settings: dict[str, Any]) -> None:
    values = {field.name: getattr(ExperimentConfig(), field.name) for field in fields(ExperimentConfig)}
    with pytest.raises(ConfigError) as refusal:
        read_config(values | {"arms": ["bn"]} | settings)
    label = {"epochs": "Epochs", "arms": "Arms", "momentum": "Momentum (SGD)"}[next(iter(settings))]
    assert str(refusal.value).startswith(label)


def test_an_arm_that_was_typed_wrong_is_explained() -> None:
    app = open_frame(arms="bn")
    app.multiselect(key="arms").set_value(["none"]).run()
    assert not app.error
    app.multiselect(key="arms").set_value([]).run()
    assert "1 to 6 arms; got 0" in app.error[0].value


def form(app: AppTest) -> dict[str, Any]:
    return {setting: app.number_input(key=setting).value for setting in DIGITS}


def test_choosing_the_digits_takes_their_settings_says_which_and_gives_the_others_back() -> None:
    app = open_frame()
    before = form(app)
    assert not said(app)
    app.selectbox(key="data").set_value("digits").run()
    assert form(app) == DIGITS
    assert said(app).endswith("Other images bring back what was there.")
    for setting, value in DIGITS.items():
        was = f"{app.number_input(key=setting).label.lower()} {value:,} instead of {before[setting]:,}"
        assert (was in said(app)) == (value != before[setting])
    app.selectbox(key="data").set_value("kmnist").run()
    assert form(app) == before
    assert not said(app)


def test_what_the_visitor_has_changed_is_kept_on_the_way_to_the_digits_and_back() -> None:
    app = open_frame()
    app.number_input(key="batch_size").set_value(64).run()
    app.number_input(key="examples").set_value(30_000).run()
    app.selectbox(key="data").set_value("digits").run()
    assert form(app) == DIGITS | {"batch_size": 64}
    assert "batch size" not in said(app)
    app.number_input(key="epochs").set_value(4).run()
    assert "epochs" not in said(app)
    app.selectbox(key="data").set_value("fashion-mnist").run()
    assert form(app) == {"examples": 30_000, "batch_size": 64, "epochs": 4}


def test_changing_between_data_of_one_size_changes_nothing_else() -> None:
    app = open_frame(batch=str(DIGITS["batch_size"]), epochs=str(DIGITS["epochs"]))
    before = form(app)
    app.selectbox(key="data").set_value("mnist").run()
    assert form(app) == before


def test_a_link_to_the_digits_says_what_they_take_and_leads_back_to_first_look() -> None:
    app = open_frame(data="digits")
    assert form(app) == DIGITS
    assert said(app).endswith("Other images take those of First look.")
    assert "instead of" not in said(app)  # nothing was there
    assert "bring back" not in said(app)
    app.selectbox(key="data").set_value("mnist").run()
    assert form(app) == {setting: getattr(ExperimentConfig(), setting) for setting in DIGITS}


def said(app: AppTest) -> str:
    """What the form says about the digits; empty elsewhere."""
    return next((caption.value for caption in app.caption if caption.value.startswith("So few images")), "")


def test_what_every_preset_sets_is_told_in_words_and_how_long_it_takes_once_that_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    manager.cache_clear()
    unknown = presets_told(open_frame())
    assert list(unknown) == ["First look", "Book, as read", "Book, zh", "Book, en"]
    assert all(text.endswith("Not timed here yet.") for text in unknown.values())
    monkeypatch.setattr(RunManager, "seconds_for", lambda _, config: 0.001 * config.examples * config.epochs)
    known = [text.split(". ")[-1] for text in presets_told(open_frame()).values()]
    assert known == ["About 60 s here.", *["About 10 min here."] * 3]


def presets_told(app: AppTest) -> dict[str, str]:
    """What the unfolded list says of each."""
    told = next(text.value for text in app.sidebar.markdown if "First look" in text.value)
    return dict(re.findall(r"\*\*(.+?)\.\*\* (.+)", told))


def test_changing_the_form_leaves_a_run_in_progress_alone() -> None:
    run = manager().submit(ENDLESS)
    app = open_frame(run=run.id)
    app.number_input(key="epochs").set_value(7).run()
    app.selectbox(key="data").set_value("mnist").run()
    shown = panel(app)
    assert (shown["run"], shown["changed"]) == (run.id, "images mnist, epochs 7")
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
