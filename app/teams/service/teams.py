"""Teams as supervisors keep them: a name, a leader, its agents."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.accounts.service import phone_usernames
from app.bus import Bus
from app.errors import Conflict, InvalidInput, NotFound
from app.journal import service as journal
from app.teams.models import Team, TeamMember
from app.texts import N_

_CHANGED = N_("Somebody else has changed this team. Open it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamData:
    """What the form says. Who is named leaves the team of before."""

    name: str
    leader: str | None
    members: Collection[str]


def list_teams(session: Session) -> list[Team]:
    """Every team, by name."""
    return list(session.scalars(select(Team).order_by(Team.name)))


def get_team(session: Session, team_id: int) -> Team:
    """Raises NotFound."""
    # Beyond what PostgreSQL can compare an id with.
    found = session.get(Team, team_id) if 0 < team_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such team."))
    return found


def members_of(session: Session, team_id: int) -> list[str]:
    """The agents of a team, by username."""
    query = select(TeamMember.username).where(TeamMember.team_id == team_id).order_by(TeamMember.username)
    return list(session.scalars(query))


def add_team(session: Session, bus: Bus, data: TeamData, now: datetime) -> Team:
    """Raises InvalidInput; Conflict when there is one of that name."""
    team = Team()
    _set(session, team, data)
    session.add(team)
    session.flush()
    _set_members(session, team.id, data.members)
    _tell(session, bus, team.id, now)
    return team


def save_team(session: Session, bus: Bus, team_id: int, data: TeamData, *, row_version: int, now: datetime) -> Team:
    """Raises Conflict when somebody else has changed it since, InvalidInput, NotFound."""
    team = get_team(session, team_id)
    if team.row_version != row_version:
        raise Conflict(_CHANGED)
    _set(session, team, data)
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(_CHANGED) from None
    _set_members(session, team_id, data.members)
    _tell(session, bus, team_id, now)
    return team


def remove_team(session: Session, bus: Bus, team_id: int, now: datetime) -> None:
    """The team is gone; its agents stay, in none. Raises NotFound."""
    team = get_team(session, team_id)
    session.execute(delete(TeamMember).where(TeamMember.team_id == team_id))
    session.delete(team)
    session.flush()
    _tell(session, bus, team_id, now)


def _set(session: Session, team: Team, data: TeamData) -> None:
    name = " ".join(data.name.split())
    if not name or len(name) > 60 or not name.isprintable():
        raise InvalidInput(N_("Write a name of at most 60 characters."), field="name")
    if data.leader is not None and data.leader not in phone_usernames(session):
        raise InvalidInput(N_("The leader is somebody with a desk."), field="leader")
    with session.no_autoflush:
        taken = session.scalar(select(Team.id).where(Team.name == name, Team.id != (team.id or 0)))
    if taken is not None:
        raise Conflict(N_("There is a team of this name."), field="name")
    team.name, team.leader = name, data.leader


def _set_members(session: Session, team_id: int, members: Collection[str]) -> None:
    known = set(phone_usernames(session)) & set(members)
    session.execute(delete(TeamMember).where((TeamMember.team_id == team_id) | TeamMember.username.in_(known)))
    session.add_all(TeamMember(username=username, team_id=team_id) for username in sorted(known))
    session.flush()


def _tell(session: Session, bus: Bus, team_id: int, now: datetime) -> None:
    journal.append(session, bus, [journal.Entry(kind="team.changed", at=now, payload={"team_id": team_id})])
