"""A flow in another of its languages: the same steps, every text and spoken word from a catalogue.

Works on whatever structs steps are made of: each ``Text`` and each ``words`` in them is translated, so that a new kind
of step needs nothing here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

import msgspec

from ivr.errors import Mistake
from ivr.flow import phrases
from ivr.flow.catalogue import Catalogue, Wanted, one_line, read_catalogue
from ivr.flow.checking.wording import check_wording
from ivr.flow.declared_cards import ConfirmCard, LinkCard, PictureCard
from ivr.flow.definition import Flow
from ivr.flow.matching import words_of
from ivr.flow.questions import Option
from ivr.flow.reading.cards import TITLE_LENGTH_MAX as CARD_TITLE_LENGTH_MAX
from ivr.flow.reading.cards import WORDS_LENGTH_MAX
from ivr.flow.reading.common import LABEL_LENGTH_MAX, MESSAGE_LENGTH_MAX
from ivr.flow.reading.flow import TITLE_LENGTH_MAX
from ivr.flow.reading.menu import clashing_words
from ivr.flow.reading.mistakes import Report, listed
from ivr.flow.steps import AnyStep, Choice, Menu, Text, questions
from ivr.flow.texts import parts_of

FOLDER = "i18n/"
HEARD_LENGTH_MAX = 500  # characters of a text
_LIMITS = {  # by the field that holds the text
    "label": LABEL_LENGTH_MAX, "message": MESSAGE_LENGTH_MAX, "title": CARD_TITLE_LENGTH_MAX, "words of a card": WORDS_LENGTH_MAX,
}  # fmt: skip
_LONG_WORDS = {(PictureCard, "title"), (ConfirmCard, "title"), (LinkCard, "text")}
_COMMA = re.compile("[,،;؛]")
WORDS_NOTE = "What a caller may say, with commas between."


def add_languages(
    flows: Mapping[str, Flow], files: Mapping[str, bytes], shown_in: str, whole: bool
) -> tuple[dict[str, Flow], list[Mistake], list[Mistake]]:
    """The flows with their translations, the mistakes and the warnings of the catalogues among ``files``.

    ``whole`` False: not all flows of the directory are here, so nothing can be said about texts that none of them uses.
    """
    reports = {name: Report(shown_in + name) for name in sorted(files) if name.endswith(".po")}
    catalogues = {name: read_catalogue(files[name], report) for name, report in reports.items()}
    used: dict[str, set[tuple[str, str]]] = {name: set() for name in catalogues}
    spoken, mistakes = dict(flows), []
    for flow in flows.values():
        translations = {}
        for language in flow.languages[1:]:
            name = next((name for name in names_of(language) if name in catalogues), "")
            if not name:
                problem = f"flow {flow.name!r} speaks {language}, but there is no {names_of(language)[-1]}"
                remedy = f"run 'ivr flow catalogue --language {language}' and translate it"
                mistakes.append(Mistake(shown_in + flow.file, 1, problem, remedy))
                continue
            translating = _Translating(flow, language, catalogues[name], reports[name])
            translations[language] = translating.flow()
            used[name] |= translating.used
        spoken[flow.name] = msgspec.structs.replace(flow, translations=translations)
    for name, report in reports.items():
        for key, entry in catalogues[name].entries.items():
            if whole and key not in used[name]:
                report.doubtful(entry.line, f"no flow uses {entry.text!r}", "run 'ivr flow catalogue' to set it aside")
        mistakes += sorted(dict.fromkeys(report.mistakes), key=lambda mistake: mistake.line)
    return spoken, mistakes, [warning for report in reports.values() for warning in report.warnings]


def names_of(language: str) -> tuple[str, ...]:
    """Of the catalogues that may hold a language, the most exact first: i18n/fa-IR.po, i18n/fa.po."""
    return tuple(dict.fromkeys((f"{FOLDER}{language}.po", f"{FOLDER}{language.split('-')[0]}.po")))


def wanted_of(flow: Flow, language: str) -> Iterator[Wanted]:
    """Every text of the flow that its catalogue for ``language`` has to hold, in the order of the file."""
    found: list[Wanted] = [Wanted(flow.title, flow.name, "The name of the flow.")]
    where = flow.name

    def text(text: Text, field: str) -> Text:
        limit = _limit(field)
        note = f"At most {limit} characters." if limit != HEARD_LENGTH_MAX else ""
        found.append(Wanted(text.source, where, note))
        return text

    def words(words: tuple[str, ...], line: int) -> tuple[str, ...]:
        found.append(Wanted(", ".join(words), where, WORDS_NOTE))
        return words

    for name, step in flow.steps.items():
        where = f"{flow.name}.{name}"
        _changed(step, "", text, words)
    where = f"{flow.name}.cards"
    _changed(flow.cards, "", text, words)
    own = phrases.catalogue_for(language)
    return (one for one in found if one.text and own.find(one.text) is None)


class _Translating:
    """One flow into one language. ``used``: the entries of the catalogue that it needed."""

    def __init__(self, flow: Flow, language: str, catalogue: Catalogue, report: Report) -> None:
        self._flow, self._language, self._catalogue, self._report = flow, language, catalogue, report
        self._step = ""
        self.used: set[tuple[str, str]] = set()

    def flow(self) -> Flow:
        title, line = self._translated(self._flow.title, 1)
        if len(title) > TITLE_LENGTH_MAX:
            self._too_long(line, title, TITLE_LENGTH_MAX)
        steps = {}
        for name, step in self._flow.steps.items():
            self._step = f"{self._flow.name}.{name}"
            steps[name] = step = _changed(step, "", self._text, self._words)
            self._check_words(step)
        self._step = f"{self._flow.name}.cards"
        cards = _changed(self._flow.cards, "", self._text, self._words)
        flow = msgspec.structs.replace(self._flow, title=title, language=self._language, steps=steps, cards=cards)
        if not self._report.mistakes:
            check_wording(flow, frozenset(steps), self._report)
        return flow

    def _translated(self, text: str, line: int) -> tuple[str, int]:
        """With the line of the catalogue. What Duet itself says is in its own catalogue and need not be repeated."""
        entry = self._catalogue.find(text, self._step)
        if entry is not None:
            self.used.add((entry.context, entry.text))
        if entry is not None and entry.translation and not entry.fuzzy:
            return entry.translation, entry.line
        own = phrases.catalogue_for(self._language).find(text)
        if own is not None and entry is None:
            return own.translation, 1
        where = f"{self._flow.file}:{line}"
        if entry is None:
            remedy = "run 'ivr flow catalogue' and translate it"
            self._report.wrong(1, f"lacks {one_line(text)!r} of {where}", remedy)
        elif entry.fuzzy:
            self._report.wrong(entry.line, f"{entry.text!r} is marked fuzzy", "look at the translation, delete 'fuzzy'")
        else:
            self._report.wrong(entry.line, f"{entry.text!r} of {where} is not translated", "fill in its msgstr")
        return text, 1

    def _text(self, text: Text, field: str) -> Text:
        source, line = self._translated(text.source, text.line)
        visible = re.sub(r"{{.*?}}|{%.*?%}", "", source)
        if len(visible) > _limit(field):
            self._too_long(line, visible, _limit(field))
        self._check_parts(text.source, source, line)
        return msgspec.structs.replace(text, source=source, line=line)

    def _check_parts(self, original: str, translation: str, line: int) -> None:
        try:
            wanted, found = parts_of(original), parts_of(translation)
        except ValueError as error:
            self._report.wrong(line, f"the translation cannot be read: {error}", "see Texts in flows/README.md")
            return
        for extra, problem in ((found - wanted, "has {}, which the original lacks"), (wanted - found, "lacks {}")):
            if extra:
                problem = "the translation " + problem.format(listed(sorted(extra)))
                self._report.wrong(line, problem, "use the names, filters and tags of the original, no others")

    def _words(self, words: tuple[str, ...], line: int) -> tuple[str, ...]:
        translated, line = self._translated(", ".join(words), line)
        found = tuple(word for part in _COMMA.split(translated) if (word := part.strip()))
        for word in found or (translated,):
            if not words_of(word):
                self._report.wrong(line, f"nobody can say {word!r}", "write words, with commas between")
        return found

    def _check_words(self, step: AnyStep) -> None:
        groups: list[tuple[Choice | Option, ...]] = [question.options for _, question in questions(step)]
        for choices in [step.choices] if isinstance(step, Menu) else groups:
            for choice, word, other in clashing_words(choices):
                problem = f"step {step.name!r}: {word!r} is said for the choices {other} and {choice.key}"
                self._report.wrong(choice.label.line, problem, "give each choice words of its own")

    def _too_long(self, line: int, text: str, limit: int) -> None:
        self._report.wrong(line, f"has {len(text)} characters, too long to take in", f"at most {limit}: say less")


def _limit(field: str) -> int:
    return _LIMITS.get(field, HEARD_LENGTH_MAX)


def _changed(value, field: str, text: Callable[[Text, str], Text], words: Callable):
    """``value`` with every text and every list of spoken words in it changed."""
    match value:
        case Text():
            return text(value, field) if value.source else value
        case msgspec.Struct():
            fields = {name: getattr(value, name) for name in value.__struct_fields__}
            kinds = {name: "words of a card" if (type(value), name) in _LONG_WORDS else name for name in fields}
            new = {name: _changed(inner, kinds[name], text, words) for name, inner in fields.items() if name != "words"}
            if fields.get("words"):
                new["words"] = words(fields["words"], fields.get("line", 0))
            return msgspec.structs.replace(value, **new)
        case tuple():
            return tuple(_changed(inner, field, text, words) for inner in value)
        case dict():
            return {key: _changed(inner, field, text, words) for key, inner in value.items()}
        case _:
            return value
