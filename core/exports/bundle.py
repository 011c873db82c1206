"""A run as one zip, which another NormScope opens to the same pages. Nothing in it is executed when it is read.

    manifest.json            the format's version, and every other member with its size and sha256
    run.json                 name, status, experiment, where and when
    records.jsonl            what was measured, a line each
    looks.jsonl              the looks, a line each
    networks/10.safetensors  weights and buffers of all arms after 10 updates

write  a recording into a file
read   a recording from a file or its bytes, all of it checked before any of it is given
"""

from __future__ import annotations

import hashlib
import json
import secrets
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.experiment.config import ExperimentConfig
from core.experiment.rules import quoted
from core.exports.archive import MOST_BYTES, Archive, odd
from core.exports.bundle_checks import check_look, check_networks, check_order, check_origin, check_records, check_run
from core.exports.troubles import BundleError
from core.language.message import Message
from core.store.codec import Foreign, NotOurs, record_from, record_text, text_of, value_of
from core.store.networks import networks_bytes, networks_from
from core.store.recording import Networks, Origin, Recording
from core.training.records import NetworksSeen, Record

FORMAT, VERSION = "NormScope run", 1
MANIFEST, RUN, RECORDS, LOOKS = "manifest.json", "run.json", "records.jsonl", "looks.jsonl"
NETWORKS, TENSORS = "networks/", ".safetensors"
MOST_LINE = 64 << 20  # bytes of one look; six deep arms have some 3 MB
MOST_MANIFEST = 1 << 20


@dataclass(frozen=True, slots=True)
class _Run:
    id: str
    name: str
    status: str
    config: ExperimentConfig
    asked: ExperimentConfig
    origin: Origin
    seconds: float = 0.0  # older bundles have none


@dataclass(frozen=True, slots=True)
class _Member:
    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class _Manifest:
    format: str
    version: int
    normscope: str
    members: Mapping[str, _Member]


# --- written ---------------------------------------------------------------------------------------------------------


def write(recording: Recording, path: Path) -> Path:
    """At once: whoever reads `path` sees the old file or all of the new.

    Raises BundleError on what would be too large to be read, and OSError.
    """
    part = path.with_name(f".{secrets.token_hex(4)}.part")
    try:
        with zipfile.ZipFile(part, "w") as file:
            members = {name: _add(file, name, lines) for name, lines in _content(recording)}
            manifest = _Manifest(FORMAT, VERSION, recording.origin.normscope, members)
            _add(file, MANIFEST, [text_of(manifest).encode()])
        Archive(part.read_bytes())  # what cannot be read again is no bundle
        return part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _content(recording: Recording) -> Iterator[tuple[str, Iterable[bytes]]]:
    r = recording
    yield RUN, [text_of(_Run(r.id, r.name, r.status, r.config, r.asked, r.origin, r.seconds)).encode()]
    yield RECORDS, (record_text(record).encode() + b"\n" for record in r.records)
    yield LOOKS, (record_text(look).encode() + b"\n" for look in r.looks())
    for step in r.network_steps:
        yield f"{NETWORKS}{step}{TENSORS}", [networks_bytes(r.networks(step))]


def _add(file: zipfile.ZipFile, name: str, parts: Iterable[bytes]) -> _Member:
    member = zipfile.ZipInfo(name)  # of 1980: equal runs are equal files
    member.compress_type = zipfile.ZIP_DEFLATED
    size, digest = 0, hashlib.sha256()
    with file.open(member, "w") as into:
        for part in parts:
            into.write(part)
            digest.update(part)
            size += len(part)
    return _Member(size, digest.hexdigest())


# --- read ------------------------------------------------------------------------------------------------------------


def read(source: Path | bytes) -> Recording:
    """Raises BundleError for whatever NormScope would not have written so, and OSError where there is no such file."""
    archive = Archive(_bytes(source))
    try:
        return _checked(archive)
    except NotOurs as error:
        raise BundleError(
            Message(
                "The bundle is damaged: a part of it is not as NormScope writes it. Nothing of it was kept. Have it "
                "exported again."
            )
        ) from error
    except Foreign as error:
        raise BundleError(
            Message("The bundle cannot be read, and nothing of it was kept. {why}", {"why": error.args[0]})
        ) from error


def _bytes(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    with source.open("rb") as file:
        return file.read(MOST_BYTES + 1)  # one more than is read tells that there is more


def _checked(archive: Archive) -> Recording:
    _check_members(archive)
    run = value_of(_Run, archive.read(RUN))
    records = tuple(_lines(archive, RECORDS))
    steps = tuple(sorted(map(_step_of, archive.names - {MANIFEST, RUN, RECORDS, LOOKS})))
    check_run(run.id, run.name, run.status, run.seconds)
    check_origin(run.origin)
    check_records(run.config, records)
    check_order(records, run.status)
    for look in _lines(archive, LOOKS):
        check_look(run.config, look)
    check_networks(run.config, steps, ((step, _networks(archive, step)) for step in steps))
    return Recording(
        id=run.id,
        name=run.name,
        config=run.config,
        asked=run.asked,
        status=run.status,
        origin=run.origin,
        records=records,
        looks=lambda: _lines(archive, LOOKS),
        network_steps=steps,
        networks=lambda step: _networks(archive, step),
        seconds=run.seconds,
    )


def _check_members(archive: Archive) -> None:
    """Every member is on the manifest's list, as long and with the same digest as there."""
    if MANIFEST not in archive.names:
        raise _foreign(Message("no {name}", {"name": MANIFEST}))
    manifest = _manifest(archive)
    listed = manifest.members
    for name in sorted(archive.names - {MANIFEST} ^ set(listed)):
        if name in listed:
            raise _damaged(name)
        raise odd(_named(name))
    for name in {RUN, RECORDS, LOOKS} - set(listed):
        raise _damaged(name)
    for name, member in listed.items():
        if archive.size(name) != member.bytes or archive.digest(name) != member.sha256:
            raise _damaged(name)


def _manifest(archive: Archive) -> _Manifest:
    if archive.size(MANIFEST) > MOST_MANIFEST:
        raise _foreign(Message("{n:,} bytes of it", {"n": archive.size(MANIFEST)}))
    content = archive.read(MANIFEST)
    found = _version(content)
    if found > VERSION:
        raise BundleError(
            Message(
                "This bundle was written by a newer NormScope: its format is number {version}, and this one reads up "
                "to {known}. Nothing of it was kept. Update NormScope to open it.",
                {"version": found if found < 10**6 else quoted(found), "known": VERSION},
            )
        )
    return value_of(_Manifest, content)


def _version(content: bytes) -> int:
    """Read by itself: all else may have changed since."""
    try:
        found: Any = json.loads(content)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        raise _foreign(Message("another manifest"))
    version = found.get("version")
    if type(version) is not int or version < 1:
        told = {"version": quoted(_written(version))}
        raise _foreign(Message("{version} as the number of its format, which is a whole one, 1 or more", told))
    return version


def _written(value: object) -> str:
    """As the manifest has it, as far as it is one value."""
    return json.dumps(value) if value is None or isinstance(value, int | float | str) else "…"


def _lines(archive: Archive, name: str) -> Iterator[Any]:
    """Of one member, the records that are its lines."""
    with archive.open(name) as file:
        while line := file.readline(MOST_LINE + 1):
            if len(line) > MOST_LINE:
                raise odd(Message("a line of {n:,} bytes", {"n": len(line)}))
            record: Record = record_from(line)
            if isinstance(record, NetworksSeen) is not (name == LOOKS):
                raise odd(Message("a record of kind {kind} in {name}", {"kind": record.kind, "name": name}))
            yield record


def _networks(archive: Archive, step: int) -> Networks:
    name = f"{NETWORKS}{step}{TENSORS}"
    if name not in archive.names:
        raise LookupError(Message("The networks after step {step:,} are not in this bundle.", {"step": step}))
    return networks_from(archive.read(name))


def _step_of(name: str) -> int:
    digits = name.removeprefix(NETWORKS).removesuffix(TENSORS)
    if name != f"{NETWORKS}{digits}{TENSORS}" or not (digits.isdigit() and str(int(digits[:9])) == digits):
        raise odd(_named(name))
    return int(digits)


def _named(name: str) -> Message:
    """A member by its name."""
    return Message("the member {name}", {"name": quoted(name)})


def _foreign(got: Message) -> BundleError:
    return BundleError(
        Message(
            "A bundle is a zip that NormScope has written, and this is another one: it has {got}. Choose a file that "
            "was exported as a bundle.",
            {"got": got},
        )
    )


def _damaged(name: str) -> BundleError:
    return BundleError(
        Message(
            "The bundle is damaged: {name} is not as its manifest says. Nothing of it was kept. Copy or download it "
            "again.",
            {"name": quoted(name)},
        )
    )
