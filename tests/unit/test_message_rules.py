"""What may be sent, to whom, when, and how the SMSC's ids are matched."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from app.contact_policy.rules import Refusal, earliest_sending, permit
from app.messages.rules import (
    MessageKind,
    OutState,
    SegmentState,
    TextFault,
    clean_foreign_text,
    fold_segments,
    id_key,
    id_keys,
    is_same_number,
    retry_after,
    sign_text,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("text", ["您好", "【示范医院】您好", "【示范医院】【示范医院】 您好", "  您好\r\n"])
def test_the_signature_stands_in_front_exactly_once(text: str) -> None:
    assert sign_text(text, "示范医院").text == "【示范医院】您好"


def test_the_signature_is_counted() -> None:
    assert sign_text("长" * 494, "示范医院").fault is None
    too_long = sign_text("长" * 495, "示范医院")
    assert (too_long.fault, too_long.units) == (TextFault.TOO_LONG, 501)


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("  \n", TextFault.EMPTY),
        ("【示范医院】", TextFault.EMPTY),
        ("a\x00b", TextFault.CONTROL_CHARACTER),
        ("a\ud800b", TextFault.CONTROL_CHARACTER),
        ("【别的医院】您好", TextFault.BRACKETS),
        ("长" * 5000, TextFault.TOO_LONG),
    ],
)
def test_a_text_that_cannot_be_sent_is_refused_with_its_reason(text: str, fault: TextFault) -> None:
    assert sign_text(text, "示范医院").fault is fault


def test_line_breaks_and_markup_in_a_text_are_just_text() -> None:
    assert sign_text("<script>\n1", "示范医院").fault is None


def test_a_foreign_text_loses_only_what_no_page_can_show() -> None:
    assert clean_foreign_text("a\x00b\r\nc\td\x1b") == "ab\nc\td"
    assert len(clean_foreign_text("x" * 50_000)) == 20_000


def test_death_and_a_wrong_number_stop_every_kind_of_message() -> None:
    for kind in MessageKind:
        dead = permit(kind=kind, is_deceased=True, is_wrong_number=False, has_consent=True)
        wrong = permit(kind=kind, is_deceased=False, is_wrong_number=True, has_consent=True)
        assert (dead.refusal, wrong.refusal) == (Refusal.DECEASED, Refusal.WRONG_NUMBER)


def test_only_promotions_need_consent() -> None:
    granted = [
        kind
        for kind in MessageKind
        if permit(kind=kind, is_deceased=False, is_wrong_number=False, has_consent=False).is_granted
    ]
    assert granted == [MessageKind.CARE, MessageKind.STAFF, MessageKind.PARTNER]


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-11-21T07:59", "2026-11-21T08:00"),
        ("2026-11-21T08:00", "2026-11-21T08:00"),
        ("2026-11-21T20:59", "2026-11-21T20:59"),
        ("2026-11-21T21:00", "2026-11-22T08:00"),
    ],
)
def test_promotions_wait_for_the_hours_from_8_to_21(now: str, expected: str) -> None:
    moment = datetime.fromisoformat(now).replace(tzinfo=SHANGHAI)
    sending = earliest_sending(MessageKind.MARKETING, moment.astimezone(UTC), SHANGHAI)
    assert sending == datetime.fromisoformat(expected).replace(tzinfo=SHANGHAI)
    assert earliest_sending(MessageKind.CARE, moment, SHANGHAI) == moment


@pytest.mark.parametrize(
    ("kept", "receipt"),
    [
        ("m1000001", "m1000001"),
        ("1000001", "0000000000000001000001"),
        ("0001000001", "1000001"),
        ("f4241", "1000001"),
        ("F4241", "1000001"),
        ("1000001", "f4241"),
        ("0", "000"),
        ("ABCdef", "abcDEF"),
    ],
)
def test_a_receipt_finds_its_message_however_the_smsc_writes_the_id(kept: str, receipt: str) -> None:
    assert id_key(kept) in id_keys(receipt)


def test_different_ids_do_not_meet() -> None:
    assert id_key("m1000002") not in id_keys("m1000001")
    assert id_key("10000010") not in id_keys("1000001")


def test_numbers_are_the_same_with_and_without_the_country_code() -> None:
    assert is_same_number("+8613800138000", "13800138000")
    assert is_same_number("+8613800138000", "008613800138000")
    assert not is_same_number("+8613800138000", "13800138001")
    assert not is_same_number("+8613800138000", "8000")


@pytest.mark.parametrize(
    ("segments", "state"),
    [
        (["sent", "sent"], OutState.SENT),
        (["delivered", "sent"], OutState.SENT),
        (["delivered", "delivered"], OutState.DELIVERED),
        (["delivered", "undelivered"], OutState.UNDELIVERED),
        (["delivered", "expired"], OutState.EXPIRED),
        (["sent", "waiting"], OutState.QUEUED),
        (["sent", "uncertain"], OutState.QUEUED),
        (["delivered", "failed"], OutState.FAILED),
    ],
)
def test_a_message_is_delivered_when_all_of_it_is(segments: list[str], state: OutState) -> None:
    assert fold_segments([SegmentState(segment) for segment in segments]) is state


def test_tries_come_later_each_time_and_never_later_than_ten_minutes() -> None:
    waits = [retry_after(attempts).total_seconds() for attempts in (1, 2, 3, 8, 1000)]
    assert waits == [5, 10, 20, 600, 600]
