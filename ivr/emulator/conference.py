"""A conference room: who is in it, when it starts and ends, and the callbacks that tell."""

import asyncio
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ivr.emulator.call import Call
from ivr.emulator.callbacks import Callbacks
from ivr.emulator.clock import Clock, rfc2822
from ivr.emulator.identifiers import CONFERENCE, new_sid

Status = Literal["init", "in-progress", "completed"]
EVENTS = frozenset({"start", "end", "join", "leave", "mute", "hold", "modify", "speaker", "announcement"})


@dataclass(eq=False)
class Participant:
    call: Call
    label: str
    muted: bool
    start_conference_on_enter: bool
    end_conference_on_exit: bool
    joined_at: datetime
    hold: bool = False
    released: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Conference:
    """The status callback and its events are those of the first participant; later ones change nothing."""

    name: str
    account_sid: str
    clock: Clock
    callbacks: Callbacks
    callback_url: str
    callback_method: str
    callback_events: frozenset[str]
    sid: str = field(default_factory=lambda: new_sid(CONFERENCE))
    status: Status = "init"
    participants: dict[Call, Participant] = field(default_factory=dict)
    reason_ended: str = ""
    ended_by: str = ""

    def __post_init__(self) -> None:
        self.created_at = self.updated_at = self.clock.now()
        self.started = asyncio.Event()
        self._sequence = 0

    def enter(self, participant: Participant) -> None:
        self.participants[participant.call] = participant
        participant.call.whereabouts = f"conference {self.name}"
        self._tell("join", "participant-join", participant)
        if (
            self.status == "init"
            and len(self.participants) >= 2
            and any(other.start_conference_on_enter for other in self.participants.values())
        ):
            self.status = "in-progress"
            self.started.set()
            self._tell("start", "conference-start")
        self.connect_voices()

    def exit(self, participant: Participant, reason: str = "") -> None:
        """Removes a participant; ends the room if they were the last, or the one whose exit ends it."""
        call = participant.call
        if self.participants.pop(call, None) is None:
            return
        call.whereabouts = ""
        kicked = participant.released.is_set() and reason == "kicked"
        status = {
            "ParticipantCallStatus": call.status,
            "ReasonParticipantLeft": reason or "participant_updated_via_api",
        }
        self._tell("leave", "participant-leave", participant, status)
        self.connect_voices()
        call.mates.clear()
        if self.status == "completed":
            return
        if participant.end_conference_on_exit:
            self.end(f"participant-with-end-conference-on-exit-{'kicked' if kicked else 'left'}", call.sid)
        elif not self.participants:
            self.end(f"last-participant-{'kicked' if kicked else 'left'}", call.sid)

    def end(self, reason: str, ended_by: str = "") -> None:
        self.status, self.reason_ended, self.ended_by = "completed", reason, ended_by
        for participant in list(self.participants.values()):
            participant.released.set()
        extra = {"ReasonConferenceEnded": reason, "Reason": reason.replace("-", " ")}
        if ended_by:
            extra["CallSidEndingConference"] = ended_by
        self._tell("end", "conference-end", None, extra)

    def modified(self, participant: Participant, event: str) -> None:
        """After a change by REST: ``event`` is mute, unmute, hold, unhold or modify."""
        kind = {"unmute": "mute", "unhold": "hold"}.get(event, event)
        self._tell(kind, f"participant-{event}", participant)
        self.connect_voices()

    def connect_voices(self) -> None:
        """Who hears whom: nobody before the start; the muted and the held are not heard, the held do not hear."""
        for listener in self.participants.values():
            listener.call.mates.clear()
        if self.status != "in-progress":
            return
        for speaker in self.participants.values():
            if not speaker.muted and not speaker.hold:
                others = (other for other in self.participants.values() if other is not speaker and not other.hold)
                speaker.call.mates.update(other.call for other in others)
        for participant in self.participants.values():
            participant.call.publish("voices", mates=[mate.sid for mate in participant.call.mates])

    def _tell(
        self, kind: str, event: str, participant: Participant | None = None, extra: dict[str, str] | None = None
    ) -> None:
        self.updated_at = self.clock.now()
        about = {
            "ConferenceSid": self.sid,
            "FriendlyName": self.name,
            "AccountSid": self.account_sid,
            "Timestamp": rfc2822(self.updated_at),
            "StatusCallbackEvent": event,
            "SequenceNumber": str(self._sequence + 1),
        }
        if participant:
            about |= {
                "CallSid": participant.call.sid,
                "Muted": str(participant.muted).lower(),
                "Hold": str(participant.hold).lower(),
                "Coaching": "false",
                "StartConferenceOnEnter": str(participant.start_conference_on_enter).lower(),
                "EndConferenceOnExit": str(participant.end_conference_on_exit).lower(),
            }
            if participant.label:
                about["ParticipantLabel"] = participant.label
            participant.call.publish("conference", conference=self.name, what=event)
        self._sequence += 1
        if kind in self.callback_events:
            self.callbacks.post(self.callback_url, self.callback_method, (about | (extra or {})).items())
