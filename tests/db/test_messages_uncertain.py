"""Messages of which nobody knows whether they left: given up, for a person, or sent again, and never silently twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.configuration import service as configuration
from app.configuration.rules import RESEND_UNCERTAIN_CARE, RESEND_UNCERTAIN_MARKETING
from app.errors import Conflict
from app.messages import service
from app.messages.models import Message, Segment
from app.messages.rules import MessageKind, Receipt, SegmentState
from app.parts import Parts
from tests.smsc import messages_of, numbers, queue_texts

CARE, MARKETING = timedelta(hours=2), timedelta(hours=24)


def leave_uncertain(parts: Parts, text: str = "您好") -> Message:
    """One text whose submit was never answered."""
    (message_id,) = queue_texts(parts, numbers(1), text)
    with parts.database.writing() as session:
        service.claim_segments(
            session, parts.bus, account="default", limit=1, now=parts.now(), is_marketing_allowed=True
        )
        service.hold_uncertain(session, parts.bus, account="default", now=parts.now())
        return session.get_one(Message, message_id)


def make_promotion(parts: Parts, message_id: int) -> None:
    with parts.database.writing() as session:
        session.get_one(Message, message_id).kind = MessageKind.MARKETING


def end(parts: Parts, after: timedelta) -> int:
    with parts.database.writing() as session:
        now = parts.now() + after
        return service.end_uncertain(session, parts.bus, settings=parts.settings, now=now)


def waiting_for_a_person(parts: Parts, after: timedelta) -> int:
    with parts.database.reading() as session:
        assert len(service.list_uncertain(session, parts.now() + after, limit=10)) == service.count_uncertain(
            session, parts.now() + after
        )
        return service.count_uncertain(session, parts.now() + after)


def test_a_care_text_waits_for_its_receipt_and_then_for_a_person(parts: Parts) -> None:
    leave_uncertain(parts)
    assert waiting_for_a_person(parts, CARE - timedelta(minutes=1)) == 0
    assert waiting_for_a_person(parts, CARE + timedelta(minutes=1)) == 1
    assert end(parts, timedelta(days=30)) == 0
    assert [message.state for message in messages_of(parts)] == ["queued"]


def test_a_promotion_is_given_up_and_nobody_is_asked(parts: Parts) -> None:
    make_promotion(parts, leave_uncertain(parts, "长" * 200).id)
    assert end(parts, MARKETING - timedelta(minutes=1)) == 0
    assert end(parts, MARKETING + timedelta(minutes=1)) == 1
    assert waiting_for_a_person(parts, timedelta(days=3)) == 0
    (message,) = messages_of(parts)
    assert (message.state, message.error_code) == ("failed", "no_answer")
    with parts.database.reading() as session:
        states = session.scalars(select(Segment.state).order_by(Segment.position)).all()
        assert states == ["failed", "cancelled", "cancelled", "cancelled"]


def test_a_care_text_is_sent_again_once_where_the_hospital_says_so(parts: Parts) -> None:
    first = leave_uncertain(parts)
    with parts.database.writing() as session:
        configuration.set_value(session, RESEND_UNCERTAIN_CARE, True, by="adam", now=parts.now())
    assert end(parts, CARE + timedelta(minutes=1)) == 1
    assert end(parts, CARE + timedelta(minutes=2)) == 0
    before, again = messages_of(parts)
    assert (before.state, before.error_code) == ("failed", "no_answer")
    assert (again.state, again.resent_from_id, again.text, again.number) == (
        "queued",
        first.id,
        first.text,
        first.number,
    )


def test_what_is_no_longer_worth_sending_is_not_sent_again(parts: Parts) -> None:
    leave_uncertain(parts)
    with parts.database.writing() as session:
        configuration.set_value(session, RESEND_UNCERTAIN_CARE, True, by="adam", now=parts.now())
    assert end(parts, timedelta(days=2)) == 0
    assert waiting_for_a_person(parts, timedelta(days=2)) == 1


def test_a_promotion_that_may_no_longer_be_sent_is_given_up_instead_of_sent_again(parts: Parts) -> None:
    message = leave_uncertain(parts)
    make_promotion(parts, message.id)
    with parts.database.writing() as session:
        configuration.set_value(session, RESEND_UNCERTAIN_MARKETING, True, by="adam", now=parts.now())
        session.get_one(Message, message.id).expires_at = parts.now() + timedelta(days=9)
    assert end(parts, MARKETING + timedelta(minutes=1)) == 1  # nobody agreed to promotions
    assert [row.state for row in messages_of(parts)] == ["failed"]


def test_a_receipt_that_comes_in_time_settles_it(parts: Parts) -> None:
    message = leave_uncertain(parts)
    with parts.database.writing() as session:
        receipt = Receipt(smsc_message_id="m9", addresses=(message.number,), state=SegmentState.DELIVERED)
        service.record_receipts(session, parts.bus, [receipt], account="default", now=parts.now())
        later = parts.now() + timedelta(minutes=1)
        service.settle_uncertain(session, parts.bus, account="default", now=later)
    assert waiting_for_a_person(parts, timedelta(days=1)) == 0
    assert [row.state for row in messages_of(parts)] == ["delivered"]


def test_a_person_gives_it_up_once_or_sends_it_again(parts: Parts) -> None:
    message = leave_uncertain(parts)
    with parts.database.writing() as session:
        service.resend(session, parts.bus, settings=parts.settings, message_id=message.id, agent="bob", now=parts.now())
    assert waiting_for_a_person(parts, timedelta(days=1)) == 0
    with parts.database.writing() as session:
        service.give_up_uncertain(session, parts.bus, message_id=message.id, agent="bob", now=parts.now())
        with pytest.raises(Conflict):
            service.give_up_uncertain(session, parts.bus, message_id=message.id, agent="bob", now=parts.now())
    assert [row.state for row in messages_of(parts)] == ["failed", "queued"]
