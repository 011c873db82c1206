"""core.experiment.environment: what a variable may be, and what is said of one that it may not be."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.experiment import environment
from core.experiment.rules import ConfigError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NORMSCOPE_DATA", "NORMSCOPE_GRACE_SECONDS"):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("value", [None, ""])
def test_empty_is_unset(value: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NORMSCOPE_DATA", "NORMSCOPE_GRACE_SECONDS"):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert environment.data_root() == ROOT / "data"  # wherever one stands
    assert environment.grace_seconds() == 60
    environment.check()


@pytest.mark.parametrize(
    ("value", "folder"),
    [("/srv/images", Path("/srv/images")), ("images", ROOT / "images"), ("~/images", Path("/home/student/images"))],
)
def test_the_folder_may_be_absolute_the_projects_or_at_home(
    value: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", "/home/student")
    monkeypatch.setenv("NORMSCOPE_DATA", value)
    assert environment.data_root() == folder


def test_a_home_that_nobody_has_is_refused_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_DATA", "~nosuchuser/images")
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value) == (
        "NORMSCOPE_DATA: Its ~ must stand for the home of a user who is here; got “~nosuchuser/images”. "
        "Set it to the whole path, or leave it unset."
    )


@pytest.mark.parametrize(("value", "seconds"), [("5", 5), ("0", 0), ("0.5", 0.5), ("0,5", 0.5), ("1e3", 1000)])
def test_the_grace_period_is_a_number_of_seconds(value: str, seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_GRACE_SECONDS", value)
    assert environment.grace_seconds() == seconds


@pytest.mark.parametrize("value", ["nan", "-5", "abc", "inf", "1e999", "5 s", " "])
def test_a_grace_period_that_is_none_is_refused_in_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_GRACE_SECONDS", value)
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value) == (
        f"NORMSCOPE_GRACE_SECONDS: It must be a finite number of seconds, 0 or more; got “{value}”. "
        "Set it to 60, or leave it unset."
    )


def test_no_more_is_quoted_than_a_message_can_carry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_GRACE_SECONDS", "9" * 40 + "x" * 9000)
    with pytest.raises(ConfigError, match=r"got “9{40}…”"):
        environment.grace_seconds()


@pytest.mark.parametrize(
    ("vendor", "before", "after"),
    [
        ("AuthenticAMD", None, "AVX2,STRICT"),
        ("AuthenticAMD", "COMPATIBLE", "COMPATIBLE"),
        ("GenuineIntel", None, None),
        (None, None, None),
    ],
)
def test_products_are_fixed_where_they_must_be_unless_somebody_has_said_how(
    vendor: str | None, before: str | None, after: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    variables = {} if before is None else {"MKL_CBWR": before}
    monkeypatch.setattr(environment.os, "environ", variables)  # what is set here must not reach other tests' processes
    if vendor is not None:
        (tmp_path / "cpuinfo").write_text(f"processor\t: 0\nvendor_id\t: {vendor}\n")
    environment.fix_products(tmp_path / "cpuinfo")
    assert variables.get("MKL_CBWR") == after
