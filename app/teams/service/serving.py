"""Who serves which queue, changed from the floor for one agent or many: at once, on record, taken back in one go."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.accounts.service import phone_usernames
from app.bus import Bus
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.queues import service as queues
from app.queues.rules import MAIN_QUEUE
from app.teams.models import AgentLanguage, ServingChange
from app.teams.rules import LANGUAGES, Serving, serving_after
from app.texts import N_

# What somebody wants to take back on one page.
_MOST_SHOWN = 10


def read_serving(session: Session, agents: Collection[str]) -> dict[str, Serving]:
    """What each of these agents serves now."""
    served = queues.memberships(session)
    spoken: dict[str, set[str]] = {}
    for row in session.scalars(select(AgentLanguage).where(AgentLanguage.username.in_(agents))):
        spoken.setdefault(row.username, set()).add(row.language)
    return {
        agent: Serving(queues=served.get(agent, {MAIN_QUEUE: 0}), languages=frozenset(spoken.get(agent, ())))
        for agent in agents
    }


def change_serving(
    session: Session,
    bus: Bus,
    *,
    id: str,
    agents: Collection[str],
    wanted: Mapping[str, int | None],
    languages: frozenset[str] | None,
    by: str,
    now: datetime,
) -> list[str]:
    """Give these agents these queues, each with its penalty or, for None, no longer. Returns whom that changed.

    Telephony follows within a second; calls go on. The same id again changes nothing. Raises InvalidInput, NotFound.
    """
    if session.get(ServingChange, id) is not None:
        return []
    _check(session, agents, wanted, languages)
    before = read_serving(session, agents)
    after = {agent: serving_after(before[agent], wanted, languages) for agent in agents}
    if any(not serving.queues for serving in after.values()):
        raise InvalidInput(N_("An agent serves one queue at least. Make the agent not ready instead."), field="queues")
    changed = sorted(agent for agent in agents if after[agent] != before[agent])
    if changed:
        _put(session, {agent: after[agent] for agent in changed})
        session.add(ServingChange(id=id, at=now, by=by, before=_json(before, changed), after=_json(after, changed)))
        _tell(session, bus, changed, now)
    return changed


def undo_serving(session: Session, bus: Bus, id: str, *, by: str, now: datetime) -> list[str]:
    """Bring back what these agents served before that change. Returns whom that concerned.

    Raises Conflict when one of them serves something else again by now, or it was taken back already; NotFound.
    """
    change = session.get(ServingChange, id)
    if change is None:
        raise NotFound(N_("There is no such change."))
    claimed = session.execute(
        update(ServingChange)
        .where(ServingChange.id == id, ServingChange.undone_at.is_(None))
        .values(undone_at=now, undone_by=by)
    )
    if not rows_changed(claimed):
        raise Conflict(N_("This change has been taken back already."))
    agents = sorted(change.after)
    present = read_serving(session, agents)
    if any(present[agent] != Serving.from_json(change.after[agent]) for agent in agents):
        raise Conflict(N_("Somebody has changed this once more since then. Look at it again."))
    _put(session, {agent: Serving.from_json(change.before[agent]) for agent in agents})
    _tell(session, bus, agents, now)
    return agents


def changes_of_today(session: Session, since: datetime) -> list[dict[str, Any]]:
    """What was changed and not taken back since then, newest first."""
    rows = session.scalars(
        select(ServingChange)
        .where(ServingChange.at >= since, ServingChange.undone_at.is_(None))
        .order_by(ServingChange.at.desc())
        .limit(_MOST_SHOWN)
    )
    return [{"id": row.id, "at": row.at.isoformat(), "by": row.by, "agents": sorted(row.after)} for row in rows]


def _check(
    session: Session, agents: Collection[str], wanted: Mapping[str, int | None], languages: frozenset[str] | None
) -> None:
    if not agents:
        raise InvalidInput(N_("Choose at least one agent."), field="agents")
    if not set(agents) <= set(phone_usernames(session)):
        raise NotFound(N_("No such agent."))
    if not wanted.keys() <= queues.queue_names(session):
        raise NotFound(N_("There is no such queue."))
    if languages is not None and not languages <= set(LANGUAGES):
        raise InvalidInput(N_("Choose among the languages shown."), field="languages")


def _put(session: Session, servings: Mapping[str, Serving]) -> None:
    for agent, serving in servings.items():
        queues.serve_queues(session, agent, serving.queues)
    session.execute(delete(AgentLanguage).where(AgentLanguage.username.in_(servings)))
    session.add_all(
        AgentLanguage(username=agent, language=language)
        for agent, serving in servings.items()
        for language in sorted(serving.languages)
    )
    session.flush()


def _json(servings: Mapping[str, Serving], agents: Collection[str]) -> dict[str, Any]:
    return {agent: servings[agent].as_json() for agent in agents}


def _tell(session: Session, bus: Bus, agents: Collection[str], now: datetime) -> None:
    journal.append(session, bus, [journal.Entry(kind="serving.changed", at=now, agent=agent) for agent in agents])
