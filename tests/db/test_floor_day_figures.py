"""The board's figures that are followed through the day are those of the report that counts the whole day anew."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

import pytest

from app.accounts.rules import Role
from app.accounts.service import create_user
from app.calls.service import Fact, record_facts
from app.floor.service import FloorBoard, day_history
from app.floor_reports.rules import Step
from app.floor_reports.service import FloorChoice, FloorReport, floor_report
from app.parts import Parts
from app.queues.models import Queue
from app.queues.service import board, queue_figures
from tests.db.floor_week import AGENTS, DAY, FIRST_MIDNIGHT, QUEUES, a_week

HOUR = timedelta(hours=1)


@pytest.fixture
def floor(parts: Parts) -> Parts:
    """Two queues that three agents serve both."""
    with parts.database.writing() as session:
        for name, seconds in QUEUES.items():
            session.add(Queue(name=name, label=name, service_level_seconds=seconds, service_level_target=0.8))
        for agent in AGENTS:
            create_user(
                session, username=agent, display_name=agent.title(), role=Role.AGENT, password="wardline-tests",
                now=FIRST_MIDNIGHT,
            )  # fmt: skip
    return parts


def replay(parts: Parts, facts: list[Fact]) -> Iterator[datetime]:
    """The moments at which an hour of the two days has been told."""
    for _hour, told in groupby(facts, key=lambda fact: (fact.at - FIRST_MIDNIGHT) // HOUR):
        batch = list(told)
        with parts.database.writing() as session:
            record_facts(session, parts.bus, batch, batch[-1].at, settings=parts.settings)
        yield batch[-1].at


def report_at(parts: Parts, now: datetime) -> FloorReport:
    day = now.astimezone(parts.settings.timezone).date()
    with parts.database.reading() as session:
        return floor_report(session, FloorChoice.of(day, day, Step.HALF_HOUR), zone=parts.settings.timezone, now=now)


def test_averages_and_occupancy_follow_two_days_without_a_difference(floor: Parts) -> None:
    followed = FloorBoard(floor.settings)
    compared = 0
    for now in replay(floor, [fact for fact in a_week(20261128).facts if fact.at < FIRST_MIDNIGHT + 2 * DAY]):
        with floor.database.reading() as session:
            seen = followed.read(session, now)
        report = report_at(floor, now)
        busy = report.agent(None).occupancy
        assert seen["occupancy"] == (None if busy is None else pytest.approx(busy, abs=0.0051))
        for queue in seen["queues"]:
            counted = report.queue(queue["name"])
            shown = (queue["average_answer_seconds"], queue["average_handle_seconds"], queue["abandon_rate"])
            expected = (counted.average_answer, counted.average_handle, counted.abandon_rate)
            assert [each is None for each in shown] == [each is None for each in expected]
            for mine, theirs, within in zip(shown, expected, (0.51, 0.51, 0.0001), strict=True):
                assert mine is None or mine == pytest.approx(theirs, abs=within)
                compared += mine is not None
    assert compared > 100


def test_what_a_figure_was_before_is_what_the_board_showed_then(floor: Parts) -> None:
    figures = ("waiting", "longest_wait_since", "offered", "answered", "abandoned", "service_level")
    then: tuple[datetime, dict[str, Any]] | None = None
    compared = 0
    for now in replay(floor, [fact for fact in a_week(5).facts if fact.at < FIRST_MIDNIGHT + DAY]):
        with floor.database.reading() as session:
            if then is not None:
                earlier = queue_figures(session, floor.settings, then[0])
                assert {name: {each: of[each] for each in figures} for name, of in earlier.items()} == then[1]
                compared += sum(of["offered"] for of in earlier.values())
            shown = board(session, floor.settings, now)["queues"]
            then = now, {queue["name"]: {each: queue[each] for each in figures} for queue in shown}
    assert compared > 100


def test_the_half_hours_of_today_add_up_to_the_board_beside_those_of_a_week_ago(floor: Parts) -> None:
    facts = a_week(3).facts
    now = FIRST_MIDNIGHT + timedelta(hours=13, minutes=10)
    for _ in replay(floor, [fact for fact in facts if fact.at <= now]):
        pass
    with floor.database.reading() as session:
        told = day_history(session, floor.settings, None, now)
        of_one = day_history(session, floor.settings, frozenset({"checkup"}), now)
        shown = {queue["name"]: queue for queue in board(session, floor.settings, now)["queues"]}
        a_week_later = day_history(session, floor.settings, None, now + 7 * DAY)
    assert len(told["starts"]) == 48 and len(told["today"]) == 27
    assert sum(step["offered"] for step in told["today"]) == sum(each["offered"] for each in shown.values()) > 20
    assert sum(step["answered"] for step in of_one["today"]) == shown["checkup"]["answered"] > 0
    assert sum(step["offered"] for step in told["week_before"]) == 0
    before = [step["offered"] for step in a_week_later["week_before"]]
    assert before[:27] == [step["offered"] for step in told["today"]]
