"""The cube page: the picture and what it says; every number comes from core.cube.

style       what is of this page alone
show        draws the page for the networks that can be looked into, and keeps what is in view in the link
show_alone  the picture that the link names, and nothing around it
element     the browser's part, assets/cube/cube.js
"""

from __future__ import annotations

import html
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core.cube.axes import AxesError
from core.cube.naming import Norming
from core.cube.networks import EXAMPLE, Networks, Sites
from core.cube.own import OWN, all_of, own_site
from core.cube.picture import choose, picture
from core.cube.reading import Reading, read
from core.cube.shown import Shown
from core.cube.sites import Site
from core.cube.typing_over import by_now, marked, over
from core.cube.viewpoint import QUERY_KEY, Viewpoint, from_text
from core.experiment.arm import NORM_TITLES, Norm
from core.language.message import Message
from core.language.speech import _, pgettext
from core.runs.asking import NothingToSee
from pages.parts import cube_controls as controls
from pages.parts import cube_lessons, language, session
from pages.parts.cube_time import AT, KEY, at_cursor, time_of
from pages.parts.terms import explained

LIVE_SECONDS = 2.0
PICKS = ("cell", "stage", "view", "lit", "walk", "typed", AT)
Draw = Callable[[Site, Viewpoint, dict[str, Any]], None]


def style() -> None:
    st.html(Path(__file__).parents[2] / "assets" / "cube" / "page.css")


@language.fragment
def show(networks: Networks) -> None:
    """Controls → picture → what it says; a click on a cell runs the part below the controls alone."""
    state = networks.state
    wanted, problems = from_text(st.query_params.get(QUERY_KEY, ""))
    for problem in problems:
        st.warning(problem, icon=":material/link_off:")
    notes = st.container(key="cube_notes")
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="cube_row")
    with row:
        seen = controls.pick_network(networks, wanted)
        asked, seen = seen.network or networks.first, at_cursor(networks, seen)
        with notes:
            name, sites = _look(networks, asked, seen.step)
            _say_what_is_not_here(networks, sites, wanted)
        seen = controls.pick_tensor([*sites, OWN] if name == EXAMPLE else [*sites], seen)
        seen = controls.pick_shape(seen) if seen.tensor == OWN else controls.pick_batch(sites[seen.tensor], seen)
        pool = _pool(sites, seen)
    if seen.tensor != wanted.tensor:
        seen = replace(seen, typed="")  # over a cell of another layer
    site = _batch(pool, seen)
    with st.container(key="cube_norms"):
        seen = controls.pick_norms(site, seen)
    with row:
        seen = controls.pick_details(site, seen)
        shown = all_of(site) if seen.tensor == OWN else controls.pick_shown(site)
    normings = controls.normings(site, seen)
    if normings and shown:
        _draw(networks, state, name, seen, sites, partial(_picture, normings, shown, name), asked)
    else:
        _keep_in_link(_answered(seen))  # what is chosen stays in another language, picture or not
    cube_lessons.show(sites, pool, networks.sites(EXAMPLE), draw=element)


@language.fragment
def show_alone(networks: Networks) -> None:
    """For a frame of another page: what is in view is the link's, what is picked is the visitor's."""
    style()
    seen, problems = from_text(st.query_params.get(QUERY_KEY, ""))
    for problem in problems:
        st.warning(problem, icon=":material/link_off:")
    state = networks.state
    asked = seen.network if seen.network in networks.names else networks.first
    name, sites = _look(networks, asked, seen.step)
    if name != EXAMPLE and networks.instead_of(seen.step):
        _note(networks.instead_of(seen.step))
    _say_what_is_not_here(networks, sites, seen)
    if seen.tensor not in sites and not (seen.tensor == OWN and name == EXAMPLE):
        seen = replace(seen, tensor=next(iter(sites)))
    try:
        site = _batch(_pool(sites, seen), seen)
    except AxesError as error:
        st.warning(str(error), icon=":material/rule:")
        site, seen = own_site(Viewpoint().shape, seen.eps), replace(seen, shape=Viewpoint().shape)
    shown = all_of(site) if seen.tensor == OWN else choose(site.shape)
    normings = controls.normings(site, seen)
    if normings:
        with st.container(key="cube_alone"):
            _draw(networks, state, name, seen, sites, partial(_alone, normings, shown, name), asked)


def _look(networks: Networks, name: str, step: int | None) -> tuple[str, Sites]:
    """(network, its sites) at `step`; a note where it is not what was asked for."""
    if networks.state == "waiting":
        _note(_("The networks of this run are not built yet; until then, the worked example."))
    try:
        return name, networks.sites(name, networks.kept_at(step))
    except NothingToSee as error:
        if networks.state == "ended":  # nothing comes any more
            _note(_("{why} In their place, the worked example.", why=error))
        else:
            _note(_("{why} Until then, the worked example.", why=error))
        return EXAMPLE, networks.sites(EXAMPLE)


def _say_what_is_not_here(networks: Networks, sites: Sites, wanted: Viewpoint) -> None:
    """Of a link: the pickers show something else then, and nobody should take that for what was linked to."""
    if wanted.network not in ("", *networks.names) and networks.state != "waiting":
        _note(_("There is no network “{network}” here; this is another one.", network=wanted.network))
    if wanted.tensor not in sites and wanted.tensor != OWN:
        _note(_("There is no layer “{layer}” in this network; this is another one.", layer=wanted.tensor))


def _note(text: str) -> None:
    st.info(text, icon=":material/hourglass_empty:")


def _pool(sites: Sites, seen: Viewpoint) -> Site:
    return own_site(seen.shape, seen.eps) if seen.tensor == OWN else sites[seen.tensor]


def _batch(pool: Site, seen: Viewpoint) -> Site:
    return pool.first(seen.batch) if seen.batch and seen.tensor != OWN else pool


def _draw(networks: Networks, state: str, name: str, seen: Viewpoint, sites: Sites, draw: Draw, asked: str) -> None:
    """Draw once, or again and again while the run goes on and its networks are in view, or arms are to be revealed.

    `state` is the run's when the controls were drawn, of which `sites` are: once it is another, they are drawn anew,
    and also once the network that was `asked` for can be had, where another one stands in for it.
    """
    follows = state == "waiting" or (state == "learning" and asked != EXAMPLE)
    stands_in = state == "learning" and name != asked
    times = count()

    def again() -> None:
        was_drawn = next(times) > 0  # what stands in is drawn first: the next answer may take seconds, too
        has_come = stands_in and was_drawn and networks.answers(asked, seen.step)
        if networks.state != state or networks.outdated or has_come:
            st.rerun()
        now = at_cursor(networks, seen)
        site = _batch(_pool(_sites_now(now.step), now), now)
        is_live = now.step is None and follows and name != EXAMPLE and networks.moving
        draw(_told(site, now), now, {"live": is_live, "time": time_of(networks, name, now), "next": networks.next})

    def _sites_now(step: int | None) -> Sites:
        try:
            return networks.sites(name, networks.kept_at(step))
        except NothingToSee as error:
            _note(str(error))
            return sites

    def _told(site: Site, now: Viewpoint) -> Site:
        # a picture that is drawn once must not say what may change, nor one of an earlier step what is so now
        known = (follows and now.step is None) or networks.standing == "failed"
        word = _STANDING.get(networks.standing) if known and name != EXAMPLE else None
        return replace(site, origin=f"{site.origin} · {word}") if word else site

    may_be_hidden = bool(session.visitor().follows)  # a class's teacher may hide arms of a run that has ended, too
    if follows or networks.hides or may_be_hidden:
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


def _picture(
    normings: list[Norming], shown: Shown, name: str, site: Site, seen: Viewpoint, how: dict[str, Any]
) -> None:
    with st.container(key="cube_picture"):
        now, seen = _drawn(site, normings, shown, seen, name, how | {"setup": True})
    with st.container(key="cube_told"):
        for column, norming in zip(st.columns(2, gap="medium"), normings, strict=True):
            with column:
                _tell(read(now, norming, shown, seen.cell))
    _keep_in_link(seen)


def _alone(normings: list[Norming], shown: Shown, name: str, site: Site, seen: Viewpoint, how: dict[str, Any]) -> None:
    _now, seen = _drawn(site, normings, shown, seen, name, how | {"alone": True, "time": None, "next": ""})
    _keep_in_link(seen)
    query = urlencode(session.link() | {QUERY_KEY: seen.to_text()})
    st.html(f"<a href='cube?{html.escape(query)}' target='_blank'>{_('Open in NormScope')}</a>")


def _in_view(site: Site, shown: Shown, seen: Viewpoint) -> Viewpoint:
    """What is picked by now, with a cell that is drawn."""
    seen = _answered(seen)
    cell = shown.nearest(seen.cell) if len(seen.cell) == len(site.shape) else shown.middle()
    return replace(seen, cell=cell)


def _drawn(
    site: Site, normings: list[Norming], shown: Shown, seen: Viewpoint, name: str, how: dict[str, Any]
) -> tuple[Site, Viewpoint]:
    """Draw it; (the site with what is typed over a cell of it, what is in view by now)."""
    seen = _in_view(site, shown, seen)
    now, typed = site, None
    if name == EXAMPLE:
        sent = session.answer(KEY).get("typed") or {}
        typed, problem = by_now(site, seen.tensor, seen.cell, seen.typed, sent)
        seen = replace(seen, typed=typed.to_text() if typed else "")
        how["typing"] = {"layer": seen.tensor, "typed": seen.typed, "problem": problem}
        now = over(site, typed) if typed else site
    drawn = picture(now, normings, shown, seen.cell, seen.stage, guided=seen.walk != "off")
    if typed:
        drawn = marked(drawn, site, now, normings, shown)
    view = seen.view or ("grid" if site.layout == "ND" else "cube")
    element(drawn | {"view": view, "lit": seen.lit, "walk": seen.walk} | how, KEY)
    return now, seen


def _answered(seen: Viewpoint) -> Viewpoint:
    answer = session.answer(KEY)
    known = {name: answer[name] for name in PICKS if answer.get(name) and name not in ("typed", AT)}
    return replace(seen, **known | {"cell": tuple(known.get("cell", seen.cell))})


def _keep_in_link(seen: Viewpoint) -> None:
    text = seen.to_text()
    if text != st.query_params.get(QUERY_KEY, ""):
        st.query_params[QUERY_KEY] = text


def _tell(reading: Reading) -> None:
    title = reading.verdict.title or _("None of the norms")
    told = _("**{title}.** {about}", title=title, about=reading.verdict.why)
    explained(told, _TERMS[reading.verdict.norm] if reading.verdict.norm else "averaging-axes")
    if reading.warning:
        st.warning(reading.warning, icon=":material/warning:")
    st.html(_steps_table(reading) + _code(reading.code))
    st.markdown(_counts_and_shapes(reading))
    if reading.formula and reading.verdict.norm:
        st.html(f"<div class=cube-formula>{reading.formula}</div>")  # st.latex loads a library for half a second
        st.caption(_("{norm}: {source}", norm=NORM_TITLES[reading.verdict.norm], source=reading.source))


_TERMS = {
    Norm.BN: "batch-norm",
    Norm.LN: "layer-norm",
    Norm.IN: "instance-norm",
    Norm.GN: "group-norm",
    Norm.RMS: "rms-norm",
}


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
:is(.st-key-cube_picture, .st-key-cube_told) [data-stale] { opacity: 1 !important; transition: none !important; }
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
