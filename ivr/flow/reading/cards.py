"""Cards: of a ``show`` step, and those at the top that an agent may put on the caller's page."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from ivr.flow.declared_cards import AnyCard, ConfirmCard, DocumentCard, FormCard, LinkCard, PictureCard
from ivr.flow.definition import Flow
from ivr.flow.reading.document import Scalar, Table
from ivr.flow.reading.fields import Fields, check_name
from ivr.flow.reading.mistakes import closest, listed
from ivr.flow.steps import Text

NOTHING = "nothing"
CARDS_MAX = 30  # more cannot be found in a list while talking
URL_LENGTH_MAX = 500
TITLE_LENGTH_MAX = 80
WORDS_LENGTH_MAX = 300  # of an alternative text, a link's text and a question
KINDS = ("picture", "document", "link", "confirm", "form")  # the first three may be shown by the flow itself
_HOST = re.compile(r"(?=.{4,253}$)[a-z0-9-]{1,63}(\.[a-z0-9-]{1,63})+")


def read_cards(fields: Fields) -> dict[str, AnyCard]:
    """The top key ``cards``."""
    cards: dict[str, AnyCard] = {}
    for name, entry in fields.named("cards"):
        check_name(name, "the flow: a card", entry.line, fields.report)
        if name == NOTHING:
            fields.report.wrong(entry.line, "a card cannot be called 'nothing'", "it is what show: nothing means")
        card = fields.fields_of(f"card {name!r}", entry.value, f"card {name!r}")
        read = None if card is None else _read(card, KINDS)
        if read is not None:
            cards[name] = read
    if len(cards) > CARDS_MAX:
        fields.wrong("cards", f"{len(cards)} cards", f"at most {CARDS_MAX} can be found while talking")
    return cards


def read_shown(fields: Fields, flow: Flow) -> PictureCard | DocumentCard | LinkCard | None:
    """The value of ``show``: a card, the name of one at the top, or ``nothing``."""
    entry = fields.entry("show", True)
    if entry is None:
        return None
    if isinstance(entry.value, Table):
        card = fields.fields_of("show", entry.value, f"{fields.owner}: show")
        return _read(card, KINDS[:3])
    name = fields.scalar("show", entry.value) if isinstance(entry.value, Scalar) else ""
    if name == NOTHING:
        return None
    card = flow.cards.get(name or "")
    if isinstance(card, ConfirmCard | FormCard):
        fields.wrong("show", f"the card {name!r} is a question of an agent", "ask it in a menu or a form step")
        return None
    if card is None:
        known = {NOTHING, *flow.cards}
        remedy = closest(name or "", known, "write {picture: FILE, alt: …}, nothing, or the name of a card at the top")
        fields.wrong("show", f"show is {name!r}, which is not a card", remedy)
    return card


def _read(card: Fields, kinds: tuple[str, ...]) -> AnyCard | None:
    present = card.keys()
    named = [kind for kind in kinds if kind in present]
    if len(named) != 1:
        problem = f"{card.owner} is {' and '.join(named)}" if named else f"{card.owner} has no kind"
        card.report.wrong(card.line, problem, f"write one of {listed(kinds)}")
        return None
    kind, line = named[0], card.line
    match kind:
        case "picture":
            read: AnyCard = PictureCard(card.word("picture"), _words(card, "alt", WORDS_LENGTH_MAX), line)
        case "document":
            read = DocumentCard(card.word("document"), _words(card, "title", TITLE_LENGTH_MAX), line)
        case "link":
            more = card.text("text", required=False, limit=WORDS_LENGTH_MAX)
            read = LinkCard(_address(card), _words(card, "title", TITLE_LENGTH_MAX), more, line)
        case "form":
            read = FormCard(card.word("form"), _words(card, "title", TITLE_LENGTH_MAX), line)
        case _:
            read = ConfirmCard(_words(card, "confirm", WORDS_LENGTH_MAX), line)
    card.finish()
    return read


def _words(card: Fields, key: str, limit: int) -> Text:
    remedy = {"alt": "add alt: what the picture says, for those who cannot see it"}.get(key, "")
    card.entry(key, True, remedy)
    return card.text(key, required=False, limit=limit) or Text("", card.line)


def _address(card: Fields) -> str:
    """https only, with a plain host name: what the card shows is where it leads."""
    url = card.word("link")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        right = parts.scheme == "https" and _HOST.fullmatch(parts.netloc) and url.isascii() and url.isprintable()
    except ValueError:
        right = False
    if not right or " " in url or len(url) > URL_LENGTH_MAX:
        remedy = f"write https:// and a host name in small letters, at most {URL_LENGTH_MAX} characters"
        card.wrong("link", f"the address {url!r} cannot be shown", remedy)
    return url
