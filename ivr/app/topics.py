"""What open pages follow: topics, each with a number that rises whenever they would be drawn differently."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ivr.flow.session import Turn
from ivr.flow.sharing import agent_of
from ivr.store import agents, sessions
from ivr.store.database import Database
from ivr.web import doors
from ivr.web.pushes import Pushes


class Topics:
    """A call's number is its revision, the log's its newest id; a desk's rises with the log and with whatever moves it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._bumps: dict[str, int] = {}
        self.pushes = Pushes(self._numbers)

    def turn_taken(self, turn: Turn) -> None:
        self.pushes.publish(turn.session.call, turn.session.revision)
        self._bump(doors.LOG)
        agent = agent_of(turn.session)
        if agent is not None:  # whose desk shows the caller's page
            self.desk_changed(agent)

    def desk_changed(self, agent: str) -> None:
        self._bump(doors.agent_topic(agent))

    def desks_changed(self) -> None:
        for agent in agents.all_agents(self._database):
            self.desk_changed(agent.name)

    def _bump(self, topic: str) -> None:
        self._bumps[topic] = self._bumps.get(topic, 0) + 1
        if self.pushes.watched(topic):  # else nobody needs the number, which has to be read
            self.pushes.publish(topic, self._numbers((topic,))[topic])

    def _numbers(self, topics: Sequence[str]) -> Mapping[str, int]:
        newest = sessions.newest_log_id(self._database) if any(_moves_with_log(topic) for topic in topics) else 0
        found = dict(sessions.revisions(self._database, [topic for topic in topics if not _moves_with_log(topic)]))
        for topic in topics:
            if topic == doors.LOG:
                found[topic] = newest
            elif _moves_with_log(topic):
                found[topic] = newest + self._bumps.get(topic, 0)
        return found


def _moves_with_log(topic: str) -> bool:
    return topic == doors.LOG or topic.startswith("agent:")
