"""A QR code as part of a page: SVG without script, style or address of its own."""

from __future__ import annotations

import segno
from markupsafe import Markup


def svg(text: str) -> Markup:
    """``text`` for a camera. Error correction M: a screen is read at an angle, not torn. Four modules of quiet zone."""
    drawn = segno.make(text, error="m", micro=False)
    return Markup(drawn.svg_inline(border=4, omitsize=True, svgclass="qr", lineclass=None, dark="#000", light="#fff"))
