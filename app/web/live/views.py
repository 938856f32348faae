"""The snapshots of docs/desk-protocol.md, built from the database. `n` is added when one is sent.

Call them where a locale is set. `now` is in the hospital's zone: a person's age is counted on the hospital's calendar.
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from typing import Any

from flask_babel import gettext
from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.accounts.models import User
from app.agents.models import AgentStatus
from app.agents.rules import OCCUPIED, AgentState, NotReadyReason
from app.calls import service as calls
from app.calls.models import Call
from app.calls.rules import MOST_CHECKS, CallState
from app.errors import NotFound
from app.floor import service as floor
from app.followups.models import FollowupAttempt
from app.followups.rules import TaskState, is_overdue
from app.followups.service import open_tasks_of
from app.journal.models import JournalEntry
from app.journal.service import latest_seq
from app.kept_places import service as kept_places
from app.messages import service as messages
from app.patients import service as patients
from app.patients.models import PatientPhone
from app.patients.phones import display_number
from app.patients.rules import MatchState
from app.patients.service import focus
from app.queues.models import Queue, TelephonyLink
from app.queues.service import link_view
from app.recordings import service as recordings
from app.worklist.service import NextTask


def desk_view(session: Session, agent: str, now: datetime) -> dict[str, Any]:
    """The `desk` of one agent, in a session that is bound to the agent."""
    # The sequence number comes with the first query: what is read after it is at least as new, whatever the isolation.
    # The agent's own call is shown whoever calls; the caller only within the agent's scope.
    seq, name, status, call, label = session.execute(
        _DESK, {"agent": agent}, execution_options={access.UNSCOPED: True}
    ).one()
    return {
        "seq": seq,
        "at": _iso(now),
        "agent": {
            "id": agent,
            "name": name,
            "state": status.state if status else AgentState.OFFLINE.value,
            "reason": status.reason if status else None,
            "since": _iso(status.since if status else now),
            "wrap_up_until": _iso(status.wrap_up_until) if status else None,
            "after": _after(status) if status else None,
        },
        "call": _call_view(session, call, label, now, agent) if call else None,
        "parked": [_parked_view(session, each, patient) for each, patient in calls.parked_calls(session)],
        "links": links_view(session, now),
        "supervision": _supervision(session, agent, status),
        "help": floor.help_of(session, agent, call.id) if call and status and _is_talking(status) else None,
        "notices": floor.unread_notices(session, agent, now),
    }


def _after(status: AgentStatus) -> dict[str, Any] | None:
    """What the agent is when the present call and its wrap-up are over, and whether they chose it meanwhile."""
    # While it rings the agent changes what holds now: who is not ready then gets no call.
    if status.state not in OCCUPIED or status.state == AgentState.RINGING.value:
        return None
    before = AgentState.READY.value if status.wants_ready else (status.rest_reason or NotReadyReason.OTHER.value)
    status_then = status.next_status or before
    is_ready = status_then == AgentState.READY.value
    return {
        "state": AgentState.READY.value if is_ready else AgentState.NOT_READY.value,
        "reason": None if is_ready else status_then,
        "is_chosen": status.next_status is not None,
    }


def next_task_view(session: Session, task: NextTask) -> dict[str, Any]:
    """What the desk opens next; for a caller what is needed to call back, the number as the agent may see it."""
    view: dict[str, Any] = {"kind": task.key.partition(":")[0], "id": task.id, "key": task.key}
    if task.caller is not None:
        request = task.caller.request
        view["caller"] = {
            "name": task.caller.patient_name,
            "patient_id": request.patient_id,
            "phone_id": task.caller.phone_id,
            "queue_label": task.caller.queue_label,
            "since": _iso(request.since),
            "tries": request.tries,
            **_shown_number(session, request.number),
        }
    return view


def _supervision(session: Session, agent: str, status: AgentStatus | None) -> str | None:
    """How a supervisor is in the agent's call, where the agent is to know: listen, whisper or barge."""
    mode = floor.told_to_agent(session, agent) if status and _is_talking(status) else None
    return mode.value if mode else None


def _is_talking(status: AgentStatus) -> bool:
    return status.state == AgentState.TALKING.value


def links_view(session: Session, now: datetime) -> dict[str, Any]:
    """How the telephone link and the SMSC are doing."""
    gateway = messages.gateway_link(session)
    sms = {"state": gateway.state.value, "since": _iso(gateway.since or now), "detail": gateway.detail}
    return {"telephony": link_view(session.scalar(select(TelephonyLink)), now), "sms": sms}


def inbox_view(session: Session, now: datetime, thread_key: str) -> dict[str, Any]:
    """The `inbox`: texts that nobody has handled yet, newest first. `thread_key` hides the numbers in `thread`."""
    seq = latest_seq(session)
    count, found = messages.inbox(session)
    views = messages.message_views(session, found, now=now, translate=gettext)
    return {"seq": seq, "new": count, "messages": [_shown_text(session, view, thread_key) for view in views]}


def message_view(session: Session, message_id: int, now: datetime, thread_key: str) -> dict[str, Any] | None:
    """The `message` of one text, or nothing when it is gone or outside the session's scope."""
    seq = latest_seq(session)
    try:
        message = messages.get_message(session, message_id)
    except NotFound:
        return None
    view = messages.message_view(session, message, now=now, translate=gettext)
    return {"seq": seq, "message": _shown_text(session, view, thread_key)}


def patients_shown(desk: dict[str, Any]) -> frozenset[int]:
    """Who is on this desk: the matched person and the candidates."""
    call = desk["call"]
    if call is None:
        return frozenset()
    cards = [call["patient"], *(candidate["patient"] for candidate in call["candidates"])]
    return frozenset(card["id"] for card in cards if card is not None)


# One query, because it stands between a ringing call and the screen: five cost 1.5 ms more.
_DESK = (
    select(
        func.coalesce(select(func.max(JournalEntry.seq)).scalar_subquery(), 0),
        User.display_name,
        AgentStatus,
        Call,
        Queue.label,
    )
    .select_from(User)
    .outerjoin(AgentStatus, AgentStatus.id == User.username)
    .outerjoin(Call, Call.id == AgentStatus.call_id)
    .outerjoin(Queue, Queue.name == Call.queue)
    .where(User.username == bindparam("agent"))
)


# Whoever it is, in or out of scope: before the match is made, too, a known number stays hidden.
_HOLDER = (
    select(PatientPhone.id)
    .where(PatientPhone.number == bindparam("number"), PatientPhone.patient_id != bindparam("stranger"))
    .limit(1)
)


def _parked_view(session: Session, call: Call, name: str | None) -> dict[str, Any]:
    is_known = name and call.match_state in (MatchState.SINGLE, MatchState.CONFIRMED)
    return {
        "call_id": call.id,
        "name": name if is_known else None,
        "number_display": _shown_number(session, call.number)["number_display"],
        "since": _iso(call.parked_at),
        "by": session.scalar(select(User.display_name).where(User.username == call.parked_by)) or call.parked_by,
    }


def _consult_view(session: Session, call: Call, agent: str) -> dict[str, Any] | None:
    """Who is asked, in words: a colleague, a queue, or a number outside. `is_asked`: it is this desk."""
    if call.consult is None:
        return None
    named = call.consult_with or ""
    user = session.scalar(select(User.display_name).where(User.username == named))
    queue = session.scalar(select(Queue.label).where(Queue.name == named))
    shown = user or queue or (display_number(named) if named.startswith("+") else named)
    return {"state": call.consult, "with": named, "name": shown, "is_asked": call.agent != agent}


def _colleague_view(session: Session, call: Call, agent: str) -> dict[str, Any]:
    """The other one of a call among colleagues."""
    other = call.dialled if call.agent == agent else call.agent or ""
    return {"id": other, "name": session.scalar(select(User.display_name).where(User.username == other)) or other}


def _call_view(session: Session, call: Call, label: str | None, now: datetime, agent: str) -> dict[str, Any]:
    waited_until = call.answered_at or call.ended_at or now
    waited = (waited_until - call.queued_at).total_seconds() if call.queued_at else 0
    # Until an agent has picked, the desk shows who it may be and why; several candidates never decide by themselves.
    caller = patients.Caller()
    if call.number and call.match_state in ("single", "several"):
        caller = patients.caller_view(session, call.number, now, translate=gettext, own_call=call.id)
    is_stranger = call.match_state == MatchState.NONE and (
        call.patient_id is None or patients.has_no_name(session, call.patient_id)
    )
    patient = None if is_stranger else _patient_view(session, call, caller.candidates, now)
    return {
        "id": call.id,
        "direction": call.direction,
        "state": call.state,
        **_caller_number(session, call, is_stranger=is_stranger),
        "queue": call.queue,
        "queue_label": label,
        "started_at": _iso(call.started_at),
        "offered_at": _iso(call.offered_at),
        "answered_at": _iso(call.answered_at),
        "ended_at": _iso(call.ended_at),
        "outcome": call.outcome,
        "ended_by": call.ended_by,
        "is_held": call.held_at is not None,
        "is_rejoining": call.rejoining_at is not None,
        "consult": _consult_view(session, call, agent),
        "colleague": _colleague_view(session, call, agent) if call.direction == "internal" else None,
        "recording_paused_at": _iso(call.recording_paused_at),
        "is_recording_stalled": _is_recording_stalled(session, call),
        "transferred_to": display_number(call.transferred_to) if call.transferred_to else None,
        "waited_seconds": max(0, round(waited)),
        "disposition": call.disposition,
        "note": call.note,
        "match_state": call.match_state,
        "patient": patient,
        "candidates": caller.candidates,
        "hidden_candidates": caller.hidden,
        "is_outside_scope": patient is None and not is_stranger and (call.patient_id is not None or caller.hidden > 0),
        "verification": {
            "at": _iso(call.verified_at),
            "kinds": call.verified_by.split(",") if call.verified_by else [],
            "tries_left": MOST_CHECKS - call.identity_checks,
        },
        "focus": _focus(session, call, patient, now),
        "task_id": _task_of(session, call) if call.direction == "outbound" else None,
        "kept_since": _iso(kept_places.entered_at(session, call.linkedid)) if call.direction == "outbound" else None,
        "tasks": _open_tasks(session, patient, now),
    }


def _is_recording_stalled(session: Session, call: Call) -> bool:
    """Whether what is being said is not being written."""
    # Not asked for a call that rings: its pop waits for no further query.
    is_talked_in = call.state == CallState.ANSWERED and call.ended_at is None
    return is_talked_in and call.id in recordings.stalled_calls(session)


def _task_of(session: Session, call: Call) -> int | None:
    """The follow-up that the call was dialled for: an attempt has the id of its order, and so of its call."""
    wanted = select(FollowupAttempt.task_id).where(FollowupAttempt.id == call.linkedid)
    return session.scalar(wanted, execution_options={access.UNSCOPED: True})


def _open_tasks(session: Session, patient: dict[str, Any] | None, now: datetime) -> list[dict[str, Any]]:
    """What is open for this person: shown before the identity is checked, as the greeting is (guard 8)."""
    if patient is None:
        return []
    return [
        {
            "id": task.id,
            "title": task.title,
            "due_on": task.due_on.isoformat(),
            "is_overdue": is_overdue(TaskState(task.state), task.late_at, now),
        }
        for task in open_tasks_of(session, patient["id"], now)
    ]


def _patient_view(
    session: Session, call: Call, candidates: list[dict[str, Any]], now: datetime
) -> dict[str, Any] | None:
    if call.patient_id is None:
        return None
    is_checked = call.verified_at is not None
    # The card of a match is the candidate's: asking again would cost the pop eight more queries.
    for candidate in candidates if not is_checked else ():
        card: dict[str, Any] = candidate["patient"]
        if card["id"] == call.patient_id:
            return card
    try:
        return patients.card_for_number(
            session,
            call.patient_id,
            call.number,
            now=now,
            translate=gettext,
            own_call=call.id,
            is_checked=is_checked,
        )
    except NotFound:
        return None


def _focus(session: Session, call: Call, card: dict[str, Any] | None, now: datetime) -> dict[str, Any] | None:
    """What is medical: for a caller who was checked, never for a contact person who may not be told (guard 8)."""
    viewer = access.viewer_of(session)
    may_see = viewer is None or viewer.grant(Module.CLINICAL).can_view
    if card is None or call.verified_at is None or card["may_be_told"] is False or not may_see:
        return None
    may_hear = card["may_be_told"] is True or focus.has_care_consent(session, card["id"])
    details = focus.medical_details(session, card["id"], now) if may_hear else None
    return {**focus.medical_focus(session, card["id"], now), "details": details}


def _caller_number(session: Session, call: Call, *, is_stranger: bool) -> dict[str, str]:
    """The number of somebody on record is hidden like everywhere; of a stranger it is all that the agent has."""
    looked_for = {"number": call.number, "stranger": call.patient_id or 0}
    if is_stranger and session.scalar(_HOLDER, looked_for, execution_options={access.UNSCOPED: True}) is None:
        return {"number": call.number, "number_display": display_number(call.number) if call.number else ""}
    return _shown_number(session, call.number)


def _shown_number(session: Session, number: str) -> dict[str, str]:
    viewer = access.viewer_of(session)
    if viewer is not None and viewer.is_masked:
        return dict.fromkeys(("number", "number_display"), access.number_for(viewer, number))
    return {"number": number, "number_display": display_number(number) if number else ""}


def _shown_text(session: Session, view: dict[str, Any], thread_key: str) -> dict[str, Any]:
    """The text with its number as the viewer may see it, and what ties it to the others of the same number."""
    thread = hmac.digest(thread_key.encode(), view["number"].encode(), "sha256").hex()[:16]
    return {**view, **_shown_number(session, view["number"]), "thread": thread}


def _iso(value: datetime | None) -> str | None:
    return value.astimezone(UTC).isoformat() if value else None
