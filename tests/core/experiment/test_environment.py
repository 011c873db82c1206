"""core.experiment.environment: what a variable may be, and what is said of one that it may not be."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from core.experiment import environment
from core.experiment.config import ExperimentConfig
from core.experiment.rules import ConfigError

ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (
        "NORMSCOPE_DATA",
        "NORMSCOPE_GRACE_SECONDS",
        "NORMSCOPE_HOME",
        "NORMSCOPE_STORE",
        "NORMSCOPE_KEEP",
        "NORMSCOPE_SHARED",
        "NORMSCOPE_EMBED_SITES",
        "NORMSCOPE_MOST_WORK",
        "FORWARDED_ALLOW_IPS",
        "NORMSCOPE_LAB",
        "NORMSCOPE_LAB_POINTS",
        "NORMSCOPE_LAB_MINUTES",
        "NORMSCOPE_RAY",
        "NORMSCOPE_SLOTS",
    ):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize("value", [None, ""])
def test_empty_is_unset(value: str | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("NORMSCOPE_DATA", "NORMSCOPE_GRACE_SECONDS", "NORMSCOPE_EMBED_SITES"):
        if value is not None:
            monkeypatch.setenv(name, value)
    assert environment.data_root() == ROOT / "data"  # wherever one stands
    assert environment.grace_seconds() == 60
    assert environment.embed_sites() == ()
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


@pytest.mark.parametrize(
    ("value", "folder"), [("/srv/runs", Path("/srv/runs")), ("~/runs", Path("/home/student/runs"))]
)
def test_runs_are_kept_where_the_variable_says(value: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/student")
    monkeypatch.setenv("NORMSCOPE_HOME", value)
    assert environment.home() == Path(folder)


def test_runs_are_kept_among_the_users_data_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/home/student/data")
    assert environment.home() == Path("/home/student/data/normscope")
    monkeypatch.setenv("NORMSCOPE_STORE", "OFF")
    assert environment.home() is None
    monkeypatch.setenv("NORMSCOPE_STORE", "perhaps")
    with pytest.raises(ConfigError, match="NORMSCOPE_STORE: It must be on or off; got “perhaps”"):
        environment.check()


@pytest.mark.parametrize(
    ("value", "size"),
    [("", 2 * 10**9), ("500 MB", 5 * 10**8), ("1.5gb", 15 * 10**8), ("0,5 GB", 5 * 10**8), ("10kB", 10**4), ("0 B", 0)],
)
def test_what_runs_may_take_is_a_size(value: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_KEEP", value)
    assert environment.keep_bytes() == size


@pytest.mark.parametrize("value", ["2", "much", "-1 GB", "nan GB", "1 GiB", "1,000 MB", "GB", "1..5 GB", "٣ GB"])
def test_a_size_that_is_none_is_refused_in_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_KEEP", value)
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value) == (
        f"NORMSCOPE_KEEP: It must be a size such as 2 GB or 500 MB; got “{value}”. Set it to one, or leave it unset."
    )


@pytest.mark.parametrize(
    ("value", "sites"),
    [
        ("https://moodle.example.edu", ("https://moodle.example.edu",)),
        ("https://a.edu, http://localhost:8000", ("https://a.edu", "http://localhost:8000")),
        ("https://*.a.edu:8443 https://B.org", ("https://*.a.edu:8443", "https://B.org")),
    ],
)
def test_the_sites_that_may_frame_a_page_are_parted_by_commas_or_spaces(
    value: str, sites: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_EMBED_SITES", value)
    assert environment.embed_sites() == sites


@pytest.mark.parametrize(
    "site",
    ["*", "moodle.example.edu", "https://", "https://a.edu/course", "https://*", "'self'", "https://a.edu;x", "data:"],
)
def test_a_site_that_is_none_is_refused_before_the_server_starts(site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_EMBED_SITES", f"https://a.edu {site}")
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value) == (
        "NORMSCOPE_EMBED_SITES: Each site must be http:// or https://, a host and perhaps a port, and no path; got "
        f"“{site}”. Write for example https://moodle.example.edu, or leave it unset."
    )


@pytest.mark.parametrize(("value", "most"), [("", None), ("900000", 900_000), ("2,000,000", 2_000_000)])
def test_what_a_run_may_take_is_a_whole_number_or_no_limit(
    value: str, most: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_MOST_WORK", value)
    assert environment.most_work() == most


@pytest.mark.parametrize("value", ["0", "-1", "much", "1.5", "1e6", "900 000", " "])
def test_what_a_run_may_take_and_is_no_number_is_refused_in_a_sentence(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_MOST_WORK", value)
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value) == (
        f"NORMSCOPE_MOST_WORK: It must be a whole number above 0, of images × epochs × arms × layers; got “{value}”. "
        "The usual run of three arms takes 900,000. Set it to a number, or leave it unset."
    )


def test_the_usual_run_takes_what_that_sentence_says() -> None:
    assert ExperimentConfig().work == 900_000


@pytest.mark.parametrize(("value", "named"), [(None, False), ("", False), ("10.0.0.7", True)])
def test_a_proxy_is_one_that_the_operator_has_named(
    value: str | None, named: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if value is not None:
        monkeypatch.setenv("FORWARDED_ALLOW_IPS", value)
    assert environment.proxied() is named


def variables(document: str) -> dict[str, str]:
    """Those of the table in a document, with the default that stands beside each."""
    return dict(re.findall(r"^\| `(NORMSCOPE_[A-Z_]+)` \| ([^|]*) \|", document, re.MULTILINE))


@pytest.mark.parametrize("name", ["deployment.md", "deployment.zh.md"])
def test_every_variable_that_is_read_and_no_other_stands_in_the_table_of_the_documents(name: str) -> None:
    read = set(re.findall(r'"(NORMSCOPE_[A-Z_]+)"', (ROOT / "core/experiment/environment.py").read_text()))
    assert len(read) >= 8
    assert variables((ROOT / "docs" / name).read_text(encoding="utf-8")).keys() == read


def test_the_default_that_stands_there_is_what_an_unset_variable_means(monkeypatch: pytest.MonkeyPatch) -> None:
    def all_of_them() -> list[object]:
        return [
            read() for read in (environment.data_root, environment.home, environment.keep_bytes, environment.shared)
        ] + [
            environment.grace_seconds(),
            environment.most_work(),
            environment.embed_sites(),
        ]

    unset = all_of_them()
    table = variables((ROOT / "docs" / "deployment.md").read_text(encoding="utf-8"))
    written = {name: default.strip("`") for name, default in table.items() if default.startswith("`")}
    assert len(written) >= 5
    for name, default in written.items():
        monkeypatch.setenv(name, default)
    assert all_of_them() == unset


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


@pytest.mark.parametrize(("value", "shared"), [("", False), ("0", False), ("1", True)])
def test_runs_are_for_all_where_the_variable_says_so(value: str, shared: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_SHARED", value)
    environment.check()
    assert environment.shared() is shared


@pytest.mark.parametrize("value", ["yes", "true", "2", " 1", "on"])
def test_a_word_for_sharing_that_is_none_is_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_SHARED", value)
    with pytest.raises(ConfigError, match=f"NORMSCOPE_SHARED: It must be 0 or 1; got “{value}”"):
        environment.check()


@pytest.mark.parametrize(
    ("values", "allowed"),
    [
        ({}, environment.Lab(True, 400, math.inf)),
        ({"NORMSCOPE_LAB": "OFF"}, environment.Lab(False, 400, math.inf)),
        ({"NORMSCOPE_LAB": "public"}, environment.Lab(True, 240, 30.0)),
        ({"NORMSCOPE_LAB": "public", "NORMSCOPE_LAB_MINUTES": "5"}, environment.Lab(True, 240, 5.0)),
        ({"NORMSCOPE_LAB": "public", "NORMSCOPE_LAB_POINTS": "900"}, environment.Lab(True, 900, 30.0)),
        ({"NORMSCOPE_LAB_POINTS": "2000", "NORMSCOPE_LAB_MINUTES": ""}, environment.Lab(True, 2000, math.inf)),
        ({"NORMSCOPE_LAB_POINTS": "1,000", "NORMSCOPE_LAB_MINUTES": "2.5"}, environment.Lab(True, 1000, 2.5)),
    ],
)
def test_the_lab_may_be_off_or_bounded(
    values: dict[str, str], allowed: environment.Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in values.items():
        monkeypatch.setenv(name, value)
    environment.check()
    assert environment.lab() == allowed


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("NORMSCOPE_LAB", "yes", "NORMSCOPE_LAB: It must be on, off or public; got “yes”."),
        ("NORMSCOPE_LAB_POINTS", "0", "NORMSCOPE_LAB_POINTS: It must be a whole number above 0, of entries; got “0”."),
        (
            "NORMSCOPE_LAB_POINTS",
            "2.7",
            "NORMSCOPE_LAB_POINTS: It must be a whole number above 0, of entries; got “2.7”",
        ),
        ("NORMSCOPE_LAB_MINUTES", "inf", "NORMSCOPE_LAB_MINUTES: It must be a finite number, 1 or more; got “inf”."),
        ("NORMSCOPE_LAB_MINUTES", "soon", "NORMSCOPE_LAB_MINUTES: It must be a finite number, 1 or more; got “soon”."),
    ],
)
def test_a_lab_that_is_not_said_as_it_must_be_is_refused_in_a_sentence(
    name: str, value: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("value", "address"),
    [
        ("", ""),
        ("Auto", "auto"),
        ("head.example.edu:6379", "head.example.edu:6379"),
        ("ray://10.0.0.7:10001", "ray://10.0.0.7:10001"),
        ("[::1]:6379", "[::1]:6379"),
    ],
)
def test_a_ray_cluster_is_this_machines_own_or_has_a_host_and_a_port(
    value: str, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_RAY", value)
    environment.check()
    assert environment.ray() == address


@pytest.mark.parametrize(
    "value",
    ["yes", "head", "head:", ":6379", "ray://head", "http://head:8265", "head:0", "head:65536", "head:6379/x", "a b:1"],
)
def test_an_address_that_no_ray_cluster_can_have_is_refused_in_a_sentence(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NORMSCOPE_RAY", value)
    with pytest.raises(ConfigError) as caught:
        environment.check()
    assert str(caught.value) == (
        f"NORMSCOPE_RAY: It must be auto, HOST:PORT or ray://HOST:PORT, with a port from 1 to 65535; got “{value}”. "
        "Set it to the address of a Ray cluster, or leave it unset: the cores of this machine then compute."
    )


def test_live_runs_on_a_cluster_are_so_many_at_once_or_as_the_cluster_says(monkeypatch: pytest.MonkeyPatch) -> None:
    assert environment.slots() is None
    monkeypatch.setenv("NORMSCOPE_SLOTS", "4")
    environment.check()
    assert environment.slots() == 4


@pytest.mark.parametrize("value", ["0", "-1", "1.5", "many"])
def test_a_number_of_slots_that_is_none_is_refused_in_a_sentence(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NORMSCOPE_SLOTS", value)
    with pytest.raises(ConfigError, match=r"NORMSCOPE_SLOTS: It must be a whole number above 0, of live runs at once"):
        environment.check()


def test_a_named_proxy_is_known_by_the_address_that_a_server_of_both_protocols_sees(monkeypatch) -> None:
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "10.0.0.1, fd00::7,10.0.0.0/8,proxy")
    assert environment.proxies() == ["10.0.0.1", "fd00::7", "10.0.0.0/8", "proxy", "::ffff:10.0.0.1"]
    monkeypatch.delenv("FORWARDED_ALLOW_IPS")
    assert environment.proxies() == []
