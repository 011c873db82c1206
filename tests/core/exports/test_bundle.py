"""A run as a zip: what is read is what was written, and whatever else is in the file is refused in a sentence."""

from __future__ import annotations

import hashlib
import io
import json
import math
import re
import stat
import tempfile
import zipfile
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from core.exports import archive, bundle, bundle_checks, look_checks
from core.exports.troubles import BundleError
from core.language.message import Message
from core.language.speech import speaking
from core.nets.lenet import build_lenet
from core.store.codec import record_text
from core.store.networks import networks_bytes
from core.store.recording import Recording
from core.training.records import ArmFailed, LearningRateChanged, NetworksSeen, StatusChanged, TrainMeasured
from tests.core.exports.short import short, two


def small() -> Recording:
    """One look and one step's networks: read in no time."""
    recording = two()
    return replace(recording, network_steps=(10,), looks=lambda: iter(list(recording.looks())[-1:]))


@cache
def small_bytes() -> bytes:
    return written(small())


def written(recording: Recording) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return bundle.write(recording, Path(folder) / "run.zip").read_bytes()


def said(content: bytes) -> str:
    """The sentence with which it is refused."""
    with pytest.raises(BundleError) as refused:
        bundle.read(content)
    assert isinstance(refused.value.args[0], Message)
    return str(refused.value)


def alike(one: Recording, other: Recording) -> bool:
    """In all that is kept; NaN is like NaN."""
    plain = ("id", "name", "config", "asked", "status", "origin", "network_steps", "seconds")
    return (
        all(getattr(one, name) == getattr(other, name) for name in plain)
        and list(map(record_text, one.records)) == list(map(record_text, other.records))
        and list(map(record_text, one.looks())) == list(map(record_text, other.looks()))
        and all(same_networks(one.networks(step), other.networks(step)) for step in one.network_steps)
    )


def same_networks(one, other) -> bool:
    return {a: set(t) for a, t in one.items()} == {a: set(t) for a, t in other.items()} and all(
        torch.equal(tensor, other[arm][name]) for arm, tensors in one.items() for name, tensor in tensors.items()
    )


def members(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def zipped(parts: dict[str, bytes] | list[tuple[str | zipfile.ZipInfo, bytes]]) -> bytes:
    into = io.BytesIO()
    with zipfile.ZipFile(into, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in parts.items() if isinstance(parts, dict) else parts:
            file.writestr(name, content)
    return into.getvalue()


def forged(**changed: bytes) -> bytes:
    """The small bundle with other members, and a manifest that fits them: `run`, `records`, `looks`, `networks`."""
    names = {
        "run": "run.json",
        "records": "records.jsonl",
        "looks": "looks.jsonl",
        "networks": "networks/10.safetensors",
    }
    parts = members(small_bytes()) | {names[key]: value for key, value in changed.items()}
    manifest = json.loads(parts["manifest.json"])
    listed = {name: value for name, value in parts.items() if name != "manifest.json"}
    manifest["members"] = {n: {"bytes": len(v), "sha256": hashlib.sha256(v).hexdigest()} for n, v in listed.items()}
    return zipped(parts | {"manifest.json": json.dumps(manifest).encode()})


# --- there and back --------------------------------------------------------------------------------------------------


def test_what_is_read_is_what_was_written(tmp_path: Path):
    recording = two()
    path = bundle.write(recording, tmp_path / "run.zip")
    assert alike(bundle.read(path), recording)
    assert alike(bundle.read(path.read_bytes()), recording)
    assert list(tmp_path.iterdir()) == [path]


def test_a_run_of_every_kind_of_arm_whose_arms_diverge_and_fail_is_read_again():
    recording = short("none:lr=1000000000", "bn:book:dropout=0.5", "in", "gn", "rms", "ln/none", steps=2)
    broken = next(r for r in recording.records if isinstance(r, TrainMeasured))
    broken = replace(broken, loss=broken.loss | {"in": math.nan, "gn": -math.inf})
    failed = ArmFailed(2, "rms", "look", Message("{what} of {n:,}", {"what": Message("the end"), "n": 3}))
    records = [broken if isinstance(r, TrainMeasured) and r.step == broken.step else r for r in recording.records]
    changed = replace(recording, records=(*records, LearningRateChanged(2, 0.1, 1e-9), failed))
    assert alike(bundle.read(written(changed)), changed)


def test_a_run_that_never_began_is_read_again():
    empty = replace(two(), records=(StatusChanged("stopped", 0),), looks=list, network_steps=(), status="stopped")
    assert alike(bundle.read(written(empty)), empty)


def test_equal_runs_are_equal_files():
    assert written(small()) == small_bytes()


def test_a_file_that_cannot_be_written_leaves_what_was_there(tmp_path: Path):
    path = tmp_path / "run.zip"
    path.write_bytes(b"older")

    def broken(step: int):
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"):
        bundle.write(replace(small(), networks=broken), path)
    assert [each.read_bytes() for each in tmp_path.iterdir()] == [b"older"]


# --- damage ----------------------------------------------------------------------------------------------------------


@given(st.data())
def test_any_damage_is_refused_in_a_sentence_or_reads_equal(data: st.DataObject):
    content = bytearray(small_bytes())
    ends = st.integers(0, len(content) - 1) | st.integers(len(content) - 900, len(content) - 1) | st.integers(0, 200)
    for _ in range(data.draw(st.integers(1, 3))):
        content[data.draw(ends)] = data.draw(st.integers(0, 255))
    if data.draw(st.booleans()):
        start = data.draw(ends)
        content[start : start + data.draw(st.integers(0, 40))] = data.draw(st.binary(max_size=40))
    found = read_or_told(bytes(content))
    assert found.endswith(".") if isinstance(found, str) else alike(found, small())


def read_or_told(content: bytes) -> Recording | str:
    try:
        return bundle.read(content)
    except BundleError as error:
        return str(error)


@pytest.mark.parametrize("share", [0, 0.1, 0.5, 0.9, 0.999])
def test_a_file_that_is_cut_off_is_refused(share: float):
    assert "damaged or cut off" in said(small_bytes()[: int(share * len(small_bytes()))])


@pytest.mark.parametrize("content", [b"", b"PK", b"<html></html>", b"\x80\x04\x95pickle", bytes(1000)])
def test_what_is_no_zip_is_refused(content: bytes):
    assert "is none, or is damaged" in said(content)


def test_a_sentence_is_told_in_the_readers_language():
    with speaking("zh"):
        for content in (b"PK", b"", small_bytes()[:-100], forged(records=b"{"), forged(networks=b"pickle")):
            assert re.findall("[A-Za-z]{2,}", said(content).replace("NormScope", "")) in ([], ["zip"])


@pytest.mark.parametrize(
    "changed", [{"records": b"{"}, {"records": b"5\n"}, {"looks": b"[]\n"}, {"networks": b"x"}, {"run": b"nothing"}]
)
def test_what_is_not_as_it_was_written_is_said_to_be_damaged_without_pythons_words(changed: dict[str, bytes]):
    assert said(forged(**changed)) == (
        "The bundle is damaged: a part of it is not as NormScope writes it. Nothing of it was kept. Have it exported "
        "again."
    )


@pytest.mark.parametrize("name", ["run.json", "records.jsonl", "looks.jsonl", "networks/10.safetensors"])
def test_a_member_that_is_missing_or_is_not_as_the_manifest_says_is_named(name: str):
    parts = members(small_bytes())
    assert f"{name}” is not as its manifest says" in said(zipped(parts | {name: parts[name] + b"\n"}))
    assert f"{name}” is not as its manifest says" in said(zipped(parts | {name: parts[name][:-1] + b"\x00"}))
    assert f"{name}” is not as its manifest says" in said(zipped({k: v for k, v in parts.items() if k != name}))


# --- what nobody's program should unpack -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    ["../run.json", "/etc/passwd", "a/../../b", "C:\\x", "networks\\10.safetensors", "networks/", "./run.json", "a//b"],
)
def test_names_that_lead_elsewhere_are_refused(name: str):
    assert "the name" in said(zipped(members(small_bytes()) | {name: b"x"}))


@pytest.mark.parametrize(
    "name", ["extra.txt", "networks/10.pickle", "networks/x.safetensors", "networks/010.safetensors"]
)
def test_members_that_are_not_expected_are_refused_whether_the_manifest_has_them_or_not(name: str):
    assert "the member" in said(zipped(members(small_bytes()) | {name: b"x"}))
    parts = members(small_bytes()) | {name: b"x"}
    manifest = json.loads(parts["manifest.json"])
    digest = "2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
    manifest["members"][name] = {"bytes": 1, "sha256": digest}
    assert "the member" in said(zipped(parts | {"manifest.json": json.dumps(manifest).encode()}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused():
    parts = [*members(small_bytes()).items()]
    assert "two members of the same name" in said(zipped([*parts, parts[0]]))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO])
def test_a_link_or_another_special_file_is_refused(kind: int):
    parts = members(small_bytes())
    member = zipfile.ZipInfo("run.json")
    member.external_attr = (kind | 0o777) << 16
    rest = [(name, content) for name, content in parts.items() if name != "run.json"]
    assert "no plain file" in said(zipped([(member, b"/etc/passwd"), *rest]))


def test_a_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    content = zipped({"records.jsonl": bytes(archive.UNSUSPICIOUS + 1)})
    monkeypatch.setattr(archive.Archive, "open", lambda self, name: pytest.fail("unpacked"))
    assert "no larger than a run is" in said(content)


def test_more_than_a_run_has_is_refused(monkeypatch):
    for name, most in (("MOST_BYTES", 1000), ("MOST_UNPACKED", 1000), ("MOST_MEMBERS", 3)):
        with monkeypatch.context() as limits:
            limits.setattr(archive, name, most)
            assert "no larger than a run is" in said(small_bytes())


def test_what_would_be_too_large_to_read_is_not_written(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_UNPACKED", 1000)
    with pytest.raises(BundleError, match="no larger than a run is"):
        bundle.write(small(), tmp_path / "run.zip")
    assert list(tmp_path.iterdir()) == []


# --- others' and newer ones ------------------------------------------------------------------------------------------


def manifest(**changed: object) -> bytes:
    parts = members(small_bytes())
    return zipped(parts | {"manifest.json": json.dumps(json.loads(parts["manifest.json"]) | changed).encode()})


def test_a_newer_bundle_asks_for_a_newer_normscope():
    told = said(manifest(version=2, something={"new": 1}))
    assert "newer NormScope: its format is number 2, and this one reads up to 1" in told


@pytest.mark.parametrize("changed", [{"format": "Else"}, {"version": "1"}, {"version": True}, {"version": 0}])
def test_another_programs_zip_is_refused(changed: dict[str, object]):
    assert "this is another one" in said(manifest(**changed))


@pytest.mark.parametrize(
    ("version", "written"),
    [(0, "“0”"), (-3, "“-3”"), (1.0, "“1.0”"), ("1", '“"1"”'), (True, "“true”"), (None, "“null”"), ([1], "“…”")],
)
def test_what_is_no_version_is_told_with_what_it_should_be(version: object, written: str):
    told = f"it has {written} as the number of its format, which is a whole one, 1 or more."
    assert told in said(manifest(version=version))


def test_a_version_of_four_hundred_digits_is_told_in_as_many_as_can_be_read():
    told = said(manifest(version=int("7" * 400)))
    assert f"its format is number “{'7' * 40}…”, and this one reads up to 1" in told


def test_a_zip_without_a_manifest_is_refused():
    assert "no manifest.json" in said(zipped({"word/document.xml": b"<x/>"}))


# --- what fits its manifest and is still none ------------------------------------------------------------------------


def lines(*texts: str) -> bytes:
    return "".join(text + "\n" for text in texts).encode()


def told_lines(*records: object) -> bytes:
    return lines(*(record_text(record) for record in records))


def with_look(change) -> bytes:
    look = next(iter(small().looks()))
    return forged(looks=told_lines(change(look)))


def changed_run(**values: object) -> bytes:
    found = json.loads(members(small_bytes())["run.json"])
    return forged(run=json.dumps(found | values).encode())


def changed_origin(**values: object) -> bytes:
    return changed_run(origin=json.loads(members(small_bytes())["run.json"])["origin"] | values)


@pytest.mark.parametrize(
    ("content", "word"),
    [
        (lambda: forged(records=b"{"), "is damaged"),
        (lambda: forged(records=b'{"kind":"seen later"}\n'), "newer one"),
        (lambda: forged(records=lines('{"kind":"status","status":"done","step":1}')), "status"),
        (lambda: forged(records=lines('{"kind":"status","status":"failed","step":11}')), "step"),
        (lambda: forged(records=lines("[" * 100_000)), "is damaged"),
        (lambda: forged(records=told_lines(ArmFailed(1, "ln", "step", ""))), "arm"),
        (lambda: forged(records=told_lines(ArmFailed(1, "bn", "lunch", ""))), "doing"),
        (lambda: forged(records=told_lines(next(iter(small().looks())))), "a record of kind"),
        (lambda: forged(looks=told_lines(StatusChanged("failed", 1))), "a record of kind"),
        (lambda: with_look(lambda look: replace(look, source="lunch")), "source"),
        (lambda: with_look(lambda look: replace(look, arms={"ln": look.arms["bn"]})), "arms"),
        (lambda: with_look(lambda look: replace(look, arms={"bn": replace(look.arms["bn"], layers=())})), "layers"),
        (lambda: changed_run(status="done"), "status"),
        (lambda: changed_run(id="../x"), "id"),
        (lambda: changed_run(name="x" * 81), "name"),
        (lambda: changed_run(name="a\x1b[31m"), "name"),
        (lambda: changed_origin(started="9999-12-31T23:00:00+00:00"), "started"),
        (lambda: changed_origin(started="0001-01-01T01:00:00+00:00"), "started"),
        (lambda: changed_origin(started="2026-01-01T01:00:00"), "damaged"),
        (lambda: changed_origin(threads=-3), "threads"),
        (lambda: changed_origin(processor="x" * 100_000), "processor"),
        (lambda: changed_origin(torch="2.0\n"), "torch"),
        (lambda: changed_run(config=replace(small().config, epochs=3).to_json()), "steps"),
        (lambda: forged(networks=b"\x80\x04\x95pickle"), "is damaged"),
    ],
)
def test_what_does_not_fit_together_is_refused(content, word: str):
    assert word in said(content())


def test_records_that_are_not_one_runs_in_its_order_are_refused():
    whole = small().records
    begun, point = (next(r for r in whole if r.kind == kind) for kind in ("started", "train"))
    ended = StatusChanged("finished", 10)
    for records in (whole[::-1], whole * 2, (), (*whole, begun), (ended, *whole), (*whole, ended), (*whole, point)):
        assert "does not fit together (" in said(forged(records=told_lines(*records)))


@pytest.mark.parametrize("values", [{"id": "last"}, {"seconds": -1.0}, {"seconds": math.inf}, {"seconds": math.nan}])
def test_an_id_that_is_a_word_and_a_duration_that_is_none_are_refused(values: dict[str, object]):
    assert f"({next(iter(values))}: " in said(changed_run(**values))


def test_a_bundle_keeps_how_long_the_run_took_and_an_older_one_without_that_is_read():
    assert bundle.read(written(replace(small(), seconds=12.5))).seconds == 12.5
    run = json.loads(members(small_bytes())["run.json"])
    del run["seconds"]
    assert bundle.read(forged(run=json.dumps(run).encode())).seconds == 0.0


def measured(name: str, **values: object) -> bytes:
    """With other values in the first record of that kind."""
    found = list(small().records)
    at = next(i for i, record in enumerate(found) if record.kind == name)
    found[at] = replace(found[at], **values)
    return forged(records=told_lines(*found))


@pytest.mark.parametrize("share", [-0.01, 1.01, math.nan, math.inf])
@pytest.mark.parametrize(
    ("name", "field"),
    [("train", "accuracy"), ("test", "accuracy"), ("test", "batch_accuracy"), ("epoch", "train_accuracy")],
)
def test_an_accuracy_that_is_no_share_is_refused(name: str, field: str, share: float):
    arms = {"bn": 0.5} if field == "batch_accuracy" else {"none": 0.5, "bn": 0.5}
    assert bundle.read(measured(name, **{field: arms | {"bn": 1.0}}))
    assert f"({field}: " in said(measured(name, **{field: arms | {"bn": share}}))


@pytest.mark.parametrize("examples", [0, -1])
def test_what_was_measured_on_no_images_is_refused(examples: int):
    assert "(examples: " in said(measured("test", examples=examples))
    none = with_look(
        lambda look: replace(look, arms={arm: replace(each, examples=examples) for arm, each in look.arms.items()})
    )
    assert "(examples: " in said(none)


def test_networks_of_other_shapes_are_refused():
    kept = {arm: dict(tensors) for arm, tensors in small().networks(10).items()}
    kept["bn"]["conv1.weight"] = torch.zeros(6, 1, 3, 3)
    assert "networks" in said(forged(networks=networks_bytes(kept)))


@pytest.mark.parametrize(
    "message",
    [
        Message("{n.__class__}", {"n": 1}),
        Message("{n[0]}", {"n": "x"}),
        Message("{n:>999999999}", {"n": 1}),
        Message("{n!r}", {"n": 1}),
        Message("{missing}", {"n": 1}),
        Message("{n:,}", {"n": "three"}),
        Message("{", {"n": 1}),
        Message("{n:.1f}", {"n": 10**400}),
        Message("{n} image", {"n": "three"}, "{n} images"),
        Message("{n}", {"m": 1}, "{n} many"),
        Message("{inner}", {"inner": [Message("{n.real}", {"n": 1})]}),
    ],
)
def test_a_sentence_that_cannot_be_told_or_asks_for_more_than_its_values_is_refused(message: Message):
    assert "sentence" in said(forged(records=told_lines(StatusChanged("failed", 1, message))))


def test_a_look_is_read_one_at_a_time_and_only_when_it_is_asked_for(monkeypatch):
    found = bundle.read(written(two()))
    opened = []
    monkeypatch.setattr(bundle, "record_from", lambda line: opened.append(line) or NetworksSeen(0, 0.0, "fixed", {}))
    looks = iter(found.looks())
    next(looks)
    assert len(opened) == 1


def test_however_many_looks_a_bundle_has_no_network_is_built_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """A look takes as long to read as a network to build."""
    whole, built = small(), []
    look = next(iter(whole.looks()))
    content = written(replace(whole, network_steps=(), looks=lambda: iter([look] * 9)))
    look_checks._model.cache_clear()
    for module in (bundle_checks, look_checks):
        monkeypatch.setattr(module, "build_lenet", lambda *of: (built.append(of), build_lenet(*of))[1])
    assert len(list(bundle.read(content).looks())) == 9
    assert len(built) == 2 * len(whole.config.arms)  # of each arm's look, and of its tensors
