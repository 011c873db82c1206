"""Every page through the frame in four states (no run, running, finished, failed), and the link."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import product
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.runtime.scriptrunner.exec_code import modified_sys_path
from streamlit.testing.v1 import AppTest

from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.fitting import DIGITS
from core.experiment.links import from_query, to_query
from core.experiment.rules import ConfigError
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


def test_a_running_run_is_shown_to_whoever_has_its_link_but_is_not_theirs() -> None:
    run = manager().submit(ENDLESS)
    shown = panel(open_frame(run=run.id))
    assert (shown["run"], shown["mine"]) == (run.id, False)
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
        r"none · sigmoid · 学习率 0\.1 → 0\.05（自第[\d,]+步起） · 批量大小 2 · 深度 8 · 1,?000个迭代周期 · 随机种子 0",
        panel(open_frame(run=run.id, lang="zh"))["label"],
    )


def test_decay_and_schedule_are_named_where_they_are_unusual_and_the_page_knows_of_the_schedule() -> None:
    config = replace(SMALL, weight_decay=5e-4, schedule="step", step_epochs=2, step_factor=0.1)
    shown = panel(open_frame(run=ended(config).id))
    assert shown["scheduled"] is True
    assert "weight decay 0.0005 · lr × 0.1 every 2 epochs · seed 0" in shown["settings"]
    shown = panel(open_frame(run=ended(SMALL).id))
    assert (shown["scheduled"], shown["settings"]) == (False, "sigmoid · Xavier weights · seed 0")


def test_the_fields_of_a_stepwise_schedule_can_be_filled_where_it_is_chosen_and_keep_their_values() -> None:
    app = open_frame(schedule="step", step_epochs="3", step_factor="0.2", decay="0.01")
    fields = [app.number_input(key=name) for name in ("weight_decay", "step_epochs", "step_factor")]
    assert [(field.value, field.disabled) for field in fields] == [(0.01, False), (3, False), (0.2, False)]
    app.selectbox(key="schedule").select("Cosine, down to 0").run()
    fields = [app.number_input(key=name) for name in ("step_epochs", "step_factor")]
    assert [(field.value, field.disabled) for field in fields] == [(3, True), (0.2, True)]
    assert link_of(app)["schedule"] == "cosine"
    app.button(key="preset First look").click().run()
    assert link_of(app) == to_query(PRESETS["First look"])


def test_a_failed_run_is_shown() -> None:
    run = ended(DIVERGING)
    assert run.status == "failed"
    assert panel(open_frame(run=run.id))["run"] == run.id


def test_a_run_that_is_gone_is_reported() -> None:
    shown = panel(open_frame(run="gone"))
    assert shown["run"] == ""
    assert "not here any more" in shown["notices"][0]


def test_a_link_to_where_a_reason_is_seen_keeps_that_place_for_the_browser_and_is_no_setting() -> None:
    app = open_frame(lr="0.25", look="20,conv1,fixed,mean_abs")
    assert panel(app)["notices"] == []
    assert link_of(app).items() >= {"lr": "0.25", "look": "20,conv1,fixed,mean_abs"}.items()


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
    "setting", ["examples", "batch_size", "learning_rate", "epochs", "dropout", "momentum", "weight_decay", "seed"]
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


ODD = {
    bool: st.booleans() | st.none(),
    int: st.integers() | st.none() | st.floats(),
    float: st.floats() | st.none() | st.integers(),
    str: st.text(max_size=20) | st.none(),
    tuple: st.lists(st.text(max_size=8) | st.sampled_from(["bn", "none", "gn2", "bn:eps=nan"]), max_size=8) | st.none(),
}


@given(st.data())
def test_whatever_the_form_may_hold_is_an_experiment_or_a_refusal_in_words(data: st.DataObject) -> None:
    usual = {field.name: getattr(ExperimentConfig(), field.name) for field in fields(ExperimentConfig)}
    usual["arms"] = [arm.name for arm in usual["arms"]]
    odd = data.draw(st.sets(st.sampled_from(sorted(usual)), min_size=1, max_size=3))
    kinds = {name: tuple if name == "arms" else type(usual[name]) for name in usual}
    values = usual | {name: data.draw(ODD[kinds[name]], label=name) for name in sorted(odd)}
    assert len(said_of(values)) > 20


def said_of(values: dict[str, Any]) -> str:
    try:
        return f"an experiment that takes {read_config(values).work:,}"
    except ConfigError as refused:
        return str(refused)


def test_settings_that_take_more_than_a_run_may_here_are_explained_before_start_is_pressed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(manager(), "most_work", 900_000)
    app = open_frame()
    assert not app.error
    app.number_input(key="epochs").set_value(4).run()
    assert "at most 900,000 images × epochs × arms × layers; this one takes 1,200,000" in app.error[0].value
    assert panel(app)["problem"] == app.error[0].value


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


def test_a_visit_begins_once_what_the_first_run_would_wait_for(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[None] = []
    monkeypatch.setattr("core.runs.manager.get_ready", lambda: begun.append(None))
    manager.cache_clear()
    open_frame()
    open_frame()
    manager()._ready.join(60)
    assert len(begun) == 1


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


def test_what_a_link_sets_is_told_again_to_a_browser_that_may_not_have_drawn_it() -> None:
    """Streamlit's proto says `set_value` where the browser is to take the number, which it else has from before."""
    app = open_frame(**to_query(SMALL))
    told = [app.number_input("examples").proto.set_value]
    for _ in range(2):
        app.run()
        told.append(app.number_input("examples").proto.set_value)
    assert told == [True, True, False]
    app = open_frame(**to_query(SMALL))
    app.number_input("examples").set_value(128).run()  # while the first page is being drawn
    assert app.number_input("examples").value == 128
