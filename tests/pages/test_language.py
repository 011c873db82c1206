"""The page's language: whose it is at first, and that a press changes the words and nothing else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.runs.manager import RunManager
from tests.pages.visits import open_frame

pytestmark = pytest.mark.usefixtures("small_digits", "manager")

TITLES = {"en": "Training images", "zh": "训练图像数"}


def language_of(app: AppTest) -> str:
    """That of the form, of what the browser's element is handed, and of the button to the other one."""
    (told,) = [language for language, title in TITLES.items() if app.number_input(key="examples").label == title]
    assert element(app, "training")["language"] == told
    assert app.button(key="language").label == {"en": "中文", "zh": "English"}[told]
    return told


def element(app: AppTest, name: str) -> dict[str, Any]:
    found = next(e for e in app.get("bidi_component") if e.proto.component_name.endswith(f"normscope_{name}"))
    return dict(json.loads(found.proto.json))


def press(app: AppTest) -> None:
    app.button(key="language").click().run()
    assert not app.exception


@pytest.mark.parametrize(
    ("link", "cookie", "browser", "language"),
    [
        (None, None, None, "en"),
        (None, None, "zh-CN", "zh"),
        (None, None, "zh-Hant-TW", "zh"),
        (None, None, "fr-FR", "en"),
        (None, "zh", "en-US", "zh"),
        (None, "en", "zh-CN", "en"),
        (None, "nonsense", "zh-CN", "zh"),
        ("zh", "en", "en-US", "zh"),
        ("en", "zh", "zh-CN", "en"),
        ("zh-TW", None, "en-US", "zh"),
        ("fr", None, "zh-CN", "zh"),
    ],
)
def test_the_link_decides_else_what_was_chosen_before_else_the_browser(
    link: str | None, cookie: str | None, browser: str | None, language: str, cookies, browser_language
) -> None:
    browser_language(browser)
    if cookie is not None:
        cookies["normscope_language"] = cookie
    app = open_frame(**({} if link is None else {"lang": link}))
    assert language_of(app) == language
    # Whoever gets this address from somebody who chose nothing has a language of their own.
    assert app.query_params.get("lang") == (None if link in (None, "fr") else language)


def test_a_language_that_there_is_not_is_told() -> None:
    app = open_frame(lang="fr")
    assert element(app, "training")["notices"] == ["The language “fr” in the link is not known here and was ignored."]


def test_a_press_changes_the_language_the_link_and_what_the_browser_keeps() -> None:
    app = open_frame()
    assert element(app, "training")["chosen"] is False
    press(app)
    assert (language_of(app), app.query_params["lang"]) == ("zh", "zh")
    assert element(app, "training")["chosen"] is True
    press(app)
    assert (language_of(app), app.query_params["lang"]) == ("en", "en")


def test_a_press_leaves_what_the_form_holds() -> None:
    app = open_frame(data="digits", init="default", lr="0.3", arms="bn,ln:dropout=0.5", act="relu", examples="640")
    before = element(app, "orders")["form"]
    for _ in range(2):
        press(app)
        assert element(app, "orders")["form"] == before
        assert element(app, "training")["problem"] == ""


def test_an_emptied_field_stays_empty_and_is_told_in_the_other_language() -> None:
    app = open_frame()
    app.number_input(key="epochs").set_value(None).run()
    press(app)
    assert app.number_input(key="epochs").value is None
    assert element(app, "training")["problem"] == "“迭代周期”是空的。请填写，或选择一个预设。"


def test_a_choice_that_comes_in_the_words_of_a_moment_ago_is_understood() -> None:
    """The browser sends the text of what is chosen; it may have been pressed before the page was written anew."""
    app = open_frame(data="digits")
    press(app)
    message = app._tree.get_widget_states()
    for key, text in {"data": "Digits (built in)", "init": "PyTorch’s default"}.items():
        (field,) = [widget for widget in message.widgets if widget.id == app.selectbox(key=key).id]
        field.string_value = text
    app._run(message)
    assert (app.selectbox(key="data").value, app.selectbox(key="init").value) == ("digits", "default")
    assert element(app, "training")["problem"] == ""


def test_a_press_leaves_the_run_in_view_and_its_element_is_made_anew(manager: RunManager) -> None:
    app = open_frame(data="digits", examples="64", batch="2", epochs="1000", arms="none")
    run = manager.submit(app.session_state["visitor"].config)
    app.session_state["visitor"].show(run)
    app.run()
    press(app)
    assert (element(app, "training")["run"], manager.active()) == (run.id, [run])


def test_a_notice_from_before_a_press_is_told_in_the_new_language() -> None:
    app = open_frame(run="nowhere")
    assert element(app, "training")["notices"][0].startswith("The run in the link is not here any more: ")
    press(app)
    assert element(app, "training")["notices"][0].startswith("链接中的运行已不存在：")


def test_the_presets_have_their_names_in_the_language(browser_language) -> None:
    browser_language("zh-CN")
    buttons = [button.label for button in open_frame().button if (button.key or "").startswith("preset")]
    assert buttons == ["初次体验", "书中正文", "中文版代码", "英文版代码"]
