"""The cube page: controls, the picture, and what it says; every number comes from core.cube.

show     draws the page for {network's name: {layer's name: Site}} and keeps what is in view in the link
element  the browser's part, assets/cube.js
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from core.api import assets_address
from core.axes import AXIS_WORDS, AxesError, Rule, Shown, divisors, norms_of, rule_for
from core.config import NORM_TITLES, Norm
from core.cube import batch_sizes, choose, picture
from core.naming import Norming
from core.reading import Reading, read
from core.sites import Site
from core.viewpoint import OWN_AXES, QUERY_KEY, Viewpoint, from_text
from pages.parts import cube_lessons, session

KEY = "normscope_cube"
Sites = Mapping[str, Site]

# Inline scripts travel with every message, so this one only fetches the real one, which the browser keeps.
LOADER = """
export default async function (component) {
  const { mount } = await import(new URL(component.data.assets + "/cube.js", document.baseURI).href);
  return mount(component);
}
"""


@st.fragment
def show(networks: Mapping[str, Sites]) -> None:
    """Controls → picture → what it says; only this part of the page runs anew on a click."""
    seen, problems = from_text(st.query_params.get(QUERY_KEY, ""))
    for problem in problems:
        st.warning(problem, icon=":material/link_off:")
    seen = _answered(seen)
    row = st.container(horizontal=True, vertical_alignment="bottom", gap="medium")
    with row:
        sites = networks[_pick_network(list(networks))]
        pool, seen = _pick_tensor(sites, seen)
        site, seen = _pick_batch(pool, seen)
    seen = _pick_norms(site, seen)
    with row:
        seen = _pick_running(site, _pick_axes(site, _pick_groups(site, seen)))
        shown = _pick_shown(site)
    normings = _normings(site, seen)
    if normings and shown:
        seen = _draw(site, normings, shown, seen)
    _keep_in_link(seen)
    cube_lessons.show(sites, pool, draw=element)


def element(data: dict[str, Any], key: str) -> None:
    """Draw core.cube.picture's data; the cell, stage and view that are picked come back under `key`."""
    drawn = st.components.v2.component("normscope_cube", js=LOADER)
    said: dict[str, Any] = {f"on_{name}_change": lambda: None for name in ("cell", "stage", "view")}
    drawn(key=key, data=data | {"assets": assets_address()}, **said)


def _answered(seen: Viewpoint) -> Viewpoint:
    answer = session.answer(KEY)
    known = {name: answer[name] for name in ("cell", "stage", "view") if answer.get(name)}
    return replace(seen, **known | {"cell": tuple(known.get("cell", seen.cell))})


def _keep_in_link(seen: Viewpoint) -> None:
    text = seen.to_text()
    if text != st.query_params.get(QUERY_KEY, ""):
        st.query_params[QUERY_KEY] = text


def _pick_network(names: list[str]) -> str:
    if len(names) == 1:
        return names[0]
    name = st.segmented_control("Network", names, default=names[0], required=True, key=f"cube_network_{len(names)}")
    if st.button("Look again", icon=":material/refresh:", help="Take the tensors of this moment of the run"):
        st.rerun()
    return str(name)


def _pick_tensor(sites: Sites, seen: Viewpoint) -> tuple[Site, Viewpoint]:
    names = list(sites)
    default = seen.tensor if seen.tensor in names else names[0]
    name = st.segmented_control("Output of layer", names, default=default, required=True, key="cube_tensor")
    return sites[name], replace(seen, tensor=name)


def _pick_batch(site: Site, seen: Viewpoint) -> tuple[Site, Viewpoint]:
    sizes = batch_sizes(site)
    default = seen.batch if seen.batch in sizes else sizes[-1]
    size = st.select_slider("Examples in the batch", sizes, default, key=f"cube_batch_{sizes[-1]}", width=200)
    return site.first(size), replace(seen, batch=0 if size == sizes[-1] else size)


def _pick_shown(site: Site) -> Shown | None:
    with st.popover("What is drawn", icon=":material/grid_view:"):
        examples = st.slider("Examples", 1, 8, 4, key="cube_examples")
        first = st.number_input("from example", 0, site.shape[0] - 1, 0, key=f"cube_first_{site.shape[0]}")
        positions = st.select_slider("Rows and columns", [2, 3, 4, 6, 8, 12], 4, key="cube_positions")
        features = st.slider("Channels or features", 1, 32, 16, key="cube_features")
    try:
        return choose(site.shape, examples, first, positions, features)
    except AxesError as error:
        st.error(str(error), icon=":material/rule:")
        return None


def _pick_norms(site: Site, seen: Viewpoint) -> Viewpoint:
    left, right = st.columns(2, gap="large")
    with left:
        seen = replace(seen, left=_pick_norm("left", site, seen.left))
    with right:
        return replace(seen, right=_pick_norm("right", site, seen.right))


def _pick_norm(side: str, site: Site, wanted: str) -> str:
    choices = [*(norm.value for norm in norms_of(site.layout)), OWN_AXES]
    return st.segmented_control(
        f"Norm on the {side}",
        choices,
        default=wanted if wanted in choices else choices[0],
        required=True,
        format_func=lambda choice: "choose the axes" if choice == OWN_AXES else str(choice).upper(),
        label_visibility="collapsed",
        key=f"cube_{side}_{site.layout}",
    )


def _pick_groups(site: Site, seen: Viewpoint) -> Viewpoint:
    if Norm.GN not in (seen.left, seen.right):
        return seen
    allowed = divisors(site.features)
    default = seen.groups if seen.groups in allowed else allowed[1]
    return replace(
        seen, groups=st.select_slider("Groups", allowed, default, key=f"cube_groups_{allowed[-1]}", width=260)
    )


def _pick_axes(site: Site, seen: Viewpoint) -> Viewpoint:
    if OWN_AXES not in (seen.left, seen.right):
        return seen
    ticked = st.pills(
        "Average over",
        list(site.layout),
        selection_mode="multi",
        default=[axis for axis in site.layout if axis in seen.axes],
        format_func=lambda axis: f"{axis} {AXIS_WORDS[axis]}s",
        key=f"cube_axes_{site.layout}",
    )
    return replace(seen, axes="".join(axis for axis in site.layout if axis in ticked))


def _pick_running(site: Site, seen: Viewpoint) -> Viewpoint:
    if Norm.BN not in (seen.left, seen.right) or site.running_mean is None:
        return seen
    label = "BN as in evaluation: running statistics"
    return replace(seen, running=st.toggle(label, seen.running, key="cube_running"))


def _normings(site: Site, seen: Viewpoint) -> list[Norming]:
    try:
        return [Norming.of(_rule(site, choice, seen), seen.running) for choice in (seen.left, seen.right)]
    except AxesError as error:
        st.error(str(error), icon=":material/rule:")
        return []


def _rule(site: Site, choice: str, seen: Viewpoint) -> Rule:
    if choice == OWN_AXES:
        return Rule(site.layout, "".join(axis for axis in seen.axes if axis in site.layout))
    return rule_for(Norm(choice), site.layout, seen.groups)


def _draw(site: Site, normings: list[Norming], shown: Shown, seen: Viewpoint) -> Viewpoint:
    cell = shown.nearest(seen.cell) if len(seen.cell) == len(site.shape) else shown.middle()
    view = seen.view or ("grid" if site.layout == "ND" else "cube")
    element(picture(site, normings, shown, cell, seen.stage) | {"view": view}, KEY)
    for column, norming in zip(st.columns(2, gap="large"), normings, strict=True):
        with column:
            _tell(read(site, norming, shown, cell))
    return replace(seen, cell=cell)


def _tell(reading: Reading) -> None:
    title = reading.verdict.title or "None of the norms"
    st.markdown(f"**{title}.** {reading.verdict.why}")
    if reading.warning:
        st.warning(reading.warning, icon=":material/warning:")
    st.html(_steps_table(reading) + _code(reading.code))
    st.markdown(f"{reading.tally}. {_affine_text(reading)} {reading.scale_note}")
    if reading.formula and reading.verdict.norm:
        st.latex(reading.formula)
        st.caption(f"{NORM_TITLES[reading.verdict.norm]}: {reading.source}")


def _steps_table(reading: Reading) -> str:
    rows = [("value x", "", reading.value_text), *((stop.name, stop.working, stop.text) for stop in reading.stops)]
    cells = "".join(
        f"<tr><th scope=row>{name}</th><td>{working}</td><td class=cube-result>{result}</td></tr>"
        for name, working, result in rows
    )
    return f"{_TABLE_STYLE}<table class=cube-steps>{cells}</table>"


def _code(text: str) -> str:
    """A line of code as HTML: st.code's highlighter takes the browser seconds to load."""
    return f"<pre class=cube-code><code>{html.escape(text)}</code></pre>"


_TABLE_STYLE = """<style>
.cube-steps { width: 100%; border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: 15px; }
.cube-steps th { text-align: left; font-weight: 600; white-space: nowrap; padding-right: 16px; }
.cube-steps td, .cube-steps th { padding-top: 3px; padding-bottom: 3px; border: 0; vertical-align: baseline; }
.cube-steps td { opacity: .8; }
.cube-steps .cube-result { text-align: right; font-weight: 600; opacity: 1; white-space: nowrap; padding-left: 12px; }
.cube-code { margin: 14px 0 4px; padding: 10px 14px; border-radius: 6px; font-size: 15px; white-space: pre-wrap;
  background: color-mix(in srgb, currentColor 6%, transparent); }
</style>"""


def _affine_text(reading: Reading) -> str:
    if reading.affine is None:
        return ""
    gamma, beta = (f"[{shape[0]}]" if shape else "none" for shape in (reading.affine.gamma, reading.affine.beta))
    return f"Shapes: γ {gamma}, β {beta}. {reading.affine.note}"
