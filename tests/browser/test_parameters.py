"""The Parameters page: γ and β arrive while the run goes on, and the live networks answer questions."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.train_page import TINY, finish, go

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def inside(page: Page):
    return page.locator(".ns-parameters")


def look(page: Page) -> Page:
    go(page, "Parameters")
    page.wait_for_function("document.querySelector('.ns-parameters')?.dataset.step")
    return page


def bars(page: Page, part: str) -> dict[str, list[float]]:
    """The values per channel that are drawn now, by arm."""
    drawn = f"document.querySelector('[data-part={part}]').data"
    page.wait_for_function(f"{drawn}?.some(trace => trace.type === 'bar')")
    return page.evaluate(f"Object.fromEntries({drawn}.filter(t => t.type === 'bar').map(t => [t.name, t.customdata]))")


def test_recalibrate_shows_three_accuracies_and_the_step_they_are_of(ended: Page) -> None:
    page = look(ended)
    page.get_by_role("button", name="Recalibrate").click()
    answer = page.locator("[data-part=recalibration]")
    expect(answer).to_have_attribute("data-state", "done")
    expect(answer).to_contain_text("step 20")
    expect(answer.locator("tbody tr")).to_have_count(1)
    expect(answer.locator("tbody tr")).to_have_text(re.compile(r"BatchNorm(\d+\.\d %){3}"))
    page.wait_for_function(
        "document.querySelector('.ns-parameters [data-part=accuracy]').data"
        "?.some(t => t.marker.symbol === 'star' && t.x[0] === 20)"
    )


def test_the_conclusion_is_about_the_layer_that_is_chosen(ended: Page) -> None:
    page = look(ended)
    for layer in ("fc2", "conv1"):
        page.locator(f"[data-layer={layer}]").click()
        expect(page.locator("[data-part=says]")).to_contain_text(f"γ of the norm behind {layer}, from 1 at the start")


def test_measure_draws_the_noise_of_every_arm_beside_the_guides(ended: Page) -> None:
    page = look(ended)
    page.locator("[data-layer=fc1]").click()
    expect(page.locator("[data-part=shape]")).to_have_text("120 units")
    page.get_by_role("button", name="Measure").click()
    expect(page.locator("[data-part=noise]")).to_have_attribute("data-state", "done")
    traces = page.wait_for_function(
        "() => { const found = (document.querySelector('[data-part=noiseChart]').data ?? []).filter(t => t.name);"
        " return found.length === 3 && found.map(t => [t.name, Array.from(t.x), Array.from(t.y)]); }"
    ).json_value()
    assert [name for name, _, _ in traces] == ["none", "bn", "ln"]
    for _, sizes, noise in traces:
        assert noise == pytest.approx([((1 - n / 360) / n) ** 0.5 for n in sizes], rel=0.1)


def test_an_arm_without_norm_or_without_running_statistics_is_named(new_page) -> None:
    page = new_page(TINY + "&arms=none,ln")
    finish(page)
    look(page)
    expect(page.locator("[data-part=lacks]")).to_contain_text("No normalization has no norm layers")
    assert list(bars(page, "gamma")) == ["ln"]
    expect(page.locator("[data-part=stateless]")).to_contain_text("No arm drawn here has BatchNorm behind conv1")
    expect(page.locator("[data-part=stateless]")).to_contain_text(
        "LayerNorm: each image is normalized by its own statistics"
    )
    expect(page.locator("[data-part=evaluation]")).to_be_hidden()


def test_gamma_arrives_at_a_step_that_advances(live: Page) -> None:
    page = look(live)
    first = bars(page, "gamma")
    assert list(first) == ["bn", "ln"]
    assert len(first["bn"]) == 6
    step = int(inside(page).get_attribute("data-step"))
    page.wait_for_function(
        "step => Number(document.querySelector('.ns-parameters').dataset.step) > step + 20", arg=step
    )
    assert bars(page, "gamma") != first
    number = r" ?-?\d\.\d{4}(e-\d\d)?"
    row = rf"tensor\(\[{number}(, {number}){{5}}\]\)"
    asked = re.escape(">>> net[1].gamma.reshape((-1,)), net[1].beta.reshape((-1,))")
    expect(page.locator("[data-part=printed]")).to_have_text(re.compile(rf"{asked}\s*\({row},\s*{row}\)"))
