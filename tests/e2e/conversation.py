"""A caller who talks to an agent, in the double: what tests of cards and co-view begin with."""

from __future__ import annotations

from pathlib import Path

from double import Double
from msgspec.structs import replace
from test_desk_door import pop

from ivr.flow.definition import Flow
from ivr.flow.loader import parse_bundle
from ivr.flow.session import Session
from ivr.flow.waits import TalkingToAgent
from ivr.web.doors import PopState

MEDIA = Path(__file__).parents[2] / "flows" / "media"
HOUSE = (MEDIA / "branch.png").read_bytes()  # 720 × 400
TERMS = (MEDIA / "voice.pdf").read_bytes()
PERSONAL = "Your balance is 31,415 pounds"
PIN_LABEL = "Your PIN, please"
FLOW = """
schema: duet/1
flow: bank
title: Riverside Bank
language: en-GB
start: menu
person: bye
cards:
  house: {picture: house.png, alt: The house}
  terms: {document: terms.pdf, title: Terms}
  sure: {confirm: "Shall {{ flow.title }} call you?"}
steps:
  menu: {say: Welcome., next: bye}
  bye: {queue: service, prompt: Hold., waiting: Wait., unavailable: end, finished: end}
  end: {hangup: Goodbye.}
"""


def flow_with_cards() -> Flow:
    files = {"bank.yaml": FLOW.encode(), "media/house.png": HOUSE, "media/terms.pdf": TERMS}
    return parse_bundle(files).flows["bank"]


def talks(services: Double, agent: str = "sam") -> Session:
    """call1 is open on its page and talks to ``agent``, whose desk shows reservation r1."""
    services.flow = flow_with_cards()
    services.files = {"house.png": HOUSE, "terms.pdf": TERMS}
    services.facts = replace(services.facts, agent=agent.title())
    session = services.rings()
    services.sessions["call1"] = replace(session, page=replace(session.page, opened=True))
    services.dispatch.offers(agent, pop(services, state=PopState.CONNECTED))
    return services.waits("call1", TalkingToAgent(agent=agent, room="room"), "You are connected.")


def shares(services: Double, **changes: object) -> Session:
    session = services.sessions["call1"]
    return services.saves(replace(session, revision=session.revision + 1, **changes), services.texts["call1"])
