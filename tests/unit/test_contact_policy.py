"""Who may be written to, when, and what a reply means."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.contact_policy.rules import (
    AUTOMATIC,
    CALL_REFUSAL_TEXT,
    REFUSAL_TEXT,
    USUAL,
    Cap,
    Limits,
    Refusal,
    cap_for,
    earliest_sending,
    exceeds,
    hours_for,
    permit,
    week_of,
)
from app.messages.rules import (
    MessageKind,
    OptOutWish,
    Origin,
    Priority,
    extension_of,
    next_extension,
    read_answer,
    read_opt_out,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
KEYS = {"1": "confirm", "2": "cancel", "N": "cancel", "3": "reschedule"}


@pytest.mark.parametrize(
    "text",
    [
        "T",
        "td",
        " n ",
        "R",
        "0000",
        "退订",
        "退訂",
        "回T",
        "回TD",
        "拒收",
        "ＴＤ",
        "“T”",
        "退订。",
        "T!",
        "回t。",
        "T\u200b",
    ],
)
def test_a_text_that_is_an_opt_out_word_and_nothing_else_is_an_opt_out(text: str) -> None:
    assert read_opt_out(text) is OptOutWish.CLASS


@pytest.mark.parametrize("text", ["T恤", "TDD", "不退订", "我想退订", "no", "00000", "", "。", "收到", "T T", "New"])
def test_a_text_that_only_holds_such_a_word_is_none(text: str) -> None:
    assert read_opt_out(text) is None


@pytest.mark.parametrize("text", ["全部退订", "停止所有短信！", "停止所有簡訊", "STOP ALL"])
def test_a_full_stop_has_words_of_its_own(text: str) -> None:
    assert read_opt_out(text) is OptOutWish.ALL


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        ("1", "confirm"),
        ("１。", "confirm"),
        ("确认", "confirm"),
        ("確認", "confirm"),
        ("好的！", "confirm"),
        ("Yes", "confirm"),
        ("2", "cancel"),
        ("n", "cancel"),
        ("不来了", "cancel"),
        ("不去了。", "cancel"),
        ("3", "reschedule"),
        ("换时间", "reschedule"),
        ("改時間", "reschedule"),
        ("4", None),
        ("确认一下几点", None),
        ("", None),
    ],
)
def test_a_reply_is_read_by_its_key_or_its_word(text: str, meaning: str | None) -> None:
    assert read_answer(text, KEYS) == meaning


def test_a_usual_word_means_nothing_to_a_question_that_asks_for_something_else() -> None:
    assert read_answer("好的", {"1": "satisfied", "2": "unsatisfied"}) is None


def test_every_refusal_has_a_sentence() -> None:
    assert set(REFUSAL_TEXT) == set(Refusal)
    assert set(CALL_REFUSAL_TEXT) <= set(Refusal)


@given(
    kind=st.sampled_from(MessageKind),
    facts=st.fixed_dictionaries(
        {
            name: st.booleans()
            for name in (
                "is_deceased", "is_wrong_number", "has_consent", "is_unwanted", "is_stopped", "is_opted_out"
            )
        }
    ),
)  # fmt: skip
def test_only_who_objects_to_nothing_is_written_to(kind: MessageKind, facts: dict[str, bool]) -> None:
    objections = [value for name, value in facts.items() if name != "has_consent"]
    objections.append(kind is MessageKind.MARKETING and not facts["has_consent"])
    answer = permit(kind=kind, **facts)
    assert answer.is_granted is not any(objections)
    assert answer.refusal is None or answer.refusal in REFUSAL_TEXT


def test_on_the_telephone_only_the_wish_not_to_be_called_counts() -> None:
    refused = permit(
        kind=MessageKind.CARE, channel="call", is_deceased=False, is_wrong_number=False, has_consent=False,
        is_unwanted=True,
    )  # fmt: skip
    assert refused.refusal is Refusal.DO_NOT_CALL


@given(
    kind=st.sampled_from(MessageKind),
    origin=st.sampled_from(Origin),
    priority=st.sampled_from(Priority),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1)),
)
def test_nothing_is_planned_outside_its_hours_or_later_than_they_begin_again(
    kind: MessageKind, origin: Origin, priority: Priority, now: datetime
) -> None:
    asked = now.replace(tzinfo=UTC)
    due = earliest_sending(kind, asked, SHANGHAI, origin=origin, priority=priority)
    hours = hours_for(kind, origin, priority, USUAL)
    assert hours is None or hours.is_open(due, SHANGHAI)
    assert timedelta() <= due - asked < timedelta(hours=11)
    assert due == asked or due.astimezone(SHANGHAI).hour in (7, 8)


def test_urgent_care_and_what_a_person_wrote_leaves_at_any_hour_and_is_not_counted() -> None:
    for origin, priority in ((Origin.PERSON, Priority.NORMAL), (Origin.RULE, Priority.URGENT)):
        assert hours_for(MessageKind.CARE, origin, priority, USUAL) is None
        assert cap_for(MessageKind.CARE, origin, priority, USUAL) is None
    for origin in Origin:
        assert cap_for(MessageKind.MARKETING, origin, Priority.URGENT, USUAL) == Cap(per_day=1, per_week=2)
    for origin in AUTOMATIC:
        assert cap_for(MessageKind.CARE, origin, Priority.BULK, USUAL) == Cap(per_day=2, per_week=5)


@given(days=st.lists(st.dates(date(2026, 1, 1), date(2026, 1, 21)), max_size=40))
def test_no_day_and_no_week_gets_more_than_its_cap_in_whatever_order_they_are_asked_for(days: list[date]) -> None:
    cap = Limits().care_cap
    granted: list[date] = []
    for day in days:
        on_day = granted.count(day)
        in_week = sum(week_of(each) == week_of(day) for each in granted)
        granted += [day] if exceeds(cap, on_day, in_week) is None else []
    assert all(granted.count(day) <= cap.per_day for day in granted)
    assert all(sum(week_of(each) == week_of(day) for each in granted) <= cap.per_week for day in granted)


def test_a_week_is_from_monday_to_sunday() -> None:
    assert week_of(date(2026, 11, 29)) == (date(2026, 11, 23), date(2026, 11, 30))


def test_extensions_are_counted_and_begin_again_after_the_last() -> None:
    assert [next_extension("", 2), next_extension("01", 2), next_extension("99", 2)] == ["01", "02", "00"]
    assert extension_of("106900107", "1069001", 2) == "07"
    for other in ("1069001", "10690010", "1069001x1", "1069002077", "10690010777"):
        assert extension_of(other, "1069001", 2) == ""
    assert extension_of("106900107", "1069001", 0) == ""
