"""When somebody may be called at all: hours where the number is, caps, and numbers that cost a fortune."""

from __future__ import annotations

import os
import random
import string
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.rules import USUAL_PREFIXES, parse_plan
from app.contact_policy.rules import CALL, permit
from app.followups.rules import DialFacts, DialLimits, NoDial, is_open, may_call, next_open
from app.messages.rules import MessageKind
from app.outbound_lists.rules import key_question, load_of, may_begin, share_of, spoken
from app.patients.phones import costs_extra

HOME = ZoneInfo("Asia/Shanghai")
ZONES = [(HOME,), (ZoneInfo("America/New_York"), ZoneInfo("America/Los_Angeles")), (ZoneInfo("Asia/Kolkata"),)]
# WARDLINE_ATTEMPTS=1000000 takes half a minute.
ATTEMPTS = int(os.environ.get("WARDLINE_ATTEMPTS", "50000"))
PLAN = parse_plan(USUAL_PREFIXES)
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1), timezones=st.just(UTC))


def test_simulated_attempts_dial_nobody_outside_hours_above_caps_or_against_consent() -> None:
    chance = random.Random(7)
    limits = DialLimits(opens=9, closes=20, most_attempts=3, most_a_day=2)
    began = datetime(2026, 3, 7, tzinfo=UTC)
    moments = [began + timedelta(minutes=minute) for minute in range(0, 4 * 24 * 60, 7)]
    # By the clocks on the walls, worked out another way than the rule does it.
    offsets = {ZONES[0]: [8.0], ZONES[1]: None, ZONES[2]: [5.5]}
    daylight_saving_begins = datetime(2026, 3, 8, tzinfo=UTC)
    dialled = wrong = 0
    for _attempt in range(ATTEMPTS):
        bits = chance.getrandbits(40)
        now, zones = moments[bits % len(moments)], ZONES[(bits >> 10) % 3]
        facts = DialFacts(
            now=now,
            zones=zones,
            is_allowed=bool(bits >> 12 & 7),
            is_on_the_phone=not bits >> 15 & 7,
            attempts=bits >> 18 & 3,
            attempts_today=bits >> 20 & 3,
        )
        wish = permit(
            kind=MessageKind.CARE,
            channel=CALL,
            is_deceased=not bits >> 22 & 15,
            is_wrong_number=not bits >> 26 & 15,
            is_unwanted=not bits >> 30 & 15,
            is_stopped=not bits >> 34 & 15,
            has_consent=False,
        )
        if wish.is_granted and may_call(facts, limits).refusal is None:
            dialled += 1
            hours = offsets[zones]
            if hours is None:
                hours = [-5.0, -8.0] if now < daylight_saving_begins + timedelta(hours=7) else [-4.0, -7.0]
            is_open = all(9 <= ((now - began).total_seconds() / 3600 + offset) % 24 < 20 for offset in hours)
            is_wanted = bits >> 22 & 15 and bits >> 26 & 15 and bits >> 30 & 15 and bits >> 34 & 15
            is_within = facts.attempts < 3 and facts.attempts_today < 2
            wrong += not (is_open and is_wanted and is_within and facts.is_allowed and not facts.is_on_the_phone)
    assert dialled > ATTEMPTS / 20
    assert wrong == 0


@given(MOMENTS, st.sampled_from(ZONES), st.integers(0, 23), st.integers(1, 24))
def test_the_next_time_for_calls_is_one_and_is_the_first(
    now: datetime, zones: tuple[ZoneInfo, ...], opens: int, closes: int
) -> None:
    limits = DialLimits(opens=opens, closes=closes)
    moment = next_open(now, zones, limits)
    assert moment >= now
    if is_open(now, zones, limits):
        assert moment == now
    elif moment != now + timedelta(days=1):
        assert is_open(moment, zones, limits)
        assert not is_open(moment - timedelta(minutes=15), zones, limits)


@given(MOMENTS, st.integers(0, 6), st.integers(0, 6))
def test_a_refusal_for_now_says_when_it_is_over_and_one_for_good_does_not(
    now: datetime, attempts: int, attempts_today: int
) -> None:
    limits = DialLimits()
    facts = DialFacts(
        now=now, zones=(HOME,), is_allowed=True, is_on_the_phone=False, attempts=attempts, attempts_today=attempts_today
    )
    answer = may_call(facts, limits)
    if answer.refusal in (NoDial.DAY_CAP, NoDial.OUT_OF_HOURS):
        assert answer.again_at is not None
        assert answer.again_at > now
        later = DialFacts(
            now=answer.again_at, zones=(HOME,), is_allowed=True, is_on_the_phone=False, attempts=0, attempts_today=0
        )
        assert may_call(later, limits).refusal is None
    elif answer.refusal is not None:
        assert answer.refusal is NoDial.ATTEMPT_CAP
        assert answer.again_at is None


def hostile_numbers() -> list[str]:
    """Premium, satellite and foreign numbers, carriers' prefixes, and text that only looks like a number."""
    chance = random.Random(11)
    digits = lambda count: "".join(chance.choice(string.digits) for _ in range(count))  # noqa: E731
    beginnings = [
        "+1900", "+44909", "+8816", "+8821", "+870", "+979", "+808", "+882", "+252", "+53", "+86400", "+86800",
        "+861349", "+861740", "+861749", "+8616895", "+86571168", "+86571160", "+8617951", "00861380013", "86138001",
        "0", "00", "011", "*72", "#21#", "+", "", "12", "+8692", "+8696", "+8612", "+8610160", "+8610168",
    ]  # fmt: skip
    made = [beginning + digits(chance.randrange(4, 11)) for beginning in beginnings for _ in range(26)]
    made += [f"+8613800138{digits(3)}{tail}" for tail in ("\r\nAction: x", ",w", "@trunk", "&PJSIP/x", " ", "０") * 20]
    made += ["+86" + digits(length) for length in (3, 5, 6, 7, 8, 13, 14) for _ in range(15)]
    return made


def test_a_thousand_hostile_numbers_dial_nothing() -> None:
    numbers = hostile_numbers()
    assert len(numbers) >= 1_000
    assert [number for number in numbers if PLAN.may_dial(number)] == []


@pytest.mark.parametrize(
    "number", ["+8613800138000", "+8619912345678", "+861088886666", "+8657188886666", "+862155556666", "+867558888666"]
)
def test_mobiles_and_landlines_at_home_are_dialled(number: str) -> None:
    assert PLAN.may_dial(number)
    assert not costs_extra(number)


def test_the_longest_beginning_decides_and_words_that_are_none_allow_nothing() -> None:
    plan = parse_plan("+852 -8521 everything + - +86x")
    assert plan.may_dial("+85261234567")
    assert not plan.may_dial("+85212345678")
    assert not plan.may_dial("+8613800138000")
    assert costs_extra("+19005551234")


@given(st.integers(0, 500), st.integers(1, 9), st.integers(0, 9))
def test_people_are_spread_evenly_over_days_and_agents(people: int, day_count: int, agent_count: int) -> None:
    days = [date(2026, 3, 2) + timedelta(days=place) for place in range(day_count)]
    agents = [f"agent{place}" for place in range(agent_count)]
    counted: dict[object, int] = dict.fromkeys(load_of(0, days, agents), 0)
    for place in range(people):
        counted[share_of(place, days, agents)] += 1
    assert counted == load_of(people, days, agents)
    assert max(counted.values()) - min(counted.values()) <= 1


@given(st.lists(st.floats(0.0, 3.0), max_size=60), st.integers(1, 600))
def test_calls_never_begin_faster_than_the_pace(pauses: list[float], calls_per_minute: int) -> None:
    now, next_call_at, begun = datetime(2026, 3, 2, tzinfo=UTC), None, 0
    began = now
    for pause in pauses:
        now += timedelta(seconds=pause)
        count, next_call_at = may_begin(next_call_at, now, calls_per_minute, 50)
        begun += count
    # What was missed within one second may be made up for.
    allowed = ((now - began).total_seconds() + 1) * calls_per_minute / 60 + 1
    assert begun <= allowed + 1e-6


def test_questions_become_keys_or_are_not_asked() -> None:
    option = {"texts": {"zh_Hans": "好"}}
    single = {"code": "a", "kind": "single", "texts": {"zh_Hans": "如何？"}, "options": [
        {"code": "good", "score": 2, **option}, {"code": "bad", "alarm": {"minutes": 5}, **option},
    ]}  # fmt: skip
    asked = key_question(single)
    assert asked is not None
    assert asked.spec == "12!2"
    assert spoken(asked, "zh_Hans") == "如何？ 好，请按1。 好，请按2。"
    assert asked.answer("2") == "bad"
    assert asked.answer("3") is None
    scale = key_question(
        {"code": "b", "kind": "scale", "texts": {}, "options": [{"code": str(n)} for n in range(1, 6)]}
    )
    assert scale is not None
    assert (scale.spec, scale.answer("4"), spoken(scale, "en")) == ("12345", "4", " Press a key from 1 to 5.")
    number = key_question({"code": "c", "kind": "number", "texts": {}, "lowest": 40, "highest": 200})
    assert number is not None
    assert (number.spec, number.answer("120"), number.answer("12"), number.answer("x")) == ("#3", "120", None, None)
    for unasked in (
        {"kind": "text"}, {"kind": "multiple", "options": [option]}, {"kind": "single", "options": [option] * 10},
        {"kind": "scale", "options": [{"code": str(n)} for n in range(9)]}, {"kind": "number", "lowest": 0}, {},
    ):  # fmt: skip
        assert key_question({"code": "d", "texts": {}, **unasked}) is None
