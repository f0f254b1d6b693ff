"""Two pictures beside the model, as SVG: the learning curve and the detection error trade-off."""

from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from biometrics.pictures import Axis, Line, picture
from biometrics.training.trials import Scores, error_rates

DET_TICKS = (0.001, 0.01, 0.05, 0.2, 0.4)


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
    axes = Axis("step", 0, most, x_ticks), Axis("cosine · equal error rate", 0, 1, y_ticks)
    path.write_text(picture("Learning curve", *axes, lines), encoding="utf-8")


def det(scores: list[Scores], path: Path) -> None:
    """False rejection over false acceptance on normal-deviate axes (Martin et al. 1997), a curve per corpus."""
    probit = NormalDist().inv_cdf
    low, high = DET_TICKS[0] / 2, 0.5
    lines = []
    for each in scores:
        accepted, rejected = error_rates(each.target, each.impostor)
        x, y = ([probit(float(v)) for v in np.clip(rate, low, high)] for rate in (accepted, rejected))
        lines.append(Line(f"{each.corpus} ({each.eer:.1%})", x, y))
    ticks = [(probit(tick), f"{100 * tick:g} %") for tick in DET_TICKS]
    axes = (Axis(name, probit(low), probit(high), ticks) for name in ("false acceptance rate", "false rejection rate"))
    words = "Dev speakers, 300-3400 Hz, G.711 µ-law, 3 × 3 s against 3 s; single session: optimistic"
    path.write_text(picture("Dev speakers, telephone, 3 s (optimistic)", *axes, lines, words), encoding="utf-8")
