"""Kept places: one for each number, called once, given up in time, and never lost from sight."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.agents.models import AgentStatus
from app.calls.models import Call, OutboundLine, TelephonyCommand
from app.calls.rules import CallChanged, CallEvent, CallOutcome, CallRecord, CallState
from app.calls.service import record_facts
from app.errors import Conflict, InvalidInput
from app.kept_places import service
from app.kept_places.models import KeptPlace
from app.kept_places.rules import LONGEST_KEPT, MOST_ATTEMPTS
from app.missed_callers.models import CallbackRequest
from app.parts import Parts
from app.patients.models import Patient
from app.queues import service as queues
from tests.db.outbound_people import Calling

HERS, OTHER = "+8613800138000", "+8613800138001"


class Keeping(Calling):
    """Calls on a held clock that ask to be called back, and what becomes of the orders."""

    def tell(self, *facts: CallChanged) -> None:
        with self.parts.database.writing() as session:
            record_facts(session, self.parts.bus, facts, self.clock.now, settings=self.parts.settings)
            service.follow_calls(session, self.parts.bus, facts)

    def record(self, id: str, **changes: Any) -> CallRecord:
        given: dict[str, Any] = {
            "id": id, "linkedid": id, "direction": "inbound", "state": CallState.RINGING, "number": HERS,
            "number_signalled": HERS, "dialled": "4000", "started_at": self.clock.now, "queue": "hotline",
            "queued_at": self.clock.now,
        }  # fmt: skip
        return CallRecord(**given | changes)

    def asks(self, id: str, **changes: Any) -> None:
        """Somebody calls, presses the key five seconds later and rings off."""
        call = self.record(id, **changes)
        self.tell(CallChanged(event=CallEvent.QUEUED, at=self.clock.now, call=call))
        self.clock.go_on(seconds=5)
        now = self.clock.now
        call = replace(call, callback_at=now)
        self.tell(CallChanged(event=CallEvent.CALLBACK, at=now, call=call))
        ended = replace(call, state=CallState.ABANDONED, outcome=CallOutcome.CALLBACK, ended_at=now, ended_by="system")
        self.tell(CallChanged(event=CallEvent.ENDED, at=now, call=ended))
        self.tell(CallChanged(event=CallEvent.ENDED, at=now, call=ended))

    def places(self) -> list[KeptPlace]:
        with self.parts.database.reading() as session:
            return list(session.scalars(select(KeptPlace).order_by(KeptPlace.id)))

    def lines(self) -> list[CallbackRequest]:
        with self.parts.database.reading() as session:
            return list(session.scalars(select(CallbackRequest)))

    def order_ends(self, outcome: CallOutcome, *, rings: bool = True) -> CallRecord:
        """The call of the only order that is under way is over."""
        (place,) = [each for each in self.places() if each.order_id and each.ended_at is None]
        now = self.clock.now
        is_answered = outcome is CallOutcome.ANSWERED
        call = self.record(
            f"out {place.orders} {place.id}", linkedid=place.order_id, direction="outbound", queue=None, queued_at=None,
            number=place.number, agent=place.agent, offered_at=now if rings else None,
            answered_at=now if is_answered else None,
        )  # fmt: skip
        with self.parts.database.writing() as session:
            session.get_one(TelephonyCommand, place.order_id).state = "done"
        if is_answered:
            self.tell(CallChanged(event=CallEvent.ANSWERED, at=now, call=call, agent=place.agent))
            return call
        ended = replace(call, state=CallState.FAILED, outcome=outcome, ended_at=now, ended_by="system")
        self.tell(CallChanged(event=CallEvent.ENDED, at=now, call=ended))
        return ended


@pytest.fixture
def keeping(parts: Parts) -> Keeping:
    with parts.database.writing() as session:
        queues.ensure_queues(session, parts.settings, "Hotline")
        for name in ("bob", "carol", "dave"):
            accounts.create_user(
                session, username=name, display_name=name, role=Role.AGENT, password="correct horse", now=parts.now()
            )
    return Keeping(parts)


def test_a_place_is_called_when_somebody_is_ready_and_answered_once(keeping: Keeping) -> None:
    keeping.asks("1")
    assert service.call_next(keeping.parts) == 0
    keeping.make_ready("bob")
    assert service.call_next(keeping.parts) == 1
    assert service.call_next(keeping.parts) == 0
    (order,) = keeping.orders()
    assert (order.kind, order.agent, order.args["number"]) == ("dial", "bob", HERS)
    keeping.order_ends(CallOutcome.ANSWERED)
    (place,) = keeping.places()
    assert (place.result, place.ended_by, place.closing_call_id) == ("called_back", "bob", f"out 1 {place.id}")
    assert keeping.lines() == []


def test_asking_twice_keeps_one_place_and_the_earlier_one(keeping: Keeping) -> None:
    began = keeping.clock.now
    keeping.asks("1")
    keeping.clock.go_on(minutes=3)
    keeping.asks("2")
    (place,) = keeping.places()
    assert (place.call_id, place.entered_at) == ("1", began)


def test_who_calls_again_and_is_answered_is_taken_off(keeping: Keeping) -> None:
    keeping.asks("1")
    keeping.clock.go_on(minutes=1)
    call = keeping.record("2", state=CallState.ANSWERED, agent="carol", answered_at=keeping.clock.now)
    keeping.tell(CallChanged(event=CallEvent.QUEUED, at=keeping.clock.now, call=replace(call, answered_at=None)))
    keeping.make_ready("bob")
    assert service.call_next(keeping.parts) == 0  # they are on the line: nobody rings them besides
    keeping.tell(CallChanged(event=CallEvent.ANSWERED, at=keeping.clock.now, call=call, agent="carol"))
    (place,) = keeping.places()
    assert (place.result, place.ended_by) == ("called_again", "carol")


def test_who_is_not_reached_is_tried_again_with_pauses_and_then_is_a_line_of_whoever_tried_last(
    keeping: Keeping,
) -> None:
    keeping.asks("1")
    for attempt in range(1, MOST_ATTEMPTS + 1):
        keeping.make_ready("bob")
        assert service.call_next(keeping.parts) == 1
        keeping.order_ends(CallOutcome.NO_ANSWER)
        assert service.call_next(keeping.parts) == 0
        keeping.clock.go_on(minutes=6)
        assert keeping.places()[0].attempts == attempt
    (place,) = keeping.places()
    (line,) = keeping.lines()
    assert (place.result, line.number, line.owner, line.call_id) == ("not_reached", HERS, "bob", "1")


def test_a_call_that_never_reached_their_telephone_is_no_attempt_and_the_place_goes_on(keeping: Keeping) -> None:
    keeping.asks("1")
    keeping.make_ready("bob")
    service.call_next(keeping.parts)
    keeping.order_ends(CallOutcome.AGENT_CANCELLED, rings=False)
    keeping.clock.go_on(seconds=6)
    assert service.call_next(keeping.parts) == 1
    (place,) = keeping.places()
    assert (place.attempts, place.orders) == (0, 2)


def test_an_order_that_nobody_took_goes_back_and_one_in_doubt_stays(keeping: Keeping) -> None:
    keeping.asks("1")
    keeping.make_ready("bob")
    service.call_next(keeping.parts)
    (order,) = keeping.orders()
    keeping.clock.go_on(seconds=6)
    service.call_next(keeping.parts)
    assert keeping.places()[0].order_id is None  # it expired: certainly nothing rang
    keeping.clock.go_on(seconds=6)
    assert service.call_next(keeping.parts) == 1
    with keeping.parts.database.writing() as session:
        session.get_one(TelephonyCommand, keeping.places()[0].order_id).state = "claimed"
    keeping.clock.go_on(minutes=5)
    service.call_next(keeping.parts)
    assert keeping.places()[0].orders == 2  # telephony died over it, and nobody knows
    keeping.link_is_up(minutes=2)
    service.call_next(keeping.parts)
    assert keeping.places()[0].order_id is None
    assert order.id != keeping.orders()[1].id


def test_who_died_or_is_not_on_the_list_of_numbers_is_not_called_and_is_a_line_for_somebody(keeping: Keeping) -> None:
    (dead,) = keeping.people(1)
    with keeping.parts.database.writing() as session:
        session.get_one(Patient, dead).deceased_at = keeping.clock.now
    keeping.asks("1", number="+8613800000000")
    keeping.asks("2", number="+85261234567")
    with keeping.parts.database.writing() as session:
        session.execute(KeptPlace.__table__.update().where(KeptPlace.call_id == "1").values(patient_id=dead))  # type: ignore[attr-defined]
    keeping.make_ready("bob", "carol")
    assert service.call_next(keeping.parts) == 0
    assert [place.result for place in keeping.places()] == ["refused", "refused"]
    assert sorted(line.number for line in keeping.lines()) == ["+85261234567", "+8613800000000"]
    assert keeping.orders() == []


def test_who_wants_no_calls_but_asked_for_this_one_gets_it(keeping: Keeping) -> None:
    (shy,) = keeping.people(1, do_not_call=True)
    keeping.asks("1", number="+8613800000000")
    with keeping.parts.database.writing() as session:
        session.execute(KeptPlace.__table__.update().values(patient_id=shy))  # type: ignore[attr-defined]
    keeping.make_ready("bob")
    assert service.call_next(keeping.parts) == 1


def test_who_waited_before_is_served_before_and_a_list_waits_for_both(keeping: Keeping) -> None:
    line = keeping.record("0", number=OTHER)
    keeping.tell(CallChanged(event=CallEvent.QUEUED, at=keeping.clock.now, call=line))
    keeping.asks("1")
    keeping.make_ready("bob")
    assert service.call_next(keeping.parts) == 0
    ended = replace(line, state=CallState.ABANDONED, outcome=CallOutcome.ABANDONED, ended_at=keeping.clock.now)
    keeping.tell(CallChanged(event=CallEvent.ENDED, at=keeping.clock.now, call=ended))
    with keeping.parts.database.reading() as session:
        assert service.is_somebody_due(session, keeping.clock.now)
    assert service.call_next(keeping.parts) == 1


def test_who_was_not_called_for_a_working_day_is_a_line_for_somebody(keeping: Keeping) -> None:
    keeping.asks("1")
    keeping.clock.now += LONGEST_KEPT + timedelta(seconds=1)
    service.call_next(keeping.parts)
    (place,), (line,) = keeping.places(), keeping.lines()
    assert (place.result, line.number, line.owner) == ("too_late", HERS, None)


def test_a_place_is_cancelled_with_a_reason_unless_the_call_is_under_way(keeping: Keeping) -> None:
    keeping.asks("1")
    keeping.asks("2", number=OTHER)
    parts, now = keeping.parts, keeping.clock.now
    first, second = (place.id for place in keeping.places())
    with parts.database.writing() as session:
        with pytest.raises(InvalidInput):
            service.cancel(session, parts.bus, first, by="bob", reason=" ", now=now)
        service.cancel(session, parts.bus, first, by="bob", reason="came in person", now=now)
    keeping.make_ready("carol")
    assert service.call_next(keeping.parts) == 1
    with parts.database.writing() as session, pytest.raises(Conflict):
        service.cancel(session, parts.bus, second, by="bob", reason="x", now=now)
    assert [place.result for place in keeping.places()] == ["cancelled", None]
    assert keeping.lines() == []


def test_of_many_who_look_at_once_there_are_never_more_calls_than_ready_agents_nor_two_to_one(keeping: Keeping) -> None:
    for place in range(6):
        keeping.asks(str(place), number=f"+861380013800{place}")
    keeping.make_ready("bob", "carol")
    started = threading.Barrier(5)
    found: list[int] = []

    def look() -> None:
        started.wait()
        found.append(service.call_next(keeping.parts))

    threads = [threading.Thread(target=look) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    orders = keeping.orders()
    assert sum(found) == len(orders) == 2
    assert {order.agent for order in orders} == {"bob", "carol"}
    assert [place.order_id is not None for place in keeping.places()] == [True, True, False, False, False, False]
    with keeping.parts.database.reading() as session:
        assert len(session.scalars(select(OutboundLine)).all()) >= 4
        assert session.scalars(select(Call).where(Call.ended_at.is_(None))).all() == []
        assert session.get_one(AgentStatus, "bob").state == "ready"
