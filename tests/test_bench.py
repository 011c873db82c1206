"""What bench/ computes with its measurements; the measurements themselves are no tests."""

from __future__ import annotations

import ast
import asyncio
import json
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
import torch

from bench import card, gpu, gpu_loops, page, ray, ray_stamps, store, strip, watchers, watching
from bench.experiments import lasting
from bench.plot import Panel, figure
from bench.scaling import memory_kb
from bench.timings import percentile, ratios, with_range
from core.data.images import Images
from core.experiment.config import ExperimentConfig

ROOT = Path(__file__).parent.parent
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def few() -> Images:
    return gpu.synthetic(96, CPU)


# --- numbers ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [0, 5, 50, 95, 100])
def test_percentiles_are_numpys(share: int) -> None:
    values = [3.0, 1.0, 4.0, 1.5, 9.0, 2.6]
    assert percentile(values, share) == pytest.approx(np.percentile(values, share))


def test_a_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no measurements"):
        percentile([], 50)


def test_ratios_are_those_of_the_pairs_and_not_of_the_medians() -> None:
    assert ratios([(2.0, 1.0), (30.0, 10.0), (4.0, 4.0)]) == [1.0, 2.0, 3.0]
    assert with_range([1.0, 2.0, 3.0]) == "2.00 (1.00 to 3.00)"


def test_a_point_is_on_the_screen_with_the_first_frame_that_has_it() -> None:
    stamps = [(1, "status", 0, 9.0), (2, "test", 0, 10.0), (3, "train", 1, 10.1), (4, "train", 2, 10.5)]
    assert watching.delays(stamps, [(1, 9.5), (3, 10.2), (4, 10.6)]) == pytest.approx([0.2, 0.1, 0.1])


def test_a_point_of_an_actor_is_here_once_it_has_come_and_what_has_not_is_not_counted(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("1 10.0\n2 10.5\n3 11.0\n")
    assert ray.delays(ray_stamps.read(str(tmp_path), "run"), {1: 10.25, 2: 10.75}) == [0.25, 0.25]


def test_speed_counts_from_the_step_at_which_the_watchers_are_there() -> None:
    steps = [
        (step, "train", step, 100 + (0.5 * step if step < watching.FIRST_STEP else 0.1 * step)) for step in range(60)
    ]
    assert watching.steps_per_second(steps) == pytest.approx(10)


def test_the_pages_frame_is_told_by_how_often_a_task_was_longer_than_it_may_be() -> None:
    told = strip._frames_text([(40, [strip.Task(61.0, 40.0), strip.Task(55.5, 52.0)]), (38, [])])
    assert "each chart drawn 78 times: 2 tasks of the browser took more than 50 ms" in told
    assert "(the longest 61 ms), 1 of them more than 50 ms of processor time (at most 52 ms)" in told
    assert "0 tasks" in strip._frames_text([(40, [])])


def test_of_a_trace_the_long_tasks_of_the_pages_own_thread_are_told() -> None:
    def event(name: str, tid: int, **more: object) -> dict[str, object]:
        return {"name": name, "pid": 7, "tid": tid} | more

    trace = [
        event("thread_name", 1, args={"name": "CrRendererMain"}),
        event("thread_name", 2, args={"name": "Compositor"}),
        event("RunTask", 1, dur=60_000, tdur=30_000),
        event("RunTask", 1, dur=40_000, tdur=40_000),
        event("RunTask", 2, dur=90_000, tdur=90_000),
        event("Layout", 1, dur=70_000, tdur=70_000),
    ]
    assert strip._tasks(json.dumps({"traceEvents": trace}).encode()) == [strip.Task(60.0, 30.0)]


def test_the_strip_costs_the_median_of_the_pairs_whatever_a_slow_minute_did_to_one_of_them() -> None:
    told = strip._text(ExperimentConfig(epochs=6), [(10.2, 10.0), (30.3, 30.0), (50.0, 25.0)], [4, 5, 4])
    assert "| with the strip / without | 1.02 (1.01 to 2.00) |" in told
    assert "4 to 5 looks" in told


def test_the_store_costs_the_median_of_the_pairs_each_of_which_is_told() -> None:
    times = [((10.0, 5.0), (10.1, 5.5)), ((40.0, 20.0), (40.8, 20.0)), ((10.0, 5.0), (19.0, 5.0))]
    told = store._told(ExperimentConfig(), times, [1.0, 3.0, 2.0])
    assert "| processor time | 1.020 (1.010 to 1.900) | 1.02 | 1.010 1.020 1.900 |" in told
    assert "| wall time | 1.000 (1.000 to 1.100) |  | 1.100 1.000 1.000 |" in told
    assert "3 pairs" in told
    assert "10.00 s without, 19.00 s with it" in told
    assert "2.0 % of the process's processor time" in told


@pytest.mark.parametrize(("number", "order"), [(0, ["without", "with"]), (1, ["with", "without"])])
def test_every_second_pair_begins_with_the_store_and_is_told_the_same_way_round(
    number: int, order: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(store, "processor_seconds", lambda what: begun.append(what) or (what, what))
    assert store._pair(number, "without", "with") == (("without", "without"), ("with", "with"))
    assert begun == order


def test_overlapping_work_is_counted_once() -> None:
    assert gpu.covered([(5, 7), (0, 2), (1, 3), (1, 2)]) == 5
    assert gpu.covered([]) == 0


def test_memory_is_that_of_a_copy_with_all_it_refers_to() -> None:
    assert 32 <= memory_kb([float(i) for i in range(1000)]) < 40  # 24 bytes a float, 8 a reference


def test_only_a_plan_that_installs_nothing_is_timed() -> None:
    serve = "/env/bin/python -m streamlit run app.py --server.port 8501 &"
    assert not page.installs([serve])
    assert page.installs(["/env/bin/python -m pip --disable-pip-version-check install -r requirements.txt", serve])
    assert page.installs(["python3.12 -m venv .venv", serve])


# --- the plot --------------------------------------------------------------------------------------------------------


def test_a_plot_has_a_pair_of_logarithmic_axes_for_each_panel_and_a_name_at_each_lines_end() -> None:
    lines = {"depth 5": [(1, 0.9), (32, 2.0), (1024, 61.0)], "depth 12": [(1, 0.9), (1024, 62.0)]}
    drawn = figure([Panel(title, "examples", "ms", lines) for title in ("a", "b", "c")])
    assert [note["text"] for note in drawn["layout"]["annotations"]] == ["<b>a</b>", "<b>b</b>", "<b>c</b>"]
    assert {drawn["layout"][axis]["type"] for axis in ("xaxis", "yaxis", "xaxis3", "yaxis3")} == {"log"}
    assert [line["yaxis"] for line in drawn["data"]] == ["y", "y", "y2", "y2", "y3", "y3"]
    assert [line["text"][-1].strip() for line in drawn["data"]] == ["depth 5", "depth 12"] * 3
    assert drawn["data"][0]["x"] == [1, 32, 1024]


# --- watchers --------------------------------------------------------------------------------------------------------


def test_a_watcher_asks_for_what_is_newer_than_it_has_until_the_run_has_ended() -> None:
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for latest, status in ((3, "running"), (3, "running"), (7, "finished")):
            asked.append((await reader.readuntil(b"\r\n\r\n")).decode().split()[1])
            body = json.dumps({"latest": latest, "state": {"status": status, "apart_ms": 0}}).encode()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        writer.close()

    async def watch() -> dict[str, float]:
        async with await asyncio.start_server(serve, "127.0.0.1") as server:
            port = server.sockets[0].getsockname()[1]
            return await watchers._watch(f"http://127.0.0.1:{port}", "abc", 1, 100.0)

    with ThreadPoolExecutor(1) as apart:  # playwright's event loop runs in this thread, where browser tests came before
        heard = apart.submit(asyncio.run, watch()).result()
    assert asked == [f"/api/runs/abc/points?since={latest}" for latest in (0, 3, 3)]
    assert set(heard) == set(watching.HEARD)


# --- a card ----------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_loop_agrees_with_float64(few: Images) -> None:
    said, right = gpu.check(few, steps=3)
    assert right, said
    assert said.count("| float32 |") == len(gpu.LOOPS)


def test_a_loop_that_computes_something_else_is_found(few: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    def faster(config, data, tick):
        return gpu_loops.bare(lasting(3, data, 96, config.arms, learning_rate=1.2 * gpu.CHECKED_RATE), data, tick)

    monkeypatch.setattr(gpu, "LOOPS", {"bare": gpu_loops.bare, "faster": faster})
    said, right = gpu.check(few, steps=3)
    assert not right
    assert said.count("WRONG") == 1


def test_losses_that_are_missing_or_not_finite_are_no_agreement() -> None:
    assert gpu.largest_difference({"bn": [1.0, 2.0]}, {"bn": [1.0, 2.5]}) == 0.5
    for other in ({"bn": [1.0]}, {"ln": [1.0, 2.0]}, {"bn": [1.0, float("nan")]}):
        assert gpu.largest_difference(other, {"bn": [1.0, 2.0]}) == float("inf")


def test_one_loop_without_memory_leaves_the_others_their_cells(few: Images, monkeypatch: pytest.MonkeyPatch) -> None:
    def too_large(config, data, tick):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(gpu, "LOOPS", {"bare": too_large, "other": gpu_loops.bare})
    first, second = gpu.cell(few, gpu.ARMS["one"], 32, steps=2)
    assert first[2:4] == ["bare", "out of memory; lower the batch"]
    assert float(second[3]) > 0


@pytest.mark.parametrize(("more", "status"), [([], 0), (["--require"], 2)])
def test_without_a_card_it_says_so_in_one_line(more, status, monkeypatch, capsys) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu", *more])
    with pytest.raises(SystemExit) as ended:
        gpu.main()
    assert ended.value.code == status
    assert capsys.readouterr().out.startswith("There is no CUDA device here")


def needed_by(module: str, seen: set[str]) -> set[str]:
    """What importing `module` imports from outside the project; imports inside functions wait until they are called."""
    path = ROOT / (module.replace(".", "/") + ".py")
    if module in seen or not path.exists():
        return set() if (ROOT / module.replace(".", "/")).exists() or module in seen else {module.split(".")[0]}
    seen.add(module)
    found: set[str] = set()
    for node in ast.parse(path.read_text()).body:
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            whole = f"{node.module}.{{}}"
            parts = [whole.format(alias.name) for alias in node.names]
            names = [part for part in parts if (ROOT / (part.replace(".", "/") + ".py")).exists()] + [str(node.module)]
        for name in names:
            found |= needed_by(name, seen)
    return found


def test_on_a_card_torch_numpy_and_safetensors_are_enough() -> None:
    assert needed_by("bench.gpu", set()) - sys.stdlib_module_names == {"torch", "numpy", "safetensors"}
    assert "starlette" in needed_by("bench.stamping_app", set()), "what is needed elsewhere is seen"


def test_what_needs_a_card_says_so_and_measures_nothing(monkeypatch, capsys, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["card", "--out", str(tmp_path / "none")])
    with pytest.raises(SystemExit, match="no CUDA device here"):
        card.main()
    assert not (tmp_path / "none").exists()


def test_a_part_that_fails_leaves_the_others_theirs(monkeypatch, capsys, tmp_path: Path) -> None:
    def broken(options: object) -> tuple[str, bool]:
        raise RuntimeError("the card is gone")

    monkeypatch.setattr(card, "PARTS", {"one": broken, "two": lambda options: ("as it should be", True)})
    monkeypatch.setattr(sys, "argv", ["card", "--device", "cpu", "--out", str(tmp_path)])
    with pytest.raises(SystemExit, match="Not as it should be: one"):
        card.main()
    assert "the card is gone" in (tmp_path / "one.md").read_text()
    assert "as it should be" in (tmp_path / "two.md").read_text()
