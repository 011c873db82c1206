"""Exercises: norms with the wrong axes, as people really write them, each explained.

Mistake    a line of code, what it is meant to be, and what it does; EXERCISES holds them all
answers    the choices offered for an exercise: what shares one mean
"""

from __future__ import annotations

from dataclasses import dataclass

from core.cube.axes import Rule, rule_for
from core.cube.naming import AXIS_WORDS
from core.experiment.arm import Norm
from core.language.message import Message


@dataclass(frozen=True, slots=True)
class Mistake:
    """`code` is meant to compute `meant`'s mean of X; `does` are the axes it really averages (None: it is refused)."""

    title: Message
    meant: Rule
    norm: Norm
    code: str
    does: Rule | None
    why: Message

    @property
    def layout(self) -> str:
        return self.meant.layout

    @property
    def tensor(self) -> str:
        """The tensor to look at."""
        return {"NCHW": "conv1", "ND": "fc1", "NTD": "gru"}[self.layout]


EXERCISES = (
    Mistake(
        Message("The mean of everything"),
        Rule("ND", "N"),
        Norm.BN,
        "X.mean()",
        Rule("ND", "ND"),
        Message(
            "Without dim= the mean is of the whole matrix, one number for all features. Features keep their different "
            "means, so what BatchNorm is for does not happen, and nothing fails: shapes broadcast. A translation of "
            "the book printed this for the fully connected case."
        ),
    ),
    Mistake(
        Message("BatchNorm's mean without the positions"),
        Rule("NCHW", "NHW"),
        Norm.BN,
        "X.mean(dim=0, keepdim=True)",
        Rule("NCHW", "N"),
        Message(
            "Right for a linear layer, [N, D], wrong here: every pixel of a channel gets a mean of its own, from N "
            "values only. One filter makes the whole map, so its positions count as more examples (Ioffe & Szegedy "
            "2015, section 3.2)."
        ),
    ),
    Mistake(
        Message("LayerNorm over the channels only"),
        Rule("NCHW", "CHW"),
        Norm.LN,
        "X.mean(dim=1, keepdim=True)",
        Rule("NCHW", "C"),
        Message(
            "That is one mean per example and pixel, from C values. ConvNeXt does it on purpose and calls it LayerNorm "
            "too; the layer of Ba et al. takes all of an example's values, (C, H, W). The outputs are not the same."
        ),
    ),
    Mistake(
        Message("Groups that do not divide the channels"),
        Rule("NCHW", "CHW", groups=3),
        Norm.GN,
        "nn.GroupNorm(num_groups=4, num_channels=6)(X)",
        None,
        Message(
            "Six channels do not make four equal groups. PyTorch refuses: “num_channels (6) must be "
            "divisible by num_groups (4)”. Use 1 (which is LayerNorm), 2, 3 or 6 (which is InstanceNorm) groups."
        ),
    ),
    Mistake(
        Message("BatchNorm1d on a sequence, not transposed"),
        Rule("NTD", "NT"),
        Norm.BN,
        "nn.BatchNorm1d(X.shape[1])(X)",
        Rule("NTD", "ND"),
        Message(
            "nn.BatchNorm1d takes axis 1 for the features: [N, D, T]. Given [N, T, D] it makes one mean per time step, "
            "over examples and features, and nothing fails. Transpose before and after it."
        ),
    ),
    Mistake(
        Message("LayerNorm over the whole sequence"),
        Rule("NTD", "D"),
        Norm.LN,
        "X.mean(dim=(1, 2), keepdim=True)",
        Rule("NTD", "TD"),
        Message(
            "The mean is taken over time too, so it changes with the length: the first half of a sequence is "
            "normalized otherwise than when the second half is there as well. A recurrent net needs it step by step, "
            "over D."
        ),
    ),
)


REFUSED = Message("nothing: PyTorch refuses it")


def answers(mistake: Mistake) -> dict[Message, bool]:
    """The choices offered and whether each is right: what shares one mean in the code as it stands."""
    right = _in_words(mistake.does) if mistake.does else REFUSED
    offered = [_in_words(mistake.meant), right]
    offered += [_in_words(rule_for(norm, mistake.layout)) for norm in (Norm.BN, Norm.LN)]
    offered += [_in_words(Rule(mistake.layout, mistake.layout))]
    return {choice: choice == right for choice in sorted(dict.fromkeys(offered), key=lambda choice: len(str(choice)))}


def _in_words(rule: Rule) -> Message:
    kept = [AXIS_WORDS[axis] for axis in rule.layout if axis not in rule.over]
    if not kept:
        return Message("all values of the tensor")
    if rule.groups > 1:
        feature = AXIS_WORDS[rule.feature]
        return Message("values of the same {axes} and {feature} group", {"axes": kept, "feature": feature})
    return Message("values of the same {axes}", {"axes": kept})
