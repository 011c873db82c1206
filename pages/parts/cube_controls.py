"""What the cube page can be asked to show: every control starts from the link's Viewpoint and returns the new one."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from core.cube.axes import AxesError, Rule, divisors, norms_of, rule_for
from core.cube.naming import AXIS_NAMES, Norming
from core.cube.networks import EXAMPLE, Networks
from core.cube.own import MOST, OWN, own_site
from core.cube.picture import batch_sizes, choose
from core.cube.shown import Shown
from core.cube.sites import Site
from core.cube.viewpoint import EPS_CHOICES, OWN_AXES, Viewpoint
from core.experiment.arm import Norm
from core.language.speech import _, pgettext
from pages.parts import language


def pick_network(networks: Networks, seen: Viewpoint) -> Viewpoint:
    """An arm of the run, or the worked example."""
    names = networks.names
    default = seen.network if seen.network in names else networks.first
    if len(names) == 1:
        return replace(seen, network="")
    told = {EXAMPLE: _("worked example")}
    name = st.segmented_control(
        _("Network"),
        names,
        default=default,
        required=True,
        format_func=lambda name: told.get(name, name),
        key=language.key_here(f"cube_network_{len(names)}"),
    )
    return replace(seen, network="" if name == networks.first else name)


def pick_tensor(names: list[str], seen: Viewpoint) -> Viewpoint:
    """The layer whose output is shown, or a tensor of one's own."""
    told = {OWN: _("your own")}
    name = st.segmented_control(
        _("Output of layer"),
        names,
        default=seen.tensor if seen.tensor in names else names[0],
        required=True,
        format_func=lambda name: told.get(name, name),
        key=language.key_here(f"cube_tensor_{len(names)}"),
    )
    return replace(seen, tensor=name)


def pick_shape(seen: Viewpoint) -> Viewpoint:
    """The shape of one's own tensor, and ε."""
    try:
        own_site(seen.shape, seen.eps)
        shape = seen.shape
    except AxesError as error:
        st.warning(str(error), icon=":material/rule:")
        shape = Viewpoint().shape
    sizes = [
        st.slider(f"{axis} {AXIS_NAMES[axis]}", 1, most, size, key=language.key_here(f"cube_own_{axis}"), width=110)
        for axis, most, size in zip("NCHW", MOST, shape, strict=True)
    ]
    eps = st.select_slider("ε", EPS_CHOICES, seen.eps, key="cube_own_eps", width=110)
    return replace(seen, shape=tuple(sizes), eps=eps)


def pick_batch(site: Site, seen: Viewpoint) -> Viewpoint:
    """How many of the site's examples are the batch."""
    sizes = batch_sizes(site)
    default = seen.batch if seen.batch in sizes else sizes[-1]
    size = st.select_slider(_("Examples in the batch"), sizes, default, key=f"cube_batch_{sizes[-1]}", width=150)
    return replace(seen, batch=0 if size == sizes[-1] else size)


def pick_shown(site: Site) -> Shown | None:
    """The cells that are drawn; None, after saying why, where they would be too many."""
    with st.popover(pgettext("of a tensor", "What is drawn"), icon=":material/grid_view:"):
        examples = st.slider(_("Examples"), 1, 8, 4, key="cube_examples")
        first = st.number_input(_("from example"), 0, site.shape[0] - 1, 0, key=f"cube_first_{site.shape[0]}")
        positions = st.select_slider(_("Rows and columns"), [2, 3, 4, 6, 8, 12], 4, key="cube_positions")
        features = st.slider(_("Channels or features"), 1, 32, 16, key="cube_features")
    try:
        return choose(site.shape, examples, first, positions, features)
    except AxesError as error:
        st.error(str(error), icon=":material/rule:")
        return None


def pick_norms(site: Site, seen: Viewpoint) -> Viewpoint:
    """The norm on the left and the one on the right."""
    left, right = st.columns(2, gap="medium")  # as wide as the gap between the pictures
    with left:
        seen = replace(seen, left=_pick_norm("left", site, seen.left))
    with right:
        return replace(seen, right=_pick_norm("right", site, seen.right))


def _pick_norm(side: str, site: Site, wanted: str) -> str:
    choices = [*(norm.value for norm in norms_of(site.layout)), OWN_AXES]
    told = {choice: choice.upper() for choice in choices} | {OWN_AXES: _("choose the axes")}
    return st.segmented_control(
        _("Norm on the left") if side == "left" else _("Norm on the right"),
        choices,
        default=wanted if wanted in choices else choices[0],
        required=True,
        format_func=lambda choice: told.get(choice, choice),
        label_visibility="collapsed",
        key=language.key_here(f"cube_{side}_{site.layout}"),
    )


def pick_details(site: Site, seen: Viewpoint) -> Viewpoint:
    """What belongs to the norms chosen: GroupNorm's groups, the axes of one's own, BatchNorm's running statistics."""
    chosen = (seen.left, seen.right)
    if Norm.GN in chosen:
        seen = _pick_groups(site, seen)
    if OWN_AXES in chosen:
        seen = _pick_axes(site, seen)
    if Norm.BN in chosen and site.running_mean is not None:
        label = _("BN as in evaluation: running statistics")
        seen = replace(seen, running=st.toggle(label, seen.running, key="cube_running"))
    return seen


def _pick_groups(site: Site, seen: Viewpoint) -> Viewpoint:
    allowed = divisors(site.features)
    if len(allowed) == 1:
        return replace(seen, groups=1)
    default = seen.groups if seen.groups in allowed else allowed[1]
    groups = st.select_slider(_("Groups"), allowed, default, key=f"cube_groups_{allowed[-1]}", width=260)
    return replace(seen, groups=groups)


def _pick_axes(site: Site, seen: Viewpoint) -> Viewpoint:
    told = {axis: f"{axis} {AXIS_NAMES[axis]}" for axis in site.layout}
    ticked = st.pills(
        _("Average over"),
        list(site.layout),
        selection_mode="multi",
        default=[axis for axis in site.layout if axis in seen.axes],
        format_func=lambda axis: told.get(axis, axis),
        key=language.key_here(f"cube_axes_{site.layout}"),
    )
    return replace(seen, axes="".join(axis for axis in site.layout if axis in ticked))


def normings(site: Site, seen: Viewpoint) -> list[Norming]:
    """The two norms chosen; none, after saying why, where one does not fit the tensor."""
    try:
        rules = [_rule(site, choice, seen) for choice in (seen.left, seen.right)]
        for rule in rules:
            rule.check(site.shape)
        return [Norming.of(rule, seen.running) for rule in rules]
    except AxesError as error:
        st.error(str(error), icon=":material/rule:")
        return []


def _rule(site: Site, choice: str, seen: Viewpoint) -> Rule:
    if choice == OWN_AXES:
        return Rule(site.layout, "".join(axis for axis in seen.axes if axis in site.layout))
    return rule_for(Norm(choice), site.layout, seen.groups)
