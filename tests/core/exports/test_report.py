"""A report says what the run supports in the reader's language, and has all it needs within it."""

from __future__ import annotations

import base64
import hashlib
import math
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import plotly
import pytest

from core.experiment.links import from_query
from core.exports import report
from core.exports.scripts import ASSETS, standing_alone
from core.language.message import Message
from core.language.speech import speaking
from core.store.recording import Recording
from core.training.records import DataReplaced, LearningRateChanged, StatusChanged, TrainMeasured, to_json
from core.words.conclusions import about_gradients
from core.words.evidence import Evidence
from core.words.reasons import reasons
from core.words.verdict import verdict
from tests.core.exports.opened import Read
from tests.core.exports.short import two


def read(recording: Recording, language: str = "en") -> Read:
    with speaking(language):
        return Read(report.report(recording))


def test_it_says_what_the_last_test_supports_and_what_one_seed_does_not_tell():
    recording = two()
    found = read(recording)
    assert verdict(recording.config, recording.records, True) in found.text
    assert "This is one run from one seed (0)." in found.text
    assert "Started on 2026-11-27 12:00 UTC, from the page" in found.text
    assert "NormScope 0.1.0, Python 3.11.7, PyTorch 2.15.0" in found.text


def test_a_run_without_a_name_is_called_by_what_it_compares_and_when_it_began():
    recording = replace(two(), name="")
    text = report.report(recording)
    assert "<h1>none, bn · digits · 2026-11-27</h1>" in text
    assert "<title>none, bn · digits · 2026-11-27 · a run of NormScope</title>" in text
    with speaking("zh"):
        assert "<h1>none、bn · digits · 2026-11-27</h1>" in report.report(recording)
    assert "<h1>mine</h1>" in report.report(replace(recording, name="mine"))


def test_below_the_verdict_are_its_reasons_each_with_the_look_at_which_it_is_seen():
    recording = two()
    (reason,) = reasons(recording.config, recording.records, Evidence(recording.looks()))
    found = read(recording)
    assert str(reason.said).startswith("BatchNorm is at chance in prediction mode")
    assert f"{reason.said} → Parameters: {reason.layer}, step 10" in found.text
    (link,) = [attrs for tag, attrs in found.tags if tag == "a" and "data-step" in attrs]
    assert link == {"href": "#inside", "data-step": "10", "data-seen": reason.layer, "data-source": "fixed"}
    assert ("div", {"id": "inside"}) in found.tags
    unseen = read(replace(recording, looks=lambda: ()))
    assert "BatchNorm is at chance in prediction mode" not in unseen.text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_all_of_it_is_in_the_readers_language(language: str):
    recording = two()
    found = read(recording, language)
    assert ("html", {"lang": {"en": "en", "zh": "zh-CN"}[language]}) in found.tags
    with speaking(language):
        assert verdict(recording.config, recording.records, True) in found.text
    assert found.run["language"] == language
    assert ("Learning rate" in found.text) is (language == "en")
    assert ("学习率" in found.text) is (language == "zh")
    assert found.run["catalog"].get("layer") == (None if language == "en" else "层")


def test_its_numbers_are_the_records_and_every_look_with_its_conclusions():
    recording = two()
    found = read(recording).run
    assert [{k: v for k, v in r.items() if k != "seq"} for r in found["records"]] == list(
        map(to_json, recording.records)
    )
    seen = list(recording.looks())
    assert [look["step"] for look in found["looks"]] == [0, 5, 10]
    titles = {arm.name: arm.title for arm in recording.config.arms}
    for look, drawn in zip(seen, found["looks"], strict=True):
        assert drawn["says"]["gradients"].startswith(str(about_gradients(look.arms, titles)))
        for arm, summary in look.arms.items():
            for layer in summary.layers:
                numbers = drawn["arms"][arm][layer.name]
                assert numbers["mean_abs"] == pytest.approx(layer.gradient.mean_abs, rel=1e-4)
                assert numbers["unit_std"] == pytest.approx((layer.activated or layer.before).unit_std, rel=1e-4)
                assert numbers["gamma"] == pytest.approx(layer.norm.gamma if layer.norm else [], rel=1e-4)


def test_it_fetches_nothing_and_its_own_policy_allows_its_own_script_alone():
    found = read(two())
    places = [value for _tag, attrs in found.tags for name, value in attrs.items() if name in ("src", "srcset", "data")]
    assert places == []
    assert [attrs["href"] for tag, attrs in found.tags if tag == "link"] == []
    policy = next(attrs["content"] for tag, attrs in found.tags if tag == "meta" and "http-equiv" in attrs)
    digest = base64.b64encode(hashlib.sha256(found.scripts[2].encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; script-src 'sha256-{digest}' blob:;")
    assert found.unpacked(1) == (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()


def test_what_somebody_wrote_is_text_and_never_a_tag():
    evil = "</script></title><img src=x onerror=alert(1)>&lt;"
    recording = replace(
        two(),
        name=evil,
        status="failed",
        records=(*two().records, DataReplaced(evil, "digits", evil, evil), StatusChanged("failed", 10, evil)),
    )
    found = read(recording)
    assert found.text.count(evil) == 5  # the title, the heading, and each record's
    assert not [tag for tag, _attrs in found.tags if tag == "img"]
    assert len(found.scripts) == 3


def test_what_differs_from_the_settings_is_said():
    recording = two()
    records = (
        *(each for each in recording.records if getattr(each, "step", 0) <= 8),
        DataReplaced("mnist", "digits", "no network", Message("The batch is smaller.")),
        LearningRateChanged(7, 0.1, 0.01),
        StatusChanged(
            "stopped", 8, Message("Nobody had this run's page open for {seconds:.0f} seconds.", {"seconds": 60})
        ),
    )
    text = read(replace(recording, records=records, status="stopped")).text
    assert "The run was stopped after 8 of 10 steps." in text
    assert "The images asked for were mnist; it ran on digits. The batch is smaller." in text
    assert "Learning rate changed by hand from step 7 on: 0.1 → 0.01." in text
    assert "Nobody had this run's page open for 60 seconds." in text


def test_a_run_that_did_not_say_how_it_ended_had_come_as_far_as_its_last_point():
    recording = two()
    begun = [StatusChanged("running", 0), *(each for each in recording.records if getattr(each, "step", 0) <= 8)]
    left = replace(recording, records=tuple(begun), status="interrupted")
    assert "The run was interrupted after 8 of 10 steps." in read(left).text
    assert "The run had not ended: 8 of 10 steps." in read(replace(left, status="running")).text


def test_a_schedule_has_its_falls_in_the_charts_and_who_ended_it_by_hand_is_told():
    recording = two()
    falling = replace(recording, config=replace(recording.config, schedule="step", epochs=2, examples=200))
    assert read(recording).run["falls"] == []
    steps = falling.config.steps_per_epoch
    assert [(fall["step"], fall["old"], fall["new"]) for fall in read(falling).run["falls"]] == [(steps + 1, 0.1, 0.05)]
    changed = read(replace(falling, records=(*falling.records, LearningRateChanged(3, 0.1, 0.01))))
    assert changed.run["falls"] == []
    assert "The learning rate was set by hand from step 3 on." in changed.text
    assert "Learning-rate schedule stepwise" in changed.text


def test_the_stages_of_a_schedule_are_among_the_settings_where_it_has_some():
    recording = two()
    for schedule, has in {"constant": False, "step": True, "cosine": False}.items():
        text = read(replace(recording, config=replace(recording.config, schedule=schedule))).text
        assert ("Epochs a stage" in text, "Factor a stage" in text) == (has, has), schedule


def test_a_run_without_looks_or_without_anything_still_has_a_report():
    recording = two()
    assert "Inside the networks" in read(recording).text
    assert "Inside the networks" not in read(replace(recording, looks=list)).text
    empty = read(replace(recording, records=(), looks=list, network_steps=(), status="queued"))
    assert "The run had not ended: 0 of 10 steps." in empty.text
    assert "No test was made after the first step" in empty.text


def test_what_is_not_finite_is_a_gap():
    recording = two()
    at = next(i for i, r in enumerate(recording.records) if isinstance(r, TrainMeasured))
    broken = replace(recording.records[at], loss={"none": math.nan, "bn": math.inf})
    found = read(replace(recording, records=(*recording.records[:at], broken, *recording.records[at + 1 :]))).run
    assert found["records"][at]["loss"] == {"none": None, "bn": None}


def test_the_link_opens_the_same_experiment():
    recording = two()
    text = report.report(recording, "https://example.org/norm/")
    (link,) = [attrs["href"] for tag, attrs in Read(text).tags if tag == "a" and "data-step" not in attrs]
    assert link.startswith("https://example.org/norm/?")
    assert from_query(dict(parse_qsl(urlsplit(link).query))) == (recording.config, [])


def test_the_scripts_of_the_page_are_in_it_once_and_import_nothing():
    script = standing_alone("report/report.js")
    assert not re.search(r"(?m)^(import|export)\b", script)
    taken = re.findall(r"(?m)^const (\w+) = \(\(\) => \{$", script)
    assert len(taken) == len(set(taken))
    assert {"train_curves", "train_series", "shared_look"} < set(taken)
    for name in taken:
        own = ASSETS / f"{name.replace('_', '/', 1)}.js"
        assert own.read_text().split("\n")[0] in script
