"""Teams as supervisors keep them: the list, a new one, one with its agents."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.accounts.service import phone_usernames
from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput
from app.floor_reports.service import agent_names
from app.http import allow, audit, parts, reading, writing
from app.teams import service
from app.teams.models import Team

pages = Blueprint("teams", __name__, url_prefix="/floor/teams", template_folder="../templates")


@pages.get("")
@allow(OVER_AGENTS)
def list_teams() -> str:
    with reading() as session:
        rows = service.list_teams(session)
        counts = {row.id: len(service.members_of(session, row.id)) for row in rows}
        names = agent_names(session)
    return render_template("teams/list.html", rows=rows, counts=counts, names=names)


@pages.get("/new")
@allow(OVER_AGENTS)
def show_new() -> str:
    return _form(None, [], {})


@pages.post("/new")
@allow(OVER_AGENTS)
def add_team() -> Response | tuple[str, int]:
    try:
        with writing() as session:
            team = service.add_team(session, parts().bus, _read_form(), parts().now())
            audit(session, Action.SETTING, subject=f"team:{team.id}", details={"change": "created"})
    except (InvalidInput, Conflict) as error:
        return _form(None, request.form.getlist("member"), errors_of(error)), 422
    flash(_("Saved."), "success")
    return redirect(url_for("teams.list_teams"), 303)


@pages.get("/<int:team_id>")
@allow(OVER_AGENTS)
def show_team(team_id: int) -> str:
    with reading() as session:
        team = service.get_team(session, team_id)
        members = service.members_of(session, team_id)
    return _form(team, members, {})


@pages.post("/<int:team_id>")
@allow(OVER_AGENTS)
def save_team(team_id: int) -> Response | tuple[str, int]:
    with reading() as session:
        team = service.get_team(session, team_id)
    try:
        with writing() as session:
            row_version = request.form.get("row_version", 0, type=int)
            service.save_team(session, parts().bus, team_id, _read_form(), row_version=row_version, now=parts().now())
            audit(session, Action.SETTING, subject=f"team:{team_id}", details={"change": "saved"})
    except (InvalidInput, Conflict) as error:
        return _form(team, request.form.getlist("member"), errors_of(error)), 422
    flash(_("Saved."), "success")
    return redirect(url_for("teams.list_teams"), 303)


@pages.post("/<int:team_id>/remove")
@allow(OVER_AGENTS)
def remove_team(team_id: int) -> Response:
    """The team is gone; its agents stay, in none."""
    with writing() as session:
        service.remove_team(session, parts().bus, team_id, parts().now())
        audit(session, Action.SETTING, subject=f"team:{team_id}", details={"change": "removed"})
    flash(_("The team is gone; its agents are in none."), "success")
    return redirect(url_for("teams.list_teams"), 303)


def _read_form() -> service.TeamData:
    form = request.form
    return service.TeamData(
        name=form.get("name", ""), leader=form.get("leader") or None, members=form.getlist("member")
    )


def _form(team: Team | None, members: list[str], errors: dict[str, str]) -> str:
    with reading() as session:
        agents, names = phone_usernames(session), agent_names(session)
    people = sorted(((agent, names.get(agent, agent)) for agent in agents), key=lambda each: each[1])
    return render_template(
        "teams/edit.html", team=team, people=people, members=set(members), errors=errors, typed=request.form
    )
