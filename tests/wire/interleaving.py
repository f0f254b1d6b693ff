"""Courses of what can happen to a call, drawn at random: each a line of text, to be read, mended and played again."""

from __future__ import annotations

import random
from dataclasses import dataclass

from ivr.emulator.settings import FaultRates
from tests.wire.system import PIN

LATENESS = 6  # how many webhooks back a late delivery may reach
FAULTS = FaultRates(drop=0.03, delay=0.1, duplicate=0.15, reorder=0.2, http429=0.1, http5xx=0.1)
_LONGEST = 9
_KEYS = "0123459*#"
_WORDS = ("my balance", "send me the link", "an appointment", "person", "yes", "no", "tomorrow", "mumble")


@dataclass(frozen=True)
class Interleaving:
    """``caller``: contact (on file), enrolled (and with a voiceprint) or stranger.

    ``acts``: what happens, in order, in the words of ``drawn_at_random``.
    """

    caller: str
    acts: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.caller}: {', '.join(self.acts)}"

    @classmethod
    def read(cls, text: str) -> Interleaving:
        caller, _, acts = text.partition(":")
        return cls(caller.strip(), tuple(act.strip() for act in acts.split(",") if act.strip()))


def drawn_at_random(source: random.Random) -> Interleaving:
    """A caller who mostly knows what to do; proofs are worth trying, or no call would get beyond the menu."""
    acts = ["open"] if source.random() < 0.6 else []
    for _ in range(source.randint(2, _LONGEST)):
        match source.choices(
            (
                "key",
                "rush",
                "tap",
                "old tap",
                "race",
                "silence",
                "say",
                "secret",
                "again",
                "late",
                "open",
                "reload",
                "reconnect",
                "wait",
                "language",
                "pace",
                "fill",
                "wish",
                "sharing",
                "hang up",
            ),
            (14, 6, 14, 5, 10, 5, 6, 10, 7, 8, 10, 4, 4, 4, 5, 3, 6, 2, 1, 2),
        )[0]:
            case "key" | "rush" as act:
                acts.append(f"{act} {source.choice('1111222444440' + _KEYS)}")
            case "tap" | "old tap" as act:
                acts.append(f"{act} {source.randrange(4)}")
            case "race":
                acts.append(f"race {source.choice('1120')}/{source.randrange(3)}")
            case "say":
                acts.append(f"say {source.choice(_WORDS)}")
            case "secret":
                acts.append(f"secret {source.choice((PIN, PIN, PIN, '1111'))} by {source.choice(('keypad', 'page'))}")
            case "late":
                acts.append(f"late {source.randint(2, LATENESS)}")
            case "wish":
                acts.append(f"wish {source.choice(('delete', 'opt_out', 'opt_in'))}")
            case act:
                acts.append(act)
        if acts[-1] == "hang up":
            break
    return Interleaving(source.choices(("contact", "stranger"), (5, 1))[0], tuple(acts))
