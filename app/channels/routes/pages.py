"""The inbox of emails, web messages and other channels, for people: the list, one contact, and the buttons that act."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK
from app.audit.rules import Action
from app.channels import service
from app.channels.models import Interaction
from app.channels.routes.form import form_values
from app.channels.routes.labels import page_words
from app.channels.rules import Channel, InState, Outcome, OutState, may_move, web_reference, web_reference_id
from app.channels.service import Filters
from app.errors import Conflict, InvalidInput, NotFound
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.messages.rules import Direction
from app.paging import DEFAULT_LIMIT
from app.patients.models import Patient
from app.patients.service import find_people, patient_cards

pages = Blueprint("channels", __name__, url_prefix="/inbox", template_folder="../templates")

# A contact also stands on the patient's timeline, whose page is another room's.
pages.add_app_template_global(page_words, "interaction_words")


@pages.get("")
@allow(AT_THE_DESK)
def show_inbox() -> str | tuple[str, int]:
    """The list with its filters. htmx asks every few seconds for the table alone, and leaves it when nothing is new."""
    chosen, cursor = _chosen(), request.args.get("cursor")
    with reading() as session:
        page = service.list_interactions(session, _filters(chosen), limit=DEFAULT_LIMIT, cursor=cursor)
        people = _people(session, page.items)
        waiting = service.count_open(session)
    version = _version(page.items, waiting)
    is_poll = "HX-Request" in request.headers
    if is_poll and request.args.get("seen") == version:
        return "", 204
    return render_template(
        "channels/_table.html" if is_poll else "channels/inbox.html",
        page=page,
        people=people,
        chosen={name: value for name, value in chosen.items() if value},
        cursor=cursor,
        version=version,
        waiting=waiting,
        states=_states(chosen["box"]),
        connections=service.connections(parts().settings),
        **page_words(),
    )


@pages.get("/<int:interaction_id>")
@allow(AT_THE_DESK)
def show_interaction(interaction_id: int) -> str:
    may_write = viewer().grant(Module.MESSAGES).can_write
    if may_write:
        with writing() as session:
            interaction = service.get_interaction(session, interaction_id)
            service.mark_read(session, parts().bus, interaction, agent=signed_in().username, now=parts().now())
    with reading() as session:
        interaction = service.get_interaction(session, interaction_id)
        patient = session.get(Patient, interaction.patient_id) if interaction.patient_id else None
        return render_template(
            "channels/interaction.html",
            interaction=interaction,
            patient=patient,
            reference=web_reference(interaction.id) if interaction.channel == Channel.WEB else "",
            candidates=_candidates(session, interaction) if patient is None else [],
            sought=request.args.get("q", "")[:60],
            history=service.history(session, interaction),
            may_write=may_write,
            may_move=may_move,
            form=form_values(session, patient, interaction) if interaction.direction == Direction.IN else None,
            **page_words(),
        )


@pages.post("/<int:interaction_id>/take")
@allow(AT_THE_DESK)
def take(interaction_id: int) -> Response:
    try:
        with writing() as session:
            service.take(session, parts().bus, interaction_id, agent=signed_in().username, now=parts().now())
    except Conflict as error:
        flash(_(error.detail), "danger")
    return redirect(url_for(".show_interaction", interaction_id=interaction_id), 303)


@pages.post("/<int:interaction_id>/close")
@allow(AT_THE_DESK)
def close(interaction_id: int) -> Response:
    with writing() as session:
        agent, now = signed_in().username, parts().now()
        service.close(session, parts().bus, interaction_id, Outcome.NO_ANSWER_NEEDED, agent=agent, now=now)
    flash(_("It is off the list."), "success")
    return redirect(url_for(".show_inbox"), 303)


@pages.post("/<int:interaction_id>/move")
@allow(AT_THE_DESK)
def move(interaction_id: int) -> Response:
    """Send a draft, send a failed one again, take one back, or say that an uncertain one arrived."""
    state = request.form.get("state", "")
    try:
        with writing() as session:
            agent, now = signed_in().username, parts().now()
            service.change_state(session, parts().bus, interaction_id, state, agent=agent, now=now)
    except Conflict as error:
        flash(_(error.detail), "danger")
    return redirect(url_for(".show_interaction", interaction_id=interaction_id), 303)


@pages.post("/<int:interaction_id>/link")
@allow(AT_THE_DESK)
def link(interaction_id: int) -> Response:
    patient_id = request.form.get("patient_id", type=int)
    if patient_id is None:
        raise InvalidInput("No such patient.", field="patient_id")
    try:
        with writing() as session:
            agent, now = signed_in().username, parts().now()
            row = service.link(session, parts().bus, interaction_id, patient_id, agent=agent, now=now)
            audit(session, Action.CHANGE, patient_id=row.patient_id, subject=f"interaction:{interaction_id}")
    except Conflict as error:
        flash(_(error.detail), "danger")
    return redirect(url_for(".show_interaction", interaction_id=interaction_id), 303)


def _chosen() -> dict[str, str]:
    """The filters in the address, only those that mean something."""
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("box", "channel", "state", "reference", "all")}
    chosen["box"] = chosen["box"] if chosen["box"] in ("in", "out", "mine") else "in"
    chosen["channel"] = chosen["channel"] if chosen["channel"] in set(Channel) else ""
    chosen["state"] = chosen["state"] if chosen["state"] in _states(chosen["box"]) else ""
    return chosen


def _states(box: str) -> list[str]:
    return [state.value for state in (OutState if box == "out" else InState)]


def _filters(chosen: dict[str, str]) -> Filters:
    box = chosen["box"]
    return Filters(
        channel=Channel(chosen["channel"]) if chosen["channel"] else None,
        direction=Direction.OUT if box == "out" else Direction.IN,
        state=chosen["state"] or None,
        # A text that is no reference finds nothing, which the empty list then says.
        id=(web_reference_id(chosen["reference"]) or 0) if chosen["reference"] else None,
        is_open=box != "out" and not any(chosen[name] for name in ("state", "reference", "all")),
        agent=signed_in().username if box == "mine" else None,
    )


def _people(session: Session, rows: Sequence[Interaction]) -> dict[int, Any]:
    ids = {row.patient_id for row in rows if row.patient_id is not None}
    visible = set(session.scalars(select(Patient.id).where(Patient.id.in_(ids)))) if ids else set()
    return patient_cards(session, visible, now=parts().now()) if visible else {}


def _candidates(session: Session, interaction: Interaction) -> list[Any]:
    """Whose it may be: who has the number or address, or whom the agent looked for."""
    now, sought = parts().now(), request.args.get("q", "")[:60].strip()
    if sought:
        ids = [hit.patient.id for hit in find_people(session, sought, settings=parts().settings, limit=10)]
    else:
        ids = service.candidate_ids(session, number=interaction.number, address=interaction.address, now=now)
    try:
        cards = patient_cards(session, ids, now=now) if ids else {}
    except NotFound:
        return []
    return [cards[patient_id] for patient_id in ids]


def _version(rows: Sequence[Interaction], waiting: int) -> str:
    """Changes when anything that the list shows changes."""
    shown = [(row.id, row.state, row.outcome, row.patient_id, row.agent, row.error_code) for row in rows]
    return format(zlib.crc32(repr((shown, waiting)).encode()), "x")
