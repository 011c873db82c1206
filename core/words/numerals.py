"""How numbers are written on every page: the very large and very small as −2.7·10⁴, as the charts' axes do.

printed     as Python formats them, with real signs
rounded     a factor
digits      two digits that matter
in_percent  a share, as the cards and tables of the pages have it
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_RAISED = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


def printed(text: str) -> str:
    """A number as Python formats it, with a real minus and with a power of ten for its exponent."""
    mantissa, e, exponent = text.partition("e")
    power = f"·10{str(int(exponent)).translate(_RAISED)}" if e else ""
    return mantissa.replace("-", "−") + power


def rounded(factor: float) -> str:
    """As exactly as a reader can use it: of large numbers two digits, as the chart beside has them."""
    if factor < 1e3:
        return f"{factor:.0f}"
    return f"{float(f'{factor:.2g}'):,.0f}" if factor < 1e6 else printed(f"{factor:.0e}")


def digits(value: float) -> str:
    """Two digits that matter, as the charts write them: 0.20, 14, 2.7·10⁻⁷."""
    if not 1e-4 <= abs(value) < 1e4:
        return printed(f"{value:.1e}") if value else "0"
    brief = float(f"{value:.2g}")
    return printed(f"{brief:.0f}" if abs(brief) >= 10 else f"{brief:#.2g}")


def in_percent(share: float, sign: str = "") -> str:
    """`share` in hundredths with one decimal, without the sign for them; `sign` "+" tells that of positive ones, too.

    A half goes up, as in the browser (Number.toFixed): Python's format takes 56.25 to the even digit, 56.2.
    """
    return f"{Decimal(100 * share).quantize(Decimal('0.1'), ROUND_HALF_UP):{sign}}"
