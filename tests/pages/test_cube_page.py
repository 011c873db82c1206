"""The cube page in four states (no run, running, finished, failed), and what its controls and its link do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState
from streamlit.testing.v1 import AppTest

from core.cube.example import WorkedExample
from core.cube.networks import EXAMPLE
from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.runs.asking import NothingToSee, QueueFull
from core.runs.kept_looks import OF_A_SWEEP
from core.runs.manager import RunManager
from core.runs.run import Run
from pages.parts import cube_view
from tests.pages.visits import FRAME, open_frame

TWO_ARMS = (parse_arm("none"), parse_arm("bn"))
SMALL = ExperimentConfig(data="digits", examples=64, batch_size=32, epochs=2, arms=TWO_ARMS)
ENDLESS = ExperimentConfig(data="digits", examples=64, batch_size=16, epochs=1000, arms=TWO_ARMS)
DIVERGING = ExperimentConfig(
    data="digits", examples=64, batch_size=32, learning_rate=1e30, activation="relu", arms=(parse_arm("none"),)
)

pytestmark = pytest.mark.usefixtures("small_digits")


def open_cube(run: Run | None = None, link: str = "") -> AppTest:
    app = open_frame(**({"run": run.id} if run is not None else {}), **({"cube": link} if link else {}))
    app.switch_page(str(FRAME.parent / "cube.py")).run()
    assert not app.exception
    return app


def panel(app: AppTest) -> dict[str, Any]:
    """What the browser element of the page is handed."""
    return dict(json.loads(app.get("bidi_component")[0].proto.json))


def networks(app: AppTest) -> list[str]:
    return next((list(group.options) for group in app.get("button_group") if group.key.startswith("cube_network")), [])


class WithoutNetworks:
    """Of a run, as far as the page asks for them."""

    def __init__(self, state: str) -> None:
        self.state = state

    def kept_at(self, step: int | None) -> int | None:
        return step

    def sites(self, name: str, step: int | None = None) -> WorkedExample:
        if name != EXAMPLE:
            raise NothingToSee(OF_A_SWEEP)
        return WorkedExample()


@pytest.mark.parametrize(
    ("state", "end"),
    [("ended", "In their place, the worked example."), ("learning", "Until then, the worked example.")],
)
def test_of_a_run_that_has_ended_without_networks_nobody_is_told_to_wait(
    monkeypatch: pytest.MonkeyPatch, state: str, end: str
) -> None:
    notes: list[str] = []
    monkeypatch.setattr(cube_view, "_note", notes.append)
    assert cube_view._look(WithoutNetworks(state), "bn", None)[0] == EXAMPLE
    assert notes == [f"{OF_A_SWEEP} {end}"]


def hold(app: AppTest, run: Run, step: int | None) -> None:
    """What the browser says of its tab's cursor; None where it follows the run."""
    said = json.dumps({"at": {"run": run.id, "step": step}})
    message = app._tree.get_widget_states()
    message.widgets.append(WidgetState(id=app.get("bidi_component")[0].proto.id, json_value=said))
    app._run(message)
    assert not app.exception


def norm(app: AppTest, side: str) -> Any:
    """The row of buttons with the norms of that side."""
    return next(group for group in app.get("button_group") if group.key.startswith(f"cube_{side}_"))


def ended(manager: RunManager, config: ExperimentConfig) -> Run:
    run = manager.submit(config)
    manager.join(run, 60)
    return run


def test_without_a_run_there_is_the_worked_example_and_nothing_is_followed() -> None:
    app = open_cube()
    shown = panel(app)
    assert shown["origin"].startswith("worked example: BatchNorm, step 12")
    assert not shown["live"]
    assert not networks(app)
    assert "worked example" not in " ".join(info.value for info in app.info)


def test_a_running_run_is_followed_and_says_of_which_step_it_is(
    start: Callable[[ExperimentConfig], Run], until: Callable[[Callable[[], object]], None]
) -> None:
    run = start(ENDLESS)
    until(lambda: run.snapshot().step > 2)
    app = open_cube(run)
    assert networks(app) == ["none", "bn", "worked example"]
    assert panel(app)["live"]
    before = panel(app)["origin"]
    assert before.startswith("BatchNorm, step ")
    seen = run.snapshot().step
    until(lambda: run.snapshot().step > seen)
    run.pause(run.key)
    until(lambda: run.status == "paused")
    app.run()
    assert before != panel(app)["origin"] == f"BatchNorm, step {run.snapshot().step:,}, digits · ❚❚ paused"
    assert not panel(app)["live"]


def test_the_networks_of_a_run_that_was_too_busy_to_answer_come_by_themselves_once_it_does(
    start: Callable[[ExperimentConfig], Run],
    until: Callable[[Callable[[], object]], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    busy, answered, fragment, picture = [True], Run.ask, cube_view.language.fragment, cube_view._picture
    run = start(ENDLESS)
    until(lambda: run.snapshot().step > 2)

    def asked(self: Run, *question: Any) -> Any:
        if busy:
            raise QueueFull(Message("Busy."))
        return answered(self, *question)

    def by_the_clock(show: Callable[..., None], **how: Any) -> Callable[..., None]:
        """What the browser asks for after some seconds, here at once: the run has time by then."""

        def twice(again: Callable[[], None]) -> None:
            if busy:
                again()
                busy.clear()
            fragment(show, **how)(again)

        return twice if show is cube_view._live else fragment(show, **how)

    monkeypatch.setattr(Run, "ask", asked)
    monkeypatch.setattr(cube_view.language, "fragment", by_the_clock)
    monkeypatch.setattr(cube_view, "_picture", lambda *what: busy or picture(*what))  # of which a page has one
    shown = panel(open_cube(run))
    assert not busy, "it was to come again"
    assert (shown["origin"].split(",")[0], shown["live"]) == ("BatchNorm", True)


def test_before_a_run_has_networks_the_page_waits_with_the_worked_example(
    start: Callable[[ExperimentConfig], Run], until: Callable[[Callable[[], object]], None]
) -> None:
    first = start(ENDLESS)
    until(lambda: first.status == "running")
    app = open_cube(start(SMALL))
    assert "not built yet" in app.info[0].value
    assert panel(app)["origin"].startswith("worked example")
    assert not panel(app)["live"]


def test_a_finished_run_is_still_and_goes_to_the_step_that_the_tab_is_held_at(manager: RunManager) -> None:
    run = ended(manager, SMALL)
    app = open_cube(run)
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"
    assert not panel(app)["live"]
    told = {"run": run.id, "status": "finished", "recorded": False}
    told |= {"steps": [0, 1, 2, 4], "now": 4, "step": None, "instead": ""}
    assert panel(app)["time"] == told
    hold(app, run, 1)
    assert panel(app)["origin"] == "BatchNorm, step 1, digits"
    assert (panel(app)["time"]["step"], panel(app)["time"]["instead"]) == (1, "")
    assert app.query_params["cube"].startswith("step:1,")
    hold(app, run, None)
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"
    assert not app.info


def test_held_between_two_kept_networks_the_one_before_is_shown_and_it_is_said_which(manager: RunManager) -> None:
    run = ended(manager, SMALL)
    app = open_cube(run)
    hold(app, run, 3)
    assert panel(app)["origin"] == "BatchNorm, step 2, digits"
    assert panel(app)["time"]["step"] == 3
    assert "these are of step 2, the last before it" in panel(app)["time"]["instead"]


def test_a_step_of_another_run_holds_nothing(manager: RunManager) -> None:
    run, other = ended(manager, SMALL), ended(manager, DIVERGING)
    app = open_cube(run)
    hold(app, other, 1)
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"


def test_a_run_under_way_that_is_held_is_not_live_and_the_page_still_says_how_it_stands(
    start: Callable[[ExperimentConfig], Run], until: Callable[[Callable[[], object]], None]
) -> None:
    run = start(ENDLESS)
    until(lambda: run.snapshot().step > 2)
    app = open_cube(run)
    hold(app, run, 2)
    assert (panel(app)["origin"], panel(app)["live"]) == ("BatchNorm, step 2, digits", False)
    run.pause(run.key)
    until(lambda: run.status == "paused")
    app.run()
    assert panel(app)["origin"] == "BatchNorm, step 2, digits"
    assert panel(app)["time"]["status"] == "paused"


def test_the_worked_example_has_no_time(manager: RunManager) -> None:
    assert panel(open_cube())["time"] is None
    assert panel(open_cube(ended(manager, SMALL), "network:example"))["time"] is None


def test_a_failed_run_shows_the_network_as_it_ended(manager: RunManager) -> None:
    run = ended(manager, DIVERGING)
    assert run.status == "failed"
    shown = panel(open_cube(run))
    assert shown["origin"].startswith("No normalization, step ")
    assert shown["live"] is False


def test_a_link_names_the_network_and_the_step(manager: RunManager) -> None:
    app = open_cube(ended(manager, SMALL), "network:none,step:2,tensor:fc1,left:rms")
    shown = panel(app)
    assert shown["origin"] == "No normalization, step 2, digits"
    assert shown["title"] == "fc1 [256, 120]"
    assert shown["panels"][0]["norm"] == "rms"
    assert app.query_params["cube"].startswith("network:none,step:2,tensor:fc1,left:rms")


def test_a_link_to_a_step_that_was_not_kept_says_so(manager: RunManager) -> None:
    run = ended(manager, SMALL)
    app = open_cube(run, "step:3333")
    assert "No networks were kept at this step: these are of step 4" in panel(app)["time"]["instead"]
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"
    alone = open_frame(picture="cube", run=run.id, cube="step:3333")
    assert "No networks were kept at this step: these are of step 4" in alone.info[0].value
    assert panel(alone)["time"] is None


def test_a_link_to_a_network_or_layer_that_is_not_there_says_so_once(manager: RunManager) -> None:
    run = ended(manager, SMALL)
    app = open_cube(run, "network:gn4,tensor:conv9")
    said = [info.value for info in app.info]
    assert "no network “gn4” here" in said[0]
    assert "no layer “conv9” in this network" in said[1]
    assert panel(app)["title"].startswith("conv1 ")
    hold(app, run, 0)
    assert not app.info


def test_the_batch_is_the_same_images_at_every_step(manager: RunManager, small_digits: Images) -> None:
    run = ended(manager, SMALL)
    app = open_cube(run, "network:bn")
    assert panel(app)["title"] == f"conv1 [{min(256, len(small_digits.train_images))}, 6, 24, 24]"
    hold(app, run, 0)
    assert panel(app)["title"] == "conv1 [256, 6, 24, 24]"


def press_language(app: AppTest) -> None:
    app.button(key="language").click().run()
    assert not app.exception


def test_a_press_on_the_other_language_leaves_what_is_in_view_and_the_answer_to_the_exercise() -> None:
    app = open_cube(link="left:gn,right:axes,groups:3,axes:H,cell:0.2.14.8")
    app.selectbox(key="cube_exercise").set_value(2).run()
    app.radio(key="cube_answer_LayerNorm over the channels only").set_value(3).run()
    seen, answered, told = app.query_params["cube"], app.success[0].value, panel(app)["panels"][1]["title"]
    assert answered.startswith("Yes. That is one mean per example and pixel")
    press_language(app)
    assert app.query_params["cube"] == seen
    assert app.success[0].value.startswith("对。这样每个样本的每个像素各有一个均值")
    assert (panel(app)["panels"][1]["title"], panel(app)["axes"][0]["words"]) == ("不是任何一种规范化：对H", "样本")
    press_language(app)
    assert app.query_params["cube"] == seen
    assert app.success[0].value == answered
    assert panel(app)["panels"][1]["title"] == told


def test_a_press_on_the_other_language_leaves_the_norms_chosen_where_nothing_can_be_drawn() -> None:
    app = open_cube(link="left:gn,groups:3")
    app.slider(key="cube_examples").set_value(8)
    app.slider(key="cube_features").set_value(32)
    app.select_slider(key="cube_positions").set_value(12).run()
    assert "At most 4,096 cells can be told apart" in app.error[0].value
    norm(app, "left").select("in").run()
    press_language(app)
    assert "至多能分辨4,096个格子" in app.error[0].value
    assert norm(app, "left").value == "in"


def test_the_same_look_into_a_run_is_told_in_both_languages(manager: RunManager) -> None:
    app = open_cube(ended(manager, SMALL), "network:bn,step:2")
    assert panel(app)["origin"] == "BatchNorm, step 2, digits"
    press_language(app)
    assert panel(app)["origin"].endswith("，第2步，手写数字")
    assert app.query_params["cube"].startswith("network:bn,step:2") or app.query_params["cube"].startswith("step:2")


def test_the_picture_alone_has_what_the_link_names_and_nothing_around_it() -> None:
    app = open_frame(picture="cube", cube="lit:all,tensor:own,shape:2.4.2.2,walk:mean,typed:0.1.0.0=4.5")
    shown = panel(app)
    assert (shown["title"], shown["lit"], shown["walk"], shown["alone"]) == (
        "your own tensor [2, 4, 2, 2]",
        "all",
        "mean",
        True,
    )
    assert shown["panels"][0]["changed"].startswith("BatchNorm: 8 of 32 results change")
    assert shown["panels"][0]["guide"]["mean"].startswith("The sum divided by their number is the mean")
    assert not [*app.sidebar.button, *app.number_input, *app.slider, *app.text_input, *app.tabs, *app.warning]
    assert app.query_params["picture"] == "cube"


def test_the_picture_alone_shows_a_run_and_says_what_is_wrong_in_its_link(manager: RunManager) -> None:
    run = ended(manager, SMALL)
    app = open_frame(picture="cube", run=run.id, cube="network:bn,step:1,tensor:conv9")
    assert panel(app)["origin"] == "BatchNorm, step 1, digits"
    assert "no layer “conv9” in this network" in app.info[0].value
    app = open_frame(picture="cube", cube="tensor:own,shape:9.9.9.9")
    assert "1 to 8 examples" in app.warning[0].value
    assert panel(app)["title"] == "your own tensor [4, 6, 2, 2]"


def test_another_picture_than_those_there_are_is_a_setting_that_is_ignored_aloud() -> None:
    app = open_cube(link="", run=None)
    assert not app.warning
    app = open_frame(picture="loss")
    app.switch_page(str(FRAME.parent / "cube.py")).run()
    assert "“picture” in the link was ignored" in app.warning[0].value


def test_what_is_typed_over_a_cell_stays_with_the_sliders_and_goes_with_its_layer() -> None:
    app = open_cube(link="tensor:own,cell:1.2.0.1,typed:1.2.0.1=7.5")
    bn, ln = panel(app)["panels"]
    assert bn["changed"].startswith("BatchNorm: 16 of 96 results change")
    assert ln["changed"].startswith("LayerNorm: 24 of 96 results change")
    assert panel(app)["typing"] == {"layer": "own", "typed": "1.2.0.1=7.5", "problem": ""}
    app.select_slider(key="cube_own_eps").set_value("0.1").run()
    assert panel(app)["panels"][0]["changed"].startswith("BatchNorm: 16 of 96 results change")
    assert "typed:1.2.0.1=7.5" in app.query_params["cube"]
    next(group for group in app.get("button_group") if group.key.startswith("cube_tensor")).select("conv1").run()
    assert "changed" not in panel(app)["panels"][0]
    assert "typed" not in app.query_params["cube"]


def test_the_sliders_move_the_counts_and_a_shape_that_they_lack_gets_a_sentence() -> None:
    app = open_cube(link="tensor:own,shape:9.6.2.2")
    assert "1 to 8 examples" in app.warning[0].value
    assert [each["note"] for each in panel(app)["panels"]] == ["16 values → 6 means", "24 values → 4 means"]
    app.slider(key="cube_own_N").set_value(2).run()
    app.slider(key="cube_own_H").set_value(3).run()
    assert [each["note"] for each in panel(app)["panels"]] == ["12 values → 6 means", "36 values → 2 means"]


def test_a_networks_own_values_cannot_be_typed_over(manager: RunManager) -> None:
    app = open_cube(ended(manager, SMALL), "typed:1.2.2.2=7.5")
    assert not {"typing"} & panel(app).keys()
    assert "changed" not in panel(app)["panels"][0]


def test_ones_own_tensor_is_called_so_in_both_languages() -> None:
    app = open_cube(link="tensor:own,typed:1.2.0.1=7.5")
    assert panel(app)["title"] == "your own tensor [4, 6, 2, 2]"
    press_language(app)
    assert panel(app)["title"] == "自定的张量 [4, 6, 2, 2]"
    assert panel(app)["typing"]["typed"] == "1.2.0.1=7.5"


def test_a_tensor_of_one_channel_has_one_group() -> None:
    app = open_cube(link="tensor:own,shape:4.1.2.2,right:gn")
    assert panel(app)["title"] == "your own tensor [4, 1, 2, 2]"
    assert not [slider for slider in app.select_slider if str(slider.key).startswith("cube_groups")]


def test_groups_of_a_link_that_do_not_divide_the_channels_get_a_sentence_in_place_of_the_picture() -> None:
    app = open_frame(picture="cube", cube="tensor:own,right:gn,groups:4")
    assert [error.value.split(";")[0] for error in app.error] == ["Groups must have equally many channels each"]
    assert not app.get("bidi_component")
