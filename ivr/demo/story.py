"""The four calls of the demo and what is expected of each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from ivr.demo.agent import AgentDesk, PopShown
from ivr.demo.caller import Caller
from ivr.demo.editor import Editor
from ivr.demo.people import STRANGER, Contact
from ivr.demo.telling import Telling
from ivr.demo.voices import Cast
from ivr.emulator.phone import Carrier
from ivr.flow.events import AgentJoined, ConsentGiven, EnrolmentRecorded, FactorProven, VerdictRecorded
from ivr.flow.inputs import Outcome
from ivr.flow.steps import Factor
from ivr.store.database import Database

READ_SECONDS = 1.0  # the agent has had the pop for at least this long before the caller's voice
WRONG_PINS = ("1111", "2222", "3333")


@dataclass(frozen=True)
class Scene:
    """What the calls are played with."""

    carrier: Carrier
    database: Database
    public_url: str
    agent: AgentDesk
    contacts: list[Contact]
    voices: Cast
    editor: Editor
    telling: Telling

    @contextmanager
    def caller(self, name: str, number: str) -> Iterator[Caller]:
        caller = Caller(name, number, self.carrier, self.database, self.public_url, self.telling)
        try:
            yield caller
        finally:
            caller.close()


def play(scene: Scene) -> None:
    """All four calls. One that goes wrong is told with its evidence, and the next one is placed all the same."""
    calls: list[tuple[str, str, Callable[[Scene], None]]] = [
        ("call 1", "a contact proves who they are by page and PIN, consents and enrols", enrolling),
        ("call 2", "the same caller is recognised, and the agent knows before “hello”", recognised),
        ("call 3", "another voice of the same sex claims to be that contact", impostor),
        ("call 4", "an editor breaks a line, mends it and publishes; a call in progress does not change", edited),
    ]
    for name, title, call in calls:
        scene.telling.title(name, title)
        try:
            call(scene)
        except (AssertionError, RuntimeError) as trouble:
            scene.telling.expect("the call goes as told", False, trouble)


def enrolling(scene: Scene) -> None:
    alice, tell = scene.contacts[0], scene.telling
    with scene.caller(alice.name.split()[0], alice.number) as caller:
        caller.hears("For your balance, press 1")
        caller.presses("2")
        caller.hears("Open the link on your phone")
        caller.opens_page()
        caller.hears("Please key in your PIN")
        proven = _proven(caller)
        tell.expect("the page counts once its two digits are typed", proven == {Factor.PAGE}, _names(proven))
        caller.presses(f"{alice.pin}#", secret=True)
        caller.hears("Do you agree?")
        tell.expect("page and PIN make level 2", caller.session().level == 2, f"level {caller.session().level}")
        caller.presses("1")
        caller.hears("Please keep talking")
        consent = caller.awaits(ConsentGiven)
        tell.expect("consent is recorded before a voice is learnt", consent.version != "", "no version")
        caller.talks(scene.voices.owner.enrolment, "the owner's voice")
        enrolled = caller.awaits(EnrolmentRecorded)
        tell.expect("the voice is learnt", enrolled.refusal is None, enrolled.refusal)
        _speechbrain(tell, enrolled.model_class)
        caller.hears("Is there anything else?")
        caller.sees("Is there anything else?", "[2] End the call")
        caller.taps("End the call")
        caller.hears("Goodbye")
        tell.expect("the call ends by a tap", caller.ends() == "completed", caller.transcript())


def recognised(scene: Scene) -> None:
    alice, tell = scene.contacts[0], scene.telling
    with scene.caller(alice.name.split()[0], alice.number) as caller:
        caller.hears("I compare your voice with your voiceprint")
        caller.hears("For your balance, press 1")
        caller.presses("1")
        caller.hears("Open the link on your phone")
        caller.opens_page()
        caller.hears("tell me in a sentence or two")
        caller.talks(scene.voices.owner.verification, "the owner's voice")
        verdict = caller.awaits(VerdictRecorded)
        tell.expect("the owner is ACCEPTED while speaking", verdict.outcome is Outcome.ACCEPTED, verdict.outcome)
        _speechbrain(tell, verdict.model_class)
        if verdict.outcome is not Outcome.ACCEPTED:  # in doubt the flow asks for the PIN; the owner knows it
            caller.hears("Please key in your PIN")
            caller.presses(f"{alice.pin}#", secret=True)
        caller.hears("Your balance is")
        tell.expect("no PIN was asked for", "PIN" not in caller.heard, "the phone asked for it")
        proven = _proven(caller)
        tell.expect("level 2 by page and voice", proven == {Factor.PAGE, Factor.VOICE}, _names(proven))
        caller.hears("Is there anything else?")
        caller.sees("[0] Speak to a person")
        caller.taps("Speak to a person")
        pop = _put_through(scene, caller)
        tell.expect("the agent sees the name", pop.name == alice.name, pop.name)
        tell.expect("the agent sees the reason", pop.reason == "Balance", pop.reason)
        tell.expect("the agent sees the path", pop.path == ("Balance", "Speak to a person"), pop.path)
        tell.expect("the agent sees “Verified”", pop.identity == "Verified", pop.identity)
        tell.expect("the agent sees “Voice verified”", pop.voice == "Voice verified", pop.voice)
        _talk(scene, caller, "resolved", "Explained the balance.")


def impostor(scene: Scene) -> None:
    alice, tell = scene.contacts[0], scene.telling
    with scene.caller("Impostor", STRANGER) as caller:
        caller.hears("Please key in your customer number")
        caller.presses(f"{alice.customer_number}#")
        caller.hears("For your balance, press 1")
        caller.presses("1")
        caller.hears("Open the link on your phone")
        tell.expect("the link goes to the number on file, not to the caller", not caller.texts(), caller.texts())
        caller.presses("1")
        caller.hears("tell me in a sentence or two")
        caller.talks(scene.voices.impostor.verification, "another voice")
        caller.hears("Please key in your PIN")
        verdict = caller.awaits(VerdictRecorded)
        tell.expect("the other voice is not ACCEPTED", verdict.outcome is not Outcome.ACCEPTED, verdict.outcome)
        for pin in WRONG_PINS:
            caller.presses(f"{pin}#", secret=True)
            caller.hears("That was not right" if pin != WRONG_PINS[-1] else "I could not confirm who you are")
        tell.expect("no balance was told", "Your balance is" not in caller.heard, "the phone told it")
        pop = _put_through(scene, caller)
        tell.expect("the agent sees “Not verified”", pop.identity == "Not verified", pop.identity)
        tell.expect("the agent does not see “Voice verified”", pop.voice != "Voice verified", pop.voice)
        tell.expect("nothing was proven", not _proven(caller), _names(_proven(caller)))
        _talk(scene, caller, "not_proven", "Asked to call back from the number on file.")


def edited(scene: Scene) -> None:
    (_, benjamin, carys, *_), tell, editor = scene.contacts, scene.telling, scene.editor
    broken = editor.breaks_a_line()
    tell.says(f"  $ ivr flow check → exit {broken.exit_code}\n    {broken.output}", "")
    tell.expect("ivr flow check refuses the broken file", broken.exit_code != 0, f"exit {broken.exit_code}")
    tell.expect("it names file and line", f"bank.yaml:{broken.line}:" in broken.output, broken.output)
    tell.expect("it names the remedy", f"'{broken.right_word}'" in broken.output, broken.output)

    with scene.caller(benjamin.name.split()[0], benjamin.number) as before:
        before.hears(editor.old_text)
        before.presses("1")
        before.hears("Open the link on your phone")  # this wait is long enough for an editor
        mended = editor.mends_and_publishes()
        tell.says(f"  $ ivr flow publish → exit {mended.exit_code}\n    {mended.output}", "")
        tell.expect("the mended file is published", mended.exit_code == 0, mended.output)
        before.opens_page()
        before.hears("Please key in your PIN")
        before.types(benjamin.pin, secret=True)
        before.hears("Is there anything else?")
        before.sees("[1] Main menu")
        before.taps("Main menu")
        before.hears(editor.old_text)
        tell.expect("the call in progress says the old text", editor.new_text not in before.heard, before.transcript())
        seen = before.sees("Send the link again")
        tell.expect("its page shows the old label", editor.old_label in seen.buttons, list(seen.buttons))

        with scene.caller(carys.name.split()[0], carys.number) as after:
            after.hears("For your balance")
            tell.expect("the next call says the new text", editor.new_text in after.heard, after.transcript())
            after.opens_page()
            seen = after.sees("Speak to a person")
            tell.expect("its page shows the new label", editor.new_label in seen.buttons, list(seen.buttons))
        tell.expect("the call in progress still goes on", before.session().ended is None, before.session().ended)


def _put_through(scene: Scene, caller: Caller) -> PopShown:
    """From the queue to the conversation; the pop stands on the desk at least a second before."""
    pop = scene.agent.sees_caller()
    caller.tells()
    scene.telling.pop("Sam", pop)
    scene.agent.accepts()
    scene.agent.is_connected()
    caller.awaits(AgentJoined)
    joined = next(at for at, event in caller.events if isinstance(event, AgentJoined))
    seconds = (joined - pop.read_at).total_seconds()
    what = f"the agent has read it for {seconds:.1f} s before the call connects"
    scene.telling.expect(what, seconds >= READ_SECONDS, f"{seconds:.2f} s")
    return pop


def _talk(scene: Scene, caller: Caller, disposition: str, note: str) -> None:
    scene.agent.finishes(disposition, note)
    scene.telling.says(f"  Sam finishes: {disposition.replace('_', ' ')} — {note}")
    caller.hears("Goodbye")
    caller.ends()


def _proven(caller: Caller) -> set[Factor]:
    caller.tells_events()
    return {event.factor for _, event in caller.events if isinstance(event, FactorProven)}


def _names(factors: set[Factor]) -> str:
    return ", ".join(sorted(factors)) or "nothing"


def _speechbrain(tell: Telling, model_class: str) -> None:
    held = model_class.startswith("speechbrain")
    tell.expect("the model behind it is SpeechBrain's", held, model_class or "no model")
