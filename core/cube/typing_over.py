"""A value typed over one cell: which results of the norm change by it, and which do not.

Typed     the cell and its new value; read() reads what was typed, from_text() a link
by_now    what is typed by now, from what the browser has last sent
over      the site with that value in it
changes   the difference in every result, and in a sentence how many there are
marked    a picture with them
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from core.cube.naming import Norming
from core.cube.picture import pack, results
from core.cube.shown import Shown
from core.cube.sites import Site
from core.cube.viewpoint import TYPED as FORM
from core.cube.walk import short
from core.experiment.rules import ConfigError, read_number
from core.language.message import Message
from core.language.speech import _, ngettext

LARGEST = 1e6


@dataclass(frozen=True, slots=True)
class Typed:
    """A value in place of a cell's own."""

    cell: tuple[int, ...]
    value: float

    @classmethod
    def read(cls, cell: Sequence[int], text: str) -> Typed:
        """What was typed, with a decimal point or comma; raises ConfigError for what is no number of a cell."""
        value = float(read_number(text, Message("The value of the cell"), "typed", float))
        if not abs(value) <= LARGEST:
            rule = Message(
                "The value of the cell must lie between −{most:,} and {most:,}; got {value}. Write it like 4.5.",
                {"most": int(LARGEST), "value": short(value)},
            )
            raise ConfigError(rule, "typed")
        return cls(tuple(cell), round(value, 6))

    @classmethod
    def from_text(cls, text: str) -> Typed | None:
        """'0.1.2.3=4.5', as a link has it; None for what is none."""
        if not re.fullmatch(FORM, text):
            return None
        cell, value = text.split("=")
        if abs(float(value)) > LARGEST:
            return None
        return cls(tuple(int(index) for index in cell.split(".")), float(value))

    def to_text(self) -> str:
        number = f"{self.value:.6f}".rstrip("0").rstrip(".")
        return f"{'.'.join(map(str, self.cell))}={number}"

    def fits(self, site: Site) -> bool:
        """Whether the site has the cell."""
        fits = len(self.cell) == len(site.shape)
        return fits and all(index < size for index, size in zip(self.cell, site.shape, strict=True))


def by_now(site: Site, layer: str, cell: Sequence[int], link: str, sent: Mapping[str, Any]) -> tuple[Typed | None, str]:
    """(what is typed over a cell of this layer, what was wrong with the last that was typed, over this `cell`).

    `sent` is {layer, cell, text, before}: a text that is no value leaves what there was before it.
    """
    problem = ""
    if sent.get("layer") != layer:
        typed = Typed.from_text(link)
    elif not str(sent["text"]).strip():
        typed = None
    else:
        try:
            typed = Typed.read(sent["cell"], str(sent["text"]))
        except ConfigError as error:
            typed, problem = (
                Typed.from_text(str(sent["before"])),
                str(error) if tuple(sent["cell"]) == tuple(cell) else "",
            )
    return typed if typed and typed.fits(site) else None, problem


def over(site: Site, typed: Typed) -> Site:
    """The same site, in float64, with the value typed over the cell's own."""
    values = site.values.double().clone()
    values[typed.cell] = typed.value
    return replace(site, values=values)


@dataclass(frozen=True, slots=True, eq=False)
class Changes:
    """The difference in every result of the norm, 0 where it is the same bit for bit; cells that exist are counted."""

    differences: Tensor
    changed: int
    unchanged: int

    @property
    def largest(self) -> float:
        return self.differences.abs().max().item()

    def told(self, title: str) -> str:
        """By number, in a sentence."""
        if not self.changed:
            return _("{title}: no result changes; all {n:,} are the same bit for bit.", title=title, n=self.unchanged)
        return ngettext(
            "{title}: {n:,} of {all:,} results changes, by {largest}; the other {same:,} are the same bit for bit.",
            "{title}: {n:,} of {all:,} results change, by up to {largest}; the other {same:,} are the same bit for "
            "bit.",
            self.changed,
            title=title,
            all=self.changed + self.unchanged,
            largest=short(self.largest),
            same=self.unchanged,
        )


def changes(before: Site, after: Site, norming: Norming) -> Changes:
    """What the norm gives for `after` against what it gave for `before`, in float64."""
    old, new = results(before, norming), results(after, norming)
    is_same = (old == new) | (old.isnan() & new.isnan())
    exists = before.exists()
    present = torch.ones_like(is_same) if exists is None else exists.expand(before.shape)
    changed = int((~is_same & present).sum())
    return Changes(torch.where(is_same | ~present, 0.0, new - old), changed, int(present.sum()) - changed)


def marked(
    drawn: dict[str, Any], before: Site, after: Site, normings: Sequence[Norming], shown: Shown
) -> dict[str, Any]:
    """The picture of `after` with what has changed in it; differences as base64 float32, in C order."""
    panels = []
    for panel, norming in zip(drawn["panels"], normings, strict=True):
        found = changes(before, after, norming)
        told = {"changes": pack(found.differences.float(), shown), "changed": found.told(norming.title)}
        panels.append(panel | told)
    return drawn | {"panels": panels}
