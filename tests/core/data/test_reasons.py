"""What the system refuses with is said in the language of who reads: in English in the system's own words."""

from __future__ import annotations

import errno
import os
import re
import socket
import ssl
from email.message import Message as Headers
from pathlib import Path
from urllib.error import HTTPError, URLError

import pytest

from core.data.files import DataError, fetch
from core.data.paths import advice
from core.data.reasons import NAMES, REASONS, why
from core.language.speech import speaking
from core.store.troubles import told

HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize("number", REASONS, ids=errno.errorcode.get)
def test_a_reason_is_the_systems_in_english_and_chinese_in_chinese(number: int) -> None:
    error = OSError(number, os.strerror(number))
    assert str(why(error)) == os.strerror(number)
    with speaking("zh"):
        assert HAN.search(str(why(error)))
        assert os.strerror(number) not in str(why(error))


def test_all_that_has_its_own_advice_has_its_reason_in_both_languages() -> None:
    usual = advice(OSError(errno.ENOTTY, ""))
    advised = [number for number in errno.errorcode if advice(OSError(number, "")) != usual]
    assert set(advised) <= set(REASONS)


@pytest.mark.parametrize("number", NAMES)
def test_a_name_that_no_server_has_is_said_in_both_languages(number: int) -> None:
    error = socket.gaierror(number, "in the system's words")
    assert "ame " in str(why(error))
    with speaking("zh"):
        assert HAN.search(str(why(URLError(error))))


@pytest.mark.parametrize(
    "error",
    [
        TimeoutError("timed out"),
        HTTPError("http://there", 404, "Not Found", Headers(), None),
        ssl.SSLCertVerificationError("self-signed certificate"),
    ],
    ids=["silence", "404", "certificate"],
)
def test_a_server_that_does_not_answer_as_it_should_is_said_in_both_languages(error: OSError) -> None:
    if isinstance(error, ssl.SSLCertVerificationError):
        error.verify_message = "self-signed certificate"
    english = str(why(error))
    assert re.fullmatch("timed out|HTTP Error 404: Not Found|its certificate is not trusted: self-signed .*", english)
    with speaking("zh"):
        assert HAN.search(str(why(error)))


def test_what_is_not_known_here_stays_in_the_systems_words() -> None:
    assert why(OSError(errno.ENOTTY, "no typewriter")) == "no typewriter"
    assert why(OSError("of a library")) == "of a library"
    assert why(URLError("unknown url type")) == "unknown url type"


def test_a_failed_download_quotes_no_english_in_chinese(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        monkeypatch.setattr("torchvision.datasets.FashionMNIST.mirrors", [f"http://127.0.0.1:{port}/"])
        with pytest.raises(DataError) as caught:
            fetch("fashion-mnist", tmp_path)
    assert "Connection refused" in str(caught.value)
    with speaking("zh"):
        assert "连接被拒绝" in str(caught.value)
        assert "refused" not in str(caught.value)


def test_a_folder_of_runs_that_is_refused_says_why_in_the_readers_language(tmp_path: Path) -> None:
    error = told(OSError(errno.EACCES, os.strerror(errno.EACCES)), tmp_path)
    assert "Permission denied" in str(error)
    with speaking("zh"):
        assert "没有权限" in str(error)
