"""Many texts at once into the outbox."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import select

from app.contact_policy.rules import Refusal
from app.messages import service
from app.messages.models import Message, Segment
from app.messages.rules import MessageKind, Origin, Priority
from app.messages.service import Outgoing, Queued
from app.parts import Parts
from app.patients.models import Patient, PatientPhone


def add_people(parts: Parts, count: int) -> list[int]:
    now = parts.now()
    with parts.database.writing() as session:
        people = [
            Patient(
                name=f"王{at}",
                created_at=now,
                updated_at=now,
                phones=[PatientPhone(number=f"+861380013{at:04}", kind="mobile", as_entered="")],
            )
            for at in range(count)
        ]
        session.add_all(people)
        session.flush()
        return [person.id for person in people]


def outgoing(people: list[int], text: str = "复查请空腹。") -> list[Outgoing]:
    return [
        Outgoing(number=f"+861380013{at:04}", patient_id=person, text=text, dedup_key=f"send:1:{at}")
        for at, person in enumerate(people)
    ]


def queue(parts: Parts, texts: list[Outgoing]) -> list[Queued]:
    with parts.database.writing() as session:
        return service.queue_many(
            session,
            parts.bus,
            settings=parts.settings,
            outgoing=texts,
            kind=MessageKind.CARE,
            origin=Origin.MASS_SEND,
            origin_id=7,
            priority=Priority.BULK,
            created_by="alice",
            now=parts.now(),
        )


def test_each_text_is_a_message_with_its_segments_and_says_why_it_was_written(parts: Parts) -> None:
    answers = queue(parts, outgoing(add_people(parts, 3), text="请" * 100))
    assert [answer.is_new for answer in answers] == [True] * 3
    with parts.database.reading() as session:
        rows = session.scalars(select(Message).order_by(Message.id)).all()
        positions = [row.position for row in session.scalars(select(Segment).order_by(Segment.id))]
    assert [row.id for row in rows] == [answer.message_id for answer in answers]
    assert {(row.origin, row.origin_id, row.priority, row.parts, row.state) for row in rows} == {
        ("mass_send", 7, 2, 2, "queued")
    }
    assert positions == [1, 2] * 3


def test_the_same_key_is_the_same_message_within_a_call_and_between_calls(parts: Parts) -> None:
    texts = outgoing(add_people(parts, 2))
    first = queue(parts, [*texts, texts[0]])
    again = queue(parts, texts)
    assert [answer.message_id for answer in first[:2]] == [answer.message_id for answer in again]
    assert first[2].message_id == first[0].message_id
    assert not any(answer.is_new for answer in again)


def test_whom_the_policy_refuses_gets_nothing_and_the_reason_is_told(parts: Parts) -> None:
    people = add_people(parts, 2)
    with parts.database.writing() as session:
        dead = session.get(Patient, people[1])
        assert dead is not None
        dead.deceased_at = parts.now() - timedelta(days=1)
    answers = queue(parts, outgoing(people))
    assert [(answer.is_new, answer.refusal) for answer in answers] == [(True, None), (False, Refusal.DECEASED)]
