"""Cards on the page: the show step, what an agent puts there, what the caller answers. None of it moves the voice."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from ivr.errors import FlowFault
from ivr.flow.answers import Problem
from ivr.flow.asking import asked_of, read_fields
from ivr.flow.cards import AnyShown, ShownDocument, ShownForm, ShownLink, ShownPicture, ShownQuestion, card_texts
from ivr.flow.declared_cards import AnyCard, ConfirmCard, DocumentCard, FormCard, LinkCard, PictureCard
from ivr.flow.events import AnswerTaken, FaultMet
from ivr.flow.inputs import CardPushed, CardReplied, Filled, SharingChosen
from ivr.flow.page_events import CardAnswered, CardShown
from ivr.flow.playing import Play
from ivr.flow.privacy import is_public
from ivr.flow.session import Session
from ivr.flow.steps import Show, questions
from ivr.flow.waits import AwaitAnswer, TalkingToAgent


def show(play: Play, step: Show) -> None:
    """What is shown stays until another card or ``nothing`` takes its place. The phone says it too."""
    if step.card is None:
        play.say(step.prompt)
        return _place(play, None)
    if step.prompt is not None:
        play.say(step.prompt)
    else:
        for text in card_texts(step.card):
            play.say(text)
    return _place(play, _rendered(play, step.card))


def pushed(play: Play, fact: CardPushed) -> bool:
    """False: this agent does not talk to the caller, or the flow has no such card."""
    wait, card = play.session.waiting_for, play.flow.cards.get(fact.card)
    if not isinstance(wait, TalkingToAgent) or wait.agent != fact.agent or (card is None and fact.card):
        return False
    try:
        shown = None if card is None else _rendered(play, card, agent=fact.agent, id=fact.id)
    except FlowFault as fault:  # two people talk: a card that cannot be drawn must not end that
        play.record(FaultMet(step=fact.card, reason=str(fault)))
        return True
    _place(play, shown, fact.agent)
    return True


def open_form(session: Session) -> AwaitAnswer | None:
    """The form that an agent has put on the page and the caller has not sent yet, as if the page alone waited for it."""
    shown = session.shown
    if not isinstance(shown, ShownForm) or shown.answers is not None:
        return None
    if not isinstance(session.waiting_for, TalkingToAgent):
        return None
    return AwaitAnswer(fields=shown.fields, current="", form=True, timeout_seconds=0)  # no clock runs while they talk


def form_filled(play: Play, input: Filled, form: AwaitAnswer) -> bool:
    """Kept as the flow's own form keeps them; taken as a whole. False: not all of it can be taken."""
    taken = read_fields(form, input.values, play.flow.language)
    answers = {name: answer for name, answer in taken.items() if not isinstance(answer, Problem)}
    if len(answers) < len(taken):
        return False
    for name, answer in answers.items():
        play.record(AnswerTaken(step=name, by=input.by, value=answer))
    play.change(answers={**play.session.answers, **answers}, shown=replace(play.session.shown, answers=answers))
    return True


def replied(play: Play, fact: CardReplied) -> bool:
    """The first tap counts. False: another card is shown by now, or the conversation is over."""
    shown = play.session.shown
    if not isinstance(shown, ShownQuestion) or shown.id != fact.card or shown.answer is not None:
        return False
    if not isinstance(play.session.waiting_for, TalkingToAgent):
        return False
    play.record(CardAnswered(agent=shown.agent, text=shown.title, answer=fact.answer))
    play.change(shown=replace(shown, answer=fact.answer))
    return True


def withdraw_question(play: Play) -> None:
    """The agent who asked has left: a question or form without an answer has nobody to answer to."""
    shown = play.session.shown
    unanswered = isinstance(shown, ShownQuestion) and shown.answer is None
    if unanswered or (isinstance(shown, ShownForm) and shown.answers is None):
        _place(play, None, shown.agent)


def sharing_chosen(play: Play, fact: SharingChosen) -> bool:
    if play.session.sharing_stopped is not fact.allowed:
        return False
    play.change(sharing_stopped=not fact.allowed)
    return True


def _place(play: Play, shown: AnyShown | None, agent: str = "") -> None:
    play.change(shown=shown)
    play.record(CardShown(card=shown, agent=agent))


def _rendered(play: Play, card: AnyCard, agent: str = "", id: str = "") -> AnyShown:
    title = play.text(card.title)
    public = all(is_public(text) for text in card_texts(card))
    match card:
        case PictureCard():
            return ShownPicture(title=title, agent=agent, public=public, file=card.file)
        case DocumentCard():
            return ShownDocument(title=title, agent=agent, public=public, file=card.file)
        case LinkCard():
            text = "" if card.text is None else play.text(card.text)
            return ShownLink(title=title, agent=agent, public=public, url=card.url, text=text)
        case ConfirmCard():
            return ShownQuestion(title=title, agent=agent, public=public, id=id)
        case FormCard():
            step = play.flow.steps[card.step]
            pairs = zip(step.fields, questions(step), strict=True)
            fields = tuple(asked_of(play, name, question, field.optional) for field, (name, question) in pairs)
            return ShownForm(title=title, agent=agent, public=public, fields=fields)
        case _:
            assert_never(card)
