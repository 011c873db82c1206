"""runs/looks.py and words/conclusions.py: what is kept of the looks, what pages get of it, what it is said to mean."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import pytest
import torch

from core.data.images import Images
from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.language.speech import speaking
from core.probes.summary import NetworkSummary
from core.runs.line import Line
from core.runs.looks import KEPT_WHOLE, MAX_OBSERVATIONS, Observations
from core.runs.pace import FIRST_LOOKS, is_look
from core.runs.run import Run
from core.runs.snapshots import Snapshots
from core.training import records
from core.training.arms import Arm, build_arms
from core.training.records import NetworksSeen, TrainMeasured
from core.training.steps import look_at_fixed_images
from core.training.trainer import Unattended, train
from core.words import conclusions

ARMS = tuple(parse_arm(name) for name in ("none", "bn", "ln:dropout=0.3", "bn:book"))
TITLES = {arm.name: arm.title for arm in ARMS}
LAYERS = ("conv1", "conv2", "fc1", "fc2")


def told(about: Callable[..., Message | str]) -> Callable[..., str]:
    """What `about` says, in English."""
    return lambda *looked: str(about(*looked))


def small(**changes: object) -> ExperimentConfig:
    return ExperimentConfig(**{"data": "digits", "examples": 96, "batch_size": 32, "epochs": 2, "arms": ARMS} | changes)


class AlwaysLooking(Unattended):
    def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
        return frozenset({"fixed", "batch"})


@pytest.fixture(scope="module")
def looks(small_images: Images) -> list[NetworksSeen]:
    found: list[object] = []
    train(small(), small_images, found.append, AlwaysLooking())
    return [record for record in found if isinstance(record, NetworksSeen)]


@pytest.fixture
def observations(looks: list[NetworksSeen]) -> Observations:
    kept = Observations(TITLES)
    for look in looks:
        kept.append(look)
    return kept


@pytest.mark.slow
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_looking_at_every_step_from_both_sides_changes_no_bit_of_the_training(
    small_images: Images, optimizer: str
) -> None:
    ends, losses = [], []
    for control in (Unattended(), AlwaysLooking()):
        found: list[object] = []
        before = torch.random.get_rng_state()
        arms = train(small(optimizer=optimizer), small_images, found.append, control)
        assert torch.equal(torch.random.get_rng_state(), before)
        losses.append([record.loss for record in found if isinstance(record, TrainMeasured)])
        ends.append([arm.model.state_dict() for arm in arms])
    assert losses[0] == losses[1]
    for unseen, seen in zip(*ends, strict=True):
        assert all(torch.equal(unseen[name], seen[name]) for name in unseen)


def test_a_look_on_both_sources_at_each_step_and_on_fixed_images_at_the_end(looks: list[NetworksSeen]) -> None:
    assert [look.step for look in looks if look.source == "fixed"] == list(range(7))
    assert [look.step for look in looks if look.source == "batch"] == list(range(6))


def test_the_update_ratio_on_the_batch_is_that_of_the_step_that_was_taken(small_images: Images) -> None:
    config = small(arms=(parse_arm("bn"),), epochs=1, examples=32)
    before = {n: p.detach().clone() for n, p in build_arms(config, torch.device("cpu"))[0].model.named_parameters()}
    found: list[object] = []
    (arm,) = train(config, small_images, found.append, AlwaysLooking())
    after = dict(arm.model.named_parameters())["conv1.weight"].detach()
    move, weight = (after - before["conv1.weight"]).double(), before["conv1.weight"].double()
    expected = math.sqrt(float(move.square().mean() / weight.square().mean()))
    look = next(r for r in found if isinstance(r, NetworksSeen) and r.source == "batch")
    assert look.arms["bn"].layers[0].gradient.update_ratio == pytest.approx(expected, rel=1e-4)


def test_momentum_has_no_update_ratio_on_images_that_no_step_was_taken_on(small_images: Images) -> None:
    config = small(momentum=0.9)
    look = look_at_fixed_images(config, small_images, build_arms(config, torch.device("cpu")), 0)
    assert all(layer.gradient.update_ratio is None for layer in look.arms["bn"].layers)


@pytest.mark.parametrize("view", ["gradients", "activations", "parameters"])
def test_what_a_page_gets_is_json_of_the_source_asked_for_and_newer_than_it_has(
    observations: Observations, view: str
) -> None:
    everything = observations.since(0, "fixed")
    assert [look.step for look in everything] == list(range(7))
    assert observations.since(everything[3].sequence, "fixed") == everything[4:]
    for look in everything:
        json.dumps(look.to_json(view, None), allow_nan=False)


def test_one_layer_of_the_parameters_is_that_layer_only(observations: Observations) -> None:
    arms = observations.since(0, "fixed")[0].to_json("parameters", "fc1")["arms"]
    assert {name: list(layers) for name, layers in arms.items()} == {n: [] if n == "none" else ["fc1"] for n in arms}
    assert arms["bn"]["fc1"]["gamma"] == [1.0] * 120


def test_each_page_gets_the_conclusion_about_the_layer_that_it_shows(
    observations: Observations, looks: list[NetworksSeen]
) -> None:
    look, arms = observations.since(0, "fixed")[3], [look for look in looks if look.source == "fixed"][3].arms
    assert look.to_json("gradients", None)["says"] == told(conclusions.about_gradients)(arms, TITLES)
    by_layer = look.to_json("activations", None)["says"]
    assert list(by_layer) == [*LAYERS, "fc3"]
    for layer in LAYERS:
        assert by_layer[layer] == told(conclusions.about_activations)(arms, TITLES, layer)
        assert look.to_json("parameters", layer)["says"] == told(conclusions.about_parameters)(arms, TITLES, layer)
    assert len(set(by_layer.values())) == 5


def test_every_page_says_which_arms_are_dead(small_images: Images) -> None:
    config = small(activation="relu", arms=ARMS[:2])
    arms = build_arms(config, torch.device("cpu"))
    kept = Observations(TITLES)
    kept.append(look_at_fixed_images(config, small_images, arms, 0))
    assert "Dead" not in kept.since(0, "fixed")[0].to_json("gradients", None)["says"]
    with torch.no_grad():
        dict(arms[0].model.named_parameters())["fc2.bias"].fill_(-100)
    kept.append(look_at_fixed_images(config, small_images, arms, 7))
    dead = (
        "Dead at step 7, 0 for all 64 images: fc2 of No normalization. "
        "Gradient exactly 0 at step 7: every layer of No normalization."
    )
    latest = kept.since(1, "fixed")[0]
    assert latest.to_json("gradients", None)["says"].endswith(dead)
    assert latest.to_json("activations", None)["says"]["conv1"].endswith(dead)
    assert latest.to_json("parameters", "conv1")["says"].endswith(dead)


def test_the_whole_look_has_every_histogram(observations: Observations) -> None:
    found = json.loads(observations.whole(1))
    assert set(found) == set(TITLES)
    assert sum(found["bn"]["layers"][0]["normalized"]["fixed"]["counts"]) > 0
    assert observations.whole(10_000) is None


def test_a_long_run_keeps_a_bounded_number_of_looks_its_start_and_its_extremes(looks: list[NetworksSeen]) -> None:
    kept = Observations(TITLES)
    one = next(look for look in looks if look.source == "fixed")
    for step in range(250):
        kept.append(NetworksSeen(step, 0.0, "fixed", {"bn": one.arms["bn"]}))
        assert len(kept.since(0, "fixed")) <= MAX_OBSERVATIONS
    found = kept.since(0, "fixed")
    assert [look.step for look in found[:KEPT_WHOLE]] == list(range(KEPT_WHOLE))
    assert found[-1].step == 249
    assert [b.steps[0] for b in found[1:]] == [a.steps[1] + 1 for a in found[:-1]], "every step is in one look"


def test_merging_keeps_the_extremes(looks: list[NetworksSeen]) -> None:
    kept = Observations(TITLES)
    fixed = [look for look in looks if look.source == "fixed"]
    spike = fixed[6]
    for step in range(180):
        arms = (spike if step == 57 else fixed[0]).arms
        kept.append(NetworksSeen(step, 0.0, "fixed", {"bn": arms["bn"]}))
    covering = next(look for look in kept.since(0, "fixed") if look.steps[0] <= 57 <= look.steps[1])
    stage = covering.activations["bn"]["conv1"]["stages"]["before"]
    pair = [look.arms["bn"].layers[0].before for look in (fixed[0], spike)]
    assert stage["high"] == pytest.approx(max(p.high for p in pair))
    assert stage["low"] == pytest.approx(min(p.low for p in pair))


def test_looks_are_dense_at_the_start_and_few_in_all() -> None:
    due = [step for step in range(23_401) if is_look(step, 23_400)]
    assert due[:5] == list(FIRST_LOOKS[:5])
    assert due[-1] == 23_400
    assert len(due) <= len(FIRST_LOOKS) + 11


def test_the_sentences_say_what_the_numbers_are(looks: list[NetworksSeen]) -> None:
    arms = looks[0].arms
    ratio = arms["none"].gradient_ratio
    assert f"No normalization {1 / ratio:,.0f} times smaller" in told(conclusions.about_gradients)(arms, TITLES)
    spread = arms["none"].layers[-2].activated.unit_std
    assert f"No normalization {spread:.2g} (pooled" in told(conclusions.about_activations)(arms, TITLES, "fc2")
    assert "BatchNorm 1.00 to 1.00, running variance " in told(conclusions.about_parameters)(arms, TITLES, "conv1")


def test_the_sentences_name_the_arms_whose_numbers_are_not_finite_and_write_no_long_numbers(
    small_images: Images,
) -> None:
    found: list[object] = []
    train(small(arms=ARMS[:3], activation="relu", learning_rate=1e30), small_images, found.append, AlwaysLooking())
    seen = [record for record in found if isinstance(record, NetworksSeen) and record.source == "fixed"]
    arms = next(look.arms for look in seen if look.step == 1)
    assert not math.isfinite(arms["none"].layers[-2].activated.unit_std)
    lost = "are not finite numbers at this step, so they cannot be drawn: No normalization"
    by_layer = [
        about(arms, TITLES, layer)
        for about in map(told, (conclusions.about_activations, conclusions.about_parameters))
        for layer in LAYERS
    ]
    assert f"The values of fc2 {lost}" in told(conclusions.about_activations)(arms, TITLES, "fc2")
    assert f"The gradients {lost}" in told(conclusions.about_gradients)(arms, TITLES)
    for sentence in (*by_layer, told(conclusions.about_gradients)(arms, TITLES)):
        assert "nan" not in sentence
        assert max(map(len, sentence.split())) < 20


def test_networks_of_an_earlier_step_are_as_they_were(small_images: Images) -> None:
    class Keeping(Unattended):
        snapshots, seen = Snapshots(), dict[int, dict[str, torch.Tensor]]()

        def look(self, arms: list[Arm], data: Images, step: int) -> frozenset[str]:
            self.snapshots.keep(step, arms)
            self.seen[step] = {name: values.clone() for name, values in arms[1].model.state_dict().items()}
            return frozenset()

    arms = train(small(), small_images, lambda record: None, Keeping())
    then = Keeping.snapshots.arms(3, arms)[1].model.state_dict()
    assert all(torch.equal(values, then[name]) for name, values in Keeping.seen[3].items())
    assert not torch.equal(then["conv1.weight"], arms[1].model.state_dict()["conv1.weight"])
    with pytest.raises(LookupError, match="kept at steps 0, 1, 2"):
        Keeping.snapshots.arms(99, arms)


@pytest.fixture(scope="module")
def first_look_inside(fashion: Images) -> dict[int, NetworkSummary]:
    """What the pages show of sigmoid, Xavier at step 0, by depth: one summary per arm."""
    found = {}
    for depth in (5, 12):
        config = ExperimentConfig(depth=depth)
        found[depth] = look_at_fixed_images(config, fashion, build_arms(config, torch.device("cpu")), 0).arms
    return found


def test_fact_1_is_what_the_gradients_page_shows_at_step_0(first_look_inside) -> None:
    none, bn, ln = (first_look_inside[5][name].gradient_ratio for name in ("none", "bn", "ln"))
    assert none < 0.02
    assert 0.01 < ln < 0.2
    assert 0.4 < bn < 4
    assert none < ln < bn


def test_fact_2_is_what_the_gradients_page_shows_at_depth_12(first_look_inside) -> None:
    assert first_look_inside[12]["none"].gradient_ratio < 1e-5
    assert 0.4 < first_look_inside[12]["bn"].gradient_ratio < 4


def test_fact_4_is_what_the_activations_page_shows_at_step_0(first_look_inside) -> None:
    none, bn, ln = (first_look_inside[5][name].layers[-2].activated.unit_std for name in ("none", "bn", "ln"))
    assert none < 0.002
    assert 0.001 < ln < 0.03
    assert 0.19 < bn < 0.23


def test_fact_8_at_step_1_running_statistics_are_still_those_of_the_start(fashion: Images) -> None:
    config = ExperimentConfig(examples=256, epochs=1, learning_rate=1.0, arms=(parse_arm("bn"),))
    found: list[object] = []
    train(config, fashion, found.append)
    test = next(record for record in found if isinstance(record, records.TestMeasured) and record.step == 1)
    assert test.accuracy["bn"] < 0.16
    assert test.batch_accuracy["bn"] > 0.2


def test_fact_13_ten_times_the_weights_before_batch_norm_is_a_tenth_of_the_gradient(
    fashion: Images,
) -> None:
    config = ExperimentConfig(arms=(parse_arm("bn"),))
    arms = build_arms(config, torch.device("cpu"))
    before = look_at_fixed_images(config, fashion, arms, 0).arms["bn"].layers
    with torch.no_grad():
        for parameter in arms[0].model[0].parameters():
            parameter.mul_(10)
    after = look_at_fixed_images(config, fashion, arms, 0).arms["bn"].layers
    assert after[0].gradient.mean_abs / before[0].gradient.mean_abs == pytest.approx(0.1, abs=0.001)
    assert after[-1].before.mean == pytest.approx(before[-1].before.mean, abs=1e-2)


def test_a_look_that_was_due_does_not_hold_up_those_that_a_page_asks_for(
    looks: list[NetworksSeen], small_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, clock = Run(small(), Line(), grace=60), [100.0]
    monkeypatch.setattr("core.runs.pace.time.monotonic", lambda: clock[0])

    def looked(at: float, step: int) -> frozenset[str]:
        clock[0] = at
        run.seen_inside(0, "fixed")
        sources = run.look([], small_images, step)
        clock[0] += 0.01  # what the look takes
        for _ in sources:
            run.publish(looks[0])
        return sources

    assert looked(100.0, 499) == {"fixed"}
    assert looked(100.4, 499) == frozenset(), "too soon"
    assert looked(100.45, 500) == {"fixed"}, "due"
    assert looked(101.0, 501) == {"fixed"}


def test_a_look_that_was_kept_is_told_in_the_language_of_whoever_asks(observations: Observations) -> None:
    look = observations.since(0, "fixed")[3]
    with speaking("zh"):
        chinese = look.to_json("activations", "fc1")
        assert look.to_json("gradients", None)["says"].startswith("第一层的平均梯度与最后一层相比：无规范化 ")
        assert "饱和" in json.loads(observations.whole(look.sequence))["bn"]["layers"][0]["rule"]
    english = look.to_json("activations", "fc1")
    assert chinese["says"].startswith("fc1的一个单元在激活函数之后随图像变化的幅度：无规范化 ")
    assert english["says"].startswith("From image to image a unit of fc1 after the activation varies by: No norm")
    assert chinese["arms"]["bn"]["fc1"]["rule"] == "饱和：在[0.05, 0.95]之外"
    assert english["arms"]["bn"]["fc1"]["rule"] == "saturated: outside [0.05, 0.95]"


def test_the_strip_of_train_has_a_look_every_three_seconds_and_holds_up_no_page(
    looks: list[NetworksSeen], small_images: Images, monkeypatch: pytest.MonkeyPatch
) -> None:
    run, clock = Run(small(), Line(), grace=60), [100.0]
    monkeypatch.setattr("core.runs.pace.time.monotonic", lambda: clock[0])

    def looked(at: float, *asked: tuple[str, float]) -> frozenset[str]:
        clock[0] = at
        for source, apart in asked:
            run.seen_inside(0, source, apart)
        sources = run.look([], small_images, 499)
        for _ in sources:
            run.publish(looks[0])
        return sources

    strip, page = ("fixed", 3.0), ("batch", 0.5)
    assert looked(100.0, strip) == {"fixed"}
    assert [looked(100.0 + wait, strip) for wait in (0.5, 1.5, 2.9)] == [frozenset()] * 3
    assert looked(103.1, strip) == {"fixed"}
    assert looked(103.7, strip, page) == {"batch"}
    assert looked(104.3, strip, page) == {"batch"}
    assert looked(106.2, strip, page) == {"fixed", "batch"}, "though the page has had looks meanwhile"
    page = ("fixed", 0.5)  # with the strip's images; it has them at its own pace
    assert [looked(112.0 + wait, strip, page) for wait in (0, 0.6, 1.2)] == [{"fixed"}] * 3


def test_the_strip_gets_the_numbers_that_the_pages_of_gradients_and_activations_draw(
    observations: Observations,
) -> None:
    for look in observations.since(0, "fixed"):
        depth, gradients, activations = (look.to_json(view, None) for view in ("depth", "gradients", "activations"))
        assert (depth["step"], depth["arms"].keys()) == (gradients["step"], gradients["arms"].keys())
        for arm, layers in depth["arms"].items():
            for name, numbers in layers.items():
                activated = activations["arms"][arm][name]["stages"].get("activated")
                assert numbers == {
                    "gradient": gradients["arms"][arm][name]["mean_abs"],
                    "spread": activated and activated["unit_std"],
                }
        assert len(json.dumps(depth)) < 0.2 * len(json.dumps(activations))
    assert depth["arms"]["none"]["fc3"]["spread"] is None, "the last layer has no activation"


@pytest.mark.parametrize(
    ("changes", "due"),
    [
        ({"batch_size": 2}, {"fixed", "batch"}),
        ({"batch_size": 32}, {"fixed"}),
        ({"batch_size": 2, "arms": (parse_arm("none"), parse_arm("bn/none"))}, {"fixed"}),
    ],
)
def test_where_a_linear_layer_normalizes_over_a_few_images_the_batch_is_looked_at_too(
    changes: dict[str, object], due: set[str], small_images: Images
) -> None:
    run = Run(small(**changes), Line(), grace=60)
    assert [run.look([], small_images, step) for step in (2, 3)] == [due, frozenset()]
