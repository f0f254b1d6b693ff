"""The page: one HTML file that asks nothing of anybody else, written from results.json alone."""

import html
from pathlib import Path
from typing import Any

from biometrics.report.plots import calibration, duration, trade_offs, unfairness, verdicts
from biometrics.report.words import between, count, frr_cell, percent, rate, table

STYLE = Path(__file__).with_name("page.css")
Results = dict[str, Any]

SECTIONS = {
    "short": "In short",
    "tested": "What was tested, and what that cannot show",
    "errors": "How often it errs",
    "told": "What callers would be told",
    "models": "The models against each other",
    "plots": "Strangers accepted against owners refused",
    "speech": "How much speech it takes",
    "calibration": "Does a score mean what it says?",
    "people": "Does it serve everybody alike?",
    "unseen": "The half that is looked at last",
    "words": "The words",
    "made": "How this page was made",
}


def page(results: Results) -> str:
    """The whole document."""
    writers = (
        _short,
        _tested,
        _errors,
        verdicts,
        _models,
        trade_offs,
        duration,
        calibration,
        unfairness,
        _unseen,
        _words,
        _made,
    )
    parts = [
        f'<section id="{key}"><h2>{title}</h2>{write(results)}</section>'
        for (key, title), write in zip(SECTIONS.items(), writers, strict=True)
    ]
    contents = "".join(f'<li><a href="#{key}">{title}</a></li>' for key, title in SECTIONS.items())
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f"<title>How well the voice is recognised</title><style>{STYLE.read_text()}</style></head><body><main>"
        "<h1>How well the voice is recognised</h1>"
        f'<p class="soft">Speaker models on {_escape(results["split"])} speakers over a simulated telephone line, '
        f"{results['made_at'][:10]}. Rates with 95 % intervals in brackets: the true rate for other speakers like these lies "
        f'there 19 times in 20.</p><nav aria-label="Contents"><ul>{contents}</ul></nav>'
        f"{''.join(parts)}</main></body></html>\n"
    )


def _escape(text: object) -> str:
    return html.escape(str(text))


def _figures(results: Results, half: str = "all") -> dict[tuple[str, str], dict[str, Any]]:
    """(model, corpus) -> figures at the main length."""
    return {
        (each["model"], each["corpus"]): each
        for each in results["figures"]
        if each["half"] == half and each["seconds"] == results["main_seconds"]
    }


def _seen_warnings(results: Results) -> str:
    return "".join(
        f'<p class="warning"><strong>{_escape(model["name"])} was trained on these very speakers.</strong> Its figures on '
        "this page are worth nothing beyond showing that it runs.</p>"
        for model in results["models"]
        if model["has_seen_these_speakers"]
    )


def _short(results: Results) -> str:
    figures = _figures(results)
    points = []
    for model in results["models"]:
        told = [
            f"{percent(each['eer'])} {between(each['eer_interval_95'])} on {_escape(corpus['name'])}"
            for corpus in results["corpora"]
            if (each := figures.get((model["name"], corpus["name"]))) and "eer" in each
        ]
        mark = " <strong>(has seen these speakers: ignore)</strong>" if model["has_seen_these_speakers"] else ""
        points.append(f"<strong>{_escape(model['name'])}</strong>{mark}: equal error rate {'; '.join(told)}.")
    pairs = sorted({(each["model"], each["other"], each["goal"]) for each in results["comparisons"]})
    for model, other, goal in pairs:
        answers = [
            f'<span class="{_tone(each["answer"])}">{each["answer"]}</span> on {_escape(each["corpus"])}'
            for each in results["comparisons"]
            if (each["model"], each["other"]) == (model, other)
        ]
        points.append(f"{_goal(model, other, goal)}: {', '.join(answers)}.")
    points.append(
        "Impostors here are other people who made no effort. A recording, a synthetic voice or a practised imitator is "
        "another matter, and these figures say nothing about it."
    )
    return _seen_warnings(results) + f"<ul>{''.join(f'<li>{point}</li>' for point in points)}</ul>"


def _goal(model: str, other: str, goal: float) -> str:
    wanted = (
        f"at most {goal:g} times the errors of {_escape(other)}" if goal != 1 else f"fewer errors than {_escape(other)}"
    )
    return f"Goal for {_escape(model)}, {wanted}"


def _tone(answer: str) -> str:
    return {"met": "good", "missed": "bad", "not shown": "open", "void": "bad"}[answer]


def _tested(results: Results) -> str:
    seconds = results["main_seconds"]
    rows = [
        [
            f"{_escape(each['name'])}",
            _escape(each["what"]),
            str(each["speakers"]),
            '<span class="mark">one session, one microphone a speaker: flattering</span>',
            _escape(each["licence"]),
        ]
        for each in results["corpora"]
    ]
    return (
        "<p>Each speaker enrols with three utterances, 8 seconds of net speech (pauses taken out). Then pieces of 1.5, "
        "3, 5 and 10 seconds of what the same person says afterwards are compared with that voiceprint (an owner's "
        "trial) and with the voiceprints of the other speakers of the same corpus (an impostor's trial). All audio first "
        "passes a telephone line: 8 kHz, 300–3400 Hz, G.711 µ-law. Where nothing else is said, figures are for tests of "
        f"{seconds:g} seconds.</p>"
        + table("The speakers", ["corpus", "what it is", "speakers", "mind", "licence"], rows)
        + "<p><strong>What this cannot show.</strong></p><ul>"
        "<li>Enrolment and test come from one recording session with one microphone. Real callers call weeks later, from "
        "another phone, with a cold: expect clearly more errors.</li>"
        "<li>The line is simulated. No packet was lost, no echo cancelled, no mobile codec used.</li>"
        "<li>There are few speakers. With 6 or 30 people, an error rate of 0 % is not known from one of several per "
        "cent: the intervals show it, and where there are too few trials no rate is given.</li>"
        "<li>Corpora are never put together into one figure: an easy corpus would hide a hard one.</li>"
        "<li>All impostors are zero-effort: other people's ordinary speech. No attack was tried here.</li></ul>"
    )


def _errors(results: Results) -> str:
    figures = _figures(results)
    parts = [_seen_warnings(results)]
    fars = ("FRR at FAR 1\u00a0%", "at FAR 0.1\u00a0%", "at FAR 0.01\u00a0%")
    for corpus in results["corpora"]:
        rows = []
        for model in results["models"]:
            each = figures.get((model["name"], corpus["name"]))
            if each and "eer" in each:
                rows.append(_error_row(model, each))
        if not rows:
            parts.append(f"<h3>{_escape(corpus['name'])}</h3><p>Too little speech for tests of this length.</p>")
            continue
        caption = (
            f"{count(each['target_trials'])} owners' and {count(each['impostor_trials'])} impostors' trials of "
            f"{each['speakers']} speakers. Single session: flattering."
        )
        columns = ["model", "EER", *fars, "minDCF", "Cllr", "by calibration"]
        parts.append(f"<h3>{_escape(corpus['name'])}</h3>" + table(caption, columns, rows))
    return "".join(parts)


def _error_row(model: dict[str, Any], each: dict[str, Any]) -> list[str]:
    lost = "–" if each["cllr"] is None else f"{each['cllr'] - each['cllr_min']:.3f}"
    whole = f"no calibration <small>least {each['cllr_min']:.3f}</small>"
    return [
        _escape(model["name"])
        + (' <span class="mark">has seen them</span>' if model["has_seen_these_speakers"] else ""),
        rate(each["eer"], each["eer_interval_95"]),
        *(frr_cell(entry, each["impostor_trials"]) for entry in each["frr_at_far"]),
        _cost(each),
        whole if each["cllr"] is None else f"{each['cllr']:.3f}",
        lost,
    ]


def _cost(each: dict[str, Any]) -> str:
    spread = f" <small>{between(each['min_dcf_interval_95'], 1, 2)}</small>" if each["min_dcf"] else ""
    return f"{each['min_dcf']:.2f}{spread}"


def _models(results: Results) -> str:
    if not results["comparisons"]:
        return "<p>There was nothing to compare: at least one model of ours and campplus or resemblyzer are needed.</p>"
    rows = [
        [
            f"{_escape(each['model'])} / {_escape(each['other'])}",
            _escape(each["corpus"]),
            "–" if each["ratio"] is None else f"{each['ratio']:.2f}",
            f"{each['low']:.2f} to {'no bound' if each['high'] is None else format(each['high'], '.2f')}",
            f"{'at most' if each['goal'] != 1 else 'below'} {each['goal']:g}",
            f'<strong class="{_tone(each["answer"])}">{each["answer"]}</strong>',
        ]
        for each in results["comparisons"]
    ]
    columns = ["models", "corpus", "ratio of EER", "95 % interval", "goal", "answer"]
    return (
        "<p>Both models hear the same trials, and the same speakers are drawn again for both (paired bootstrap). A goal "
        "is <em>met</em> when the upper end of the interval keeps it, <em>missed</em> when the lower end breaks it, and "
        "otherwise <em>not shown</em>: these speakers are too few to tell. Where the other model made no error in some "
        "draws, the ratio has no upper bound. <em>Void</em>: our model has seen these speakers in training.</p>"
        + table("Ratio of equal error rates", columns, rows)
    )


def _unseen(results: Results) -> str:
    figures = _figures(results, "held out")
    rows = []
    for corpus in results["corpora"]:
        for model in results["models"]:
            each = figures.get((model["name"], corpus["name"]))
            if each:
                known = "eer" in each
                rows.append(
                    [
                        f"{_escape(corpus['name'])}, {_escape(model['name'])}",
                        f"{each['speakers']}",
                        f"{count(each['target_trials'])} / {count(each['impostor_trials'])}",
                        rate(each["eer"], each["eer_interval_95"]) if known else "too few speakers",
                        frr_cell(each["frr_at_far"][0], each["impostor_trials"]) if known else "–",
                    ]
                )
    return (
        "<p>Nobody learns from the speakers of the dev split, but training logs its error rates on all of them as it "
        "goes, and ideas were tried on some. Whoever chooses between models, checkpoints or settings should look at one "
        "half only and at this one, picked by a hash of the names, once at the end. Our recipe chooses nothing by these "
        "figures (its last step is the model), so the halves should differ by chance alone; where they differ more, "
        "believe this one. A model that has heard these speakers in training is not helped by any of this.</p>"
        + table("The held-out half", ["corpus, model", "speakers", "trials", "EER", "FRR at FAR 1 %"], rows)
    )


def _words(results: Results) -> str:
    return (
        "<dl><dt>FAR, false accept rate</dt><dd>The share of impostors who are taken for the owner.</dd>"
        "<dt>FRR, false reject rate</dt><dd>The share of owners who are not recognised. They are asked for something "
        "else; with us a voice that is not recognised never locks anybody out.</dd>"
        "<dt>EER, equal error rate</dt><dd>Both rates where they are equal: one number to compare models by. Nobody "
        "should run a service there; see the FRR at a small FAR instead.</dd>"
        "<dt>minDCF</dt><dd>The least cost of decisions where one claim in a hundred is the owner's; 1 is as bad as not "
        "listening.</dd><dt>Score (LLR)</dt><dd>The logarithm of how much more likely this speech is from the owner than "
        "from somebody else: +2.3 is ten times, 0 is no evidence, −2.3 a tenth.</dd>"
        "<dt>Cllr</dt><dd>What is lost, in bits, by acting on the scores: 0 is perfect, 1 says nothing. Part of it is "
        "lost because voices are alike, the rest because scores claim too much or too little (<em>of which "
        "calibration</em>).</dd><dt>Rough</dt><dd>Fewer trials than it takes to see 30 errors at this FAR: then the rate "
        "itself may be off by a third or more.</dd></dl>"
    )


def _made(results: Results) -> str:
    rows = [
        [
            _escape(model["name"]),
            f"<code>{_escape(model['sha256'])}</code>",
            _escape(model["class_name"]),
            _escape(model["calibrated_on"] or model["uncalibrated"] or "–") + f" {_escape(model['caution'])}",
        ]
        for model in results["models"]
    ]
    missing = "".join(f"<li>{_escape(each)}</li>" for each in results.get("missing", []))
    return (
        f"<p>By <code>{_escape(results['command'])}</code>, {_escape(results['made_at'])}. Every number here is also in "
        "results.json beside this page. Intervals: 1,000 draws of speakers with replacement (300 for lengths other than "
        "the main one and for halves), the same draws for every model.</p>"
        + (f"<p>Could not be had:</p><ul>{missing}</ul>" if missing else "")
        + table("The models", ["model", "sha256", "how it ran", "calibration"], rows)
    )
