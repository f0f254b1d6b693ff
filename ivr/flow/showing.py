"""Cards on the page: the show step, what an agent puts there, what the caller answers. None of it moves the voice."""

from __future__ import annotations

from typing import assert_never

from msgspec.structs import replace

from ivr.flow.cards import AnyShown, ShownDocument, ShownLink, ShownPicture, ShownQuestion, card_texts
from ivr.flow.events import CardAnswered, CardShown
from ivr.flow.inputs import CardPushed, CardReplied, SharingChosen
from ivr.flow.playing import Play
from ivr.flow.privacy import is_public
from ivr.flow.steps import AnyCard, ConfirmCard, DocumentCard, LinkCard, PictureCard, Show
from ivr.flow.waits import TalkingToAgent


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
    _place(play, None if card is None else _rendered(play, card, agent=fact.agent, id=fact.id), fact.agent)
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
    """The agent who asked has left: a question without an answer has nobody to answer to."""
    shown = play.session.shown
    if isinstance(shown, ShownQuestion) and shown.answer is None:
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
        case _:
            assert_never(card)
