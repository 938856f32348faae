"""A text goes into the outbox once, to somebody who may be written to."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.contact_policy.service import record_consent
from app.errors import Conflict, InvalidInput, NotFound, Refused
from app.messages import service
from app.messages.models import Message, Segment
from app.messages.rules import MessageKind, OutState, SegmentState, SubmitOutcome, Verdict
from app.parts import Parts
from app.patients.models import Patient, PatientPhone

MOBILE = "138 0013 8000"


def send(session: Session, parts: Parts, **changes: object) -> Message:
    given = {
        "number": MOBILE,
        "text": "您好",
        "kind": MessageKind.CARE,
        "created_by": "bob",
        "now": parts.now(),
        **changes,
    }
    return service.send_message(session, parts.bus, settings=parts.settings, **given)  # type: ignore[arg-type]


def add_patient(
    session: Session, number: str = "+8613800138000", *, deceased_at: datetime | None = None, is_valid: bool = True
) -> int:
    now = datetime.fromisoformat("2026-01-01T00:00:00+00:00")
    phone = PatientPhone(number=number, kind="mobile", as_entered=number, is_valid=is_valid)
    patient = Patient(name="A", created_at=now, updated_at=now, deceased_at=deceased_at, phones=[phone])
    session.add(patient)
    session.flush()
    return patient.id


def test_a_text_waits_in_the_outbox_with_its_signature_and_segments(parts: Parts) -> None:
    with parts.database.writing() as session:
        message = send(session, parts, text="长" * 100)
    with parts.database.reading() as session:
        kept = service.get_message(session, message.id)
        assert (kept.number, kept.state, kept.parts) == ("+8613800138000", OutState.QUEUED, 2)
        assert kept.text == "【示范医院】" + "长" * 100
        assert [segment.state for segment in kept.segments] == ["waiting", "waiting"]


@pytest.mark.parametrize(
    "number", ["0571-88886666", "95588", "10690001", "4008001234", "12345", "hello", "13800138000转8"]
)
def test_what_takes_no_texts_is_refused(parts: Parts, number: str) -> None:
    with parts.database.writing() as session, pytest.raises(InvalidInput) as refused:
        send(session, parts, number=number)
    assert refused.value.fields["field"] == "to"


def test_a_text_of_5000_characters_is_refused_with_its_length(parts: Parts) -> None:
    with parts.database.writing() as session, pytest.raises(InvalidInput) as refused:
        send(session, parts, text="长" * 5000)
    assert (refused.value.fields["units"], refused.value.fields["most"]) == (5006, 500)
    with parts.database.reading() as session:
        assert session.scalar(select(func.count(Message.id))) == 0


def test_the_same_key_twice_is_the_same_message(parts: Parts) -> None:
    with parts.database.writing() as session:
        first = send(session, parts, dedup_key="k")
    with parts.database.writing() as session:
        second, is_new = service.queue_message(
            session,
            parts.bus,
            settings=parts.settings,
            number="13900139000",
            text="something else",
            kind=MessageKind.CARE,
            created_by="bob",
            now=parts.now(),
            dedup_key="k",
        )
    assert (second.id, second.text, is_new) == (first.id, "【示范医院】您好", False)


def test_the_same_key_from_many_at_once_is_one_message(open_parts: Callable[[], Parts]) -> None:
    processes = [open_parts() for _ in range(6)]
    gate, ids = threading.Barrier(len(processes)), []

    def press(parts: Parts) -> None:
        gate.wait(timeout=10)
        with parts.database.writing() as session:
            ids.append(send(session, parts, dedup_key="k").id)

    threads = [threading.Thread(target=press, args=(process,)) for process in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert len(ids) == len(processes)
    assert len(set(ids)) == 1


def test_a_number_of_one_person_ties_the_message_to_that_person(parts: Parts) -> None:
    with parts.database.writing() as session:
        patient_id = add_patient(session)
        assert send(session, parts).patient_id == patient_id


def test_a_patient_alone_is_written_to_on_the_first_mobile_that_holds(parts: Parts) -> None:
    with parts.database.writing() as session:
        patient_id = add_patient(session)
        assert send(session, parts, number=None, patient_id=patient_id).number == "+8613800138000"
    with parts.database.writing() as session, pytest.raises(NotFound):
        send(session, parts, number=None, patient_id=patient_id + 1)
    with parts.database.writing() as session, pytest.raises(InvalidInput):
        send(session, parts, number=None)


def refusal_of(parts: Parts, **changes: object) -> object:
    with parts.database.writing() as session, pytest.raises(Refused) as refused:
        send(session, parts, **changes)
    return refused.value.fields["reason"]


def test_nothing_is_sent_to_the_dead(parts: Parts) -> None:
    with parts.database.writing() as session:
        add_patient(session, deceased_at=parts.now())
    assert refusal_of(parts) == "deceased"


def test_nothing_is_sent_to_a_number_marked_as_wrong(parts: Parts) -> None:
    with parts.database.writing() as session:
        patient_id = add_patient(session, is_valid=False)
    assert refusal_of(parts) == "wrong_number"
    assert refusal_of(parts, number=None, patient_id=patient_id) == "wrong_number"


def test_a_promotion_needs_consent_and_waits_for_its_hours(parts: Parts) -> None:
    night = datetime.fromisoformat("2026-11-21T23:00:00+08:00")
    with parts.database.writing() as session:
        patient_id = add_patient(session)
    assert refusal_of(parts, kind=MessageKind.MARKETING) == "no_consent"
    with parts.database.writing() as session:
        record_consent(
            session,
            patient_id=patient_id,
            kind=MessageKind.MARKETING,
            channel="sms",
            is_granted=True,
            changed_by="bob",
            now=night,
        )
        message = send(session, parts, kind=MessageKind.MARKETING, now=night)
    assert message.due_at == datetime.fromisoformat("2026-11-22T08:00:00+08:00")


def test_a_message_to_someone_who_died_meanwhile_is_cancelled_when_it_would_leave(parts: Parts) -> None:
    with parts.database.writing() as session:
        patient_id = add_patient(session)
        message = send(session, parts)
    with parts.database.writing() as session:
        session.execute(update(Patient).where(Patient.id == patient_id).values(deceased_at=parts.now()))
    with parts.database.writing() as session:
        claimed = service.claim_segments(
            session, parts.bus, account="default", limit=10, now=parts.now(), is_marketing_allowed=True
        )
    with parts.database.reading() as session:
        kept = service.get_message(session, message.id)
    assert (claimed, kept.state, kept.error_code) == ([], OutState.CANCELLED, "deceased")


def test_a_reply_goes_back_and_takes_the_text_off_the_list(parts: Parts) -> None:
    with parts.database.writing() as session:
        asked = service.receive_message(
            session,
            parts.bus,
            number="8613800138000",
            service_number="1069001",
            text="复查需要空腹吗",
            settings=parts.settings,
            now=parts.now(),
        )
    with parts.database.writing() as session:
        answer = service.reply(
            session,
            parts.bus,
            settings=parts.settings,
            message_id=asked.id,
            text="需要",
            agent="bob",
            now=parts.now(),
        )
    with parts.database.reading() as session:
        asked = service.get_message(session, asked.id)
        assert (asked.state, asked.handled_by, service.inbox(session)) == ("answered", "bob", (0, []))
        assert (answer.number, answer.reply_to_id) == ("+8613800138000", asked.id)
        assert [text.id for text in service.thread(session, asked)] == [asked.id, answer.id]


def test_a_failed_message_is_resent_as_a_new_one_that_knows_the_first(parts: Parts) -> None:
    with parts.database.writing() as session:
        first = send(session, parts)
        with pytest.raises(Conflict):
            service.resend(
                session, parts.bus, settings=parts.settings, message_id=first.id, agent="bob", now=parts.now()
            )
    with parts.database.writing() as session:
        (claimed,) = service.claim_segments(
            session, parts.bus, account="default", limit=10, now=parts.now(), is_marketing_allowed=True
        )
        outcome = SubmitOutcome(segment_id=claimed.segment_id, verdict=Verdict.PERMANENT, error_code="smpp-0x0b")
        service.record_outcomes(session, parts.bus, [outcome], now=parts.now())
    again = set()
    for _ in range(2):
        with parts.database.writing() as session:
            message = service.resend(
                session, parts.bus, settings=parts.settings, message_id=first.id, agent="bob", now=parts.now()
            )
            again.add(message.id)
    assert again == {message.id}
    assert (message.resent_from_id, message.text) == (first.id, first.text)


def test_a_waiting_message_can_be_taken_back_and_one_that_is_leaving_cannot(parts: Parts) -> None:
    with parts.database.writing() as session:
        waiting = send(session, parts)
        service.cancel(session, parts.bus, message_id=waiting.id, agent="bob", now=parts.now())
        leaving = send(session, parts)
    with parts.database.writing() as session:
        claimed = service.claim_segments(
            session, parts.bus, account="default", limit=10, now=parts.now(), is_marketing_allowed=True
        )
    assert [segment.message_id for segment in claimed] == [leaving.id]
    with parts.database.writing() as session, pytest.raises(Conflict):
        service.cancel(session, parts.bus, message_id=leaving.id, agent="bob", now=parts.now())


def test_a_message_whose_time_has_passed_expires_and_never_leaves(parts: Parts) -> None:
    with parts.database.writing() as session:
        message = send(session, parts)
    later = parts.now() + timedelta(days=2)
    with parts.database.writing() as session:
        assert not service.has_due_segment(session, later)
        assert service.expire_messages(session, parts.bus, now=later) == 1
    with parts.database.reading() as session:
        kept = service.get_message(session, message.id)
        assert (kept.state, kept.segments[0].state) == (OutState.EXPIRED, SegmentState.EXPIRED)


def test_lists_are_paged_newest_first_without_repeats_or_holes(parts: Parts) -> None:
    with parts.database.writing() as session:
        ids = [send(session, parts, now=datetime.fromisoformat("2026-11-21T12:00:00+08:00")).id for _ in range(7)]
    found, cursor = [], None
    with parts.database.reading() as session:
        for _ in range(4):
            page = service.list_messages(session, service.Filters(box=service.Box.OUTBOX), limit=2, cursor=cursor)
            found += [message.id for message in page.items]
            cursor = page.next_cursor
    assert (found, cursor) == (ids[::-1], None)


def test_two_gateways_never_claim_the_same_segment(open_parts: Callable[[], Parts]) -> None:
    first, second = open_parts(), open_parts()
    with first.database.writing() as session:
        for _ in range(40):
            send(session, first)
    claimed: list[int] = []

    def claim(parts: Parts, account: str) -> None:
        for _ in range(10):
            with parts.database.writing() as session:
                got = service.claim_segments(
                    session, parts.bus, account=account, limit=5, now=parts.now(), is_marketing_allowed=True
                )
            claimed.extend(segment.segment_id for segment in got)

    threads = [threading.Thread(target=claim, args=pair) for pair in ((first, "a"), (second, "b"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    with first.database.reading() as session:
        assert sorted(claimed) == sorted(session.scalars(select(Segment.id)))
