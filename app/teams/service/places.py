"""Where each agent belongs: team, site, queues, languages, read at once for all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import AT_THE_DESK
from app.organisation.models import Department
from app.organisation.rules import DepartmentKind
from app.queues import service as queues
from app.queues.rules import MAIN_QUEUE
from app.teams.models import AgentLanguage, Team, TeamMember


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where one agent belongs. `site` is the id of the department of that kind that the agent's own one stands in."""

    team: int | None
    site: int | None
    queues: Mapping[str, int]
    languages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Teams and sites by id, in the order of their names, and the place of each active account with a desk."""

    teams: Mapping[int, str]
    sites: Mapping[int, str]
    of: Mapping[str, Place]


def read_places(session: Session) -> Places:
    """Six queries, however many agents there are."""
    teams = {row[0]: row[1] for row in session.execute(select(Team.id, Team.name).order_by(Team.name))}
    members = {row[0]: row[1] for row in session.execute(select(TeamMember.username, TeamMember.team_id))}
    spoken: dict[str, list[str]] = {}
    for username, language in session.execute(select(AgentLanguage.username, AgentLanguage.language)):
        spoken.setdefault(username, []).append(language)
    sites, site_of = _sites(session)
    served = queues.memberships(session)
    rows = session.execute(
        select(User.username, User.department_id).where(User.role.in_(AT_THE_DESK), User.is_active.is_(True))
    )
    of = {
        username: Place(
            team=members.get(username),
            site=site_of.get(department) if department is not None else None,
            queues=served.get(username, {MAIN_QUEUE: 0}),
            languages=tuple(sorted(spoken.get(username, ()))),
        )
        for username, department in rows
    }
    return Places(teams=teams, sites=sites, of=of)


def _sites(session: Session) -> tuple[dict[int, str], dict[int, int]]:
    """The sites by id, and the nearest site above each department, itself included."""
    rows = session.execute(
        select(Department.id, Department.name, Department.kind, Department.path, Department.is_active).order_by(
            Department.name
        )
    ).all()
    sites = {id: name for id, name, kind, _path, is_active in rows if kind == DepartmentKind.SITE and is_active}
    nearest: dict[int, int] = {}
    for id, _name, _kind, path, _is_active in rows:
        above = [int(each) for each in path.split("/") if each]
        site = next((each for each in reversed(above) if each in sites), None)
        if site is not None:
            nearest[id] = site
    return sites, nearest
