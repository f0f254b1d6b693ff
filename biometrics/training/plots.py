"""Two pictures beside the model, as SVG: the learning curve and the detection error trade-off."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any
from xml.sax.saxutils import escape

import numpy as np

from biometrics.training.trials import Scores, error_rates

WIDTH, HEIGHT, LEFT, TOP, RIGHT, BOTTOM = 760, 460, 70, 40, 200, 50
COLOURS = ("#1b6ca8", "#c0392b", "#2e8b57", "#8e44ad", "#d68910", "#555555")
DET_TICKS = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)


@dataclass(frozen=True)
class Line:
    """One named curve in units of the axes."""

    name: str
    x: Sequence[float]
    y: Sequence[float]


def learning_curve(history: list[dict[str, Any]], path: Path) -> None:
    """Cosine to the teacher while training and on dev speakers, and dev EER per corpus, over steps."""
    logged = [entry for entry in history if "cosine" in entry]
    evaluated = [entry for entry in history if "dev_cosine" in entry]
    lines = [
        Line("cosine, training", [e["step"] for e in logged], [e["cosine"] for e in logged]),
        Line("cosine, dev speakers", [e["step"] for e in evaluated], [e["dev_cosine"] for e in evaluated]),
    ]
    for corpus in evaluated[-1]["dev_eer"]["telephone"] if evaluated else ():
        lines.append(
            Line(
                f"EER {corpus}", [e["step"] for e in evaluated], [e["dev_eer"]["telephone"][corpus] for e in evaluated]
            )
        )
    most = max((x for line in lines for x in line.x), default=1)
    x_ticks = [(most * part / 5, f"{most * part / 5:.0f}") for part in range(6)]
    y_ticks = [(part / 10, f"{part / 10:.1f}") for part in range(0, 11, 2)]
    path.write_text(
        _picture("Learning curve", "step", "cosine · equal error rate", lines, x_ticks, y_ticks), encoding="utf-8"
    )


def det(scores: list[Scores], path: Path) -> None:
    """False rejection over false acceptance on normal-deviate axes (Martin et al. 1997), a curve per corpus."""
    probit = NormalDist().inv_cdf
    low, high = DET_TICKS[0] / 2, 0.5
    lines = []
    for each in scores:
        accepted, rejected = error_rates(each.target, each.impostor)
        x, y = ([probit(float(v)) for v in np.clip(rate, low, high)] for rate in (accepted, rejected))
        lines.append(Line(f"{each.corpus} ({each.eer:.1%})", x, y))
    ticks = [(probit(low), ""), *((probit(tick), f"{tick:.1%}") for tick in DET_TICKS), (probit(high), "")]
    title = "Dev speakers, 300-3400 Hz, G.711 µ-law, 3 × 3 s against 3 s (single session: optimistic)"
    path.write_text(
        _picture(title, "false acceptance rate", "false rejection rate", lines, ticks, ticks), encoding="utf-8"
    )


def _picture(
    title: str,
    x_name: str,
    y_name: str,
    lines: list[Line],
    x_ticks: list[tuple[float, str]],
    y_ticks: list[tuple[float, str]],
) -> str:
    def across(x: float) -> float:
        return LEFT + (x - x_ticks[0][0]) / (x_ticks[-1][0] - x_ticks[0][0] or 1) * (WIDTH - LEFT - RIGHT)

    def down(y: float) -> float:
        return HEIGHT - BOTTOM - (y - y_ticks[0][0]) / (y_ticks[-1][0] - y_ticks[0][0] or 1) * (HEIGHT - TOP - BOTTOM)

    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/><text x="{LEFT}" y="22" font-size="14">{title}</text>',
        f'<text x="{(LEFT + right) / 2}" y="{HEIGHT - 10}" text-anchor="middle">{x_name}</text>',
        f'<text transform="translate(16 {(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">{y_name}</text>',
    ]
    for value, name in x_ticks:
        at = f"{across(value):.1f}"
        parts.append(f'<path d="M{at} {TOP}V{bottom}" stroke="#ddd"/>')
        parts.append(f'<text x="{at}" y="{bottom + 16}" text-anchor="middle">{name}</text>')
    for value, name in y_ticks:
        at = f"{down(value):.1f}"
        parts.append(f'<path d="M{LEFT} {at}H{right}" stroke="#ddd"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{down(value) + 4:.1f}" text-anchor="end">{name}</text>')
    for number, line in enumerate(lines):
        colour = COLOURS[number % len(COLOURS)]
        points = " ".join(f"{across(x):.1f},{down(y):.1f}" for x, y in zip(line.x, line.y, strict=True))
        parts.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.6"/>')
        parts.append(f'<text x="{right + 10}" y="{TOP + 14 + 18 * number}" fill="{colour}">{escape(line.name)}</text>')
    return "\n".join([*parts, "</svg>\n"])
