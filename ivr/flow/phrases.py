"""What Duet itself says when the flow gives no text of its own, and its translations.

Everything of ours that callers hear or see is written in English where it is used and translated by ``phrase`` from
``i18n/<language>.po`` beside this file.
"""

from __future__ import annotations

from functools import lru_cache
from importlib import resources

from msgspec.structs import replace

from ivr.errors import FlowMistakes
from ivr.flow.catalogue import Catalogue, read_catalogue
from ivr.flow.reading.mistakes import Report
from ivr.flow.waits import Offered

PERSON = "Speak to a person"
FAULT = "Sorry, something went wrong on our side. I am putting you through to a person."
HOLD_ON = "Sorry, something is not working on our side. Please stay on the line."
CALL_LATER = "I am sorry, we cannot take your call at the moment. Please call again later."
YES = "Yes, I agree"
NO = "No, thank you"
NEVER = "Never use my voice"
PRESS_3_FOR_NEVER = "If we should never use your voice, press 3."
NEVER_AGAIN = "We will never use your voice, and not ask you again."
SKIP_PAGE = "Go on without the page"
WRONG_PIN = "That was not right."
CHECKING = "One moment, please."
KEEP_TALKING = "Please keep talking."
# Where something has to be said aloud: what was wrong with the answer, before other words are asked for.
CHALLENGE_WRONG = "That was not it. Here is another one."
CHALLENGE_SILENT = "I did not hear you. Here is another one."
CHALLENGE_KEYED = "Please say it instead of keying it in. Here is another one."
CHALLENGE_LATE = "That took too long. Here is another one."
CHALLENGE_ONCE_MORE = "Thank you, that was right. To be sure of your voice, please say one more."
CHALLENGE_FAILED = "That was not it. One moment, please."
# While a voice is learnt: what was wrong with an utterance and what to do; both heard on the phone and read on the page.
SAY_MORE = "Thank you, that was good. Please say another sentence or two."
SAY_AGAIN = "I could not use that. Please say it again."
HEARD_NOTHING = "I cannot hear you. Please say a sentence or two."
HEARD_LITTLE = "I heard only a little. Please go on, a sentence or two more."
HEARD_FAINTLY = "I could not hear you well. Please hold the phone closer, or speak up, and say it again."
HEARD_NOISE = "I could not hear you well. Please move to a quieter place and say it again."
HEARD_TOO_LOUD = "That was too loud. Please hold the phone a little further away and say it again."
HEARD_VOICES = "I heard more than one voice. Please make sure that only you are speaking, and say it again."
HEARD_ANOTHER = (
    "That did not sound like the voice before. Please make sure that only you are speaking, and say it again."
)
QUEUE = "I am putting you through. Please hold."
WAITING = "Thank you for waiting."
GOODBYE = "Goodbye."
AGENT_CONFIRM = "A caller is waiting for you. Press any key to talk to them."
# Why an answer is none; both heard on the phone and read beside the field.
NO_DIGITS = "I could not read digits in that."
DIGITS_BETWEEN = "It has to be {least} to {most} digits."
DIGITS_EXACTLY = "It has to be {most} digits."
NO_NUMBER = "I could not read a number in that."
WHOLE_NUMBER = "It has to be a whole number."
DECIMALS = "There can be at most {decimals} digits after the point."
AT_LEAST = "It has to be at least {least}."
AT_MOST = "It can be at most {most}."
NO_AMOUNT = "I could not read an amount in {currency} in that."
NO_DATE = "I could not read a date in that. Give the day, the month and the year."
TOO_EARLY = "It cannot be before {earliest}."
TOO_LATE = "It cannot be after {latest}."
NO_PHONE = "I could not read a phone number in that."
PHONE_NATIONAL = "Give the whole number with its leading {trunk}, or with 00 and the country code."
PHONE_ABROAD = "Give the whole number, or start with 00 and the country code."
PHONE_LENGTH = "That is too short or too long for a phone number."
NO_CHOICE = "That is not one of the choices."
NO_WORDS = "I could not understand that."
WORDS_BETWEEN = "It has to be {least} to {most} characters."
TOO_LONG = "That is too long: at most {most} characters."
MISSING = "This is needed."
# A spoken answer is read back before it is taken.
READ_BACK = "I understood {answer}. Press 1 if that is right, 2 to give it again."
THAT_IS_RIGHT = "Yes, that is right"
ONCE_MORE = "No, once more"
ANSWER_YES = "Yes"
ANSWER_NO = "No"


def languages() -> tuple[str, ...]:
    """Primary codes of the languages that our own texts are there in, English first."""
    files = resources.files("ivr.flow").joinpath("i18n").iterdir()
    return ("en", *sorted(file.name.removesuffix(".po") for file in files if file.name.endswith(".po")))


def phrase(english: str, language: str) -> str:
    """One of our own texts in a BCP 47 ``language``; English where there is no translation."""
    found = catalogue_for(language).find(english)
    return found.translation if found is not None and found.translation else english


def in_our_words(choices: tuple[Offered, ...], language: str) -> tuple[Offered, ...]:
    """Choices that Duet itself offers, in ``language``; those of a flow are so already and stay."""
    if not catalogue_for(language).entries:
        return choices
    return tuple(_offered(choice, language) for choice in choices)


def _offered(choice: Offered, language: str) -> Offered:
    label = phrase(choice.label, language)
    if label == choice.label:
        return choice
    words = phrase(", ".join(choice.words), language) if choice.words else ""
    return replace(choice, label=label, words=tuple(word.strip() for word in words.split("،") if word.strip()))


@lru_cache(maxsize=64)
def catalogue_for(language: str) -> Catalogue:
    """Our own translations; empty for English and for a language we do not speak."""
    primary = language.split("-")[0].lower()
    file = resources.files("ivr.flow").joinpath("i18n", f"{primary}.po")
    if not primary.isalpha() or not file.is_file():
        return Catalogue({})
    report = Report(f"ivr/flow/i18n/{primary}.po")
    catalogue = read_catalogue(file.read_bytes(), report)
    if report.mistakes:
        raise FlowMistakes(report.mistakes)
    return catalogue
