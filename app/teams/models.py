"""Teams of agents, what each agent speaks, and what supervisors changed of who serves which queue."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class Team(Table):
    """A named group of agents; `leader` is a username."""

    __tablename__ = "team"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(60), unique=True)
    leader: Mapped[str | None] = mapped_column(String(64))
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class TeamMember(Table):
    """An agent is in one team at most."""

    __tablename__ = "team_member"

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("team.id"), index=True)


class AgentLanguage(Table):
    """A language that an agent speaks with patients; a code of app.teams.rules."""

    __tablename__ = "agent_language"

    username: Mapped[str] = mapped_column(String(64), primary_key=True)
    language: Mapped[str] = mapped_column(String(10), primary_key=True)


class ServingChange(Table):
    """What one order of a supervisor changed of who serves what, so that it can be taken back.

    `before` and `after` hold for each username what `Serving.as_json` of app.teams.rules makes.
    """

    __tablename__ = "serving_change"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)  # the order's own id
    at: Mapped[datetime] = mapped_column(index=True)
    by: Mapped[str] = mapped_column(String(64))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    undone_at: Mapped[datetime | None]
    undone_by: Mapped[str | None] = mapped_column(String(64))
