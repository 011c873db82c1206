"""A report, opened from the disk by a browser that has no network: drawn, scrubbed, printed, in both languages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from core.exports import report
from core.lab.arrived import Findings
from core.lab.report import report as sweep_report
from core.language.speech import speaking
from core.store.recording import Recording
from core.training import records
from tests.core.exports.short import two
from tests.core.lab.test_sweep_report import SWEEP, swept

pytestmark = pytest.mark.browser
DRAWN = "element => element.data.map(({name, x, y, line}) => ({name, x: [...x], y: [...y], dash: line.dash}))"


@pytest.fixture(scope="module")
def opened(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., object]]:
    """Opens a report as a visitor without a network; whatever the browser complains of fails the test."""
    visitor = chromium.new_context(viewport={"width": 1440, "height": 900}, offline=True)

    @contextmanager
    def opening(
        language: str, recording: Recording | list[Findings] | None = None, **surroundings: object
    ) -> Iterator[Page]:
        path = tmp_path_factory.mktemp(language) / "report.html"
        write = sweep_report if isinstance(recording, list) else report.report
        with speaking(language):
            path.write_text(write(recording or two()), encoding="utf-8")
        complaints: list[str] = []
        page = visitor.new_page()
        page.emulate_media(**surroundings)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.goto(path.as_uri())
        page.locator("body[data-ready]").wait_for()
        yield page
        assert complaints == []
        page.close()

    yield opening
    visitor.close()


def part(page: Page | Locator, name: str):
    return page.locator(f"[data-part={name}]")


def curves_of(page: Page | Locator, name: str = "bands") -> Locator:
    return page.locator(f"[data-curves={name}]")


@pytest.mark.slow
def test_it_draws_the_records_and_any_look_that_is_chosen(opened):
    recording = two()
    seen = {look.step: look for look in recording.looks()}
    tests = [r for r in recording.records if isinstance(r, records.TestMeasured)]

    def gradients(page: Page) -> dict[str, list[float]]:
        return {line["name"]: line["y"] for line in part(page, "gradients").evaluate(DRAWN)}

    def of_look(step: int) -> dict[str, list[float]]:
        layers = {name: summary.layers for name, summary in seen[step].arms.items()}
        return {name: pytest.approx([each.gradient.mean_abs for each in own], rel=1e-4) for name, own in layers.items()}

    with opened("en") as page:
        lines = {line["name"]: line for line in part(page, "accuracy").evaluate(DRAWN) if line["name"]}
        assert lines["bn test"]["y"] == [r.accuracy["bn"] for r in tests]
        assert (lines["bn test"]["dash"], lines["bn train"]["dash"]) == ("dash", "solid")

        expect(part(page, "where")).to_have_text("step 10 · epoch 1.00 · look 3 of 3, at the same test images")
        assert gradients(page) == of_look(10)
        page.keyboard.press("ArrowLeft")
        expect(part(page, "where")).to_contain_text("step 5 ")
        assert gradients(page) == of_look(5)
        part(page, "slider").press("Home")
        expect(part(page, "where")).to_contain_text("step 0 ")
        assert gradients(page) == of_look(0)

        page.locator("button[data-layer=fc1]").click()
        expect(part(page, "saysParameters")).to_contain_text("γ of the norm behind fc1")
        gamma = part(page, "gamma").evaluate("element => element.data[0].y.length")
        assert gamma == 120


@pytest.mark.slow
def test_it_speaks_chinese_and_follows_the_dark(opened):
    with opened("zh", color_scheme="dark") as page:
        expect(part(page, "where")).to_contain_text("第10步")
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        title = "document.querySelector('[data-part=gradients]').layout.xaxis.title.text"
        assert page.evaluate(title) == "层"
        colours = "element => [...new Set(element.data.map(({line}) => line?.color))]"
        assert "#56b4e9" in part(page, "accuracy").evaluate(colours)
        page.emulate_media(color_scheme="light")
        expect(page.locator("[data-arm=bn]").first).to_have_css("color", "rgb(0, 114, 178)")  # the curves come before
        assert "#0072b2" in part(page, "accuracy").evaluate(colours)


@pytest.mark.slow
def test_on_paper_it_is_light_as_wide_as_the_paper_and_shows_the_chosen_look(opened, tmp_path: Path):
    with opened("en", color_scheme="dark") as page:
        page.keyboard.press("ArrowLeft")
        expect(part(page, "where")).to_contain_text("step 5 ")
        page.evaluate("""() => window.addEventListener("beforeprint", () => {
            const chart = (name) => document.querySelector(`[data-part=${name}]`);
            const widths = ["loss", "accuracy"].map((name) => chart(name)._fullLayout.width);
            window.printed = [getComputedStyle(document.body).backgroundColor, ...widths];
        })""")
        page.pdf(path=tmp_path / "report.pdf", format="A4")
        assert page.evaluate("window.printed") == ["rgb(255, 255, 255)", 680, 680]
        expect(part(page, "loss").locator("svg.main-svg").first).not_to_have_attribute("width", "680")
        expect(part(page, "where")).to_contain_text("step 5 ")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.slow
def test_runs_with_less_in_them_open_without_a_complaint(opened):
    ended = records.ArmDiverged(10, "none", "fc1", "loss is nan")
    with opened("en", replace(two(), records=(*two().records, ended))) as page:
        expect(part(page, "loss")).to_contain_text("none: not finite at step 10")
    with opened("en", replace(two(), looks=list)) as page:
        assert part(page, "slider").count() == 0
        expect(part(page, "loss").locator("svg.main-svg").first).to_be_visible()
    with opened("en", replace(two(), records=(), looks=list, network_steps=(), status="queued")) as page:
        expect(page.get_by_text("The run had not ended: 0 of 10 steps.")).to_be_visible()
    with opened("en", replace(two(), records=())) as page:
        expect(part(page, "broken")).to_be_hidden()


@pytest.mark.slow
def test_a_sweeps_report_has_the_pages_maps_and_the_curves_of_the_cells_that_are_pressed(opened):
    curves = "element => element.data.map(({name}) => name).filter(Boolean)"
    with opened("en", swept().sweep.findings) as page:
        maps = {name: part(page, name).evaluate("element => element.data[0].z") for name in ("fate", "validation")}
        assert maps == {"fate": [[2, 0], [2, 0]], "validation": [[pytest.approx(1 / 1.1), None]] * 2}
        expect(part(page, "where")).to_have_text("Learning rate: 0.1, none")
        part(page, "fate").locator(".nsewdrag").click(position={"x": 60, "y": 50})
        expect(part(page, "where")).to_have_text("Learning rate: 0.1, none · Learning rate: 0.1, bn")
        assert curves_of(page).evaluate(curves) == ["none", "bn"]
    of_seeds = swept(replace(SWEEP, varied=())).sweep.findings
    with opened("zh", of_seeds, color_scheme="dark") as page:
        assert curves_of(page).evaluate(curves) == ["none", "bn"]
        assert curves_of(page).evaluate("element => element.layout.xaxis.title.text") == "步（小批量）"
    with opened("en", [*swept().sweep.findings, *of_seeds]) as page:
        answer, rates = page.locator("article").all()  # the last part has the answer, and is the first to be read
        assert [curves_of(each).evaluate(curves) for each in (answer, rates)] == [["none", "bn"], ["none"]]
        part(rates, "fate").locator(".nsewdrag").click(position={"x": 60, "y": 50})
        expect(part(rates, "where")).to_have_text("Learning rate: 0.1, none · Learning rate: 0.1, bn")
        expect(part(answer, "where")).to_have_text("")
    with opened("en", swept(replace(SWEEP, along=True)).sweep.findings) as page:
        drawn = "element => element.data.filter(({ name }) => name).map(({ y }) => [...y])"
        assert curves_of(page, "cosine").evaluate(drawn) == [[0.5, -0.5]]
        assert curves_of(page, "range").evaluate(drawn) == [[0.1]]
        expect(page.locator("[data-lost=cosine]")).to_have_text("1 of its numbers is not finite, and not drawn")
