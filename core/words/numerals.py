"""How very large and very small numbers are written on every page: −2.7·10⁴, as the charts' axes do."""

from __future__ import annotations

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def printed(text: str) -> str:
    """A number as Python formats it, with a real minus and with a power of ten for its exponent."""
    mantissa, e, exponent = text.partition("e")
    power = f"·10{str(int(exponent)).translate(_RAISED)}" if e else ""
    return mantissa.replace("-", "−") + power
