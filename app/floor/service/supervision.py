"""Supervisors in colleagues' calls: ordered here, done and told by telephony, each use in the audit log (guard 10)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import service as access
from app.audit.rules import Action, AuditEntry
from app.audit.service import record
from app.bus import Bus
from app.calls import service as calls
from app.calls.models import Call, TelephonyCommand
from app.calls.rules import CommandKind
from app.configuration import service as configuration
from app.configuration.rules import TELL_AGENTS
from app.db import upsert
from app.errors import Conflict, NotFound
from app.floor.models import Supervision
from app.floor.rules import SupervisionChanged, SupervisionMode, SupervisionRecord
from app.floor.service.help import see_help_in
from app.journal import service as journal
from app.parts import Parts
from app.texts import N_

_COLUMNS = tuple(SupervisionRecord.__dataclass_fields__)


def order_supervision(
    parts: Parts, *, id: str, call_id: str, mode: SupervisionMode, by: str, role: str, address: str
) -> None:
    """Let this supervisor listen to a call, whisper to its agent or speak to both; the own phone rings and answers.

    The same again with another mode changes who hears the supervisor. Roles are the caller's to check. Blocks like
    `calls.order`, and raises what it raises.
    """
    args = {"call_id": call_id, "mode": mode.value}
    _order(parts, CommandKind.SUPERVISE, args, id=id, by=by, role=role, address=address)


def order_take_over(parts: Parts, *, id: str, call_id: str, by: str, role: str, address: str) -> None:
    """Give the patient of this call to this supervisor; the agent goes on to the wrap-up. As `order_supervision`."""
    _order(parts, CommandKind.TAKE_OVER, {"call_id": call_id}, id=id, by=by, role=role, address=address)


def stop_supervision(parts: Parts, *, id: str, by: str) -> None:
    """End whatever call this supervisor is in as one. Twice is harmless."""
    calls.order(parts, id=id, kind=CommandKind.STOP_SUPERVISING, args={}, agent=by, issued_by=by)


def open_supervisions(session: Session) -> list[SupervisionRecord]:
    """What had not ended when the last telephony process did."""
    rows = session.scalars(select(Supervision).where(Supervision.ended_at.is_(None)))
    return [_record(row) for row in rows]


def supervision_orders(session: Session, linkedids: Sequence[str]) -> set[str]:
    """Those of the ids that are a supervisor's order, and so no call."""
    if not linkedids:
        return set()
    kinds = (TelephonyCommand.kind == CommandKind.SUPERVISE.value, TelephonyCommand.id.in_(linkedids))
    return set(session.scalars(select(TelephonyCommand.id).where(*kinds)))


def told_to_agent(session: Session, agent: str) -> SupervisionMode | None:
    """The farthest-going mode in which a supervisor is in this agent's call, where the hospital tells its agents.

    Whisper and barge are told in any case: the agent hears them.
    """
    modes = set(
        session.scalars(
            select(Supervision.mode).where(
                Supervision.agent == agent, Supervision.ended_at.is_(None), Supervision.began_at.is_not(None)
            )
        )
    )
    heard = next((mode for mode in (SupervisionMode.BARGE, SupervisionMode.WHISPER) if mode in modes), None)
    if heard is not None or not modes:
        return heard
    return SupervisionMode.LISTEN if configuration.value(session, TELL_AGENTS) else None


def record_supervisions(session: Session, bus: Bus, told: Sequence[SupervisionChanged], *, key: str) -> None:
    """Write what telephony tells; an end is audited with who, whom, from and until."""
    if not told:
        return
    newest = {change.record.id: change.record for change in told}
    upsert(session, Supervision, [_row(each) for each in newest.values()], key="id")
    entries = []
    for change in told:
        of = change.record
        event = "ended" if of.ended_at else "changed" if of.began_at else "ordered"
        payload = {"supervisor": of.supervisor, "mode": of.mode.value}
        for agent in (of.agent, of.supervisor):
            entries.append(
                journal.Entry(
                    kind=f"supervision.{event}", at=change.at, agent=agent, call_id=of.call_id, payload=payload
                )
            )
        if of.ended_at is not None:
            details = _times(of)
            patient_id = session.scalar(select(Call.patient_id).where(Call.id == of.call_id))
            _audit(
                session, of.supervisor, key, at=change.at, call_id=of.call_id, patient_id=patient_id, details=details
            )
    journal.append(session, bus, entries)


def _order(parts: Parts, kind: CommandKind, args: dict[str, Any], *, id: str, by: str, role: str, address: str) -> None:
    with parts.database.reading() as session:
        access.bind(session, access.viewer_for(session, by, parts.now()), now=parts.now(), zone=parts.settings.timezone)
        # Whoever may not see the call must not hear it.
        call = session.execute(
            select(Call.agent, Call.patient_id, Call.ended_at).where(Call.id == args["call_id"])
        ).one_or_none()
    if call is None:
        raise NotFound(N_("There is no such call."))
    if call.ended_at is not None:
        raise Conflict(N_("This call has ended already."))

    def audit(session: Session) -> None:
        details = {"order": kind.value, "mode": args.get("mode"), "agent": call.agent}
        _audit(
            session,
            by,
            parts.settings.secret_key,
            at=parts.now(),
            call_id=args["call_id"],
            patient_id=call.patient_id,
            details=details,
            role=role,
            address=address,
        )
        see_help_in(
            session, parts.bus, args["call_id"], by=by, role=role, key=parts.settings.secret_key, now=parts.now()
        )

    calls.order(parts, id=id, kind=kind, args=args, agent=by, issued_by=by, also=audit)


def _audit(
    session: Session,
    actor: str,
    key: str,
    *,
    at: Any,
    call_id: str,
    patient_id: int | None,
    details: Mapping[str, Any],
    role: str = "",
    address: str = "",
) -> None:
    entry = AuditEntry(
        at=at,
        actor=actor,
        role=role,
        action=Action.SUPERVISE,
        patient_id=patient_id,
        subject=f"call:{call_id}",
        address=address,
        details=details,
    )
    record(session, entry, key=key)


def _times(of: SupervisionRecord) -> dict[str, Any]:
    return {
        "mode": of.mode.value,
        "agent": of.agent,
        "from": of.began_at.isoformat() if of.began_at else None,
        "until": of.ended_at.isoformat() if of.ended_at else None,
    }


def _row(of: SupervisionRecord) -> dict[str, Any]:
    return {name: getattr(of, name) for name in _COLUMNS}


def _record(row: Supervision) -> SupervisionRecord:
    values = {name: getattr(row, name) for name in _COLUMNS}
    values["mode"] = SupervisionMode(values["mode"])
    return SupervisionRecord(**values)
