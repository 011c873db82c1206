"""What a link to the cube page says: which network, step, tensor, norms, axes, cell and stage are in view.

Viewpoint       frozen; .to_text() and from_text() are inverses
from_text       reads strictly: (viewpoint, problems); what is unknown or unreadable is reported and takes its default
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields, replace

from core.cube.axes import FEATURE_AXIS, norms_of
from core.cube.walk import STEPS
from core.experiment.arm import Norm
from core.language.speech import _

QUERY_KEY = "cube"
OWN_AXES = "axes"
NORM_CHOICES = (*(norm.value for norm in norms_of("NCHW")), OWN_AXES)
STAGE_CHOICES = ("before", "centred", "squared", "normalized", "after")
VIEW_CHOICES = ("cube", "grid")
LIT_CHOICES = ("one", "all")
EPS_CHOICES = ("1e-8", "1e-5", "0.001", "0.1", "1")
WALK_CHOICES = ("off", *STEPS)

TYPED = r"\d{1,5}(\.\d{1,5}){1,3}=-?\d{1,7}(\.\d{1,6})?"


@dataclass(frozen=True, slots=True)
class Viewpoint:
    """One picture. `cell` is () where none has been picked; `axes` are the own axes ticked; `batch` 0 is all of it.

    `lit` is the family of the cell, or all of them; `walk` is a step of the guided walk.
    `shape` and `eps` are those of the tensor of one's own; `typed` is a cell and the value typed over its own.
    `network` is an arm's name ('' is the first), `step` one that its networks were kept of (None is live).
    """

    network: str = ""
    step: int | None = None
    tensor: str = "conv1"
    left: str = Norm.BN.value
    right: str = Norm.LN.value
    groups: int = 2
    axes: str = "NHW"
    cell: tuple[int, ...] = ()
    stage: str = "before"
    view: str = ""
    lit: str = "one"
    walk: str = "off"
    shape: tuple[int, ...] = (4, 6, 2, 2)
    eps: str = "1e-5"
    typed: str = ""
    batch: int = 0
    running: bool = False

    def to_text(self) -> str:
        """'left:gn,groups:3,cell:0.2.14.8': what differs from the default; '' for the default itself."""
        default = Viewpoint()
        changed = (f.name for f in fields(self) if getattr(self, f.name) != getattr(default, f.name))
        return ",".join(f"{name}:{_write(getattr(self, name))}" for name in changed)


def _write(value: object) -> str:
    if isinstance(value, tuple):
        return ".".join(str(index) for index in value)
    return str(int(value)) if isinstance(value, bool) else str(value)


_FORMS = {
    "network": r"[a-z][a-z0-9/:=.+-]{0,60}",
    "step": r"0|[1-9]\d{0,8}",
    "tensor": r"[a-z]+\d*",
    "left": "|".join(NORM_CHOICES),
    "right": "|".join(NORM_CHOICES),
    "groups": r"[1-9]\d{0,2}",
    "axes": f"[{''.join(sorted(set(''.join(FEATURE_AXIS))))}]{{0,4}}",
    "cell": r"\d{1,5}(\.\d{1,5}){1,3}",
    "stage": "|".join(STAGE_CHOICES),
    "view": "|".join(VIEW_CHOICES),
    "lit": "|".join(LIT_CHOICES),
    "walk": "|".join(WALK_CHOICES),
    "shape": r"\d{1,2}(\.\d{1,2}){3}",
    "eps": "|".join(re.escape(each) for each in EPS_CHOICES),
    "typed": TYPED,
    "batch": r"[1-9]\d{0,3}",
    "running": "[01]",
}


def from_text(text: str) -> tuple[Viewpoint, list[str]]:
    """Read a link's `cube=` strictly; nothing is guessed and nothing raises."""
    found, problems = Viewpoint(), []
    for part in filter(None, text[:400].split(",")):
        name, value = part.split(":", 1) if ":" in part else (part, "")
        if name not in _FORMS or not re.fullmatch(_FORMS[name], value):
            problems.append(_("“{part}” in the link was ignored: it is no setting of this picture.", part=part[:40]))
        else:
            found = _read(found, name, value)
    return found, problems


def _read(found: Viewpoint, name: str, value: str) -> Viewpoint:
    match name:
        case "step" | "groups" | "batch":
            return replace(found, **{name: int(value)})  # type: ignore[arg-type]
        case "running":
            return replace(found, running=value == "1")
        case "cell" | "shape":
            return replace(found, **{name: tuple(int(index) for index in value.split("."))})  # type: ignore[arg-type]
        case _:
            return replace(found, **{name: value})  # type: ignore[arg-type]
