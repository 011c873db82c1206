"""core.words.verdict: the sentence says what the numbers support, and no more."""

from __future__ import annotations

import numpy as np
import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.language.message import Message
from core.language.speech import speaking
from core.training import records
from core.training.records import NO_MEMORY, ArmDiverged, ArmFailed, LearningRateChanged, StatusChanged
from core.words.endings import OUT_OF_MEMORY, about_failed, none_left
from core.words.verdict import behind, is_at_chance, largest_fall, sampling_error, verdict

CONFIG = ExperimentConfig()


def measured(
    step: int = 234, examples: int = 10_000, batch: dict[str, float] | None = None, **accuracy: float
) -> records.TestMeasured:
    whole, losses = examples == 10_000, dict.fromkeys(accuracy, 1.0)
    return records.TestMeasured(step, step / 78, examples, whole, losses, accuracy, {}, batch or {}, losses)


def over_time(end: int = 234, **accuracies: list[float]) -> list[records.TestMeasured]:
    """Tests on the first 1,000 images, one every 20 steps up to `end`."""
    columns = list(zip(*accuracies.values(), strict=True))
    steps = range(end - 20 * (len(columns) - 1), end + 1, 20)
    return [measured(s, 1000, **dict(zip(accuracies, row, strict=True))) for s, row in zip(steps, columns, strict=True)]


def test_it_ranks_the_arms_and_says_who_is_still_at_chance() -> None:
    said = verdict(CONFIG, [measured(none=0.1, bn=0.799, ln=0.626)], ended=True)
    assert said == (
        "At the end, after 234 steps, on all 10,000 test images: BatchNorm 79.9 %; LayerNorm 62.6 %; No normalization "
        "10.0 % (still at chance). The lead is 17.3 points (±1.2 from the test images alone; another seed or another "
        "machine may differ by more)."
    )


def test_while_it_runs_it_speaks_of_the_latest_test_and_of_how_many_images() -> None:
    said = verdict(CONFIG, [measured(step=0, bn=0.1), measured(step=20, examples=1000, bn=0.5)], ended=False)
    assert said == "After 20 steps, on the first 1,000 test images: BatchNorm 50.0 %."


def test_before_training_has_begun_it_says_nothing() -> None:
    assert verdict(CONFIG, [], ended=False) == ""
    assert verdict(CONFIG, [StatusChanged("running", 0), measured(step=0, bn=0.9, ln=0.5)], ended=False) == ""


def test_when_nobody_is_left_to_be_tested_it_says_nothing() -> None:
    assert verdict(CONFIG, [measured()], ended=True) == ""


@pytest.mark.parametrize(("lead", "too_close"), [(0.0, True), (0.0110, True), (0.0125, False)])
def test_a_lead_within_sampling_error_is_too_close_to_call(lead: float, too_close: bool) -> None:
    said = verdict(CONFIG, [measured(bn=0.75 + lead, ln=0.75)], ended=True)
    assert sampling_error(0.75 + lead, 0.75, 10_000) == pytest.approx(0.012, abs=0.0002)
    assert ("Too close to call" in said) is too_close


def test_no_lead_is_called_a_lead_of_nothing() -> None:
    said = verdict(CONFIG, [measured(bn=0.8003, ln=0.8)], ended=True)
    assert "Too close to call: the first two are level (±1.1 from the test images alone)." in said
    assert "0.0 points" not in said


def test_the_same_lead_counts_on_many_images_and_not_on_few() -> None:
    few, many = (verdict(CONFIG, [measured(examples=n, bn=0.78, ln=0.75)], ended=True) for n in (1000, 10_000))
    assert "Too close to call: the lead is 3.0 points, within the sampling error of the test images (±3.7)." in few
    assert "The lead is 3.0 points (±1.2 from the test images alone; another seed or another" in many


def test_nobody_leads_where_all_are_at_chance() -> None:
    said = verdict(CONFIG, [measured(none=0.1, bn=0.104)], ended=True)
    assert said.endswith("BatchNorm 10.4 % (still at chance); No normalization 10.0 % (still at chance).")


def test_an_arm_that_had_learned_and_guesses_now_is_not_still_at_chance() -> None:
    said = verdict(CONFIG, over_time(none=[0.1, 0.1, 0.1], bn=[0.1, 0.6, 0.09], ln=[0.1, 0.7, 0.7]), ended=True)
    assert "LayerNorm 70.0 %; No normalization 10.0 % (still at chance); BatchNorm 9.0 % (at chance again)." in said


def test_a_network_that_reads_14_percent_untrained_and_10_since_has_never_left_chance() -> None:
    tests = [measured(step=0, examples=1000, none=0.14), measured(step=10, examples=1000, none=0.1)]
    said = verdict(CONFIG, tests, ended=False)
    assert said == "After 10 steps, on the first 1,000 test images: No normalization 10.0 % (still at chance)."


@pytest.mark.parametrize("examples", [1000, 10_000])
def test_at_chance_means_within_three_standard_errors_of_guessing(examples: int) -> None:
    guesses = np.random.default_rng(0).binomial(examples, 0.1, 200_000) / examples
    assert np.mean([is_at_chance(a, examples) for a in guesses[:20_000]]) > 0.997
    edge = 0.1 + 3 * guesses.std()
    assert is_at_chance(edge - 0.001, examples)
    assert not is_at_chance(edge + 0.001, examples)


@pytest.mark.parametrize(("first", "second", "examples"), [(0.8, 0.62, 10_000), (0.5, 0.5, 1000), (0.12, 0.95, 360)])
def test_the_sampling_error_is_that_of_a_simulation(first: float, second: float, examples: int) -> None:
    random = np.random.default_rng(1)
    drawn = [random.binomial(examples, p, 200_000) / examples for p in (first, second)]
    low, high = np.quantile(drawn[0] - drawn[1], [0.025, 0.975])
    assert sampling_error(first, second, examples) == pytest.approx((high - low) / 2, rel=0.03)


@pytest.mark.parametrize("config", [CONFIG, ExperimentConfig(batch_size=2, epochs=1)])
def test_a_lead_smaller_than_what_an_arm_has_just_lost_again_is_too_close_to_call(config: ExperimentConfig) -> None:
    history = over_time(end=config.total_steps, bn=[0.60, 0.66, 0.72, 0.717], ln=[0.60, 0.72, 0.68, 0.607])
    assert sampling_error(0.717, 0.607, 1000) < 0.11
    window = min(config.total_steps // 2, 2 * config.steps_per_epoch)
    assert (
        f"Too close to call: the lead is 11.0 points, and within the last {window:,} steps one arm's test accuracy "
        "fell by 11.3: LayerNorm."
    ) in verdict(config, history, ended=True)


def test_a_lead_larger_than_any_fall_stands() -> None:
    history = over_time(bn=[0.60, 0.66, 0.72, 0.717], ln=[0.60, 0.71, 0.68, 0.607])  # it fell by 10.3
    assert "The lead is 11.0 points (±" in verdict(CONFIG, history, ended=True)


def test_the_fall_may_be_the_leaders_own_or_that_of_an_arm_further_behind() -> None:
    leader = over_time(bn=[0.9, 0.7, 0.8], ln=[0.7, 0.7, 0.7])
    third = over_time(bn=[0.8, 0.8, 0.8], ln=[0.7, 0.7, 0.7], none=[0.9, 0.9, 0.55])
    assert "one arm's test accuracy fell by 20.0: BatchNorm." in verdict(CONFIG, leader, ended=True)
    assert "one arm's test accuracy fell by 35.0: No normalization." in verdict(CONFIG, third, ended=True)


@pytest.mark.parametrize(("once", "second_is"), [(0.92, False), (0.85, True)])
def test_who_is_second_is_behind_where_its_lead_is_called_and_not_where_a_third_arm_is_unsteady(
    once: float, second_is: bool
) -> None:
    tests = over_time(bn=[0.9, 0.9], none=[0.85, 0.85], ln=[once, 0.4], gn=[0.3, 0.3])
    config = ExperimentConfig(arms=tuple(map(parse_arm, ("none", "bn", "ln", "gn"))))
    assert ("Too close to call" in verdict(config, tests, ended=True)) is not second_is
    found = behind(config, tests, ("bn", "none", "ln", "gn"))
    assert found == ({"none", "ln", "gn"} if second_is else {"gn"})
    assert behind(config, tests, ("bn", "none")) == {"none"}, "of ln nothing is said"


def test_a_third_arms_fall_counts_against_its_own_distance_to_the_leader() -> None:
    history = over_time(bn=[0.8, 0.8], ln=[0.7, 0.7], none=[0.7, 0.55])  # fell by 15, and is 25 behind
    assert "The lead is 10.0 points" in verdict(CONFIG, history, ended=True)


def test_a_climb_is_learning_and_calls_no_lead_in_question() -> None:
    history = over_time(bn=[0.10, 0.75, 0.79], ln=[0.10, 0.30, 0.62])
    assert "The lead is 17.0 points" in verdict(CONFIG, history, ended=True)


@pytest.mark.parametrize(
    ("epochs", "step", "too_close"),
    [(3, 116, False), (3, 117, True), (10, 623, False), (10, 624, True)],  # the half of 234, two epochs before 780
)
def test_a_fall_counts_within_the_last_two_epochs_and_the_second_half_of_the_steps_so_far(
    epochs: int, step: int, too_close: bool
) -> None:
    config = ExperimentConfig(epochs=epochs)
    low = [measured(s, bn=0.8, ln=0.7) for s in (config.total_steps - 10, config.total_steps)]
    said = verdict(config, [measured(step, bn=0.8, ln=0.82), *low], ended=True)
    assert ("Too close to call" in said) is too_close


def test_an_arm_that_fell_in_mid_run_and_stayed_low_is_said_to_have_been_higher() -> None:
    config = ExperimentConfig(epochs=10)
    accuracies = {1: 0.6, 2: 0.8, 3: 0.7, 4: 0.6, 6: 0.6, 8: 0.6, 10: 0.6}
    history = [measured(78 * epoch, bn=bn, ln=0.5) for epoch, bn in accuracies.items()]
    said = verdict(config, history, ended=True)
    assert "The lead is 10.0 points" in said  # which it has had for six epochs
    assert said.endswith("BatchNorm had been at 80.0 % at epoch 2.0.")
    assert "had been" not in verdict(config, history[:2], ended=False)


@pytest.mark.parametrize(("once", "is_said"), [(0.69, False), (0.71, True)])
def test_a_loss_of_no_more_than_ten_points_is_not_worth_a_sentence(once: float, is_said: bool) -> None:
    said = verdict(ExperimentConfig(epochs=10), [measured(78, bn=once), measured(780, bn=0.6)], ended=True)
    assert ("had been" in said) is is_said


def test_how_high_an_arm_had_been_is_read_on_as_many_images_as_it_is_now() -> None:
    few = [measured(78, 100, bn=0.62), measured(780, 100, bn=0.5)]  # 12 points, of which chance alone may give 13.6
    other = [measured(70, 1000, bn=0.9), measured(780, 10_000, bn=0.7)]
    config = ExperimentConfig(epochs=10)
    assert "had been" not in verdict(config, few, ended=True)
    assert "had been" not in verdict(config, other, ended=True)


def test_what_the_untrained_network_reads_by_chance_is_nothing_that_it_had() -> None:
    history = [measured(0, bn=0.25), measured(234, bn=0.1)]
    assert "had been" not in verdict(CONFIG, history, ended=True)


def test_a_fall_is_measured_between_tests_on_as_many_images() -> None:
    live, whole = measured(220, 1000, bn=0.8, ln=0.8), measured(234, 10_000, bn=0.8, ln=0.75)
    assert "The lead is 5.0 points" in verdict(CONFIG, [live, whole], ended=True)


def test_the_largest_fall_is_that_over_all_pairs_of_tests() -> None:
    random = np.random.default_rng(2)
    for _ in range(50):
        sizes, shares = random.choice([1000, 10_000], 12), random.random(12)
        tests = [measured(i, int(n), bn=float(p)) for i, (n, p) in enumerate(zip(sizes, shares, strict=True))]
        differences = np.triu(np.subtract.outer(shares, shares), 1) * np.equal.outer(sizes, sizes)
        assert largest_fall(tests, "bn") == pytest.approx(max(0.0, differences.max()))
    assert largest_fall([measured(ln=0.5)], "bn") == 0.0


def test_the_gap_between_batch_and_running_statistics_is_told_only_beyond_sampling_error() -> None:
    within = verdict(CONFIG, [measured(bn=0.79, batch={"bn": 0.80})], ended=True)
    beyond = verdict(CONFIG, [measured(bn=0.099, batch={"bn": 0.31})], ended=False)
    assert "batch statistics" not in within
    assert "With batch statistics instead of running ones: BatchNorm 31.0 %." in beyond


def test_of_several_gaps_the_largest_is_told() -> None:
    config = ExperimentConfig(arms=(parse_arm("bn"), parse_arm("bn/none")))
    said = verdict(config, [measured(bn=0.5, **{"bn/none": 0.9}, batch={"bn": 0.6, "bn/none": 0.6})], ended=True)
    assert "instead of running ones: BatchNorm on convolutions only 60.0 %" in said


def test_an_arm_that_diverged_is_named_with_its_step() -> None:
    broken = ArmDiverged(57, "none", "conv1", "conv1.weight is not finite")
    said = verdict(CONFIG, [measured(bn=0.8, ln=0.6), broken], ended=True)
    assert said.endswith("Diverged: No normalization at step 57.")


def test_titles_of_several_words_do_not_run_into_one_another() -> None:
    config = ExperimentConfig(arms=tuple(parse_arm(name) for name in ("bn:book", "gn", "bn/none")))
    said = verdict(config, [measured(**{"bn:book": 0.9, "gn": 0.8, "bn/none": 0.7})], ended=True)
    first, second = "BatchNorm with the book's own code 90.0 %", "GroupNorm with 2 groups 80.0 %"
    assert f"{first}; {second}; BatchNorm on convolutions only 70.0 %." in said


def test_the_learning_rate_to_lower_is_that_of_the_arm_that_diverged_first() -> None:
    config = ExperimentConfig(arms=(parse_arm("none:lr=5"), parse_arm("bn")))
    own, shared = (ArmDiverged(step, name, "fc3", "it is not finite") for step, name in ((3, "none:lr=5"), (9, "bn")))
    assert "(it was 5)" in str(none_left(config, [own, shared]))
    assert "(it was 0.1)" in str(none_left(config, [shared, own]))
    before, after = LearningRateChanged(7, 0.1, 0.3), LearningRateChanged(10, 0.3, 0.02)
    assert "(it was 0.3)" in str(none_left(config, [before, shared, after, own]))


@pytest.mark.parametrize(
    ("what", "end"), [("ValueError: odd", "odd."), ("ValueError: Odd.", "Odd."), ("E: why?", "why?")]
)
def test_what_an_exception_says_ends_in_one_full_stop(what: str, end: str) -> None:
    said = str(about_failed([ArmFailed(3, "bn", "step", what)], {"bn": "BatchNorm"}))
    assert said.endswith(end)
    assert not said.endswith("..")
    left = str(none_left(CONFIG, [ArmFailed(3, "bn", "step", what)]))
    assert f" {end} The log has more." in left


def test_it_is_told_in_the_language_of_who_reads() -> None:
    broken = ArmDiverged(57, "ln", "conv1", Message("{parameter} is not finite", {"parameter": "conv1.weight"}))
    history = [measured(none=0.1, bn=0.799), broken]
    with speaking("zh"):
        assert verdict(CONFIG, history, ended=True) == (
            "训练结束，共234步，在全部10,000幅测试图像上：批量规范化 79.9 %；无规范化 10.0 %（仍与随机猜测相当）。"
            "领先69.9个百分点（仅测试图像的抽样误差就有±1.0个百分点；换一个随机种子或换一台机器，差异可能更大）。"
            "发散：层规范化，第57步。"
        )
        level = verdict(CONFIG, [measured(bn=0.8003, ln=0.8)], ended=True)
        assert "难分高下：前两名持平（仅测试图像的抽样误差就有±1.1个百分点）。" in level
        assert str(none_left(CONFIG, [broken])) == (
            "每个网络的损失都已不是有限数；最早的是ln，在第57步：conv1.weight不是有限数。"
            "请降低学习率（当时为0.1），然后重新开始。"
        )


def test_one_step_is_no_steps() -> None:
    assert verdict(CONFIG, [measured(step=1, bn=0.5)], ended=False).startswith("After 1 step, on all 10,000 test")


def test_out_of_memory_is_known_in_any_language() -> None:
    with speaking("zh"):
        assert none_left(CONFIG, [ArmFailed(3, "bn", "step", NO_MEMORY)]) == OUT_OF_MEMORY
        said = str(about_failed([ArmFailed(3, "bn", "look", NO_MEMORY)], {"bn": "bn"}))
    assert said == "bn在第3步之后的查看中失败：设备内存不足。"
