"""The tints of all families at once, against core/cube/axes.py: one tint for a family, and no other family has it."""

from __future__ import annotations

import itertools
import json
import subprocess

import pytest

from core.cube.axes import LAYOUTS, Rule, family, norms_of, rule_for
from core.cube.families import drawn
from core.cube.picture import choose
from core.experiment.arm import Norm
from tests.assets.test_scripts import HERE, NODE

SHAPES = {"NCHW": (256, 6, 24, 24), "NTD": (32, 28, 32), "ND": (256, 120)}
SAID = """
const { familiesOf, marksOf } = await import("../../assets/cube/families.js");
const { layOut } = await import("../../assets/cube/layout.js");
const asked = JSON.parse(process.argv[1]);
console.log(JSON.stringify(asked.map(({ panel, axes }) => {
  const families = familiesOf(panel, layOut(axes));
  const strong = axes.map((axis, at) =>
    marksOf(axis, at, panel, families, {}).filter((mark) => mark.strong).map((mark) => mark.text));
  return { of: [...families.of], strong, light: families.light, dark: families.dark };
})));
"""
RULES = [rule_for(norm, layout) for layout in LAYOUTS.values() for norm in norms_of(layout)] + [
    rule_for(Norm.GN, "NCHW", 3),
    rule_for(Norm.GN, "NCHW", 6),
    rule_for(Norm.GN, "ND", 5),
    Rule("NCHW", "C"),
    Rule("NCHW", "NCHW"),
]


@pytest.fixture(scope="module")
def said() -> list[dict]:
    """What assets/cube/families.js says of each rule, in one process."""
    asked = []
    for rule in RULES:
        shape = SHAPES[rule.layout]
        axes = [
            {"name": axis, "ids": list(ids), "size": size}
            for axis, ids, size in zip(rule.layout, choose(shape).indices, shape, strict=True)
        ]
        over = [axis in rule.over for axis in rule.layout]
        asked.append(
            {"panel": {"over": over, "groups": rule.groups, "feature": rule.layout.index(rule.feature)}, "axes": axes}
        )
    command = [str(NODE), "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", "--input-type=module", "-e", SAID]
    done = subprocess.run(
        [*command, json.dumps(asked)], capture_output=True, text=True, cwd=HERE, check=True, timeout=60
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("nth", range(len(RULES)), ids=[f"{rule.layout}-{rule.over}-{rule.groups}" for rule in RULES])
def test_two_cells_have_one_tint_and_border_exactly_where_they_share_their_statistics(
    said: list[dict], nth: int, theme: str
) -> None:
    rule, shape, tints = RULES[nth], SHAPES[RULES[nth].layout], said[nth][theme]["tints"]
    cells = list(itertools.product(*choose(shape).indices))
    families = [tuple((part.start, part.stop) for part in family(rule, shape, cell)) for cell in cells]
    painted = dict(zip(families, (tints[f] for f in said[nth]["of"]), strict=True))
    assert [painted[each] for each in families] == [tints[f] for f in said[nth]["of"]]
    assert len(painted) == drawn(rule, choose(shape)) == len(tints)
    if len(painted) <= 112:  # of more the eye tells none apart, and neighbours differ all the same
        assert len(set(painted.values())) == len(painted)
    for cell, each in zip(cells, families, strict=True):
        for axis, ids in enumerate(choose(shape).indices):
            beside = (*cell[:axis], *ids[ids.index(cell[axis]) + 1 :][:1], *cell[axis + 1 :])
            if len(beside) == len(cell):
                other = tuple((part.start, part.stop) for part in family(rule, shape, beside))
                assert (painted[other] == painted[each]) == (other == each)


@pytest.mark.parametrize(
    ("rule", "strong"),
    [
        (rule_for(Norm.BN, "NCHW"), [[], list("012345"), [], []]),
        (rule_for(Norm.LN, "NCHW"), [list("0123"), [], [], []]),
        (rule_for(Norm.GN, "NCHW", 3), [list("0123"), ["0–1", "2–3", "4–5"], [], []]),
    ],
)
def test_never_by_colour_alone_the_numbers_at_the_axes_name_the_families(
    said: list[dict], rule: Rule, strong: list[list[str]]
) -> None:
    assert said[RULES.index(rule)]["strong"] == strong
