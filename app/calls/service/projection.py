"""What telephony tells: facts become journal entries and the rows that everybody reads, in one transaction."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from app.agents.models import AgentStatus
from app.agents.rules import AgentChanged, AgentRecord
from app.bus import Bus
from app.calls.models import Call, Leg, TelephonyCommand, number_from_end
from app.calls.rules import (
    CallChanged,
    CallerConfirmed,
    CallEvent,
    CallOutcome,
    CallRecord,
    CallState,
    ConsultState,
    LegRecord,
)
from app.calls.service.lines import free_lines
from app.db import upsert
from app.journal import service as journal
from app.missed_callers import service as missed_callers
from app.patients import service as patients
from app.patients.rules import match_state as state_of_match
from app.recordings import service as recordings
from app.settings import Settings

# An agent's own choice is never overwritten.
_MATCH = (
    update(Call.__table__)  # type: ignore[arg-type]
    .where(Call.id == bindparam("of_call"), Call.match_state != "confirmed")
    .values(patient_id=bindparam("patient_id"), match_state=bindparam("match_state"))
)

Fact = CallChanged | CallerConfirmed | AgentChanged

_CALL_COLUMNS = tuple(CallRecord.__dataclass_fields__)
_LEG_COLUMNS = tuple(LegRecord.__dataclass_fields__)


def record_facts(session: Session, bus: Bus, facts: Sequence[Fact], now: datetime, *, settings: Settings) -> None:
    """Write the facts in order: one journal entry each, and the present state of call, legs and agents.

    A call whose caller is confirmed is matched here, once; an agent's own choice is never overwritten. Recordings
    begin with the first answer and are due when the call ends. A caller of whom nobody knew anything by then gets a
    record with the number. Who ends unanswered is to be called back, until somebody speaks to them.
    """
    calls: dict[str, CallRecord] = {}
    legs: dict[str, LegRecord] = {}
    agents: dict[str, AgentRecord] = {}
    for fact in facts:
        match fact:
            case CallChanged():
                calls[fact.call.id] = fact.call
                if fact.leg is not None:
                    legs[fact.leg.uniqueid] = fact.leg
            case AgentChanged():
                agents[fact.agent.username] = fact.agent
            case CallerConfirmed():
                pass
    upsert(session, Call, [_call_row(record) for record in calls.values()], key="id")
    upsert(session, Leg, [_row(record, _LEG_COLUMNS) for record in legs.values()], key="uniqueid")
    upsert(session, AgentStatus, [_agent_row(record) for record in agents.values()], key="id")
    entries = []
    for fact in facts:
        if isinstance(fact, CallerConfirmed):
            entries += _identify(session, fact, now)
        else:
            entries.append(_entry(fact))
            _follow(session, bus, fact)
    journal.append(session, bus, entries)
    free_lines(session, [call.linkedid for call in calls.values() if call.ended_at and call.direction == "outbound"])
    for fact in facts:
        if isinstance(fact, CallChanged) and fact.event is CallEvent.ENDED:
            _keep_stranger(session, bus, fact.call, now, settings)
    journal.append(
        session, bus, [entry for fact in facts if isinstance(fact, CallChanged) for entry in _callback(session, fact)]
    )


def open_calls(session: Session) -> list[CallRecord]:
    """The calls that have not ended, and those whose wrap-up has not: what a new telephony process takes over."""
    wrapping = select(AgentStatus.call_id).where(AgentStatus.wrap_up_until.is_not(None))
    rows = session.scalars(
        select(Call).where(Call.ended_at.is_(None) | (Call.id.in_(wrapping) & Call.wrapped_up_at.is_(None)))
    )
    return [_record(row) for row in rows]


def open_legs(session: Session) -> list[LegRecord]:
    """The legs that have not ended of calls that have not ended: what a new telephony process takes over."""
    open_ids = select(Call.id).where(Call.ended_at.is_(None))
    rows = session.scalars(select(Leg).where(Leg.call_id.in_(open_ids), Leg.ended_at.is_(None)))
    return [LegRecord(**{name: getattr(row, name) for name in _LEG_COLUMNS}) for row in rows]


def ended_linkedids(session: Session, linkedids: Sequence[str]) -> set[str]:
    """Those of the given calls whose end is on record."""
    if not linkedids:
        return set()
    return set(session.scalars(select(Call.linkedid).where(Call.linkedid.in_(linkedids), Call.ended_at.is_not(None))))


def _follow(session: Session, bus: Bus, fact: CallChanged | AgentChanged) -> None:
    if not isinstance(fact, CallChanged) or fact.call.direction == "internal":
        return  # What colleagues say among themselves is not recorded.
    if (fact.event is CallEvent.ANSWERED and fact.at == fact.call.answered_at) or fact.event is CallEvent.VOICEMAIL:
        recordings.recording_started(session, call_id=fact.call.id, source_name=fact.call.linkedid, at=fact.at)
    elif fact.event is CallEvent.ENDED and (fact.call.answered_at or fact.call.voicemail_at) is not None:
        recordings.recording_ended(session, bus, call_id=fact.call.id, at=fact.at)


def _callback(session: Session, fact: CallChanged) -> list[journal.Entry]:
    call = fact.call
    if call.direction == "internal":
        return []
    if fact.event is CallEvent.ENDED and call.answered_at is None:
        if call.direction != "inbound" or call.outcome is CallOutcome.CALLBACK:
            return []
        return missed_callers.caller_missed(session, call_id=call.id, number=call.number, at=call.ended_at or fact.at)
    # At the end once more: by then the agent may have said who it was.
    if call.answered_at is None or fact.event not in (CallEvent.ANSWERED, CallEvent.ENDED):
        return []
    return missed_callers.caller_spoken_to(
        session,
        call_id=call.id,
        number=call.number,
        direction=call.direction,
        agent=fact.agent or call.agent,
        answered_at=call.answered_at,
    )


def _identify(session: Session, fact: CallerConfirmed, now: datetime) -> list[journal.Entry]:
    call = fact.call
    args: dict[str, Any] = {}
    if call.direction == "outbound":
        args = session.scalar(select(TelephonyCommand.args).where(TelephonyCommand.id == call.linkedid)) or {}
    # Whoever keeps a place is known by the number alone, on the way back as on the way in.
    if call.direction == "outbound" and "kept_place" not in args:
        patient_id, match_state = args.get("patient_id"), "confirmed" if args.get("patient_id") else "none"
    elif call.number:
        caller = patients.find_caller(session, call.number, now=now)
        match_state = state_of_match(caller.candidates)
        patient_id = caller.candidates[0].patient_id if match_state == "single" else None
        if match_state == "none":
            patient_id = caller.unnamed_id
    else:
        return []
    matched = {"of_call": call.id, "patient_id": patient_id, "match_state": match_state}
    if session.connection().execute(_MATCH, matched).rowcount != 1:
        return []
    if patient_id is not None:
        patients.touch(session, patient_id, fact.at)
    payload = {"match_state": match_state, "patient_id": patient_id}
    return [journal.Entry(kind="call.identified", at=fact.at, call_id=call.id, agent=call.agent, payload=payload)]


def _keep_stranger(session: Session, bus: Bus, call: CallRecord, now: datetime, settings: Settings) -> None:
    if call.direction != "inbound" or not call.number:
        return
    nobody = (Call.id == call.id, Call.match_state == "none", Call.patient_id.is_(None))
    if session.scalar(select(Call.id).where(*nobody)) is None:
        return
    found = patients.find_caller(session, call.number, now=now)
    patient_id = patients.keep_stranger(
        session, bus, call.number, found, settings=settings, at=call.started_at, now=now
    )
    if patient_id is not None:
        session.execute(update(Call).where(*nobody).values(patient_id=patient_id))


def _entry(fact: CallChanged | AgentChanged) -> journal.Entry:
    if isinstance(fact, AgentChanged):
        agent = fact.agent
        payload: dict[str, Any] = {"state": agent.state, "reason": agent.reason}
        return journal.Entry(
            kind="agent.changed", at=fact.at, agent=agent.username, call_id=agent.call_id, payload=payload
        )
    call = fact.call
    payload = {"state": call.state, "direction": call.direction, "queue": call.queue}
    if fact.leg is not None:
        payload |= {"leg": fact.leg.uniqueid, "cause": fact.leg.cause}
    if fact.event is CallEvent.ENDED:
        payload |= {"outcome": call.outcome, "ended_by": call.ended_by}
    return journal.Entry(
        kind=f"call.{fact.event}", at=fact.at, call_id=call.id, agent=fact.agent or call.agent, payload=payload
    )


def _call_row(record: CallRecord) -> dict[str, Any]:
    return _row(record, _CALL_COLUMNS) | {"number_reversed": number_from_end(record.number)}


def _agent_row(record: AgentRecord) -> dict[str, Any]:
    row = _row(record, tuple(AgentRecord.__dataclass_fields__))
    row["id"] = row.pop("username")
    return row


def _row(record: object, columns: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(record, name) for name in columns}


def _record(row: Call) -> CallRecord:
    values = {name: getattr(row, name) for name in _CALL_COLUMNS}
    values["state"] = CallState(values["state"])
    values["consult"] = ConsultState(values["consult"]) if values["consult"] else None
    values["outcome"] = CallOutcome(values["outcome"]) if values["outcome"] else None
    return CallRecord(**values)
