"""What the SMSC answers and reports becomes the state of the message, in whatever order it comes."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.journal.models import JournalEntry
from app.messages import service
from app.messages.models import Message, UnmatchedReceipt
from app.messages.rules import ClaimedSegment, MessageKind, Receipt, SegmentState, SubmitOutcome, Verdict
from app.parts import Parts

NUMBER = "+8613800138000"


def queue(parts: Parts, text: str = "您好", number: str = NUMBER) -> int:
    with parts.database.writing() as session:
        return service.send_message(
            session,
            parts.bus,
            settings=parts.settings,
            number=number,
            text=text,
            kind=MessageKind.CARE,
            created_by="bob",
            now=parts.now(),
        ).id


def claim(parts: Parts) -> list[ClaimedSegment]:
    with parts.database.writing() as session:
        return service.claim_segments(
            session, parts.bus, account="default", limit=50, now=parts.now(), is_marketing_allowed=True
        )


def answer(
    parts: Parts, segment: ClaimedSegment, verdict: Verdict = Verdict.ACCEPTED, id: str = "m1", code: str = ""
) -> None:
    outcome = SubmitOutcome(segment_id=segment.segment_id, verdict=verdict, smsc_message_id=id, error_code=code)
    with parts.database.writing() as session:
        service.record_outcomes(session, parts.bus, [outcome], now=parts.now())


def report(
    parts: Parts, id: str = "m1", state: str = "delivered", account: str = "default", number: str = "8613800138000"
) -> None:
    receipt = Receipt(smsc_message_id=id, addresses=(number, "1069001"), state=SegmentState(state))
    with parts.database.writing() as session:
        service.record_receipts(session, parts.bus, [receipt], account=account, now=parts.now())


def state_of(parts: Parts, message_id: int) -> str:
    with parts.database.reading() as session:
        return service.get_message(session, message_id).state


def kinds_of(parts: Parts, message_id: int) -> list[str]:
    with parts.database.reading() as session:
        query = select(JournalEntry.kind).where(JournalEntry.message_id == message_id).order_by(JournalEntry.seq)
        return list(session.scalars(query))


def test_a_message_is_sent_then_delivered_and_each_step_is_in_the_journal(parts: Parts) -> None:
    message_id = queue(parts)
    (segment,) = claim(parts)
    answer(parts, segment)
    assert state_of(parts, message_id) == "sent"
    report(parts)
    assert state_of(parts, message_id) == "delivered"
    assert kinds_of(parts, message_id) == ["message.queued", "message.sent", "message.delivered"]


def test_a_receipt_before_its_answer_waits_for_it(parts: Parts) -> None:
    message_id = queue(parts)
    (segment,) = claim(parts)
    report(parts)
    report(parts)
    assert state_of(parts, message_id) == "queued"
    answer(parts, segment)
    assert state_of(parts, message_id) == "delivered"
    assert kinds_of(parts, message_id) == ["message.queued", "message.sent", "message.delivered"]
    with parts.database.reading() as session:
        assert session.scalar(select(func.count(UnmatchedReceipt.id))) == 0


@pytest.mark.parametrize(("kept", "reported"), [("f4241", "1000001"), ("1000001", "000000000001000001"), ("12", "c")])
def test_a_receipt_before_its_answer_is_found_in_another_spelling_too(parts: Parts, kept: str, reported: str) -> None:
    message_id = queue(parts)
    (segment,) = claim(parts)
    report(parts, reported)
    answer(parts, segment, id=kept)
    assert state_of(parts, message_id) == "delivered"


def test_a_final_state_is_never_overwritten(parts: Parts) -> None:
    message_id = queue(parts)
    (segment,) = claim(parts)
    answer(parts, segment)
    for state in ("delivered", "sent", "undelivered", "delivered", "expired"):
        report(parts, state=state)
    assert state_of(parts, message_id) == "delivered"
    answer(parts, segment, Verdict.UNANSWERED)
    assert kinds_of(parts, message_id) == ["message.queued", "message.sent", "message.delivered"]


def test_a_receipt_of_another_account_or_number_is_not_ours(parts: Parts) -> None:
    message_id = queue(parts)
    (segment,) = claim(parts)
    answer(parts, segment)
    report(parts, account="other")
    report(parts, number="8613900139000")
    assert state_of(parts, message_id) == "sent"


def test_a_long_message_is_delivered_when_every_part_is(parts: Parts) -> None:
    message_id = queue(parts, "长" * 150)
    segments = claim(parts)
    assert [(segment.position, segment.total) for segment in segments] == [(1, 3), (2, 3), (3, 3)]
    for segment in segments:
        answer(parts, segment, id=f"m{segment.position}")
    for position in (3, 1):
        report(parts, f"m{position}")
    assert state_of(parts, message_id) == "sent"
    report(parts, "m2")
    assert state_of(parts, message_id) == "delivered"


def test_long_messages_to_one_number_carry_different_references(parts: Parts) -> None:
    for _ in range(3):
        queue(parts, "长" * 100)
    references = [segment.reference for segment in claim(parts)]
    assert references == [1, 1, 2, 2, 3, 3]


def test_a_part_that_is_refused_for_good_stops_the_rest(parts: Parts) -> None:
    message_id = queue(parts, "长" * 150)
    segments = claim(parts)
    answer(parts, segments[0])
    answer(parts, segments[1], Verdict.NOT_SENT)
    answer(parts, segments[2], Verdict.PERMANENT, code="smpp-0x0b")
    with parts.database.reading() as session:
        message = service.get_message(session, message_id)
        assert (message.state, message.error_code) == ("failed", "smpp-0x0b")
        assert [segment.state for segment in message.segments] == ["sent", "cancelled", "failed"]
    assert claim(parts) == []


@pytest.mark.parametrize(("verdict", "tries"), [(Verdict.TEMPORARY, 8), (Verdict.UNEXPLAINED, 3)])
def test_a_passing_error_is_tried_again_later_and_not_for_ever(parts: Parts, verdict: Verdict, tries: int) -> None:
    message_id = queue(parts)
    now = parts.now()
    for attempt in range(tries):
        with parts.database.writing() as session:
            (segment,) = service.claim_segments(
                session, parts.bus, account="default", limit=5, now=now, is_marketing_allowed=True
            )
            outcome = SubmitOutcome(segment_id=segment.segment_id, verdict=verdict, error_code="smpp-0x08")
            service.record_outcomes(session, parts.bus, [outcome], now=now)
            message = session.get_one(Message, message_id)
            assert (message.attempts, message.error_code) == (attempt + 1, "smpp-0x08")
            assert message.due_at is not None and message.due_at > now
            now = message.due_at
    assert state_of(parts, message_id) == "failed"


def test_a_throttled_message_is_tried_again_without_being_counted(parts: Parts) -> None:
    message_id = queue(parts)
    for _ in range(20):
        (segment,) = claim(parts)
        answer(parts, segment, Verdict.NOT_SENT)
    with parts.database.reading() as session:
        assert service.get_message(session, message_id).attempts == 0


def test_what_was_being_sent_when_the_gateway_died_is_uncertain_and_never_resent(parts: Parts) -> None:
    message_id = queue(parts)
    claim(parts)
    for _ in range(2):
        with parts.database.writing() as session:
            service.hold_uncertain(session, parts.bus, account="default", now=parts.now())
    with parts.database.reading() as session:
        message = service.get_message(session, message_id)
        assert (message.state, message.error_code) == ("queued", "uncertain")
    assert claim(parts) == []
    assert kinds_of(parts, message_id) == ["message.queued", "message.uncertain"]


def test_an_uncertain_message_is_settled_by_a_receipt_for_its_number(parts: Parts) -> None:
    first, second = queue(parts), queue(parts, number="+8613900139000")
    claim(parts)
    with parts.database.writing() as session:
        service.hold_uncertain(session, parts.bus, account="default", now=parts.now())
    report(parts, "m77")
    with parts.database.writing() as session:
        assert service.settle_uncertain(session, parts.bus, account="default", now=parts.now()) == 0
    later = parts.now() + timedelta(seconds=11)
    with parts.database.writing() as session:
        assert service.settle_uncertain(session, parts.bus, account="default", now=later) == 1
    assert [state_of(parts, first), state_of(parts, second)] == ["delivered", "queued"]
    report(parts, "m77", state="undelivered")
    assert state_of(parts, first) == "delivered"


def test_an_uncertain_message_can_be_resent_by_a_person(parts: Parts) -> None:
    message_id = queue(parts)
    claim(parts)
    with parts.database.writing() as session:
        service.hold_uncertain(session, parts.bus, account="default", now=parts.now())
        again = service.resend(
            session, parts.bus, settings=parts.settings, message_id=message_id, agent="bob", now=parts.now()
        )
    assert again.resent_from_id == message_id


def test_a_late_answer_settles_an_uncertain_segment(parts: Parts) -> None:
    message_id = queue(parts)
    (segment,) = claim(parts)
    answer(parts, segment, Verdict.UNANSWERED)
    answer(parts, segment)
    assert state_of(parts, message_id) == "sent"


def test_the_newest_message_is_meant_when_an_id_comes_again(parts: Parts) -> None:
    ids = []
    for _ in range(2):
        ids.append(queue(parts))
        (segment,) = claim(parts)
        answer(parts, segment, id="7")
    report(parts, "7")
    assert [state_of(parts, message_id) for message_id in ids] == ["sent", "delivered"]
