"""The steps about who is calling: claims, PINs, voices, and the factors that prove a level."""

from __future__ import annotations

from ivr.flow.kinds import DIGITS_MAX
from ivr.flow.questions import Text
from ivr.flow.reading.common import MESSAGE_LENGTH_MAX, Common, said
from ivr.flow.reading.fields import Fields
from ivr.flow.reading.mistakes import closest, similar
from ivr.flow.reading.questions import read_retry
from ivr.flow.steps import (
    AskSecret,
    Authenticate,
    Challenge,
    ChallengeOf,
    Enrol,
    Factor,
    ForgetVoice,
    Identify,
    IdentifyBy,
    Verify,
)

# Fewest, most, usual. A voice is compared from two seconds of speech on, which fewer would not make.
CHALLENGE_COUNTS = {ChallengeOf.DIGITS: (6, 10, 8), ChallengeOf.WORDS: (4, 8, 5)}
CHALLENGE_TRIES_MAX = 3


def read_secret(fields: Fields, common: Common) -> AskSecret:
    shortest, longest = fields.length(4, 12, (4, 8))
    return AskSecret(
        **common.fields(),
        prompt=said(fields, "secret"),
        next=fields.step_name("next"),
        wrong=fields.step_name("wrong"),
        min_length=shortest,
        max_length=longest,
        timeout_seconds=fields.number("timeout_seconds", 1, 60, 8),
        tries=fields.number("tries", 1, 5, 3),
    )


def read_identify(fields: Fields, common: Common) -> Identify:
    by = fields.one_of("identify", IdentifyBy)
    found, unknown = fields.step_name("found"), fields.step_name("unknown")
    if by == IdentifyBy.CALLER_ID:  # nothing is asked, so the keys of a question are mistakes
        return Identify(**common.fields(), by=by, found=found, unknown=unknown)
    shortest, longest = fields.length(1, DIGITS_MAX, (4, 12))
    return Identify(
        **common.fields(),
        by=by,
        found=found,
        unknown=unknown,
        prompt=said(fields, "prompt"),
        min_length=shortest,
        max_length=longest,
        timeout_seconds=fields.number("timeout_seconds", 1, 60, 8),
        retry=read_retry(fields),
    )


def read_enrol(fields: Fields, common: Common) -> Enrol:
    consent = fields.table("consent", f"{fields.owner}: consent", required=True)
    wording, version = Text(""), ""
    if consent is not None:
        wording, version = said(consent, "text", must_hear=True), consent.word("version")
        consent.finish()
    return Enrol(
        **common.fields(),
        consent=wording,
        consent_version=version,
        prompt=said(fields, "enrol"),
        enrolled=fields.step_name("enrolled"),
        declined=fields.step_name("declined"),
        failed=fields.step_name("failed"),
    )


def read_verify(fields: Fields, common: Common) -> Verify:
    return Verify(
        **common.fields(),
        notice=said(fields, "verify", must_hear=True),
        challenge=_challenge(fields),
        next=fields.step_name("next"),
    )


def _challenge(fields: Fields) -> Challenge | None:
    table = fields.table("challenge", f"{fields.owner}: challenge")
    if table is None:
        return None
    of = table.one_of("say", ChallengeOf)
    fewest, most, usual = CHALLENGE_COUNTS[of]
    challenge = Challenge(
        of=of,
        count=table.number("count", fewest, most, usual),
        prompt=said(table, "prompt"),
        on_page=said(table, "on_page"),
        tries=table.number("tries", 1, CHALLENGE_TRIES_MAX, 2),
        line=fields.line_of("challenge"),
    )
    for key in ("prompt", "on_page"):
        if getattr(challenge, key).must_hear:  # said again later, it would ask for words that are no longer wanted
            table.wrong(key, f"{key} says must_hear", "delete must_hear: whoever speaks at once has heard enough")
    table.finish()
    return challenge


def read_authenticate(fields: Fields, common: Common) -> Authenticate:
    factors = []
    for word, line in fields.words("authenticate", required=True):
        meant = similar(word, list(Factor))
        if word != meant:
            fields.report.wrong(line, f"{fields.owner}: {word!r} is not a factor", closest(word, list(Factor)))
        if meant in factors:
            fields.report.wrong(line, f"{fields.owner}: the factor {meant!r} is here twice", "delete one")
        elif meant:
            factors.append(Factor(meant))
    prompts, texts = fields.table("prompts", f"{fields.owner}: prompts", required=True), {}
    if prompts is not None:
        texts = {factor: said(prompts, factor.value) for factor in factors}
        prompts.finish()
    sends = Factor.PAGE in factors  # only the page has a message; without it the key is a mistake
    return Authenticate(
        **common.fields(),
        level=fields.number("level", 1, 2),
        factors=tuple(factors),
        passed=fields.word("passed") if fields.returns("passed") else fields.step_name("passed"),
        failed=fields.step_name("failed"),
        pin_prompt=texts.get(Factor.PIN, Text("")),
        voice_prompt=texts.get(Factor.VOICE, Text("")),
        page_prompt=texts.get(Factor.PAGE, Text("")),
        message=said(fields, "message", limit=MESSAGE_LENGTH_MAX) if sends else Text(""),
        tries=fields.number("tries", 1, 5, 3),
    )


def read_forget_voice(fields: Fields, common: Common) -> ForgetVoice:
    return ForgetVoice(**common.fields(), text=said(fields, "forget_voice"), next=fields.step_name("next"))
