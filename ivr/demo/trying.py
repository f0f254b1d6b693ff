"""What only the three-pane page asks for: people to be, voices to borrow, a desk to sit at."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path

from ivr.app import House
from ivr.demo import people
from ivr.demo.housekeeping import LINE
from ivr.demo.network import Network
from ivr.demo.voices import Sample, line_audio, samples
from ivr.store import contacts
from ivr.store.agents import AgentState
from ivr.web.doors import Handset, KnownContact, SampleVoice, Signal

# Whose voice a sample is: the customer number of a contact; voices without one are strangers'.
OWNERS = {"slt": "10045678", "rms": "10056789", "kal16": "10078901"}
PURPOSES = {"enrolment": "to be learnt", "verification": "to be known"}


class TryOut:
    """Implements ``web.doors.Trying`` with the contacts beside the flows and the synthetic voices of samples/."""

    def __init__(self, house: House, flows: Path, phones: Sequence[Network]) -> None:
        self._house = house
        self._phones = phones
        self._people = people.contacts_in(flows)

    def line(self) -> str:
        return LINE

    def handsets(self) -> Sequence[Handset]:
        return [Handset(phone.address, phone.signal) for phone in self._phones]

    def set_signal(self, handset: int, signal: Signal) -> None:
        self._phones[handset].change(signal)

    def contacts(self) -> Sequence[KnownContact]:
        return [
            KnownContact(one.name, one.number, one.customer_number, one.pin, self._enrolled(one))
            for one in self._people
        ]

    def desk_ticket(self, now: datetime) -> str:
        """Whoever sits down at this desk wants calls, so the agent is available."""
        self._house.queue.set_state(people.AGENT, AgentState.AVAILABLE)
        return self._house.dispatch.sign_ins.ticket(people.AGENT, now)

    def voices(self) -> Sequence[SampleVoice]:
        numbers = {one.customer_number: one for one in self._people}
        found = []
        for name, clips in self._samples.items():
            first = clips[0]
            owner = numbers.get(OWNERS.get(first.voice, ""))
            who = owner.name.split()[0] if owner else "A stranger"
            seconds = sum(clip.seconds for clip in clips)
            label = f"{who}, {PURPOSES[first.purpose]} ({seconds:.0f} s)"
            text = " ".join(clip.text for clip in clips)
            found.append(SampleVoice(name, label, text, owner.number if owner else ""))
        return found

    def voice_audio(self, name: str) -> bytes | None:
        clips = self._samples.get(name)
        return line_audio([clip.path for clip in clips]) if clips else None

    @cached_property
    def _samples(self) -> dict[str, list[Sample]]:
        """One voice after another, what is said for one purpose in one go."""
        found: dict[str, list[Sample]] = {}
        for sample in samples():
            found.setdefault(f"{sample.voice}-{sample.purpose}", []).append(sample)
        return found

    def _enrolled(self, one: people.Contact) -> bool:
        on_file = contacts.by_customer_number(self._house.database, one.customer_number)
        return on_file is not None and contacts.voiceprint(self._house.database, on_file.id) is not None
