"""What callers who wait are told: a place, a guess that never promises too little, an offer; and what they hear of a
recording or an appointment."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.call_flows.rules import (
    Fault,
    FaultKind,
    Flow,
    Goal,
    Message,
    Target,
    Urgency,
    Waiting,
    check,
    follow,
    languages_of,
    place_of,
    recordings_of,
    sounds_of,
)
from app.call_flows.rules.appointments import appointment_sentence
from app.queues.rules.waiting import LONGEST_MINUTES, estimate_minutes, sentence

LANGUAGES = ("zh_Hans", "zh_Hant", "en")
QUEUE = Target(goal=Goal.QUEUE, name="hotline")
FLOW = Flow(hotlines=("4000",), language="en", greeting={"en": "Hi."}, opened=QUEUE)


@given(st.integers(1, 60), st.integers(1, 40), st.floats(1, 3600))
def test_the_guess_is_never_shorter_than_the_calculation_and_grows_with_the_place(
    place: int, agents: int, seconds: float
) -> None:
    told = estimate_minutes(place, agents=agents, handle_seconds=seconds)
    if told is None:
        assert place * seconds / agents > LONGEST_MINUTES * 60
        return
    assert told * 60 >= place * seconds / agents
    before = estimate_minutes(max(1, place - 1), agents=agents, handle_seconds=seconds)
    more = estimate_minutes(place, agents=agents + 1, handle_seconds=seconds)
    assert before is not None and more is not None
    assert before <= told >= more


@pytest.mark.parametrize(
    ("place", "agents", "seconds"), [(0, 3, 60.0), (1, 0, 60.0), (1, 3, None), (1, 3, 0.0), (9, 1, 3600.0)]
)
def test_nothing_is_said_of_how_long_it_takes_where_nobody_knows(
    place: int, agents: int, seconds: float | None
) -> None:
    assert estimate_minutes(place, agents=agents, handle_seconds=seconds) is None


def test_few_sentences_say_everything_in_each_language() -> None:
    guesses = {
        estimate_minutes(place, agents=1, handle_seconds=seconds) for place in range(1, 99) for seconds in range(1, 99)
    }
    for language in LANGUAGES:
        said = {
            sentence(language, place=place, minutes=minutes, offers_callback=offers)
            for place in range(1, 99)
            for minutes in guesses
            for offers in (True, False)
        }
        assert "" not in said and len(said) <= 10 * 9 * 2
    assert sentence("en", place=None, minutes=3, offers_callback=False) == ""
    assert sentence("xx", place=1, minutes=None, offers_callback=False) == "您是下一位。"
    assert sentence("en", place=3, minutes=5, offers_callback=False) == (
        "You are number 3 in the queue. You will wait for about 5 minutes."
    )


def test_who_comes_back_to_a_queue_stands_where_the_time_puts_them() -> None:
    waiting = [Waiting(waited_seconds=90), Waiting(waited_seconds=30)]
    assert place_of(waiting, Urgency.USUAL, waited_seconds=60) == 2
    assert place_of(waiting, Urgency.USUAL, waited_seconds=100) == 1
    assert place_of(waiting, Urgency.USUAL) == 3


def test_a_recording_is_heard_in_place_of_its_text_and_the_check_looks_for_it() -> None:
    shut = Message(code="s1", texts={"en": "Closed."}, sounds={"zh_Hans": 8})
    flow = replace(
        FLOW, greeting={"zh_Hans": "您好。"}, greeting_sounds={"en": 7}, messages=(shut,),
        opened=Target(goal=Goal.MESSAGE, name="s1"),
    )  # fmt: skip
    assert languages_of(flow) == ["en", "zh_Hans"]
    assert (sounds_of(flow, "en"), recordings_of(flow, "en")) == ({"message_s1": "Closed."}, {"greeting": 7})
    assert (sounds_of(flow, "zh_Hans"), recordings_of(flow, "zh_Hans")) == ({"greeting": "您好。"}, {"message_s1": 8})
    assert check(flow, queues=["hotline"], sounds=[7, 8]) == []
    assert check(flow, queues=["hotline"], sounds=[7]) == [Fault(kind=FaultKind.NO_SOUND, where="message:s1")]


def test_key_patients_are_led_apart_while_somebody_is_there_and_their_way_is_checked_like_the_others() -> None:
    noon = datetime(2026, 11, 28, 12, tzinfo=UTC)
    flow = replace(FLOW, for_key=Target(goal=Goal.QUEUE, name="vip"))
    assert [str(step) for step in follow(flow, noon, [], is_key=True)] == ["queue:vip"]
    assert [str(step) for step in follow(flow, noon, [])] == ["queue:hotline"]
    assert [str(step) for step in follow(FLOW, noon, [], is_key=True)] == ["queue:hotline"]
    assert check(flow, queues=["hotline"]) == [Fault(kind=FaultKind.NO_QUEUE, where="for_key", what="vip")]


def test_an_appointment_is_said_as_a_day_and_a_time_and_nothing_else() -> None:
    day = date(2026, 12, 3)
    assert appointment_sentence("zh_Hans", day, time(9, 30)) == "您的下一次预约是12月3日9点30分。"
    assert appointment_sentence("zh_Hant", day, time(9)) == "您的下一次預約是12月3日9點。"
    assert appointment_sentence("en", day, time(9, 5)) == "Your next appointment is on December 3 at 9:05."
    assert appointment_sentence("en", day, None) == "Your next appointment is on December 3."
