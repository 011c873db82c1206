"""One network of an experiment: its norm, and what else sets it apart.

ArmConfig  frozen and validated; parse_arm("bn/none:dropout=0.5") and .name are inverses
Norm       the norms there are; NORM_TITLES has their names
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from core.experiment.rules import ConfigError, check_learning_rate, check_share, quoted, read_number


class Norm(StrEnum):
    """A normalization, by its usual abbreviation."""

    NONE = "none"
    BN = "bn"
    LN = "ln"
    IN = "in"
    GN = "gn"
    RMS = "rms"


NORM_TITLES = {
    Norm.NONE: "No normalization",
    Norm.BN: "BatchNorm",
    Norm.LN: "LayerNorm",
    Norm.IN: "InstanceNorm",
    Norm.GN: "GroupNorm",
    Norm.RMS: "RMSNorm",
}

CONV_CHANNELS = (6, 16)

FC_FEATURES = (120, 84)

DROPOUT = ("Dropout is the share of values set to 0", "0 to 0.9")


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
                "InstanceNorm averages over (H, W), and a linear layer has neither: each value would be its own mean. "
                "Use in (convolutions only) or in/ln.",
                "arms",
            )
        if self.book and Norm.BN not in (self.conv_norm, self.fc_norm):
            raise ConfigError(
                f"The book writes out batch norm only; got book with {self.conv_norm}/{self.fc_norm}. Use bn:book.",
                "arms",
            )
        self._check_groups()
        if self.dropout is not None:
            check_share(self.dropout, "arms", *DROPOUT)
        if self.learning_rate is not None:
            check_learning_rate(self.learning_rate, "arms")

    def _check_groups(self) -> None:
        if Norm.GN not in self.norms and self.groups != 2:
            raise ConfigError(f"Only GroupNorm has groups; got {self.groups} without it. Use gn{self.groups}.", "arms")
        channels = [c for c in CONV_CHANNELS if self.conv_norm is Norm.GN]
        channels += [c for c in FC_FEATURES if self.fc_norm is Norm.GN]
        broken = [c for c in channels if self.groups < 1 or c % self.groups]
        if broken:
            allowed = ", ".join(str(g) for g in range(1, 121) if all(c % g == 0 for c in channels))
            raise ConfigError(
                f"GroupNorm's groups must divide the channels of every layer it normalizes; got {self.groups} groups "
                f"for {broken[0]} channels. Use one of {allowed}.",
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
    def title(self) -> str:
        """The arm in words, e.g. 'BatchNorm on convolutions only'.

        No comma: in a sentence those part the arms; and no number at its end, where the sentence's own follows.
        """
        groups = f"{self.groups} group{'s' * (self.groups != 1)}" if Norm.GN in self.norms else ""
        said = " and ".join(filter(None, [groups, "the book's own code" if self.book else ""]))
        own = [f"dropout {_exact(self.dropout)}"] if self.dropout is not None else []
        own += [f"lr {_exact(self.learning_rate)}"] if self.learning_rate is not None else []
        return self._norm_title() + (f" with {said}" if said else "") + (f" ({' and '.join(own)})" if own else "")

    def _norm_title(self) -> str:
        conv, fc = (NORM_TITLES[norm] for norm in self.norms)
        if conv == fc:
            return conv
        if self.fc_norm is Norm.NONE:
            return f"{conv} on convolutions only"
        if self.conv_norm is Norm.NONE:
            return f"{fc} on linear layers only"
        return f"{conv} on convolutions + {fc} on linear layers"


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
    match = _ARM.fullmatch(text.strip().lower())
    if match is None:
        raise ConfigError(
            f"An arm is a norm ({', '.join(Norm)}), if need be with another one for the linear layers and "
            f"options: bn, bn/none, gn1/none, bn:book, bn:dropout=0.5, none:lr=0.02; got {quoted(text)}.",
            "arms",
        )
    conv, conv_groups, fc, fc_groups, options = match.groups()
    conv_norm = Norm(conv)
    fc_norm = Norm(fc) if fc else default_fc_norm(conv_norm)
    groups = _groups(text, (conv_norm, conv_groups), (fc_norm, fc_groups))
    return ArmConfig(conv_norm, fc_norm, groups, **_arm_options(text, options))


def _groups(text: str, *norms: tuple[Norm, str | None]) -> int:
    given = {int(digits) for _, digits in norms if digits}
    if any(digits and norm is not Norm.GN for norm, digits in norms) or len(given) > 1:
        raise ConfigError(
            f"One number of groups may follow gn, and gn only; got {quoted(text)}. Write it like gn1/none.", "arms"
        )
    return given.pop() if given else 2


def _arm_options(text: str, options: str) -> dict[str, Any]:
    known = {"book": "book", "dropout": "dropout", "lr": "learning_rate"}
    found: dict[str, Any] = {}
    for option in filter(None, options.split(":")):
        key, _, value = option.partition("=")
        if key not in known or (key == "book") == bool(value) or known[key] in found:
            raise ConfigError(
                f"An arm's options are book, dropout=P and lr=X, each once; got {quoted(option)} in {quoted(text)}. "
                "Write them like bn:book:dropout=0.5.",
                "arms",
            )
        found[known[key]] = True if key == "book" else read_number(value, f"{key} in {quoted(text)}", "arms", float)
    return found
