"""One network of an experiment: its norm, and what else sets it apart.

ArmConfig  frozen and validated; parse_arm("bn/none:dropout=0.5") and .name are inverses
Norm       the norms there are; NORM_TITLES has their names
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from core.experiment.rules import ConfigError, check_learning_rate, check_share, narrowed, quoted, read_number
from core.language.message import Message, Plural, Value


class Norm(StrEnum):
    """A normalization, by its usual abbreviation."""

    NONE = "none"
    BN = "bn"
    LN = "ln"
    IN = "in"
    GN = "gn"
    RMS = "rms"
    MO = "mo"
    VO = "vo"
    FIX = "fix"


NORM_TITLES = {
    Norm.NONE: Message("No normalization"),
    Norm.BN: Message("BatchNorm"),
    Norm.LN: Message("LayerNorm"),
    Norm.IN: Message("InstanceNorm"),
    Norm.GN: Message("GroupNorm"),
    Norm.RMS: Message("RMSNorm"),
    Norm.MO: Message("Mean-only BatchNorm"),
    Norm.VO: Message("Variance-only BatchNorm"),
    Norm.FIX: Message("BatchNorm with frozen γ and β"),
}

OVER_BATCH = (Norm.BN, Norm.MO, Norm.VO, Norm.FIX)  # whose statistics are a mini-batch's

# Whether its title says groups, the book's code, settings of its own. Written out: in Chinese they share one bracket.
_TITLES = {
    (False, False, True): Message("{norm} ({own})"),
    (False, True, False): Message("{norm} with the book's own code"),
    (False, True, True): Message("{norm} with the book's own code ({own})"),
    (True, False, False): Message("{norm} with {groups}"),
    (True, False, True): Message("{norm} with {groups} ({own})"),
    (True, True, False): Message("{norm} with {groups} and the book's own code"),
    (True, True, True): Message("{norm} with {groups} and the book's own code ({own})"),
}

CONV_CHANNELS = (6, 16)

FC_FEATURES = (120, 84)

DROPOUT = (Message("Dropout is the share of values set to 0"), Message("0 to 0.9"))


@dataclass(frozen=True, slots=True)
class ArmConfig:
    """One network of the experiment, by what sets it apart from the others.

    `dropout` and `learning_rate` are None where the arm takes the experiment's.
    Raises ConfigError on groups that do not divide the channels and on norms that a linear layer cannot have.
    """

    conv_norm: Norm = Norm.NONE
    fc_norm: Norm = Norm.NONE
    groups: int = 2
    book: bool = False
    dropout: float | None = None
    learning_rate: float | None = None

    def __post_init__(self) -> None:
        if self.fc_norm is Norm.IN:
            raise ConfigError(
                Message(
                    "InstanceNorm averages over (H, W), and a linear layer has neither: each value would be its own "
                    "mean. Use in (convolutions only) or in/ln."
                ),
                "arms",
            )
        if self.book and Norm.BN not in (self.conv_norm, self.fc_norm):
            raise ConfigError(
                Message(
                    "The book writes out batch norm only; got book with {norms}. Use bn:book.",
                    {"norms": f"{self.conv_norm}/{self.fc_norm}"},
                ),
                "arms",
            )
        self._check_groups()
        if self.dropout is not None:
            check_share(self.dropout, "arms", *DROPOUT)
        if self.learning_rate is not None:
            check_learning_rate(self.learning_rate, "arms")

    def _check_groups(self) -> None:
        if Norm.GN not in self.norms and self.groups != 2:
            raise ConfigError(
                Message("Only GroupNorm has groups; got {groups} without it. Use gn{groups}.", {"groups": self.groups}),
                "arms",
            )
        channels = [c for c in CONV_CHANNELS if self.conv_norm is Norm.GN]
        channels += [c for c in FC_FEATURES if self.fc_norm is Norm.GN]
        broken = [c for c in channels if self.groups < 1 or c % self.groups]
        if broken:
            allowed = [g for g in range(1, 121) if all(c % g == 0 for c in channels)]
            raise ConfigError(
                Message(
                    "GroupNorm's groups must divide the channels of every layer it normalizes; got {groups} groups for "
                    "{channels} channels. Use one of {allowed}.",
                    {"groups": self.groups, "channels": broken[0], "allowed": allowed},
                ),
                "arms",
            )

    @property
    def name(self) -> str:
        """The arm as text, e.g. 'bn', 'bn/none', 'gn1/none', 'bn:book:dropout=0.5'; parse_arm reads it back."""
        options = ["book"] * self.book
        options += [f"dropout={_exact(self.dropout)}"] if self.dropout is not None else []
        options += [f"lr={_exact(self.learning_rate)}"] if self.learning_rate is not None else []
        return ":".join([self._norm_name(), *options])

    def _norm_name(self) -> str:
        conv, fc = (f"gn{self.groups}" if n is Norm.GN and self.groups != 2 else n.value for n in self.norms)
        return conv if self.fc_norm is default_fc_norm(self.conv_norm) else f"{conv}/{fc}"

    @property
    def norms(self) -> tuple[Norm, Norm]:
        """(norm after convolutions, norm after linear layers)."""
        return self.conv_norm, self.fc_norm

    @property
    def main_norm(self) -> str:
        """The norm that decides the arm's colour: that of the convolutions, else that of the linear layers."""
        return (self.fc_norm if self.conv_norm is Norm.NONE else self.conv_norm).value

    @property
    def title(self) -> Message:
        """The arm in words, e.g. 'BatchNorm on convolutions only'.

        No comma: in a sentence those part the arms; and no number at its end, where the sentence's own follows.
        """
        norm = self._norm_title()
        values: dict[str, Value] = {"norm": norm}
        if Norm.GN in self.norms:
            values["groups"] = Plural("{n} group", "{n} groups", self.groups)
        if own := self._own_settings():
            values["own"] = own
        said = _TITLES.get(("groups" in values, self.book, "own" in values))
        return replace(said, values=values) if said else norm

    def _own_settings(self) -> Message | None:
        """What it does not take from the experiment."""
        dropout, rate = (None if value is None else _exact(value) for value in (self.dropout, self.learning_rate))
        if dropout and rate:
            return Message("dropout {share} and lr {rate}", {"share": dropout, "rate": rate})
        if dropout:
            return Message("dropout {share}", {"share": dropout})
        return Message("lr {rate}", {"rate": rate}) if rate else None

    def _norm_title(self) -> Message:
        titles = dict(zip(("conv", "fc"), (NORM_TITLES[norm] for norm in self.norms), strict=True))
        if self.conv_norm is self.fc_norm:
            return titles["conv"]
        if self.fc_norm is Norm.NONE:
            return Message("{conv} on convolutions only", titles)
        if self.conv_norm is Norm.NONE:
            return Message("{fc} on linear layers only", titles)
        return Message("{conv} on convolutions + {fc} on linear layers", titles)


def _exact(value: float) -> str:
    """The shortest usual spelling that reads back as the same number: 0.1, 1e-05, 0.12345678."""
    return f"{value:g}" if float(f"{value:g}") == value else repr(value)


def default_fc_norm(conv_norm: Norm) -> Norm:
    """The linear layers' norm when an arm names one norm only: the same one, but none for InstanceNorm."""
    return Norm.NONE if conv_norm is Norm.IN else conv_norm


_NORM = f"({'|'.join(Norm)})([0-9]{{1,4}})?"

_ARM = re.compile(f"{_NORM}(?:/{_NORM})?((?::[a-z]+(?:=[^:]+)?)*)")


def parse_arm(text: str) -> ArmConfig:
    """Read NORM[/LINEAR-NORM][:book][:dropout=P][:lr=X]; raises ConfigError that shows the form."""
    match = _ARM.fullmatch(narrowed(text).strip().lower())
    if match is None:
        raise ConfigError(
            Message(
                "An arm is a norm ({norms}), if need be with another one for the linear layers and options: bn, "
                "bn/none, gn1/none, bn:book, bn:dropout=0.5, none:lr=0.02; got {text}.",
                {"norms": list(Norm), "text": quoted(text)},
            ),
            "arms",
        )
    conv, conv_groups, fc, fc_groups, options = match.groups()
    conv_norm = Norm(conv)
    fc_norm = Norm(fc) if fc else default_fc_norm(conv_norm)
    groups = _groups(text, (conv_norm, conv_groups), (fc_norm, fc_groups))
    return ArmConfig(conv_norm, fc_norm, groups, **_arm_options(text, options))


def _groups(text: str, *norms: tuple[Norm, str | None]) -> int:
    given = {int(digits) for _norm, digits in norms if digits}
    if any(digits and norm is not Norm.GN for norm, digits in norms) or len(given) > 1:
        raise ConfigError(
            Message(
                "One number of groups may follow gn, and gn only; got {text}. Write it like gn1/none.",
                {"text": quoted(text)},
            ),
            "arms",
        )
    return given.pop() if given else 2


def _arm_options(text: str, options: str) -> dict[str, Any]:
    known = {"book": "book", "dropout": "dropout", "lr": "learning_rate"}
    found: dict[str, Any] = {}
    for option in filter(None, options.split(":")):
        key, _sign, value = option.partition("=")
        if key not in known or (key == "book") == bool(value) or known[key] in found:
            raise ConfigError(
                Message(
                    "An arm's options are book, dropout=P and lr=X, each once; got {option} in {text}. Write them like "
                    "bn:book:dropout=0.5.",
                    {"option": quoted(option), "text": quoted(text)},
                ),
                "arms",
            )
        where = Message("{option} in {text}", {"option": key, "text": quoted(text)})
        found[known[key]] = True if key == "book" else read_number(value, where, "arms", float)
    return found
