"""The demo told in a terminal: each turn in two columns, heard and seen; verdicts as they come; a summary."""

from __future__ import annotations

from dataclasses import dataclass, field

from rich.console import Console
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from ivr.demo.agent import PopShown
from ivr.flow.events import (
    AgentJoined,
    AnyEvent,
    AuthenticationFailed,
    ConsentGiven,
    EnrolmentRecorded,
    FactorFailed,
    FactorProven,
    VerdictRecorded,
)  # fmt: skip
from ivr.flow.inputs import Outcome

SHA_LENGTH = 12


@dataclass(frozen=True)
class Expectation:
    call: str
    what: str
    held: bool
    seen: str = ""  # what came instead


@dataclass
class Telling:
    console: Console = field(default_factory=Console)
    expectations: list[Expectation] = field(default_factory=list)
    call: str = ""

    def title(self, call: str, text: str) -> None:
        self.call = call
        self.console.print()
        self.console.print(Rule(Text(f"{call} · {text}", style="bold")))
        self._columns(Text("heard", style="dim italic"), Text("seen", style="dim italic"))

    def says(self, text: str, style: str = "dim") -> None:
        self.console.print(Text(text, style=style))

    def turn(self, who: str, did: str, heard: list[str], seen: list[str]) -> None:
        """``did`` brought this turn about; empty where it came by itself."""
        if did:
            self.console.print(Text.assemble(("▸ ", "cyan"), (f"{who} ", "bold cyan"), (did, "cyan")))
        if heard or seen:
            self._columns(Text("\n".join(heard)), Text("\n".join(seen)))

    def _columns(self, heard: Text, seen: Text) -> None:
        table = Table.grid(padding=(0, 1), expand=True)
        for _ in range(2):
            table.add_column(ratio=1, overflow="fold")
        table.add_row(heard, seen)
        self.console.print(table)

    def event(self, event: AnyEvent) -> None:
        """A line for what the caller neither hears nor sees; most events have none."""
        match event:
            case VerdictRecorded():
                self.console.print(Text(f"  ◆ {verdict_words(event)}", style=_STYLE[event.outcome]))
            case EnrolmentRecorded(refusal=None):
                text = f"  ◆ voiceprint stored · {event.net_speech_seconds:.1f} s of net speech · {_model(event)}"
                self.console.print(Text(text, style="green"))
            case EnrolmentRecorded():
                self.console.print(Text(f"  ◆ no voiceprint: {event.refusal}", style="yellow"))
            case FactorProven():
                self.console.print(Text(f"  ◆ {event.factor} proven, level {event.level}", style="green"))
            case FactorFailed():
                self.console.print(Text(f"  ◆ {event.factor} not proven: {event.reason}", style="yellow"))
            case AuthenticationFailed():
                self.console.print(Text(f"  ◆ level {event.needed_level} not reached", style="yellow"))
            case ConsentGiven():
                self.console.print(Text(f"  ◆ consent given to wording {event.version}", style="green"))
            case AgentJoined():
                self.console.print(Text(f"  ◆ agent {event.agent} has joined", style="green"))

    def pop(self, agent: str, pop: PopShown) -> None:
        table = Table(title=f"The desk of {agent}, before the call connects", title_justify="left", show_header=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        table.add_row("caller", f"{pop.name}  {pop.number}")
        table.add_row("identity", f"{pop.identity} · {pop.identity_detail}")
        table.add_row("voice", f"{pop.voice} · {pop.voice_detail}")
        table.add_row("reason", pop.reason)
        table.add_row("path", " › ".join(pop.path) or "—")
        self.console.print(table)

    def expect(self, what: str, held: bool, seen: object = "") -> bool:
        """Note whether something expected came true; ``seen`` is what came instead, its first line the gist of it."""
        instead = "" if held else str(seen)
        self.expectations.append(Expectation(self.call, what, held, instead.partition("\n")[0]))
        style, mark = ("green", "✔") if held else ("bold red", "✘")
        self.console.print(Text(f"  {mark} {what}" + ("" if held else f" — instead: {instead}"), style=style))
        return held

    def summary(self, seconds: float) -> bool:
        """Prints the table of all expectations; whether every one held."""
        table = Table(title="What was expected", title_justify="left", expand=True)
        for name, ratio in (("call", 1), ("expected", 4), ("", None), ("instead", 3)):
            table.add_column(name, ratio=ratio, overflow="fold")
        for one in self.expectations:
            mark = Text("✔", style="green") if one.held else Text("✘", style="bold red")
            table.add_row(one.call, one.what, mark, Text(one.seen, style="red"))
        self.console.print()
        self.console.print(table)
        held = sum(one.held for one in self.expectations)
        self.says(f"{held} of {len(self.expectations)} expectations held · {seconds:.0f} s", "bold")
        return bool(self.expectations) and held == len(self.expectations)


_STYLE = {Outcome.ACCEPTED: "bold green", Outcome.REJECTED: "bold red", Outcome.INCONCLUSIVE: "bold yellow"}


def verdict_words(event: VerdictRecorded) -> str:
    scored = "not scored" if event.score is None else f"score {event.score:+.2f}"
    against = "" if event.threshold is None else f" against threshold {event.threshold:+.2f}"
    speech = f"{event.net_speech_seconds:.1f} s of net speech"
    return f"voice {event.outcome} ({event.reason}) · {scored}{against} · {speech} · {_model(event)}"


def _model(event: VerdictRecorded | EnrolmentRecorded) -> str:
    if not event.model_class:
        return "no model"
    return f"{event.model_class} {event.model_name} sha256 {event.model_sha256[:SHA_LENGTH]}"
