"""What an agent does with a contact: read it, take it, say whose it is, close it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.bus import Bus
from app.channels.models import Interaction
from app.channels.rules import InState, Outcome, OutState, may_move
from app.channels.service.reading import get_interaction
from app.db import rows_changed
from app.errors import Conflict, NotFound
from app.journal.service import Entry, append
from app.messages.rules import Direction
from app.patients.service import require_patient, touch
from app.texts import N_

_MOVED_ON = N_("This contact is not in a state that permits this. Look at it again.")


def mark_read(session: Session, bus: Bus, interaction: Interaction, *, agent: str, now: datetime) -> None:
    """Note that somebody has seen it; it stays on the list."""
    if interaction.direction == Direction.IN and interaction.state == InState.NEW:
        interaction.state = InState.READ
        _tell(session, bus, interaction, agent, now)


def take(session: Session, bus: Bus, interaction_id: int, *, agent: str, now: datetime) -> Interaction:
    """Say that this agent will answer it. Raises NotFound, and Conflict when a colleague was first."""
    interaction = _incoming(session, interaction_id)
    mine = (
        update(Interaction)
        .where(Interaction.id == interaction.id, Interaction.agent.is_(None), Interaction.handled_at.is_(None))
        .values(agent=agent)
    )
    if interaction.agent != agent and rows_changed(session.execute(mine)) != 1:
        raise Conflict(N_("A colleague has taken this contact already."))
    session.refresh(interaction)
    mark_read(session, bus, interaction, agent=agent, now=now)
    _tell(session, bus, interaction, agent, now)
    return interaction


def link(session: Session, bus: Bus, interaction_id: int, patient_id: int, *, agent: str, now: datetime) -> Interaction:
    """Say whose it is. Raises NotFound, and Conflict when it is somebody else's already."""
    interaction = get_interaction(session, interaction_id)
    patient_id = require_patient(session, patient_id)
    if interaction.patient_id is not None and interaction.patient_id != patient_id:
        raise Conflict(N_("This contact already belongs to another patient."))
    interaction.patient_id = patient_id
    touch(session, patient_id, interaction.at)
    _tell(session, bus, interaction, agent, now)
    return interaction


def close(
    session: Session,
    bus: Bus,
    interaction_id: int,
    outcome: Outcome,
    *,
    agent: str,
    now: datetime,
    note: str = "",
    message_id: int | None = None,
) -> Interaction:
    """Take an incoming contact off the list, with what came of it. The same again changes nothing.

    Raises NotFound, and Conflict when it was answered already.
    """
    interaction = _incoming(session, interaction_id)
    state = InState.IGNORED if outcome is Outcome.NO_ANSWER_NEEDED else InState.ANSWERED
    if interaction.state == state:
        return interaction
    if not may_move(interaction.state, state):
        raise Conflict(_MOVED_ON)
    interaction.state, interaction.outcome = state, outcome
    interaction.note = note[:2000] or interaction.note
    interaction.message_id = message_id or interaction.message_id
    interaction.handled_at, interaction.handled_by = interaction.handled_at or now, interaction.handled_by or agent
    interaction.agent = interaction.agent or agent
    _tell(session, bus, interaction, agent, now)
    return interaction


def change_state(
    session: Session, bus: Bus, interaction_id: int, state: str, *, agent: str, now: datetime
) -> Interaction:
    """Move a contact to the state that a person chose: read, answered or ignored for one that came in; queued (send it,
    or send it again), cancelled, or for an uncertain one sent, for one that goes out.

    Raises NotFound, and Conflict for a move that there is not.
    """
    interaction = get_interaction(session, interaction_id)
    if interaction.direction == Direction.IN:
        if state == InState.READ:
            mark_read(session, bus, interaction, agent=agent, now=now)
            return interaction
        if state not in (InState.ANSWERED, InState.IGNORED):
            raise Conflict(_MOVED_ON)
        outcome = Outcome.OTHER if state == InState.ANSWERED else Outcome.NO_ANSWER_NEEDED
        return close(session, bus, interaction_id, outcome, agent=agent, now=now)
    return _move_out(session, bus, interaction, state, agent=agent, now=now)


def _move_out(
    session: Session, bus: Bus, interaction: Interaction, state: str, *, agent: str, now: datetime
) -> Interaction:
    chosen = {OutState.QUEUED, OutState.CANCELLED}
    if interaction.state == OutState.UNCERTAIN:
        chosen.add(OutState.SENT)
    if state not in chosen or not may_move(interaction.state, state):
        raise Conflict(_MOVED_ON)
    moved = (
        update(Interaction)
        .where(Interaction.id == interaction.id, Interaction.state == interaction.state)
        .values(state=state, due_at=now, error_code=None, claimed_at=None)
    )
    if rows_changed(session.execute(moved)) != 1:
        raise Conflict(_MOVED_ON)
    session.refresh(interaction)
    if state == OutState.QUEUED:
        # Asked for anew: it has a day again.
        interaction.attempts, interaction.at, interaction.outcome = 0, now, None
    _tell(session, bus, interaction, agent, now)
    return interaction


def _incoming(session: Session, interaction_id: int) -> Interaction:
    interaction = get_interaction(session, interaction_id)
    if interaction.direction != Direction.IN:
        raise NotFound(N_("There is no such contact."))
    return interaction


def _tell(session: Session, bus: Bus, interaction: Interaction, agent: str, now: datetime) -> None:
    entry = Entry(kind="interaction.changed", at=now, agent=agent, payload={"interaction_id": interaction.id})
    append(session, bus, [entry])
