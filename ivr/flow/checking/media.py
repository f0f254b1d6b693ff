"""Every card shows something that is there, in words that are the same in every call where an agent pushes it."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from ivr.errors import FlowFault, Mistake
from ivr.flow.cards import card_texts
from ivr.flow.declared_cards import AnyCard, DocumentCard, FormCard, PictureCard
from ivr.flow.definition import Flow
from ivr.flow.expressions import render
from ivr.flow.media import MEDIA, MediaFile
from ivr.flow.reading.mistakes import Report, closest
from ivr.flow.steps import Form, Show, Text


def check_media(flow: Flow, present: Collection[str], report: Report) -> None:
    """``present``: names of all media files, also of those that cannot be served, which are told by themselves."""
    for owner, card in _cards(flow):
        if isinstance(card, PictureCard | DocumentCard) and card.file:
            _check_file(owner, card, flow.media, present, report)
    for name, card in flow.cards.items():
        if isinstance(card, FormCard) and card.step and not isinstance(flow.steps.get(card.step), Form):
            known = [step.name for step in flow.steps.values() if isinstance(step, Form)]
            remedy = closest(card.step, known, "add a form step, and name it here")
            report.wrong(card.line, f"card {name!r}: {card.step!r} is not a form step", remedy)
        for text in [*card_texts(card), *_texts_of_form(flow, card)]:
            try:
                render(text.source, {"flow": {"title": flow.title}})
            except FlowFault as fault:
                report.wrong(text.line, f"card {name!r}: {fault}", "a card at the top may only use flow.title")


def _texts_of_form(flow: Flow, card: AnyCard) -> list[Text]:
    """What is drawn of a form on the page: an agent may push it before any of the call's values is known."""
    step = flow.steps.get(card.step) if isinstance(card, FormCard) else None
    questions = [field.question for field in step.fields] if isinstance(step, Form) else []
    labels = [question.label or question.prompt for question in questions]
    return labels + [option.label for question in questions for option in question.options]


def _check_file(
    owner: str, card: PictureCard | DocumentCard, media: Mapping[str, MediaFile], present: Collection[str],
    report: Report,
) -> None:  # fmt: skip
    if card.file not in present:
        remedy = closest(card.file, present, f"put it into {MEDIA}/ beside the flow")
        report.wrong(card.line, f"{owner}: there is no file {MEDIA}/{card.file}", remedy)
    elif card.file in media and media[card.file].is_picture != isinstance(card, PictureCard):
        wanted = "a picture" if isinstance(card, PictureCard) else "a document"
        remedy = "write document: and title:" if isinstance(card, PictureCard) else "write picture: and alt:"
        report.wrong(card.line, f"{owner}: {card.file} is not {wanted}", remedy)


def unused_media(flows: Iterable[Flow], media: Mapping[str, MediaFile], shown_in: str) -> list[Mistake]:
    """Warnings: a file that no card shows is stored with every bundle for nothing."""
    used = {card.file for flow in flows for _, card in _cards(flow) if isinstance(card, PictureCard | DocumentCard)}
    return [
        Mistake(f"{shown_in}{MEDIA}/{name}", 1, "no card shows this file", "delete it, or show it")
        for name in sorted(set(media) - used)
    ]


def _cards(flow: Flow) -> Iterator[tuple[str, AnyCard]]:
    yield from ((f"card {name!r}", card) for name, card in flow.cards.items())
    named = {id(card) for card in flow.cards.values()}
    for step in flow.steps.values():
        if isinstance(step, Show) and step.card is not None and id(step.card) not in named:
            yield f"step {step.name!r}", step.card
