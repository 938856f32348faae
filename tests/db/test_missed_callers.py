"""Callers whom nobody answered are lines with an owner, opened and ended by the calls themselves."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import DEFAULT_GRANTS, Grant, Module, Reach, Viewer
from app.accounts.rules import Role
from app.calls.models import Call
from app.calls.rules import CallChanged, CallEvent, CallOutcome, CallRecord, CallState
from app.calls.service import record_facts
from app.errors import Conflict, InvalidInput
from app.missed_callers import service
from app.missed_callers.models import CallbackRequest
from app.missed_callers.rules import CallbackResult, Shown
from app.parts import Parts
from app.patients.models import Patient, PatientPhone

NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HERS, OTHER = "+8613800138000", "+8613800138001"
MINUTE = timedelta(minutes=1)


def tell(parts: Parts, *facts: CallChanged) -> None:
    with parts.database.writing() as session:
        record_facts(session, parts.bus, facts, facts[-1].at, settings=parts.settings)


def a_record(id: str, at: datetime, **changes: Any) -> CallRecord:
    given = {
        "id": id, "linkedid": id, "direction": "inbound", "state": CallState.RINGING, "number": HERS,
        "number_signalled": HERS, "dialled": "4000", "started_at": at, "queue": "hotline", "queued_at": at,
    }  # fmt: skip
    return CallRecord(**{**given, **changes})


def missed(parts: Parts, id: str, at: datetime, **changes: Any) -> CallChanged:
    """A call that ends half a minute later without an answer."""
    call = a_record(id, at, **changes)
    ended = replace(
        call, state=CallState.ABANDONED, outcome=CallOutcome.ABANDONED, ended_by="caller", ended_at=at + MINUTE / 2
    )
    told = CallChanged(event=CallEvent.ENDED, at=at + MINUTE / 2, call=ended)
    tell(parts, CallChanged(event=CallEvent.QUEUED, at=at, call=call), told)
    return told


def answered(parts: Parts, id: str, at: datetime, *, agent: str | None = "bob", **changes: Any) -> CallRecord:
    call = a_record(id, at, **{"agent": agent, "state": CallState.ANSWERED, "answered_at": at + MINUTE / 6, **changes})
    tell(parts, CallChanged(event=CallEvent.ANSWERED, at=at + MINUTE / 6, call=call, agent=agent))
    return call


def ended(parts: Parts, call: CallRecord, at: datetime) -> None:
    done = replace(call, ended_at=at, outcome=CallOutcome.ANSWERED, ended_by="caller")
    tell(parts, CallChanged(event=CallEvent.ENDED, at=at, call=done, agent=call.agent))


def rows(parts: Parts) -> list[CallbackRequest]:
    with parts.database.reading() as session:
        return list(session.scalars(select(CallbackRequest).order_by(CallbackRequest.id)))


def listed(parts: Parts, shown: Shown = Shown.OPEN, *, by: str = "bob", now: datetime = NOON) -> list[str]:
    with parts.database.reading() as session:
        return [each.request.number for each in service.list_callers(session, shown, by=by, now=now, limit=50).items]


def test_a_caller_who_gives_up_is_one_line_however_often_they_try(parts: Parts) -> None:
    missed(parts, "c1", NOON)
    told = missed(parts, "c2", NOON + 5 * MINUTE)
    tell(parts, told)
    missed(parts, "c3", NOON + 6 * MINUTE, number=OTHER)
    assert [(row.number, row.tries, row.call_id, row.last_call_id) for row in rows(parts)] == [
        (HERS, 2, "c1", "c2"),
        (OTHER, 1, "c3", "c3"),
    ]
    assert listed(parts) == [OTHER, HERS]


def test_nobody_is_called_back_who_withheld_the_number_or_was_called_by_us(parts: Parts) -> None:
    missed(parts, "c1", NOON, number="")
    missed(parts, "c2", NOON, direction="outbound", queue=None, queued_at=None)
    assert rows(parts) == []


def test_a_line_ends_when_one_of_us_speaks_to_the_caller(parts: Parts) -> None:
    missed(parts, "c1", NOON)
    missed(parts, "c2", NOON, number=OTHER)
    answered(parts, "c3", NOON + MINUTE)
    answered(parts, "c4", NOON + MINUTE, number=OTHER, direction="outbound")
    assert [(row.result, row.closed_by, row.closing_call_id) for row in rows(parts)] == [
        (CallbackResult.CALLED_AGAIN, "bob", "c3"),
        (CallbackResult.CALLED_BACK, "bob", "c4"),
    ]
    missed(parts, "c5", NOON + 9 * MINUTE)
    assert listed(parts) == [HERS]


def test_a_robot_and_an_answer_before_the_last_try_do_not_end_it(parts: Parts) -> None:
    call = answered(parts, "c0", NOON - MINUTE, agent="bob")
    missed(parts, "c1", NOON)
    ended(parts, call, NOON + MINUTE)
    answered(parts, "c2", NOON + MINUTE, agent=None, direction="outbound")
    assert listed(parts) == [HERS]


def test_a_line_ends_when_the_person_speaks_to_us_from_another_number(parts: Parts) -> None:
    with parts.database.writing() as session:
        patient_id = a_patient(session)
    missed(parts, "c1", NOON)
    with parts.database.writing() as session:
        session.get_one(CallbackRequest, rows(parts)[0].id).patient_id = patient_id
    call = answered(parts, "c2", NOON + MINUTE, number=OTHER)
    assert listed(parts) == [HERS]
    with parts.database.writing() as session:
        session.get_one(Call, "c2").patient_id = patient_id
    ended(parts, call, NOON + 3 * MINUTE)
    assert listed(parts) == []


def test_of_all_who_take_a_caller_at_once_one_wins(parts: Parts, open_parts: Callable[[], Parts]) -> None:
    missed(parts, "c1", NOON)
    [row] = rows(parts)
    winners, losers = [], []
    start = threading.Barrier(6)

    def take(name: str, theirs: Parts) -> None:
        start.wait()
        try:
            with theirs.database.writing() as session:
                service.take(session, theirs.bus, row.id, by=name, now=NOON)
            winners.append(name)
        except Conflict:
            losers.append(name)

    threads = [threading.Thread(target=take, args=(f"agent{n}", open_parts())) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(winners), len(losers)) == (1, 5)
    assert rows(parts)[0].owner == winners[0]
    with parts.database.writing() as session:
        service.take(session, parts.bus, row.id, by=winners[0], now=NOON)


def test_the_owner_stays_when_the_caller_tries_again_and_may_give_back(parts: Parts) -> None:
    missed(parts, "c1", NOON)
    [row] = rows(parts)
    with parts.database.writing() as session:
        service.take(session, parts.bus, row.id, by="bob", now=NOON)
    missed(parts, "c2", NOON + 5 * MINUTE)
    assert (listed(parts, Shown.MINE), listed(parts, Shown.FREE)) == ([HERS], [])
    with parts.database.writing() as session:
        with pytest.raises(Conflict):
            service.give_back(session, parts.bus, row.id, by="carol", now=NOON, is_over_agents=False)
        service.give_back(session, parts.bus, row.id, by="alice", now=NOON, is_over_agents=True)
    assert listed(parts, Shown.FREE) == [HERS]


def test_closing_by_hand_needs_a_reason_and_the_right_person(parts: Parts) -> None:
    missed(parts, "c1", NOON)
    [row] = rows(parts)

    def close(by: str, reason: str, *, is_over_agents: bool = False) -> None:
        with parts.database.writing() as session:
            service.close(session, parts.bus, row.id, by=by, reason=reason, now=NOON, is_over_agents=is_over_agents)

    with parts.database.writing() as session:
        service.take(session, parts.bus, row.id, by="bob", now=NOON)
    with pytest.raises(InvalidInput):
        close("bob", "  ")
    with pytest.raises(Conflict):
        close("carol", "came in person")
    close("alice", "came in person", is_over_agents=True)
    with pytest.raises(Conflict):
        close("bob", "again")
    assert [(each.result, each.closed_by, each.reason) for each in rows(parts)] == [
        (CallbackResult.CLOSED, "alice", "came in person")
    ]
    assert listed(parts, Shown.CLOSED) == [HERS]


def test_who_waits_longer_than_the_setting_is_late_and_taking_begins_anew(parts: Parts) -> None:
    missed(parts, "c1", NOON)
    late = NOON + 30 * MINUTE + MINUTE / 2
    assert listed(parts, Shown.LATE, now=late - MINUTE) == []
    assert listed(parts, Shown.LATE, now=late) == [HERS]
    with parts.database.writing() as session:
        service.take(session, parts.bus, rows(parts)[0].id, by="bob", now=late)
    assert listed(parts, Shown.LATE, now=late + 29 * MINUTE) == []
    assert listed(parts, Shown.LATE, now=late + 30 * MINUTE) == [HERS]


def test_a_caller_outside_the_scope_is_not_listed_and_names_come_with_the_phone(parts: Parts) -> None:
    with parts.database.writing() as session:
        a_patient(session, HERS)
    missed(parts, "c1", NOON)
    with parts.database.writing() as session:
        session.get_one(CallbackRequest, 1).patient_id = 1
    for reach, expected in ((Reach.ALL, [("王秀兰", 1)]), (Reach.OWN, [])):
        grants = {**DEFAULT_GRANTS[Role.AGENT], Module.CALLS: Grant(reach=reach)}
        carol = Viewer(user_id=3, username="carol", role=Role.AGENT, grants=grants)
        with parts.database.reading() as session:
            access.bind(session, carol, now=NOON, zone=parts.settings.timezone)
            page = service.list_callers(session, Shown.OPEN, by="carol", now=NOON, limit=10)
        assert [(each.patient_name, each.phone_id) for each in page.items] == expected


def test_pages_follow_each_other(parts: Parts) -> None:
    numbers = [f"+86138001380{n:02}" for n in range(5)]
    for n, number in enumerate(numbers):
        missed(parts, f"c{n}", NOON + n * MINUTE, number=number)
    found: list[str] = []
    cursor: str | None = None
    for _ in range(3):
        with parts.database.reading() as session:
            page = service.list_callers(session, Shown.OPEN, by="bob", now=NOON, limit=2, cursor=cursor)
        found += [each.request.number for each in page.items]
        cursor = page.next_cursor
    assert (found, cursor) == (numbers[::-1], None)


def a_patient(session: Session, *numbers: str) -> int:
    patient = Patient(name="王秀兰", sex="F", created_at=NOON, updated_at=NOON)
    patient.phones.extend(PatientPhone(number=number, kind="mobile", as_entered=number) for number in numbers)
    session.add(patient)
    session.flush()
    return patient.id
