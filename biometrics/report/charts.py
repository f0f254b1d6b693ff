"""The plots of the page, each from plain figures."""

from statistics import NormalDist
from typing import Any

import numpy as np

from biometrics.pictures import Axis, Line, picture
from biometrics.report.words import percent

DET_TICKS = (0.001, 0.01, 0.05, 0.2, 0.5)
DET_LOW, DET_HIGH = 0.0005, 0.6
LLR_TICKS = tuple((float(value), f"{value:+d}" if value else "0") for value in (-8, -4, 0, 4, 8))
LLR_AXIS = Axis("log-likelihood ratio", -10, 10, LLR_TICKS)

Results = dict[str, Any]


def det(results: Results, corpus: str) -> str:
    """False rejection over false acceptance on normal-deviate axes (Martin et al. 1997), a line a model."""
    probit = NormalDist().inv_cdf
    lines = []
    for number, model in enumerate(results["models"]):
        for each in results["curves"]:
            if (each["model"], each["corpus"]) == (model["name"], corpus):
                x, y = ([probit(float(v)) for v in np.clip(each[k], DET_LOW, DET_HIGH)] for k in ("far", "frr"))
                lines.append(Line(model["name"], x, y, style=number))
    ticks = [(probit(tick), f"{100 * tick:g} %") for tick in DET_TICKS]
    low, high = probit(DET_LOW), probit(DET_HIGH)
    words = f"Detection error trade-off on {corpus}: nearer to the lower left corner is better. " + _eers(
        results, corpus
    )
    axes = (Axis(name, low, high, ticks) for name in ("strangers accepted (FAR)", "owners refused (FRR)"))
    return picture(corpus, *axes, lines, words)


def durations(results: Results, corpus: str, name: str, value_of, interval_of) -> str:
    """A rate over seconds of net speech, a line a model with its intervals."""
    lines, top = [], 0.02
    lengths = sorted({each["seconds"] for each in results["figures"]})
    for number, model in enumerate(results["models"]):
        points = [
            (each["seconds"], value_of(each), interval_of(each))
            for each in results["figures"]
            if (each["model"], each["corpus"], each["half"]) == (model["name"], corpus, "all")
            and each.get("eer") is not None
            and value_of(each) is not None
        ]
        if points:
            x, y, spread = zip(*sorted(points), strict=True)
            low, high = zip(*(part or (value, value) for part, value in zip(spread, y, strict=True)), strict=True)
            moved = [lengths.index(each) + 0.12 * (number - (len(results["models"]) - 1) / 2) for each in x]
            lines.append(Line(model["name"], moved, y, low, high, marks=True, style=number))
            top = max(top, *high)
    y_axis = _rates(name, top)
    x_axis = Axis("net speech", -0.4, len(lengths) - 0.6, [(at, f"{each:g} s") for at, each in enumerate(lengths)])
    return picture(corpus, x_axis, y_axis, lines, f"{name} by net speech on {corpus}")


def speech_used(results: Results, corpus: str) -> str | None:
    """Share of owners ACCEPTED by so many seconds of net speech, a line a model."""
    lines = [
        Line(
            model["name"],
            [point["net_speech_seconds"] for point in each["speech_used"]],
            [point["owners_accepted"] for point in each["speech_used"]],
            marks=True,
            style=number,
        )
        for number, model in enumerate(results["models"])
        for each in results["decisions"]
        if (each["model"], each["corpus"]) == (model["name"], corpus)
    ]
    if not lines:
        return None
    last = max(line.x[-1] for line in lines)
    x_axis = Axis("net speech", 0, last, [(at, f"{at:g} s") for at in np.arange(0, last + 1, 2)])
    return picture(
        corpus, x_axis, _rates("owners ACCEPTED by then", 1), lines, f"Owners accepted by net speech on {corpus}"
    )


def reliability(results: Results, model: str) -> str | None:
    """LLR that should have been over the LLR that was given: on the diagonal the model means what it says."""
    lines = [Line("as it should be", [-10, 10], [-10, 10], style=5)]
    for number, each in enumerate(one for one in results["curves"] if one["model"] == model):
        if each.get("llr_given"):
            lines.append(Line(each["corpus"], each["llr_given"], each["llr_should_be"], style=number))
    if len(lines) == 1:
        return None
    axis = Axis("LLR that was borne out", -10, 10, LLR_TICKS)
    given = Axis("LLR that was given", -10, 10, LLR_TICKS)
    return picture(
        model, given, axis, lines, "Calibration: a line above the diagonal is too modest, below it too sure of itself"
    )


def histogram(results: Results, model: str, corpus: str) -> str | None:
    """Shares of owners' and impostors' LLRs."""
    found = [one for one in results["curves"] if (one["model"], one["corpus"]) == (model, corpus) and one.get("owners")]
    if not found:
        return None
    edges = np.array(found[0]["llr_edges"])
    middles = ((edges[1:] + edges[:-1]) / 2).tolist()
    top = max(0.1, *found[0]["owners"], *found[0]["impostors"])
    lines = [Line(name, middles, found[0][name], filled=True) for name in ("owners", "impostors")]
    words = f"How far apart the scores of owners and impostors of {corpus} lie for {model}"
    return picture(f"{model}: {corpus}", LLR_AXIS, _rates("share of trials", top), lines, words)


def groups(model: str, trait: dict[str, Any]) -> str:
    """FRR of each group with its interval."""
    rows = [row for row in trait["groups"] if row["frr"] is not None]
    high = max(0.05, *((row["frr_interval_95"] or (0, row["frr"]))[1] for row in rows))
    lines = [
        Line(
            f"{row['group']}: {percent(row['frr'])}, {row['speakers']} speakers",
            [at],
            [row["frr"]],
            *([each] for each in row["frr_interval_95"] or (row["frr"], row["frr"])),
            marks=True,
            style=at,
        )
        for at, row in enumerate(rows)
    ]
    title = f"owners refused, by {trait['trait']}"
    return picture(title, Axis("", -0.5, len(rows) - 0.5), _rates("FRR", high), lines, f"{model}: {title}")


def _rates(name: str, top: float) -> Axis:
    """From nothing to at least ``top``, at round numbers."""
    step = next(step for step in (0.01, 0.02, 0.05, 0.1, 0.25) if top / step <= 5 or step == 0.25)
    steps = min(round(1 / step), int(np.ceil(top / step - 1e-9)))
    return Axis(name, 0, steps * step, [(step * at, f"{100 * step * at:g} %") for at in range(steps + 1)])


def _eers(results: Results, corpus: str) -> str:
    told = [
        f"{each['model']} {percent(each['eer'])}"
        for each in results["figures"]
        if (each["corpus"], each["half"], each["seconds"]) == (corpus, "all", results["main_seconds"]) and "eer" in each
    ]
    return "EER: " + ", ".join(told)
