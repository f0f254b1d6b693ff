"""The sections of the page that are mostly pictures."""

from html import escape
from typing import Any

from biometrics.report import charts
from biometrics.report.words import count, frr_cell, percent, rate, table

Results = dict[str, Any]


def _side_by_side(pictures: list[str | None]) -> str:
    return '<div class="charts">' + "".join(f"<figure>{each}</figure>" for each in pictures if each) + "</div>"


def trade_offs(results: Results) -> str:
    """DET plots."""
    return (
        "<p>A threshold that lets fewer strangers in refuses more owners. Each line is a model, each point on it a "
        "threshold; nearer to the lower left is better. The ends of a line rest on very few trials; where it runs along an "
        "edge, no error was seen.</p>"
        + _side_by_side([charts.det(results, corpus["name"]) for corpus in results["corpora"]])
    )


def verdicts(results: Results) -> str:
    """ACCEPTED, REJECTED and INCONCLUSIVE at the learnt thresholds, and the net speech it takes."""
    if not results["decisions"]:
        return "<p>None of the models has thresholds for this FAR, so every verdict would be INCONCLUSIVE.</p>"
    far, budget = results["decisions"][0]["target_far"], results["decisions"][0]["budget_seconds"]
    columns = [
        "corpus, model",
        "owners ACCEPTED",
        "REJECTED",
        "decided",
        "net speech",
        "impostors ACCEPTED",
        "REJECTED",
    ]
    rows = []
    seen = {model["name"] for model in results["models"] if model["has_seen_these_speakers"]}
    for each in results["decisions"]:
        told = each["rates"]
        seconds = (
            "–"
            if told["seconds"] is None
            else "{:.1f} s <small>quartiles {:.1f}, {:.1f}</small>".format(
                told["seconds"][1], told["seconds"][0], told["seconds"][2]
            )
        )
        rows.append(
            [
                f"{escape(each['corpus'])}, {escape(each['model'])}"
                + (' <span class="mark">has seen them</span>' if each["model"] in seen else ""),
                f"{rate(told['owners_accepted'], told['owners_accepted_95'])}<small>of {told['owner_calls']} calls</small>",
                percent(told["owners_rejected"]),
                rate(told["owners_decided"], told["owners_decided_95"]),
                seconds,
                f"{rate(told['impostors_accepted'], told['impostors_accepted_95'])}"
                f"<small>of {count(told['impostor_calls'])} calls</small>",
                percent(told["impostors_rejected"]),
            ]
        )
    pictures = [charts.speech_used(results, corpus["name"]) for corpus in results["corpora"]]
    return (
        "<p>A call is looked at again and again as speech arrives, until it is ACCEPTED or REJECTED or "
        f"{budget:g} seconds are spent or the caller has no more to say (INCONCLUSIVE). The thresholds stand for a FAR "
        f"of {percent(far)} over all looks and were learnt on other speakers; <em>decided</em> is ACCEPTED or REJECTED, "
        "<em>net speech</em> the median an owner had to give. Our goals: half of the owners within 4 seconds, nine in ten "
        "decided.</p>" + table("Verdicts", columns, rows) + _side_by_side(pictures)
    )


def duration(results: Results) -> str:
    """Error rates by net speech."""

    def refused(each: dict[str, Any]) -> float | None:
        return each["frr_at_far"][0]["frr"]

    names = [corpus["name"] for corpus in results["corpora"]]
    eers = [
        charts.durations(results, name, "EER", lambda e: e["eer"], lambda e: e["eer_interval_95"]) for name in names
    ]
    at_far = [
        charts.durations(results, name, "FRR at FAR 1 %", refused, lambda e: e["frr_at_far"][0]["interval_95"])
        for name in names
    ]
    tables = "".join(_by_length(results, name) for name in names)
    return (
        "<p>The more is said, the surer the answer. Longer tests are fewer, because a speaker has only so much speech, "
        "and some corpora have none of 10 seconds: compare within a length. Upright strokes are 95 % intervals.</p>"
        "<h3>Equal error rate</h3>"
        + _side_by_side(eers)
        + "<h3>Owners refused where 1 % of strangers are accepted</h3>"
        "<p>Not drawn where there are fewer than a hundred impostors' trials.</p>"
        + _side_by_side(at_far)
        + f"<details><summary>All rates by length</summary>{tables}</details>"
    )


def _by_length(results: Results, corpus: str) -> str:
    found = [
        each
        for each in results["figures"]
        if (each["corpus"], each["half"]) == (corpus, "all") and each.get("eer") is not None
    ]
    rows = [
        [
            f"{escape(each['model'])}, {each['seconds']:g} s",
            f"{each['speakers']}",
            rate(each["eer"], each["eer_interval_95"]),
            *(frr_cell(entry, each["impostor_trials"]) for entry in each["frr_at_far"]),
        ]
        for each in found
    ]
    columns = ["model, net speech", "speakers", "EER", "FRR at FAR 1 %", "at FAR 0.1 %", "at FAR 0.01 %"]
    return table(escape(corpus), columns, rows)


def calibration(results: Results) -> str:
    """Reliability and histograms."""
    told = [
        f"{escape(model['name'])}: {escape(model['uncalibrated'])}"
        for model in results["models"]
        if model["uncalibrated"]
    ]
    names = [model["name"] for model in results["models"]]
    apart = [charts.histogram(results, name, corpus["name"]) for name in names for corpus in results["corpora"]]
    return (
        "<p>A score of +2.3 claims that this speech is ten times likelier from the owner than from somebody else. On the "
        "diagonal that was so; below it the model was too sure of itself, above it too modest. The calibration was "
        "learnt on other speakers (train split), never on these. The stair at the ends rests on single trials.</p>"
        + _side_by_side([charts.reliability(results, name) for name in names])
        + ("".join(f"<p class='soft'>Not drawn: {each}</p>" for each in told))
        + "<h3>Scores of owners and of impostors</h3><p>Scores beyond ±10 are counted at the ends.</p>"
        + _side_by_side(apart)
    )


def unfairness(results: Results) -> str:
    """FRR by group, and the ratio of worst to best."""
    absent = sorted({name for each in results["fairness"] for name in each["not_in_manifest"]})
    parts = [
        "<p>One threshold for everybody, set where 1 % of all impostors are accepted (each corpus weighs the same). "
        "Shown is how often each group's owners are refused, and how often impostors get in <em>as</em> a member of the "
        "group. The ratio is of the worst to the best group with at least 5 speakers and 20 trials; a fair system has 1.</p>"
    ]
    if absent:
        parts.append(
            f"<p><strong>Not known: {', '.join(absent)}.</strong> The manifest has no such column, and nothing was "
            "guessed. Corpora stand for languages and ways of recording only roughly. The pitch of a voice is measured "
            "from the audio; it is neither sex nor age, although children and women more often have high voices.</p>"
        )
    for entry in results["fairness"]:
        parts.append(f"<h3>{escape(entry['model'])}</h3>")
        parts.append(_side_by_side([charts.groups(entry["model"], trait) for trait in entry["traits"]]))
        parts += [_trait(entry, trait) for trait in entry["traits"]]
    return "".join(parts)


def _trait(entry: dict[str, Any], trait: dict[str, Any]) -> str:
    if trait["worst"] is None:
        ratio = "No ratio: fewer than two groups are large enough."
    elif trait["frr_ratio"] is None:
        ratio = f"No ratio: of {trait['best']} nobody was refused; the worst is {trait['worst']}."
    else:
        low, high = trait["frr_ratio_interval_95"]
        spread = f"{low:.1f} to {'no bound' if high is None else format(high, '.1f')}"
        ratio = f"Worst to best: {trait['frr_ratio']:.1f} [{spread}] ({trait['worst']} to {trait['best']})."
    rows = [
        [
            escape(row["group"]) + ("" if row["enough"] else ' <span class="mark">too few for a ratio</span>'),
            str(row["speakers"]),
            f"{row['target_trials']:,}",
            rate(row["frr"], row["frr_interval_95"]),
            rate(row["far"], row["far_interval_95"]),
        ]
        for row in trait["groups"]
    ]
    title = f"{escape(entry['model'])}, by {escape(trait['trait'])}"
    columns = ["group", "speakers", "owners' trials", "owners refused (FRR)", "impostors accepted (FAR)"]
    return table(f"{title}. <strong>{escape(ratio)}</strong>", columns, rows)
