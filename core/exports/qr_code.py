"""An address as a QR code, for the cameras of a class's phones."""

from __future__ import annotations


def qr_code(address: str) -> str:
    """An SVG that takes the size that it is given: dark on white, with the white margin that a reader needs."""
    import segno  # here: most pages never show one

    code = segno.make(address, error="m", micro=False)
    return code.svg_inline(border=4, omitsize=True, dark="#000", light="#fff")
