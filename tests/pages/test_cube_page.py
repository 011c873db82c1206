"""The cube page in four states (no run, running, finished, failed), and what its controls and its link do."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.runs.manager import RunManager
from core.runs.run import Run
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


def test_before_a_run_has_networks_the_page_waits_with_the_worked_example(
    start: Callable[[ExperimentConfig], Run], until: Callable[[Callable[[], object]], None]
) -> None:
    first = start(ENDLESS)
    until(lambda: first.status == "running")
    app = open_cube(start(SMALL))
    assert "not built yet" in app.info[0].value
    assert panel(app)["origin"].startswith("worked example")
    assert not panel(app)["live"]


def test_a_finished_run_is_still_and_its_steps_can_be_looked_at(manager: RunManager) -> None:
    app = open_cube(ended(manager, SMALL))
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"
    assert not panel(app)["live"]
    app.select_slider(key="cube_step").set_value(1).run()
    assert panel(app)["origin"] == "BatchNorm, step 1, digits"
    assert app.query_params["cube"].startswith("step:1,")
    app.select_slider(key="cube_step").set_value("live").run()
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"
    assert not app.info


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
    app = open_cube(ended(manager, SMALL), "step:3333")
    assert "The networks of step 3,333 were not kept" in app.info[0].value
    assert panel(app)["origin"] == "BatchNorm, step 4, digits"


def test_a_link_to_a_network_or_layer_that_is_not_there_says_so_once(manager: RunManager) -> None:
    app = open_cube(ended(manager, SMALL), "network:gn4,tensor:conv9")
    said = [info.value for info in app.info]
    assert "no network “gn4” here" in said[0]
    assert "no layer “conv9” in this network" in said[1]
    assert panel(app)["title"].startswith("conv1 ")
    app.select_slider(key="cube_step").set_value(0).run()
    assert not app.info


def test_the_batch_is_the_same_images_at_every_step(manager: RunManager, small_digits: Images) -> None:
    app = open_cube(ended(manager, SMALL), "network:bn")
    assert panel(app)["title"] == f"conv1 [{min(256, len(small_digits.train_images))}, 6, 24, 24]"
    app.select_slider(key="cube_step").set_value(0).run()
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
    assert "至多能分辨4,096个单元" in app.error[0].value
    assert norm(app, "left").value == "in"


def test_the_same_look_into_a_run_is_told_in_both_languages(manager: RunManager) -> None:
    app = open_cube(ended(manager, SMALL), "network:bn,step:2")
    assert panel(app)["origin"] == "BatchNorm, step 2, digits"
    press_language(app)
    assert panel(app)["origin"].endswith("，第2步，手写数字")
    assert app.query_params["cube"].startswith("network:bn,step:2") or app.query_params["cube"].startswith("step:2")
