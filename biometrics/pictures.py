"""Line charts as SVG text, without a plotting library: they stand alone as files and inside a page.

Colours are CSS variables with a fallback, so that a page can redraw them for the dark and for print; lines also differ in
their dashes, so that nobody has to tell colours apart. 360 units wide with 11-unit text: readable on a phone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.sax.saxutils import escape

WIDTH, PLOT_HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 360, 240, 48, 28, 16, 42
LEGEND_ROW = 16
COLOURS = ("#0b62a8", "#c2410c", "#14795c", "#8438a8", "#8a6100", "#555555")  # 4.5:1 or better on white
DASHES = ("", "6 3", "2 3", "8 3 2 3", "10 4", "1 4")


@dataclass(frozen=True)
class Line:
    """One named curve in units of the axes; ``low`` and ``high`` draw an interval at each point, ``marks`` a dot."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    low: Sequence[float] = ()
    high: Sequence[float] = ()
    marks: bool = False
    filled: bool = False
    style: int | None = None  # number of colour and dash; None: the line's place in the picture


@dataclass(frozen=True)
class Axis:
    """``ticks``: (value, what is written there); ``low`` and ``high`` are the ends of the axis."""

    name: str
    low: float
    high: float
    ticks: Sequence[tuple[float, str]] = field(default=())


def picture(title: str, x: Axis, y: Axis, lines: Sequence[Line], description: str = "") -> str:
    """An ``<svg>`` of the lines; ``description`` says in words what is to be seen, for those who do not see it."""
    named = [(number, line) for number, line in enumerate(lines) if line.name]
    height = PLOT_HEIGHT + LEGEND_ROW * len(named) + (6 if named else 0)
    right, bottom = WIDTH - RIGHT, PLOT_HEIGHT - BOTTOM

    def across(value: float) -> float:
        return LEFT + (min(max(value, x.low), x.high) - x.low) / (x.high - x.low or 1) * (right - LEFT)

    def down(value: float) -> float:
        return bottom - (min(max(value, y.low), y.high) - y.low) / (y.high - y.low or 1) * (bottom - TOP)

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" role="img" font-family="sans-serif" '
        f'font-size="11" style="fill:var(--ink,#1a1a1a);background:var(--paper,#fff)">',
        f"<title>{escape(title)}</title><desc>{escape(description or title)}</desc>",
        f'<text x="{LEFT}" y="16" font-size="12" font-weight="600">{escape(title)}</text>',
        f'<text x="{(LEFT + right) / 2}" y="{PLOT_HEIGHT - 8}" text-anchor="middle">{escape(x.name)}</text>',
        f'<text transform="translate(12 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{escape(y.name)}</text>',
    ]
    grid = 'style="stroke:var(--grid,#ddd)"'
    for value, name in x.ticks:
        parts.append(f'<path d="M{across(value):.1f} {TOP}V{bottom}" {grid}/>')
        parts.append(f'<text x="{across(value):.1f}" y="{bottom + 15}" text-anchor="middle">{escape(name)}</text>')
    for value, name in y.ticks:
        parts.append(f'<path d="M{LEFT} {down(value):.1f}H{right}" {grid}/>')
        parts.append(f'<text x="{LEFT - 5}" y="{down(value) + 4:.1f}" text-anchor="end">{escape(name)}</text>')
    for number, line in enumerate(lines):
        parts += _drawn(line, _style(line, number), across, down, bottom)
    for row, (number, line) in enumerate(named):
        at = PLOT_HEIGHT + 4 + LEGEND_ROW * row
        colour, dash = _style(line, number)
        parts.append(
            f'<path d="M{LEFT} {at}h26" fill="none" stroke-width="2" stroke-dasharray="{dash}" style="stroke:{colour}"/>'
            f'<text x="{LEFT + 32}" y="{at + 4}">{escape(line.name)}</text>'
        )
    return "\n".join([*parts, "</svg>\n"])


def _style(line: Line, number: int) -> tuple[str, str]:
    at = (number if line.style is None else line.style) % len(COLOURS)
    return f"var(--line-{at},{COLOURS[at]})", DASHES[at]


def _drawn(line: Line, style: tuple[str, str], across, down, bottom: float) -> list[str]:
    if not len(line.x):
        return []
    colour, dash = style
    points = " ".join(f"{across(a):.1f},{down(b):.1f}" for a, b in zip(line.x, line.y, strict=True))
    parts = []
    if line.filled:
        ends = f"{across(line.x[-1]):.1f},{bottom:.1f} {across(line.x[0]):.1f},{bottom:.1f}"
        parts.append(f'<polygon points="{points} {ends}" style="fill:{colour}" opacity="0.18"/>')
    parts.append(
        f'<polyline points="{points}" fill="none" stroke-width="1.7" stroke-dasharray="{dash}" style="stroke:{colour}"/>'
    )
    if line.marks:
        parts += [
            f'<circle cx="{across(a):.1f}" cy="{down(b):.1f}" r="3" style="fill:{colour}"/>'
            for a, b in zip(line.x, line.y, strict=True)
        ]
    if len(line.low):
        parts += [
            f'<path d="M{across(a):.1f} {down(low):.1f}V{down(high):.1f}" stroke-width="1" style="stroke:{colour}"/>'
            for a, low, high in zip(line.x, line.low, line.high, strict=True)
        ]
    return parts
