"""What the visitor orders, as the browser sends it: in one message with the form's values, maybe more than once."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from streamlit.components.v2.bidi_component.main import _make_trigger_id
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.data.files import DataError
from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import PRESETS, ExperimentConfig
from core.experiment.links import to_query
from core.runs import gallery
from core.runs.manager import RunManager
from core.runs.run import Run
from tests.pages.visits import open_frame

NONE = (parse_arm("none"),)
ENDLESS = ExperimentConfig(data="digits", examples=64, batch_size=16, epochs=1000, arms=NONE)
SMALL = replace(ENDLESS, epochs=1)
NOWHERE = {"run": ""}

pytestmark = pytest.mark.usefixtures("small_digits")


@pytest.fixture(autouse=True)
def no_run_is_left_behind(manager: RunManager) -> Iterator[None]:
    yield
    manager.shutdown(20)


@pytest.fixture(autouse=True)
def nothing_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever's folder has no Fashion-MNIST gets the digits for a preset, without a try."""
    really = gallery.load
    monkeypatch.setattr(gallery, "load", lambda name, *rest: really(name, *rest) if name == "digits" else missing(name))


def missing(name: str) -> Images:
    raise DataError(f"{name} is not complete.", missing=True)


def element(app: AppTest, name: str) -> Any:
    return next(each for each in app.get("bidi_component") if each.proto.component_name.endswith(f"normscope_{name}"))


def told(app: AppTest, name: str = "training") -> dict[str, Any]:
    """What an element of the browser is handed."""
    return dict(json.loads(element(app, name).proto.json))


def send(app: AppTest, *orders: dict[str, Any], seen: int | None = None) -> None:
    """The message that orders.js sends: all that the form's widgets hold, and the orders."""
    known = told(app, "orders")
    numbered = [{"number": known["heard"] + i} | NOWHERE | order for i, order in enumerate(orders, start=1)]
    sent = {"seen": known["sets"] if seen is None else seen, "orders": numbered}
    message = app._tree.get_widget_states()
    trigger = _make_trigger_id(element(app, "orders").proto.id, "events")
    message.widgets.append(WidgetState(id=trigger, json_trigger_value=json.dumps([{"event": "sent", "value": sent}])))
    app._run(message)
    assert not app.exception


def show_in_fields(app: AppTest, config: ExperimentConfig) -> None:
    """What a browser sends that has not been told of anything since the form showed `config`."""
    for name in ("examples", "batch_size", "learning_rate", "epochs", "dropout", "momentum", "seed"):
        app.number_input(key=name).set_value(getattr(config, name))
    for name in ("activation", "depth", "pool", "optimizer"):
        app.segmented_control(key=name).set_value(getattr(config, name))
    for name in ("data", "init"):
        app.selectbox(key=name).set_value(getattr(config, name))
    app.checkbox(key="drop_last").set_value(config.drop_last)
    app.multiselect(key="arms").set_value([arm.name for arm in config.arms])


def in_view(app: AppTest) -> dict[str, str]:
    """What an order says of the run in view."""
    return {"run": told(app)["run"]}


def run_of(app: AppTest, manager: RunManager) -> Run:
    run = manager.find(told(app)["run"])
    assert run is not None
    return run


# --- an order is carried out on what the form shows -------------------------------------------------------------------


def test_start_takes_the_value_that_came_in_the_same_message(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    app.number_input(key="epochs").set_value(3)
    app.number_input(key="learning_rate").set_value(0.25)
    app.segmented_control(key="activation").set_value("relu")
    send(app, {"do": "start"})
    assert run_of(app, manager).config == replace(ENDLESS, epochs=3, learning_rate=0.25, activation="relu")


def test_an_order_of_which_streamlit_knows_only_that_it_came_is_no_error_and_counts_when_it_is_sent_again(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As after a turn to another page that was cut short: Streamlit has forgotten the element, and not its callback."""
    app = open_frame(**to_query(ENDLESS))
    with monkeypatch.context() as patch:
        patch.setattr("pages.parts.session.answer", lambda key: {})
        send(app, {"do": "start"})
    assert (told(app, "orders")["heard"], manager.active()) == (0, [])
    send(app, {"do": "start"})
    assert run_of(app, manager).config == ENDLESS


def test_start_takes_other_data_with_what_that_changes_in_the_form(manager: RunManager) -> None:
    app = open_frame(**to_query(replace(ENDLESS, data="mnist", examples=20_000, batch_size=64)))
    app.selectbox(key="data").set_value("digits")
    send(app, {"do": "start"})
    config = run_of(app, manager).config
    assert config.data == "digits"
    assert to_query(config) == told(app, "orders")["form"]


def test_start_right_after_a_preset_takes_the_preset_though_the_browser_sent_the_values_before(
    manager: RunManager,
) -> None:
    manager.submit(ENDLESS)  # the run is to wait: without data it would go on with the digits
    app = open_frame(**to_query(ENDLESS))
    seen = told(app, "orders")["sets"]
    app.button(key="preset The book, en edition").click().run()
    show_in_fields(app, ENDLESS)
    send(app, {"do": "start"}, seen=seen)
    assert run_of(app, manager).asked == PRESETS["The book, en edition"]
    assert app.number_input(key="epochs").value == PRESETS["The book, en edition"].epochs


def test_what_was_typed_after_a_preset_that_the_browser_had_not_seen_is_kept(manager: RunManager) -> None:
    manager.submit(ENDLESS)  # the run is to wait: without data it would go on with the digits
    app = open_frame(**to_query(ENDLESS))
    seen = told(app, "orders")["sets"]
    app.button(key="preset The book, en edition").click().run()
    show_in_fields(app, ENDLESS)
    app.number_input(key="epochs").set_value(5)
    send(app, {"do": "start"}, seen=seen)
    assert run_of(app, manager).asked == replace(PRESETS["The book, en edition"], epochs=5)


def test_a_value_that_is_wrong_starts_nothing_and_says_why(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    app.number_input(key="epochs").set_value(0)
    send(app, {"do": "start"})
    assert (told(app)["run"], manager.active()) == ("", [])
    assert "1 to 1,000 epochs" in told(app)["notices"][0]


def test_a_value_that_has_just_become_right_starts(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    app.number_input(key="epochs").set_value(0).run()
    assert told(app)["problem"]
    app.number_input(key="epochs").set_value(3)
    send(app, {"do": "start"})
    assert run_of(app, manager).config.epochs == 3
    assert told(app)["notices"] == []


def test_an_arm_that_was_typed_without_enter_is_one_of_the_arms(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start", "typed": {"arms": "gn1"}})
    assert [arm.name for arm in run_of(app, manager).config.arms] == ["none", "gn1"]
    assert app.multiselect(key="arms").value == ["none", "gn1"]


@pytest.mark.parametrize(
    ("typed", "why"), [({"arms": "nonsense"}, "nonsense"), ({"epochs": "99999999999999999999"}, "1 to 1,000 epochs")]
)
def test_what_was_typed_and_is_none_starts_nothing_and_says_why(
    manager: RunManager, typed: dict[str, str], why: str
) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start", "typed": typed})
    assert (told(app)["run"], manager.active()) == ("", [])
    assert why in told(app)["notices"][0]


# --- an order is carried out once -------------------------------------------------------------------------------------


def test_two_clicks_on_start_are_one_run(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"}, {"do": "start"})
    send(app, {"do": "start"})  # from a page that has not seen the run
    assert list(manager._runs.values()) == [run_of(app, manager)]


def test_a_second_click_on_start_begins_no_other_run_though_the_first_has_ended(manager: RunManager, until) -> None:
    app = open_frame(**to_query(SMALL))
    send(app, {"do": "start"})
    run = run_of(app, manager)
    until(lambda: run.ended)
    send(app, {"do": "start"})
    assert list(manager._runs.values()) == [run]


def test_start_with_new_settings_counts_though_the_page_had_not_seen_the_run_before(manager: RunManager, until) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    first = run_of(app, manager)
    app.number_input(key="epochs").set_value(7)
    send(app, {"do": "start"})
    assert run_of(app, manager).config.epochs == 7
    until(lambda: first.ended)


@pytest.mark.parametrize("what", ["restart", "renew"])
def test_two_clicks_on_rerun_are_one_run(manager: RunManager, what: str, until) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    first, shown = run_of(app, manager), in_view(app)
    send(app, {"do": what} | shown, {"do": what} | shown)
    send(app, {"do": what} | shown)
    until(lambda: first.ended)
    assert list(manager._runs.values()) == [first, run_of(app, manager)]
    assert run_of(app, manager).config.seed == (first.config.seed if what == "restart" else first.config.seed + 1)


def test_an_order_that_comes_again_is_not_carried_out_again(manager: RunManager, until) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    run = run_of(app, manager)
    send(app, {"do": "pause"} | in_view(app))
    until(lambda: run.status == "paused")
    at = run.snapshot().step
    step = {"do": "step", "number": told(app, "orders")["heard"] + 1} | in_view(app)
    send(app, step)
    send(app, step)
    until(lambda: run.status == "paused" and run.snapshot().step > at)
    assert (run.snapshot().step, run.snapshot().asked) == (at + 1, "")


def test_an_order_is_for_the_run_that_was_in_view(manager: RunManager, until) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    before = in_view(app)
    send(app, {"do": "restart"} | before, {"do": "stop"} | before)
    run = run_of(app, manager)
    until(lambda: run.snapshot().step > 1)
    assert not run.ended
    assert told(app)["notices"] == []


def test_start_with_the_settings_of_ones_own_run_under_way_leaves_it_alone(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    before = in_view(app)
    send(app, {"do": "start"} | before)
    assert in_view(app) == before


def test_start_takes_the_place_of_ones_own_run_and_leaves_another_s_alone(manager: RunManager, until) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    run = run_of(app, manager)
    watcher, owner = open_frame(run=run.id), open_frame(run=run.id)
    owner.session_state["visitor"].key = app.session_state["visitor"].key  # after a reload: with the same cookie
    watcher.number_input(key="learning_rate").set_value(0.02)  # with the same settings they would join it
    send(watcher, {"do": "start", "run": run.id})
    assert (run_of(watcher, manager) is run, run.ended) == (False, False)
    send(owner, {"do": "restart", "run": run.id})
    until(lambda: run.ended)
    assert run.status == "stopped"


# --- the settings of the run in view, and those of the next one -------------------------------------------------------


def test_the_link_of_a_run_has_its_settings_and_who_opens_it_gets_them(manager: RunManager) -> None:
    app = open_frame(**to_query(replace(ENDLESS, learning_rate=0.5)))
    send(app, {"do": "start"})
    app.number_input(key="learning_rate").set_value(0.02).run()
    link = {key: app.query_params[key] for key in app.query_params}
    assert link == to_query(replace(ENDLESS, learning_rate=0.5)) | {"run": told(app)["run"]}
    assert app.number_input(key="learning_rate").value == 0.02
    assert open_frame(**link).number_input(key="learning_rate").value == 0.5


def test_what_a_link_says_beside_its_run_does_not_count(manager: RunManager) -> None:
    run = manager.submit(replace(ENDLESS, learning_rate=0.5))
    app = open_frame(**{"run": run.id, "lr": "0.02", "bogus": "1"})
    assert app.number_input(key="learning_rate").value == 0.5
    assert told(app)["notices"] == []


def test_after_a_reload_the_tab_has_the_form_filled_with_what_it_held(manager: RunManager) -> None:
    run = manager.submit(ENDLESS)
    app = open_frame(run=run.id)
    send(app, {"do": "fill", "form": to_query(replace(ENDLESS, learning_rate=0.02, arms=(parse_arm("bn"),)))})
    assert app.number_input(key="learning_rate").value == 0.02
    assert app.multiselect(key="arms").value == ["bn"]
    assert told(app)["changed"] == "arms bn, learning rate 0.02"
    assert run.config == ENDLESS


def test_the_next_run_can_have_new_settings_and_the_same_weights(manager: RunManager) -> None:
    app = open_frame(**to_query(replace(ENDLESS, seed=3)))
    send(app, {"do": "start"})
    assert told(app)["weights"] is False
    app.number_input(key="seed").set_value(7).run()
    assert told(app)["weights"] is False  # it would be the same run
    app.number_input(key="learning_rate").set_value(0.02).run()
    assert told(app)["weights"] is True
    send(app, {"do": "start", "weights": "same"} | in_view(app))
    assert run_of(app, manager).config == replace(ENDLESS, learning_rate=0.02, seed=3)
    assert app.number_input(key="seed").value == 3


def test_what_a_run_without_its_data_was_to_be_is_no_new_setting(manager: RunManager) -> None:
    asked = replace(ENDLESS, data="kmnist")
    run = manager.submit(replace(asked, data="digits"))
    run.asked = asked  # as where kmnist could not be had
    app = open_frame(run=run.id)
    app.session_state["visitor"].key = run.key
    send(app, {"do": "fill", "form": to_query(asked)})
    assert told(app)["changed"] == ""
    send(app, {"do": "start", "run": run.id})
    assert told(app)["run"] == run.id  # it is under way already
    app.number_input(key="learning_rate").set_value(0.02).run()
    assert told(app)["changed"] == "learning rate 0.02"


@pytest.mark.parametrize("setting", ["init", "depth"])
def test_where_the_weights_cannot_be_the_same_they_are_not_offered(manager: RunManager, setting: str) -> None:
    other = replace(ENDLESS, **{"init": {"init": "he"}, "depth": {"depth": 8}}[setting])
    run = manager.submit(ENDLESS)
    app = open_frame(run=run.id)
    send(app, {"do": "fill", "form": to_query(other)})
    assert told(app)["changed"]
    assert told(app)["weights"] is False


def test_a_run_that_got_the_digits_for_missing_images_is_what_the_form_asks_for(
    manager: RunManager, monkeypatch: pytest.MonkeyPatch, small_digits: Images
) -> None:
    monkeypatch.setattr(gallery, "load", lambda name, *_: small_digits if name == "digits" else missing(name))
    app = open_frame(**to_query(replace(ENDLESS, data="mnist")))
    send(app, {"do": "start"})
    run = run_of(app, manager)
    while run.snapshot().step == 0 and not run.ended:
        time.sleep(0.01)
    app.run()
    assert run.config.data == "digits"
    assert told(app)["changed"] == ""
    send(app, {"do": "start"} | in_view(app))
    assert run_of(app, manager) is run
    app.number_input(key="learning_rate").set_value(0.02).run()
    assert told(app)["changed"] == "learning rate 0.02"


def test_rerun_takes_the_settings_of_the_run_in_view_whatever_the_sidebar_says(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    app.number_input(key="learning_rate").set_value(0.02)
    send(app, {"do": "restart"} | in_view(app))
    assert run_of(app, manager).config == ENDLESS
    assert app.number_input(key="learning_rate").value == 0.02


def test_new_weights_leave_a_seed_that_the_visitor_has_chosen(manager: RunManager) -> None:
    app = open_frame(**to_query(ENDLESS))
    send(app, {"do": "start"})
    send(app, {"do": "renew"} | in_view(app))
    assert (run_of(app, manager).config.seed, app.number_input(key="seed").value) == (1, 1)
    app.number_input(key="seed").set_value(77).run()
    send(app, {"do": "renew"} | in_view(app))
    assert (run_of(app, manager).config.seed, app.number_input(key="seed").value) == (2, 77)


# --- a run that the server does not know any more ---------------------------------------------------------------------


def test_a_run_that_is_gone_is_told_and_its_settings_can_be_started(manager: RunManager, until) -> None:
    app = open_frame(**to_query(SMALL))
    send(app, {"do": "start"})
    run, shown = run_of(app, manager), in_view(app)
    until(lambda: run.ended)
    manager._runs.clear()
    send(app, {"do": "look"})
    assert told(app)["run"] == ""
    (said,) = told(app)["notices"]
    assert said.startswith("The run that was in view is not here any more: this server has runs in memory only, and")
    send(app, {"do": "start"} | shown)  # pressed before the page was told
    assert run_of(app, manager).config == SMALL
    assert told(app)["notices"] == []


def test_an_earlier_run_that_is_gone_is_told_and_no_longer_drawn(manager: RunManager, until) -> None:
    app = open_frame(**to_query(SMALL))
    send(app, {"do": "start"})
    first = run_of(app, manager)
    until(lambda: first.ended)
    send(app, {"do": "renew"} | in_view(app))
    (ghost,) = told(app)["ghosts"]
    assert ghost["id"] == first.id
    assert {language: label.split(" · ")[-1] for language, label in ghost["label"].items()} == {
        "en": "seed 0",
        "zh": "随机种子 0",
    }
    del manager._runs[first.id]
    send(app, {"do": "look"})
    assert told(app)["ghosts"] == []
    assert "Run 1 is not here any more" in told(app)["notices"][0]


# --- arms that are hidden ---------------------------------------------------------------------------------------------

THREE = replace(ENDLESS, arms=(*NONE, parse_arm("bn:dropout=0.37"), parse_arm("ln:dropout=0.38")))


def test_hidden_arms_are_in_nothing_that_the_owners_page_is_told_until_they_are_revealed(manager: RunManager) -> None:
    app = open_frame(**to_query(THREE))
    send(app, {"do": "start", "hides": True})
    run = run_of(app, manager)
    assert run.hidden == ("bn:dropout=0.37", "ln:dropout=0.38")
    assert run.config == THREE
    app.run()
    page = json.dumps([told(app) | {"experiment": ""}, told(app, "orders")["link"], dict(app.query_params)])
    assert "0.37" not in page
    assert "0.38" not in page
    assert told(app)["changed"] == ""  # the form has the arms of the run, seen or not
    send(app, {"do": "reveal"} | in_view(app))
    assert told(app, "orders")["link"]["arms"] == "none,bn:dropout=0.37"
    send(app, {"do": "show"} | in_view(app))
    assert told(app, "orders")["link"]["arms"] == "none,bn:dropout=0.37,ln:dropout=0.38"


def test_a_rerun_of_a_run_with_hidden_arms_has_all_of_them(manager: RunManager) -> None:
    app = open_frame(**to_query(THREE))
    send(app, {"do": "start", "hides": True})
    send(app, {"do": "restart", "hides": True} | in_view(app))
    assert (run_of(app, manager).config, len(run_of(app, manager).hidden)) == (THREE, 2)


def test_who_opens_the_link_of_a_run_with_hidden_arms_gets_the_arms_that_are_shown_and_reveals_none(
    manager: RunManager,
) -> None:
    run = manager.submit(THREE, key="the teacher's", hides=True)
    app = open_frame(run=run.id)
    assert app.multiselect(key="arms").value == ["none"]
    send(app, {"do": "reveal"} | in_view(app))
    assert len(run.hidden) == 2
    assert "Only who started this run" in told(app)["notices"][0]


@pytest.mark.parametrize("again", ["restart", "renew"])
def test_who_reruns_somebody_elses_run_has_the_arms_that_are_shown_there(manager: RunManager, again: str) -> None:
    run = manager.submit(THREE, key="the teacher's", hides=True)
    app = open_frame(run=run.id)
    send(app, {"do": again} | in_view(app))
    assert run_of(app, manager).id != run.id
    assert [arm.name for arm in run_of(app, manager).config.arms] == ["none"]
    assert [arm.name for arm in run.config.arms] == [arm.name for arm in THREE.arms]
