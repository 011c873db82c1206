"""`python -m core status URL`: ten lines from a server's figures, or one on why there are none."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from core.cli.process import main
from core.cli.status import Figures, lines
from core.language.speech import speaking

TOLD = """\
# TYPE process_start_time_seconds gauge
process_start_time_seconds 1000.0
# TYPE process_cpu_seconds counter
process_cpu_seconds_total 450.0
# TYPE process_resident_memory_bytes gauge
process_resident_memory_bytes 8.124e+08
# TYPE process_open_fds gauge
process_open_fds 61.0
# TYPE normscope_runs gauge
normscope_runs{status="queued"} 2.0
normscope_runs{status="running"} 1.0
normscope_runs{status="paused"} 0.0
# TYPE normscope_watchers gauge
normscope_watchers 34.0
# TYPE normscope_step_seconds gauge
normscope_step_seconds 0.0244
# TYPE normscope_store_bytes gauge
normscope_store_bytes 1.25e+09
# TYPE normscope_store_limit_bytes gauge
normscope_store_limit_bytes 2e+09
# TYPE normscope_store_unwritten_records gauge
normscope_store_unwritten_records 3.0
# TYPE normscope_answer_seconds histogram
normscope_answer_seconds_bucket{route="runs/points",status="200",le="0.001"} 600.0
normscope_answer_seconds_bucket{route="runs/points",status="200",le="0.01"} 960.0
normscope_answer_seconds_bucket{route="runs/points",status="200",le="+Inf"} 1000.0
normscope_answer_seconds_count{route="runs/points",status="200"} 1000.0
normscope_answer_seconds_bucket{route="pages",status="500",le="+Inf"} 2.0
normscope_answer_seconds_count{route="pages",status="500"} 2.0
normscope_answer_seconds_count{route="import",status="503"} 4.0
normscope_answer_seconds_count{route="terms",status="429"} 7.0
"""


@pytest.fixture
def server() -> Iterator[Callable[[int, str], str]]:
    """server(200, text): the address of one that answers so."""
    asked: list[HTTPServer] = []

    def serve(status: int, text: str) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(status if self.path == "/norm/api/metrics" else 404)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, *_: object) -> None:
                pass

        asked.append(HTTPServer(("127.0.0.1", 0), Handler))
        threading.Thread(target=asked[-1].serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{asked[-1].server_port}/norm/?run=abc"

    yield serve
    for each in asked:
        each.shutdown()
        each.server_close()


def test_ten_lines_say_how_it_stands() -> None:
    with speaking("en"):
        assert lines("http://norm.test", Figures(TOLD), 1900.0) == [
            "http://norm.test has been up for 15 min",
            "runs: 1 computing, 2 waiting, 0 paused",
            "watched by: 34 open pages",
            "a step: 24 ms, looks and tests included",
            "answers: 1,013",
            "refused: 7 that asked too often (429), 4 while it was busy (503)",
            "failed: 2 (500)",
            "news of runs: half within 1 ms, 95 of 100 within 10 ms",
            "uses: 812 MB of memory, 61 open files, 50 % of a core",
            "store: 1,250 of 2,000 MB, 3 records not on the disk yet",
        ]


def test_where_there_is_nothing_it_says_so_in_ten_lines_too() -> None:
    with speaking("en"):
        told = lines("http://norm.test", Figures(""), 100.0)
    assert len(told) == 10
    assert {"a step: no run computes", "news of runs: nobody has asked", "store: none, runs are in memory only"} <= set(
        told
    )


def test_the_command_asks_the_server_whose_page_it_is_given(server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", server(200, TOLD)]) == 0
    said = capsys.readouterr()
    assert (said.out.count("\n"), said.err) == (10, "")
    assert "runs: 1 computing, 2 waiting, 0 paused" in said.out


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("norm.test", "URL: It must begin with http:// or https://; got “norm.test”."),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/api/metrics cannot be reached: Connection refused."),
        ("http://127.0.0.1:port", "http://127.0.0.1:port/api/metrics cannot be reached: "),
    ],
)
def test_what_cannot_be_asked_is_said_in_one_line(url: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", url]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"error: {said}")
    assert err.count("\n") == 1


def test_one_that_tells_nobody_is_said_in_one_line(server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", server(404, "{}")]) == 2
    assert "/norm/api/metrics answers with 404." in capsys.readouterr().err


@pytest.mark.parametrize(
    "text", ['<!doctype html>\n<html><body class="a">Hello</body></html>', "", "ok", "{}", "up 1\n"]
)
def test_another_page_than_that_of_figures_is_said_in_one_line(
    text: str, server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", server(200, text)]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert "answers, but not with the figures of NormScope" in err


def test_what_the_servers_system_does_not_tell_is_left_out() -> None:
    """Without /proc, as on macOS, no line of a process is there."""
    text = "".join(line for line in TOLD.splitlines(keepends=True) if "process_" not in line)
    with speaking("en"):
        told = lines("http://norm.test", Figures(text), 1.8e9)
    assert (len(told), told[0], told[8]) == (10, "http://norm.test answers", "uses: its system does not say")
