"""What a visitor has: settings, the run in view, earlier runs. The only file that touches the session's state.

The link is the truth at the first visit; from then on the session is, and writes itself into the link: the run in view
with its settings or, before there is one, the form's. What the form holds beside a run, the browser's tab keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from core.cube.viewpoint import QUERY_KEY
from core.experiment.config import ExperimentConfig
from core.experiment.fitting import from_digits, to_digits
from core.experiment.links import from_query, to_query
from core.experiment.rules import quoted
from core.exports.recorded import RUN_ID
from core.lab.laboratory import laboratory
from core.lab.links import KEYS as LAB_KEYS
from core.language.languages import ENGLISH, understood
from core.language.languages import QUERY_KEY as LANGUAGE_KEY
from core.language.message import Message
from core.lessons.catalog import QUERY_KEYS as LESSON_KEYS
from core.runs.library import library
from core.runs.manager import manager
from core.runs.owner import new_key
from core.runs.recorded_run import RecordedRun
from core.runs.shown import AnyWhole, shown
from core.web.owner import OWNER_COOKIE
from core.words.reasons import QUERY_KEY as LOOK_KEY
from core.words.terms import QUERY_KEY as TERM_KEY
from pages.parts.membership import enter
from pages.parts.visitor import GONE, Set, View, Visitor, gone

LANGUAGE_COOKIE = "normscope_language"  # as assets/shared/language.js writes it
# In the link: what the page Cube, Reference, Lessons or Lab, or one that looks inside, shows.
OF_A_PAGE = (QUERY_KEY, TERM_KEY, LOOK_KEY, *LESSON_KEYS, *LAB_KEYS)
CLASS_KEY = "class"
PICTURE_KEY, PICTURES = "picture", ("cube",)

LINKED_IS_GONE = Message(
    "The run in the link is not here any more: {why}. Start, on the Train page, begins one with the settings in the "
    "form."
)


def _left(visitor: Visitor) -> None:
    manager().classes.leave(visitor.follows, visitor.id)
    if visitor.sweep:
        laboratory().leave(visitor.sweep, visitor.id)
    for run in [*visitor.behind, *([visitor.run] if visitor.run is not None else [])]:
        run.leave(visitor.id)


@st.cache_resource(scope="session", on_release=_left, show_spinner=False)
def _connection(visitor_id: str, _visitor: Visitor) -> Visitor:
    """Lives as long as the browser's connection: releasing it is how we learn that somebody left."""
    return _visitor


def visitor() -> Visitor:
    """This session's visitor; present in its run's list of watchers again after a lost connection."""
    if "visitor" not in st.session_state:
        st.session_state["visitor"] = Visitor(key=st.context.cookies.get(OWNER_COOKIE) or new_key())
    mine: Visitor = st.session_state["visitor"]
    _connection(mine.id, mine)
    if mine.follows:
        manager().classes.join(mine.follows, mine.id)
    if mine.sweep:
        laboratory().join(mine.sweep, mine.id)
    for run in [*mine.behind, *([mine.run] if mine.run is not None else [])]:
        run.join(mine.id)
    return mine


def language() -> str:
    """The visitor's: the link's, else what was chosen here before, else the browser's."""
    here = visitor()
    if not here.language:
        linked = understood(st.query_params.get(LANGUAGE_KEY))
        here.links_language = linked is not None
        kept = understood(st.context.cookies.get(LANGUAGE_COOKIE))
        here.language = linked or kept or understood(st.context.locale) or ENGLISH
    return here.language


def links_language() -> bool:
    """Whether the page's address says it."""
    return visitor().links_language


def understand(setting: str, meant: Mapping[str, str]) -> None:
    """Take a text that the field sends for what is meant by it; to be called before it is drawn."""
    visitor().meant[setting] = meant
    value = st.session_state[setting]
    if meant.get(value, value) != value:
        st.session_state[setting] = meant[value]


def choose_language(wanted: str) -> None:
    """The visitor has pressed for it: all stays as it is, in other words."""
    here = visitor()
    here.language, here.links_language, here.chose_language = wanted, True, True
    for name, value in read_form().items():  # Streamlit knows what is chosen in a list by its text in the old language
        st.session_state[name] = value


def has_chosen_language() -> bool:
    """Whether the browser is to keep it for the next visit."""
    return visitor().chose_language


def open_link() -> None:
    """At the first visit, take the settings and the run from the link; report what was not understood.

    Whoever opens the link of a run gets that run's settings, whatever else the link says.
    """
    here = visitor()
    _give_back(here)
    here.let_go()
    if here.opened is not None:
        return
    asked = st.query_params.to_dict()
    here.opened = {key: value for key, value in asked.items() if key not in (*OF_A_PAGE, LANGUAGE_KEY, CLASS_KEY)}
    params = dict(here.opened)
    if shows_picture_alone():
        del params[PICTURE_KEY]
    run_id = params.pop("run", None)
    told = enter(here, asked[CLASS_KEY]) if CLASS_KEY in asked else ""
    run_id = here.led_to or run_id
    run = manager().find(run_id) if run_id is not None else None
    config, here.notices = (shown(run).config, []) if run is not None else from_query(params)
    here.is_new = run_id in (None, RUN_ID) and not library().has_run_of(here.key)
    if here.is_new and not asked.keys() - {LANGUAGE_KEY}:
        run = manager().find(RUN_ID)
    if run is not None:
        here.show(run)
    elif run_id is not None:
        here.notices.append(manager().problem(run_id) or gone(LINKED_IS_GONE))
    here.notices += filter(None, [told])
    if LANGUAGE_KEY in asked and not here.links_language:
        unknown = {"language": quoted(asked[LANGUAGE_KEY])}
        here.notices.append(Message("The language {language} in the link is not known here and was ignored.", unknown))
    fill_form(config)


def turn_to(page: StreamlitPage) -> None:
    """Have this browser on another page, by nobody's press. Streamlit drops the form with that, which comes back."""
    here = visitor()
    here.held, here.told = read_form(), 0
    st.switch_page(page)


def _give_back(here: Visitor) -> None:
    """Set again what a browser may not have been told: a press cuts a script off, and what it set is not sent anew.

    What somebody has changed since stays.
    """
    for setting, value in here.held.items():
        if st.session_state.get(setting, value) == value:
            set_value(setting, value)


def drawn() -> None:
    """The script has come to its end: the browser has been told of the whole form.

    Of one that ended just as somebody pressed, the browser takes nothing: twice is once for sure.
    """
    here = visitor()
    here.told += 1
    if here.told == 2:
        here.held = {}


def link() -> dict[str, str]:
    """The link to what is in view: a run with its settings or, before there is one, what the form says."""
    here = visitor()
    config = shown(here.run).config if here.run is not None else here.config
    return (to_query(config) if config else {}) | ({"run": here.run.id} if here.run is not None else {})


def shows_recorded() -> bool:
    """Whether the run in view is one that NormScope comes with."""
    return isinstance(visitor().run, RecordedRun)


def shows_picture_alone() -> bool:
    """Whether the link asks for a picture without the page around it, as in a frame of a course's page."""
    return st.query_params.get(PICTURE_KEY) in PICTURES


def write_link() -> None:
    """Put it into the page's address; what the form says wrong leaves the address as it is."""
    now = link()
    if not now:
        return
    now |= {key: st.query_params[key] for key in OF_A_PAGE if key in st.query_params}
    if shows_picture_alone():
        now[PICTURE_KEY] = st.query_params[PICTURE_KEY]
    if visitor().follows:
        now[CLASS_KEY] = visitor().follows
    if visitor().links_language:
        now[LANGUAGE_KEY] = language()
    if st.query_params.to_dict() != now:
        st.query_params.from_dict(now)


def for_orders() -> dict[str, Any]:
    """What the browser must know of this session to send orders, and to keep the form over a reload."""
    here = visitor()
    form = to_query(here.config) if here.config else None
    mine = here.run is not None and here.run.is_owned_by(here.key)
    known = {"visitor": here.id, "heard": here.heard, "sets": here.sets, "recorded": shows_recorded(), "mine": mine}
    return known | {"opened": here.opened, "link": link(), "form": form}


def told_of(run: AnyWhole) -> ExperimentConfig:
    """Its settings as this browser is told them: of hidden arms its owner's alone knows."""
    return run.config if run.is_owned_by(visitor().key) else shown(run).config


def fill_form(config: ExperimentConfig) -> None:
    """Set the form's widgets to `config`; to be called before they are drawn, or from a callback."""
    values = {setting.name: getattr(config, setting.name) for setting in fields(config)}
    here = visitor()
    here.held, here.told = values | {"arms": [arm.name for arm in config.arms]}, 0
    for name, value in here.held.items():
        set_value(name, value)
    visitor().before_digits = {} if config.data == "digits" else None


def read_form() -> dict[str, Any]:
    """The values of the form's widgets, by setting."""
    values = {f.name: st.session_state[f.name] for f in fields(ExperimentConfig) if f.name in st.session_state}
    for name, meant in visitor().meant.items():
        if name in values:
            values[name] = meant.get(values[name], values[name])
    return values


def fill_again(config: ExperimentConfig) -> None:
    """Set the form to what it was in this browser tab before a reload, or before the server was started anew."""
    here = visitor()
    here.notices = [gone(GONE) if notice == gone(LINKED_IS_GONE) else notice for notice in here.notices]
    fill_form(config)


def set_value(setting: str, value: Any) -> None:
    """Set one widget of the form; to be called before it is drawn, or from a callback."""
    here = visitor()
    here.sets += 1
    here.last_sets.append(Set(setting, st.session_state.get(setting), value))
    st.session_state[setting] = value


def fit_to_data() -> None:
    """Other images were chosen: the digits take settings of their own; away from them, what was there comes back."""
    here, values = visitor(), read_form()
    changes: dict[str, Any] = {}
    if values["data"] == "digits" and here.before_digits is not None:
        return  # they have only been called otherwise, in the language of a moment ago
    if values["data"] == "digits":
        here.before_digits = {name: value for name, value in values.items() if value is not None}
        changes = to_digits(values)
    elif here.before_digits is not None:
        changes, here.before_digits = from_digits(values, here.before_digits), None
    for setting, value in changes.items():
        set_value(setting, value)


def taken_by_digits() -> dict[str, Any]:
    """The settings in whose place the form, on the digits, has theirs; empty elsewhere."""
    before = visitor().before_digits
    return {} if before is None else from_digits(read_form(), before)


def came_to_digits() -> bool:
    """Whether the form was on other images before, and not filled with digits by a link or a reload."""
    return bool(visitor().before_digits)


def set_again(seen: int) -> None:
    """Set again what was set since the browser had seen `seen` of these values: it has just sent those before."""
    here = visitor()
    unseen = here.sets - seen
    for each in list(here.last_sets)[-unseen:] if unseen > 0 else []:
        if st.session_state.get(each.setting) == each.before:
            st.session_state[each.setting] = each.value


def choose(config: ExperimentConfig | None, problem: str = "") -> None:
    """Remember what the form says: the next experiment, or why it cannot be run."""
    here = visitor()
    here.config, here.problem = config, problem


def view() -> View:
    """What is to be shown now."""
    here = visitor()
    mine = here.run is not None and here.run.is_owned_by(here.key)
    notices = tuple(map(str, here.notices))
    run = shown(here.run) if here.run is not None else None
    earlier = tuple(map(shown, here.earlier))
    return View(run, mine, earlier, here.config, here.problem, notices, here.numbers, here.is_new)


def studied() -> dict[str, dict[str, Any]]:
    """What lessons have run here: lesson/step/experiment → {"run": its id, "order": the number of the order}."""
    return visitor().studied


def keeps_runs() -> bool:
    """Whether a run that did not come to its end can go on."""
    return manager().shelf is not None


def answer(key: str) -> dict[str, Any]:
    """What the browser element `key` has last reported; empty before it has."""
    return dict(st.session_state.get(key) or {})
