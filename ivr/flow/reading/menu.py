"""The choices of a menu. Key 0 always leads to a person: where the author gives none, it is added here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ivr.flow.definition import Flow
from ivr.flow.matching import words_of
from ivr.flow.questions import Option
from ivr.flow.reading.document import Entry
from ivr.flow.reading.fields import Fields
from ivr.flow.steps import Choice, Text

PERSON_KEY = "0"
PERSON_LABEL = "Speak to a person"
PERSON_WORDS = ("person", "agent", "adviser", "operator")
CHOICES_MAX = 10  # with key 0: more cannot be kept in mind, nor shown without scrolling


def read_choices(fields: Fields, flow: Flow, label_limit: int) -> tuple[Choice, ...]:
    choices = []
    for key, entry in fields.named("choices", required=True):
        choice = _read_choice(fields, key, entry, label_limit)
        if choice is not None:
            choices.append(choice)
    if choices and not any(choice.key == PERSON_KEY for choice in choices):
        if not flow.language.startswith("en"):
            fields.report.doubtful(
                fields.line_of("choices"),
                f"{fields.owner}: key 0 gets an English label",
                f"write choice {PERSON_KEY} yourself",
            )
        taken = {word for choice in choices for word in spoken_words(choice)}
        words = tuple(word for word in PERSON_WORDS if word not in taken)
        choices.append(Choice(PERSON_KEY, Text(PERSON_LABEL, fields.line), flow.person, words, fields.line))
    check_words(fields, choices)
    if len(choices) > CHOICES_MAX:
        fields.wrong(
            "choices",
            f"{len(choices)} choices with key 0, too many to keep in mind",
            f"at most {CHOICES_MAX}: use a second menu",
        )
    return tuple(choices)


def read_choices_while_waiting(fields: Fields, label_limit: int) -> tuple[Choice, ...]:
    """Of a queue: key 0 is not among them, for the caller is on the way to a person already."""
    choices = []
    for key, entry in fields.named("choices"):
        choice = _read_choice(fields, key, entry, label_limit)
        if key == PERSON_KEY:
            fields.report.wrong(entry.line, f"{fields.owner}: choice '0' leads away from a person", "use another key")
        elif choice is not None:
            if choice.words:
                what = f"{fields.owner}: choice {key!r} has words to say, which nobody listens for in a queue"
                fields.report.wrong(entry.line, what, "delete say")
            choices.append(choice)
    return tuple(choices)


def spoken_words(choice: Choice | Option) -> list[str]:
    """What a caller may say for it, as it is compared; a label with names in it is known only in the call."""
    label = [] if "{{" in choice.label.source or "{%" in choice.label.source else [choice.label.source]
    return [" ".join(words_of(word)) for word in [*choice.words, *label]]


def _read_choice(fields: Fields, key: str, entry: Entry, label_limit: int) -> Choice | None:
    owner = f"{fields.owner}: choice {key!r}"
    if key == "#":
        fields.report.wrong(entry.line, f"{owner} cannot be chosen", "hash ends an entry; use 0 to 9 or *")
    elif key not in {*"0123456789", "*"}:
        fields.report.wrong(entry.line, f"{owner} is not one key", 'use a key from 0 to 9 or "*"')
    choice = fields.fields_of(f"choice {key!r}", entry.value, owner)
    if choice is None:
        return None
    read = Choice(
        key=key,
        label=choice.text("label", limit=label_limit) or Text(""),
        goto=choice.step_name("goto"),
        words=tuple(word for word, _ in choice.words("say", required=False)),
        line=entry.line,
    )
    choice.finish()
    return read


def clashing_words(choices: Iterable[Choice | Option]) -> Iterator[tuple[Choice | Option, str, str]]:
    """A choice, a word of it, and the key of an earlier choice that has the word too."""
    owners: dict[str, str] = {}
    for choice in choices:
        for word in dict.fromkeys(spoken_words(choice)):
            if word and owners.setdefault(word, choice.key) != choice.key:
                yield choice, word, owners[word]


def check_words(fields: Fields, choices: Iterable[Choice | Option]) -> None:
    choices = list(choices)
    for choice in choices:
        for word in choice.words:
            if not words_of(word):
                problem = f"{fields.owner}: choice {choice.key!r}: nobody can say {word!r}"
                fields.report.wrong(choice.line, problem, "write words")
    for choice, word, other in clashing_words(choices):
        problem = f"{fields.owner}: {word!r} is said for the choices {other} and {choice.key}"
        fields.report.wrong(choice.line, problem, "give each choice words of its own")
