"""core.experiment.links: an experiment in a link and back, and what is said of a bad one."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.experiment import links
from core.experiment.config import DATASETS, PRESETS, ExperimentConfig
from core.experiment.fitting import DIGITS
from core.experiment.links import QUERY_KEYS, to_query
from core.language.speech import speaking
from tests.core.drawn import valid_configs


def from_query(params: dict[str, str]) -> tuple[ExperimentConfig, list[str]]:
    """With what is said of it as a page in English tells it."""
    config, problems = links.from_query(params)
    return config, [str(problem) for problem in problems]


# --- there and back ----------------------------------------------------------------------------------------------


@given(valid_configs())
def test_every_experiment_reads_back_from_its_link_without_complaint(config: ExperimentConfig) -> None:
    assert from_query(to_query(config)) == (config, [])


def test_a_link_holds_every_setting() -> None:
    assert sorted(QUERY_KEYS.values()) == sorted(ExperimentConfig.__dataclass_fields__)
    assert to_query(PRESETS["First look"]).keys() == QUERY_KEYS.keys()


@pytest.mark.parametrize("keep", [True, False])
def test_whether_the_last_short_batch_is_dropped_survives_the_link(keep: bool) -> None:
    config = ExperimentConfig(drop_last=keep)
    assert from_query(to_query(config))[0].drop_last is keep


def test_a_link_of_before_there_were_decay_and_schedules_means_what_it_meant() -> None:
    before = (
        "data=mnist&examples=500&batch=20&drop_last=0&arms=none,bn:lr=0.3&act=relu&pool=avg&init=he&depth=8&dropout=0.1"
        "&opt=adam&lr=0.01&momentum=0.5&epochs=2&seed=7"
    )
    config, problems = from_query(dict(pair.split("=", 1) for pair in before.split("&")))
    assert problems == []
    assert (config.weight_decay, config.schedule) == (0.0, "constant")
    assert (config.learning_rate, config.seed) == (0.01, 7)


# --- links are read strictly -------------------------------------------------------------------------------------


@given(
    st.dictionaries(
        st.sampled_from([*QUERY_KEYS, "run"]) | st.text(),
        st.text() | st.from_regex(r"-?[0-9]*\.?[0-9]*(e-?[0-9]+)?", fullmatch=True) | st.sampled_from(list(DATASETS)),
    )
)
def test_whatever_a_link_says_it_is_read_without_an_exception_and_every_refusal_is_reported(
    params: dict[str, str],
) -> None:
    config, problems = from_query(params)
    assert isinstance(config, ExperimentConfig)
    unknown = any(key not in QUERY_KEYS for key in params)
    assert len([problem for problem in problems if problem.startswith("Unknown setting")]) == unknown
    assert len(problems) <= 4
    if not problems:
        assert from_query(to_query(config)) == (config, [])


@pytest.mark.parametrize("key", QUERY_KEYS)
@pytest.mark.parametrize("junk", ["9" * 5000, "x" * 5000, "gn" + "9" * 5000, "bn:lr=" + "9" * 5000, "bn," * 3000])
def test_junk_of_any_length_is_ignored_and_not_repeated_at_length(key: str, junk: str) -> None:
    config, problems = from_query({key: junk})
    assert config == ExperimentConfig()
    assert problems
    assert all(len(problem) < 600 for problem in problems)


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"colour": "red"}, "Unknown setting “colour”"),
        ({"epochs": "many"}, "“epochs=many”"),
        ({"epochs": "2.5"}, "“epochs=2.5”"),
        ({"epochs": "0"}, "1 to 1,000 epochs; got 0"),
        ({"epochs": "1001"}, "1 to 1,000 epochs; got 1,001"),
        ({"lr": "0"}, "above 0; got 0"),
        ({"lr": "-1"}, "above 0; got -1"),
        ({"lr": "nan"}, "above 0; got nan"),
        ({"lr": "inf"}, "above 0; got inf"),
        ({"batch": "1025"}, "1 to 1,024 examples; got 1,025"),
        ({"seed": "-1"}, "4,294,967,295; got -1"),
        ({"drop_last": "yes"}, "must be one of 0, 1; got “yes”"),
        ({"data": "imagenet"}, "must be one of fashion-mnist, mnist, kmnist, digits; got “imagenet”"),
        ({"depth": "6"}, "must be one of 5, 8, 12; got “6”"),
        ({"arms": "bn,dyt"}, "got “dyt”"),
        ({"arms": ""}, "1 to 6 arms; got 0"),
        ({"arms": "bn,bn"}, "got bn twice"),
        ({"momentum": "1"}, "not including 1; got 1"),
        ({"dropout": "nan"}, "not including 1; got nan"),
    ],
)
def test_what_a_link_gets_wrong_takes_its_default_and_is_reported_once(params: dict[str, str], said: str) -> None:
    config, problems = from_query(params)
    assert config == ExperimentConfig()
    assert len(problems) == 1
    assert said in problems[0]


def test_one_wrong_setting_costs_no_other_setting() -> None:
    config, problems = from_query({"lr": "0.5", "epochs": "-3", "arms": "bn,gn1"})
    assert (config.learning_rate, [arm.name for arm in config.arms]) == (0.5, ["bn", "gn1"])
    assert (config.epochs, len(problems)) == (3, 1)


def test_examples_that_the_data_does_not_have_cost_data_and_examples_only() -> None:
    config, problems = from_query({"data": "digits", "examples": "5000", "lr": "0.5"})
    assert config == ExperimentConfig(learning_rate=0.5)
    assert "digits has 1,437 training images" in problems[0]


def test_a_link_to_the_digits_takes_their_settings_where_it_names_none() -> None:
    assert from_query({"data": "digits"}) == (ExperimentConfig(data="digits", **DIGITS), [])
    assert from_query({"data": "digits", "lr": "0.7", "act": "relu"}) == (
        ExperimentConfig(**{"data": "digits", "activation": "relu"} | DIGITS | {"learning_rate": 0.7}),
        [],
    )
    few = from_query({"data": "digits", "examples": "20"})[0]
    assert (few.examples, few.batch_size, few.epochs) == (20, 20, DIGITS["epochs"])


def test_a_number_in_a_link_may_have_a_decimal_comma_among_the_arms_too() -> None:
    config, problems = from_query({"lr": "0,3", "dropout": "0,25", "arms": "none:lr=0,02,bn:dropout=0,5:lr=1,5,ln"})
    assert problems == []
    assert (config.learning_rate, config.dropout) == (0.3, 0.25)
    assert [arm.name for arm in config.arms] == ["none:lr=0.02", "bn:dropout=0.5:lr=1.5", "ln"]


def test_a_link_written_in_full_width_reads_as_its_ascii_twin() -> None:
    arms = "none，bn：dropout=0。5、ln：lr＝０，３，ｇｎ１"
    config, problems = from_query({"lr": "０．３", "batch": "３２", "arms": arms})
    assert problems == []
    assert (config.learning_rate, config.batch_size) == (0.3, 32)
    assert [arm.name for arm in config.arms] == ["none", "bn:dropout=0.5", "ln:lr=0.3", "gn1"]


def test_a_link_to_fewer_examples_than_the_usual_batch_has_takes_one_batch_of_them() -> None:
    assert from_query({"examples": "100"}) == (ExperimentConfig(examples=100, batch_size=100), [])


def test_settings_of_a_link_that_contradict_each_other_on_the_digits_do_not_cost_the_data() -> None:
    config, problems = from_query({"data": "digits", "batch": "4", "drop_last": "0"})  # 1,437 = 359 × 4 + 1
    assert config == ExperimentConfig(data="digits", **DIGITS)
    assert [problem.partition(".")[0] for problem in problems] == [
        "“batch=4” and “drop_last=0” in the link were ignored"
    ]


def test_settings_that_contradict_each_other_are_ignored_together() -> None:
    config, problems = from_query({"batch": "512", "examples": "300", "lr": "0.5"})
    assert config == ExperimentConfig(learning_rate=0.5)
    assert len(problems) == 1
    assert "“examples=300” and “batch=512” in the link were ignored" in problems[0]


def test_unknown_settings_are_named_together_the_first_of_many() -> None:
    assert from_query(dict.fromkeys("ab", "1"))[1] == ["Unknown settings in the link were ignored: “a”, “b”."]
    assert from_query(dict.fromkeys("abcdefgh", "1"))[1] == [
        "Unknown settings in the link were ignored: “a”, “b”, “c”, “d”, “e” and 3 more."
    ]


def test_of_many_problems_the_first_are_explained_and_the_others_counted() -> None:
    four = dict.fromkeys(["lr", "seed", "depth", "epochs"], "many")
    assert sum("“many”" in problem or "=many”" in problem for problem in from_query(four)[1]) == 4
    config, problems = from_query(dict.fromkeys(QUERY_KEYS, "many"))
    assert config == ExperimentConfig()
    assert all("=many” in the link was ignored" in problem for problem in problems[:3])
    assert problems[3:] == [f"{len(QUERY_KEYS) - 3} more settings in the link were ignored."]


def test_problems_are_told_in_the_language_of_who_reads_and_a_link_that_is_refused_is_not_ignored() -> None:
    link = {"warp": "9", "lr": "0"}
    refused = [str(problem) for problem in links.from_query(link, refuses=True)[1]]
    assert refused[0] == "Unknown setting “warp” in the link cannot be used."
    assert refused[1].startswith("“lr=0” in the link cannot be used. The learning rate must be")
    with speaking("zh"):
        assert from_query(link)[1] == [
            "链接中有未知的设置“warp”，已忽略。",
            "链接中的“lr=0”已忽略。学习率须是大于0的有限数；给出的是0。请用0.1。",
        ]
