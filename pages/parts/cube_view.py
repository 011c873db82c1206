"""The cube page: the picture and what it says; every number comes from core.cube.

show     draws the page for the networks that can be looked into, and keeps what is in view in the link
element  the browser's part, assets/cube/cube.js
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import streamlit as st

from core.cube.naming import Norming
from core.cube.networks import EXAMPLE, Networks, Sites
from core.cube.picture import picture
from core.cube.reading import Reading, read
from core.cube.shown import Shown
from core.cube.sites import Site
from core.cube.viewpoint import QUERY_KEY, Viewpoint, from_text
from core.experiment.arm import NORM_TITLES
from core.language.message import Message
from core.language.speech import _, pgettext
from core.runs.asking import NothingToSee
from pages.parts import cube_controls as controls
from pages.parts import cube_lessons, language, session

KEY = "normscope_cube"
LIVE_SECONDS = 2.0
PICKS = ("cell", "stage", "view")


def say_notices(notices: tuple[str, ...]) -> None:
    """What was not understood in the link, as every page says it."""
    for notice in notices:
        st.warning(notice, icon=":material/link_off:")


@language.fragment
def show(networks: Networks) -> None:
    """Controls → picture → what it says; a click on a cell runs the part below the controls alone."""
    state = networks.state
    wanted, problems = from_text(st.query_params.get(QUERY_KEY, ""))
    for problem in problems:
        st.warning(problem, icon=":material/link_off:")
    notes = st.container()
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="cube_row")
    with row:
        seen = controls.pick_network(networks, wanted)
        name, asked = seen.network or networks.first, seen.step
        seen = controls.pick_step(networks, name, seen)
        with notes:
            name, sites = _look(networks, name, asked, seen.step)
            _say_what_is_not_here(networks, sites, wanted)
        seen = controls.pick_tensor(sites, seen)
        pool = sites[seen.tensor]
        seen = controls.pick_batch(pool, seen)
    site = _batch(pool, seen)
    seen = controls.pick_norms(site, seen)
    with row:
        seen = controls.pick_details(site, seen)
        shown = controls.pick_shown(site)
    normings = controls.normings(site, seen)
    if normings and shown:
        _draw(networks, state, name, seen, lambda now, live: _picture(now, normings, shown, seen, live))
    else:
        _keep_in_link(_answered(seen))  # what is chosen stays in another language, picture or not
    cube_lessons.show(sites, pool, networks.sites(EXAMPLE), draw=element)


def _look(networks: Networks, name: str, asked: int | None, step: int | None) -> tuple[str, Sites]:
    """(network, its sites) at `step`; a note where it is not what was asked for."""
    if networks.state == "waiting":
        _note(_("The networks of this run are not built yet; until then, the worked example."))
    elif asked is not None and asked not in networks.steps and name != EXAMPLE:
        _note(_("The networks of step {step:,} were not kept. Choose another step.", step=asked))
    try:
        return name, networks.sites(name, step)
    except NothingToSee as error:
        _note(_("{why} Until then, the worked example.", why=error))
        return EXAMPLE, networks.sites(EXAMPLE)


def _say_what_is_not_here(networks: Networks, sites: Sites, wanted: Viewpoint) -> None:
    """Of a link: the pickers show something else then, and nobody should take that for what was linked to."""
    if wanted.network not in ("", *networks.names) and networks.state != "waiting":
        _note(_("There is no network “{network}” here; this is another one.", network=wanted.network))
    if wanted.tensor not in sites:
        _note(_("There is no layer “{layer}” in this network; this is another one.", layer=wanted.tensor))


def _note(text: str) -> None:
    st.info(text, icon=":material/hourglass_empty:")


def _batch(pool: Site, seen: Viewpoint) -> Site:
    return pool.first(seen.batch) if seen.batch else pool


def _draw(networks: Networks, state: str, name: str, seen: Viewpoint, draw: Callable[[Site, bool], None]) -> None:
    """Draw once, or again and again while the run goes on and its networks of now are in view.

    `state` is the run's when the controls were drawn: once it is another, they are drawn anew.
    """

    def again() -> None:
        if networks.state != state:
            st.rerun()
        with st.container(key="cube_picture"):
            draw(_batch(_told(networks.sites(name, seen.step)[seen.tensor]), seen), follows and networks.moving)

    def _told(site: Site) -> Site:
        known = follows or networks.standing == "failed"  # a picture that is drawn once must not say what may change
        word = _STANDING.get(networks.standing) if known and name != EXAMPLE else None
        return replace(site, origin=f"{site.origin} · {word}") if word else site

    follows = state == "waiting" or (state == "learning" and seen.step is None and name != EXAMPLE)
    if follows:
        language.fragment(_live, run_every=LIVE_SECONDS)(again)
    else:
        _still(again)


_STANDING = {"paused": Message("❚❚ paused"), "failed": Message("✕ the run failed")}


def _live(again: Callable[[], None]) -> None:
    again()


@language.fragment
def _still(again: Callable[[], None]) -> None:
    # A fragment of another name than the live one, so that the browser's clock stops with that.
    again()


def element(data: dict[str, Any], key: str) -> None:
    """Draw core.cube.picture's data; the cell, stage and view that are picked come back under `key`.

    The element hears which picks this answers: of what was picked since, it must not be talked out.
    """
    drawn = st.components.v2.component("normscope_cube", js=language.LOADER)
    said: dict[str, Any] = {f"on_{name}_change": lambda: None for name in PICKS}
    answers = {name: session.answer(key).get(name) for name in PICKS}
    drawn(key=key, data=data | language.for_scripts("cube/cube") | {"answers": answers}, **said)


def _picture(site: Site, normings: list[Norming], shown: Shown, seen: Viewpoint, live: bool) -> None:
    seen = _answered(seen)
    cell = shown.nearest(seen.cell) if len(seen.cell) == len(site.shape) else shown.middle()
    view = seen.view or ("grid" if site.layout == "ND" else "cube")
    element(picture(site, normings, shown, cell, seen.stage) | {"view": view, "live": live}, KEY)
    for column, norming in zip(st.columns(2, gap="medium"), normings, strict=True):
        with column:
            _tell(read(site, norming, shown, cell))
    _keep_in_link(replace(seen, cell=cell))


def _answered(seen: Viewpoint) -> Viewpoint:
    answer = session.answer(KEY)
    known = {name: answer[name] for name in PICKS if answer.get(name)}
    return replace(seen, **known | {"cell": tuple(known.get("cell", seen.cell))})


def _keep_in_link(seen: Viewpoint) -> None:
    text = seen.to_text()
    if text != st.query_params.get(QUERY_KEY, ""):
        st.query_params[QUERY_KEY] = text


def _tell(reading: Reading) -> None:
    title = reading.verdict.title or _("None of the norms")
    st.markdown(_("**{title}.** {about}", title=title, about=reading.verdict.why))
    if reading.warning:
        st.warning(reading.warning, icon=":material/warning:")
    st.html(_steps_table(reading) + _code(reading.code))
    st.markdown(_counts_and_shapes(reading))
    if reading.formula and reading.verdict.norm:
        st.html(f"<div class=cube-formula>{reading.formula}</div>")  # st.latex loads a library for half a second
        st.caption(_("{norm}: {source}", norm=NORM_TITLES[reading.verdict.norm], source=reading.source))


def _steps_table(reading: Reading) -> str:
    rows = [(_("value x"), "", reading.value_text), *((stop.name, stop.working, stop.text) for stop in reading.stops)]
    cells = "".join(
        f"<tr><th scope=row>{name}</th><td>{working}</td><td class=cube-result>{result}</td></tr>"
        for name, working, result in rows
    )
    return f"{_TABLE_STYLE}<table class=cube-steps>{cells}</table>"


def _code(text: str) -> str:
    """A line of code as HTML: st.code's highlighter takes the browser seconds to load."""
    return f"<pre class=cube-code><code>{html.escape(text)}</code></pre>"


_TABLE_STYLE = """<style>
.stApp:has(.st-key-cube_picture) [data-testid="stStatusWidget"] { visibility: hidden; }
.st-key-cube_picture [data-stale] { opacity: 1 !important; transition: none !important; }
.cube-steps { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 15px; }
.cube-steps th { text-align: left; font-weight: 600; white-space: nowrap; padding-right: 16px; }
.cube-steps td, .cube-steps th { padding-top: 3px; padding-bottom: 3px; border: 0; vertical-align: baseline; }
.cube-steps td { opacity: .8; }
.cube-steps .cube-result { text-align: right; font-weight: 600; opacity: 1; white-space: nowrap; padding-left: 12px; }
.cube-formula { font-size: 20px; font-style: italic; text-align: center; margin: 6px 0 2px; }
.cube-formula sub, .cube-formula sup { font-size: 70%; }
.cube-code { margin: 14px 0 4px; padding: 10px 14px; border-radius: 6px; font-size: 15px; white-space: pre-wrap;
  background: color-mix(in srgb, currentColor 6%, transparent); }
</style>"""


def _counts_and_shapes(reading: Reading) -> str:
    if reading.affine is None:
        return _("{tally}. {start}", tally=reading.tally, start=reading.scale_note)
    shapes = (reading.affine.gamma, reading.affine.beta)
    gamma, beta = (f"[{shape[0]}]" if shape else pgettext("of a shape", "none") for shape in shapes)
    return _(
        "{tally}. Shapes: γ {gamma}, β {beta}. {note} {start}",
        tally=reading.tally,
        gamma=gamma,
        beta=beta,
        note=reading.affine.note,
        start=reading.scale_note,
    )
