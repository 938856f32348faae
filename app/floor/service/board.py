"""The live board with everything that concerns nobody's person: queues, agents, teams, sites, alarms.

Read in a session without a viewer, as these figures are of the whole floor.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from app.floor.rules import FloorLimits
from app.floor.rules.day import AgentsDay
from app.floor.service.alarms import alarm_limits, present_alarms
from app.floor.service.day import EARLIER, DayBook, average_answer, average_handle
from app.queues.rules import start_of_day
from app.queues.service import board, queue_figures
from app.settings import Settings
from app.teams.service import Place, Places, read_places

# Averages over a day hardly move within this, and cost ten times the rest.
_AVERAGES_EVERY = timedelta(seconds=5)
# Who belongs where is read so often even when no entry of the journal told of a change.
_PLACES_EVERY = timedelta(seconds=2)
_NOWHERE = Place(team=None, site=None, queues={}, languages=())
_EARLIER_FIGURES = ("waiting", "offered", "answered", "abandoned", "service_level")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Averages:
    answer: Mapping[str, float] = field(default_factory=dict)
    handle: Mapping[str, float] = field(default_factory=dict)
    earlier: Mapping[str, Mapping[str, Any]] | None = None


class FloorBoard:
    """What changes slowly is kept between two readings. For one thread."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._book = DayBook()
        self._averages = _Averages()
        self._averages_at: datetime | None = None
        self._places = Places(teams={}, sites={}, of={})
        self._limits = FloorLimits(waiting=0, wait_seconds=0, watches_service_level=False)
        self._places_at: datetime | None = None

    def forget_places(self) -> None:
        """Teams, queues or limits have changed: read them with the next board."""
        self._places_at = None

    def read(self, session: Session, now: datetime) -> dict[str, Any]:
        """The `board` of docs/desk-protocol.md without `n`."""
        seen = board(session, self._settings, now)
        day = self._book.follow(session, self._settings, now)
        self._refresh(session, day, now)
        places = self._places
        for queue in seen["queues"]:
            queue |= self._more_of(queue, day, now)
        for agent in seen["agent_list"]:
            place = places.of.get(agent["id"], _NOWHERE)
            agent |= {
                "team": place.team,
                "site": place.site,
                "queues": place.queues,
                "languages": place.languages,
            }
        return {
            **seen,
            "occupancy": _share(day.occupancy((each["id"] for each in seen["agent_list"]), now)),
            "teams": [
                _group(id, name, (agent for agent, place in places.of.items() if place.team == id), day, now)
                for id, name in places.teams.items()
            ],
            "sites": [
                _group(id, name, (agent for agent, place in places.of.items() if place.site == id), day, now)
                for id, name in places.sites.items()
            ],
            "alarms": present_alarms(seen["queues"], self._limits, now),
        }

    def _refresh(self, session: Session, day: AgentsDay, now: datetime) -> None:
        if self._places_at is None or not timedelta(0) <= now - self._places_at < _PLACES_EVERY:
            self._places, self._limits, self._places_at = read_places(session), alarm_limits(session), now
        if self._averages_at is None or not timedelta(0) <= now - self._averages_at < _AVERAGES_EVERY:
            self._averages_at = now
            then, start = now - EARLIER, start_of_day(now, self._settings.timezone)
            self._averages = _Averages(
                answer=average_answer(session, start),
                handle=average_handle(session, day, now),
                # Just after midnight there is no earlier figure of this day.
                earlier=queue_figures(session, self._settings, then) if then >= start else None,
            )

    def _more_of(self, queue: Mapping[str, Any], day: AgentsDay, now: datetime) -> dict[str, Any]:
        name, averages = queue["name"], self._averages
        answer, handle = averages.answer.get(name), averages.handle.get(name)
        earlier = (averages.earlier or {}).get(name)
        agents = (agent for agent, place in self._places.of.items() if name in place.queues)
        return {
            "average_answer_seconds": None if answer is None else round(answer),
            "average_handle_seconds": None if handle is None else round(handle),
            "abandon_rate": round(queue["abandoned"] / queue["offered"], 4) if queue["offered"] else None,
            "occupancy": _share(day.occupancy(agents, now)),
            "earlier": None if earlier is None else {figure: earlier[figure] for figure in _EARLIER_FIGURES},
        }


def _group(id: int, name: str, agents: Iterable[str], day: AgentsDay, now: datetime) -> dict[str, Any]:
    return {"id": id, "name": name, "occupancy": _share(day.occupancy(agents, now))}


def _share(value: float | None) -> float | None:
    # A hundredth is what anybody reads; more digits would change with each message.
    return None if value is None else round(value, 2)
