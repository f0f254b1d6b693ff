"""What a contact wants done with their voiceprint: proven first, then at once."""

from __future__ import annotations

from msgspec.structs import replace

from ivr.flow.events import VoiceWishGranted
from ivr.flow.inputs import VoiceWish, Wish
from ivr.flow.playing import Play

LEVEL = 1  # a stranger who only claims to be the contact could otherwise take the voiceprint away from them


def may_wish(level: int) -> bool:
    return level >= LEVEL


def grant(play: Play, fact: VoiceWish) -> bool:
    """False, and nothing changes: somebody else is claimed by now, or who is calling has not been proven."""
    claim = play.session.claim
    if claim is None or claim.contact != fact.contact or not may_wish(play.session.level):
        return False
    play.record(VoiceWishGranted(contact=fact.contact, wish=fact.wish))
    if fact.wish is Wish.OPT_IN:
        play.change(claim=replace(claim, opted_out=False))
    else:
        play.change(claim=replace(claim, enrolled=False, opted_out=claim.opted_out or fact.wish is Wish.OPT_OUT))
    return True
