"""Writes into the audit log whose record a call has put on a desk: after the pop, in a thread of its own."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlalchemy import select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit.models import AuditEvent
from app.audit.rules import Action, AuditEntry
from app.audit.service import record
from app.parts import Parts
from app.web.live.changes import Pile, Shown

log = structlog.get_logger()

# What was noted is remembered, so that a desk that is drawn again costs nothing; past this the database is asked.
_MOST_REMEMBERED = 10_000
_GATHER_SECONDS = 1.0

Pop = tuple[str, str, int]
"""The agent, the call, and the patient who was shown."""


class PopLog:
    """Once for each call and each patient shown: who saw the card (guard 10)."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pile: Pile[Pop] = Pile()
        self._noted: dict[Pop, None] = {}

    def note(self, agent: str, shown: Shown) -> None:
        """These people are on the agent's desk. Never waits."""
        if shown.call_id is None:
            return
        fresh = [
            pop for patient_id in shown.patient_ids if (pop := (agent, shown.call_id, patient_id)) not in self._noted
        ]
        if fresh:
            self._pile.put(*fresh)

    def run(self) -> None:
        """The loop of the thread. What is still to be written when it is closed is written before it ends."""
        while True:
            pops = self._pile.take()
            try:
                self._write(pops)
            except DBAPIError as error:
                log.warning("live.pops_failed", error=type(error).__name__)
                self._pile.put(*pops)
            except Exception:
                # The outermost loop of this thread.
                log.exception("live.pops_failed")
            if self._pile.is_closed:
                return
            # One commit for the pops of a second: each takes the writer's turn from the calls themselves.
            self._pile.rest(_GATHER_SECONDS)

    def close(self) -> None:
        """End the loop."""
        self._pile.close()

    def _write(self, pops: list[Pop]) -> None:
        fresh = [pop for pop in pops if pop not in self._noted]
        if not fresh:
            return
        with self._parts.database.reading() as session:
            roles, written = _roles(session, fresh), _written(session, fresh)
        entries = [
            AuditEntry(
                at=self._parts.now(),
                actor=agent,
                role=roles.get(agent, ""),
                action=Action.POP,
                patient_id=patient_id,
                subject=_subject(call_id),
            )
            for agent, call_id, patient_id in fresh
            if (agent, call_id, patient_id) not in written
        ]
        if entries:
            with self._parts.database.writing() as session:
                for entry in entries:
                    record(session, entry, key=self._parts.settings.secret_key)
        if len(self._noted) > _MOST_REMEMBERED:
            self._noted = {}
        self._noted |= dict.fromkeys(fresh)


def _subject(call_id: str) -> str:
    return f"call:{call_id}"


def _roles(session: Session, pops: Sequence[Pop]) -> dict[str, str]:
    wanted = select(User.username, User.role).where(User.username.in_({agent for agent, _, _ in pops}))
    return dict(session.execute(wanted).all())


def _written(session: Session, pops: Sequence[Pop]) -> set[Pop]:
    """Those that another process, or this one before a restart, has written."""
    calls = {_subject(call_id): call_id for _, call_id, _ in pops}
    earlier = select(AuditEvent.actor, AuditEvent.subject, AuditEvent.patient_id).where(
        AuditEvent.action == Action.POP,
        AuditEvent.subject.in_(calls),
        AuditEvent.patient_id.in_({patient_id for _, _, patient_id in pops}),
    )
    return {(actor, calls[subject], patient_id or 0) for actor, subject, patient_id in session.execute(earlier)}
