"""The words of the page "What we hold about you"."""

from __future__ import annotations

import msgspec

from ivr.flow.phrases import phrase


class HoldingLabels(msgspec.Struct, frozen=True):
    title: str = "What we hold about you"
    back: str = "Back to your call"
    locked: str = "First show that it is you"
    locked_hint: str = (
        "So far this call has not proven who you are, and what we hold is only for your eyes. Ask the phone for "
        "something personal, such as your balance: it then asks for your PIN or for the page on your registered phone."
    )
    you: str = "You"
    name: str = "Name"
    customer_number: str = "Customer number"
    number: str = "Registered phone"
    ends_in: str = "ends in {end}"
    pin: str = "PIN"
    pin_held: str = "only a check value"
    none: str = "none"
    pace: str = "How we talk with you"
    slow: str = "more time for every answer"
    relay: str = "through a relay; your voice is never compared"
    facts: str = "Also used in your calls"
    voice: str = "Your voice"
    voiceprint: str = "Voiceprint"
    made: str = "made on {date}"
    model: str = "Made with the model"
    used: str = "Last recognised by it"
    never_used: str = "never so far"
    unused: str = "Deleted if not used"
    unused_until: str = "on {date}"
    erased: str = "Your voiceprint was deleted on {date}. Receipt:"
    no_voiceprint: str = "We hold no voiceprint of you."
    opted_out: str = "You asked us on {date} not to use your voice. We neither ask for it nor compare it."
    consent: str = "What you agreed to on {date} (wording {version})"
    withdrawn: str = "Withdrawn on {date}. We keep the wording, to show what you had agreed to."
    delete: str = "Delete my voiceprint"
    delete_sure: str = "Delete your voiceprint now?"
    delete_hint: str = (
        "A comparison that is under way stops. You can set up voice recognition again later, if you wish."
    )
    opt_out: str = "Do not use my voice"
    opt_out_sure: str = "Stop using your voice?"
    opt_out_hint: str = (
        "We delete your voiceprint, if there is one, and neither ask for your voice nor compare it again."
    )
    opt_in: str = "Allow voice recognition again"
    opt_in_sure: str = "Allow voice recognition again?"
    opt_in_hint: str = "Nothing is recorded by this. We may ask you again whether you want to set it up."
    yes: str = "Yes"
    no: str = "No, leave it as it is"
    deleted: str = "Your voiceprint has been deleted."
    stopped: str = "Done. Your voice is not used any more."
    allowed: str = "Done. Voice recognition is allowed again."
    refused: str = "Nothing was changed: this call has not proven who you are, or it has moved on to somebody else."
    calls: str = "Your calls"
    calls_hint: str = (
        "For each call we keep what was chosen, keyed in and answered, never the sound and never the PIN. No day "
        "has been set yet on which it is deleted."
    )
    call_backs: str = "Promised call backs"
    call_back: str = "to the number ending in {end}, by {date}"
    cancel: str = "Do not call me back"
    cancelled: str = "Done. We will not call you back."
    link: str = "What we hold about you"


def holding_labels_for(language: str) -> HoldingLabels:
    """The words for a BCP 47 ``language``."""
    return HoldingLabels(
        **{name: phrase(getattr(_ENGLISH, name), language) for name in HoldingLabels.__struct_fields__}
    )


_ENGLISH = HoldingLabels()
