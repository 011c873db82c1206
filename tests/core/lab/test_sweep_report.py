"""core.lab.report: a sweep's report says in the reader's language what the page does, and needs nothing besides."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from core.experiment.arm import parse_arm
from core.experiment.config import ExperimentConfig
from core.exports.scripts import standing_alone
from core.lab.arrived import Findings
from core.lab.conclusions import conclusions
from core.lab.links import from_query
from core.lab.report import SCRIPT, report
from core.lab.summary import groups
from core.lab.sweep import Sweep
from core.lab.told import planned
from core.language.speech import speaking
from tests.core.exports.opened import Read
from tests.core.lab.gated import Made

BASE = ExperimentConfig(data="digits", examples=80, batch_size=24, epochs=1, arms=(parse_arm("none"), parse_arm("bn")))
SWEEP = Sweep(BASE, (("lr", (0.1, 10.0)),), seeds=2)


def swept(sweep: Sweep = SWEEP, most: int = 99) -> Made:
    made = Made(sweep)
    made.engine.let(most)
    made.sweep.begin("key")
    if most >= made.sweep.total:
        made.end()
    return made


ASKED = {
    "en": "Learning rate: 0.1, 10 · Norms: none, bn · 2 seeds",
    "zh": "学习率：0.1、10 · 规范化：none、bn · 2个随机种子",
}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_it_says_what_the_page_says_and_has_the_tables_numbers(language: str) -> None:
    made = swept()
    with speaking(language):
        found = Read(report(made.sweep.findings))
        titles = {arm.name: arm.title for arm in BASE.arms}
        said = [str(sentence) for sentence in conclusions(groups(made.sweep.entries), titles)]
        plan = planned(SWEEP)
    assert len(said) >= 4
    for sentence in [*said, *plan["base"], ASKED[language]]:
        assert " ".join(sentence.split()) in found.text
    assert found.text.count("90.9") >= 4  # 1 / 1.1 of two arms, by both kinds of images
    assert ("the largest rate at which it learned" in found.text) == (language == "en")
    assert (found.run["language"], found.run["sweeps"][0]["plan"]) == (language, plan)


def test_its_charts_have_the_groups_and_lead_to_no_run() -> None:
    (found,) = Read(report(swept().sweep.findings)).run["sweeps"]
    told = {(group["where"][0], group["arm"]): group["fate"] for group in found["groups"]}
    assert told == {(lr, arm): fate for lr, fate in (("0.1", "learns"), ("10.0", "fails")) for arm in ("none", "bn")}
    assert [group["runs"] for group in found["groups"]] == [[]] * 4
    assert found["groups"][0]["band"]["median"] == [2.0, 1.5]


def test_a_sweep_that_no_server_has_conducted_has_the_same_report() -> None:
    """As the command line has it, which knows points alone; here with a run that failed, and was asked for twice."""
    sweep = replace(SWEEP, varied=(("batch-size", (24, 12)), ("lr-rule", ("fixed", "proportional"))))
    made = swept(sweep)
    conducted, first, found = made.sweep, made.sweep.asked_points[0].key, dict(made.kept._found)
    (part,) = conducted.parts
    part.done.discard(first)
    conducted.arrived = [each for each in conducted.arrived if each.place[0] not in (0, 1)]
    conducted.arrived += part.add(first, None, "no memory")
    findings = Findings.of(sweep, {key: found[key] for key in found if key != first}, {first: "no memory"})
    assert (findings.done, findings.total, len(findings.arrived)) == (5, 6, 16)
    told, same = (Read(report(each)) for each in ([findings], conducted.findings))
    assert told.text == same.text
    assert in_order(told.run["sweeps"]) == in_order(same.run["sweeps"])


def in_order(sweeps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Whatever order their groups came in."""
    return [
        each | {"groups": sorted(each["groups"], key=lambda group: (group["where"], group["arm"]))} for each in sweeps
    ]


def test_of_a_question_that_is_two_sweeps_each_has_its_own_part_and_the_answer_is_read_first() -> None:
    rates, seeds = SWEEP, replace(SWEEP, varied=(), seeds=3)
    found = Read(report([*swept(rates).sweep.findings, *swept(seeds).sweep.findings]))
    assert [tag for tag, _attrs in found.tags].count("article") == 2
    links = [str(attrs["href"]) for tag, attrs in found.tags if tag == "a"]
    assert [from_query(dict(parse_qsl(urlsplit(link).query))) for link in links] == [seeds, rates]
    assert [each["plan"] for each in found.run["sweeps"]] == [planned(seeds), planned(rates)]


def test_its_link_and_its_command_are_the_sweep() -> None:
    page = report(swept().sweep.findings, "https://example.org/norm/")
    (link,) = [attrs["href"] for tag, attrs in Read(page).tags if tag == "a"]
    assert link.startswith("https://example.org/norm/lab?")
    assert from_query(dict(parse_qsl(urlsplit(link).query))) == SWEEP


def test_there_is_a_map_of_what_is_varied_and_none_where_only_seeds_are() -> None:
    def maps(sweep: Sweep) -> list[str | None]:
        tags = Read(report(swept(sweep).sweep.findings)).tags
        return [attrs["data-map"] for _tag, attrs in tags if "data-map" in attrs]

    assert maps(SWEEP) == ["fate", "validation", "ratio"]
    assert maps(replace(SWEEP, varied=(("depth", (5, 8)),))) == ["validation", "ratio"]
    assert maps(replace(SWEEP, varied=())) == []


def test_a_sweep_along_the_gradient_has_charts_of_it_over_the_steps() -> None:
    def curves(sweep: Sweep) -> list[str | None]:
        tags = Read(report(swept(sweep).sweep.findings)).tags
        return [attrs["data-curves"] for _tag, attrs in tags if "data-curves" in attrs]

    assert curves(replace(SWEEP, along=True)) == ["bands", "cosine", "range"]
    assert curves(SWEEP) == ["bands"]


def test_of_a_sweep_without_any_number_it_says_so() -> None:
    found = Read(report(Made(SWEEP).sweep.findings))
    assert "0 of 4 runs have numbers." in found.text
    assert [each["groups"] for each in found.run["sweeps"]] == [[]]


def test_what_is_said_of_failures_is_text_and_never_a_tag() -> None:
    made = swept()
    made.sweep.arrived += made.sweep.parts[0].add(made.sweep.asked_points[0].key, None, "<script>alert(1)</script>")
    found = Read(report(made.sweep.findings))
    assert "A run has failed: <script>alert(1)</script>" in found.text
    assert [tag for tag, _attrs in found.tags].count("script") == 3


def test_its_script_is_the_pages_own_and_imports_nothing() -> None:
    script = standing_alone(SCRIPT)
    assert not re.search(r"(?m)^(import|export)\b", script)
    assert "const {picture: mapOf} = lab_heat_map;" in re.sub(r"\{ | \}", lambda sign: sign[0].strip(), script)
