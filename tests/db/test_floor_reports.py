"""The board at the end of a day, the report of that day and the patients' timelines tell the same: difference zero."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from itertools import groupby

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import DEFAULT_GRANTS, Viewer
from app.accounts.rules import Role
from app.accounts.service import create_user
from app.agents.rules import AgentChanged, AgentRecord, AgentState
from app.calls.rules import CallChanged, CallEvent, CallRecord, CallState, Fate, Part
from app.calls.service import Fact, record_facts
from app.calls.service.history import CallFilters, list_calls
from app.exports.floor_lists import AGENTS as AGENT_LIST
from app.exports.floor_lists import QUEUES as QUEUE_LIST
from app.exports.service import Asker
from app.floor_reports.rules import Step
from app.floor_reports.service import FloorChoice, FloorReport, floor_report
from app.missed_callers.models import CallbackRequest
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.patients.service.timeline import timeline
from app.patients.service.timeline_sources import TimelineItem
from app.queues.models import Queue
from app.queues.service import board
from tests.db.floor_week import AGENTS, DAY, DAYS, FIRST_MIDNIGHT, NUMBERS, QUEUES, Truth, Week, a_week

MOMENT = timedelta(microseconds=1)
AFTER = FIRST_MIDNIGHT + DAYS * DAY + timedelta(hours=6)
MONDAY = date(2026, 11, 16)
Seen = dict[str, tuple[int, int, int, float | None]]


@pytest.fixture
def floor(parts: Parts) -> Parts:
    """Two queues, three agents, and thirty people; ten numbers are nobody's."""
    with parts.database.writing() as session:
        for name, seconds in QUEUES.items():
            session.add(Queue(name=name, label=name, service_level_seconds=seconds, service_level_target=0.8))
        for agent in AGENTS:
            create_user(
                session, username=agent, display_name=agent.title(), role=Role.AGENT, password="wardline-tests",
                now=FIRST_MIDNIGHT,
            )  # fmt: skip
        for place, number in enumerate(NUMBERS[:30]):
            patient = Patient(name=f"王秀{place}", sex="F", created_at=FIRST_MIDNIGHT, updated_at=FIRST_MIDNIGHT)
            patient.phones.append(PatientPhone(number=number, kind="mobile", as_entered=number))
            session.add(patient)
    return parts


def test_a_replayed_week_has_no_difference_between_board_report_timelines_and_truth(floor: Parts) -> None:
    week = a_week(20261116)
    boards: list[Seen] = []
    live: list[Seen] = []
    hour = timedelta(hours=1)
    told = groupby(week.facts, key=lambda fact: (fact.at - FIRST_MIDNIGHT) // hour)
    for number, facts in told:
        while len(boards) < min(number // 24, DAYS):
            boards.append(on_the_board(floor, FIRST_MIDNIGHT + (len(boards) + 1) * DAY - MOMENT))
            live.append(in_the_report(floor, len(boards) - 1, FIRST_MIDNIGHT + len(boards) * DAY - MOMENT))
        batch = list(facts)
        with floor.database.writing() as session:
            record_facts(session, floor.bus, batch, batch[-1].at, settings=floor.settings)
    while len(boards) < DAYS:
        boards.append(on_the_board(floor, FIRST_MIDNIGHT + (len(boards) + 1) * DAY - MOMENT))
        live.append(in_the_report(floor, len(boards) - 1, FIRST_MIDNIGHT + len(boards) * DAY - MOMENT))
    assert boards == live
    assert_is_a_hard_week(week, boards)

    with floor.database.reading() as session:
        timelines = list(all_calls_of_all_people(session))
        for day in range(DAYS):
            report = report_of(session, floor, day)
            happened = [each for each in week.calls.values() if day_of(each.record.started_at) == day]
            assert_timelines_agree(report, [item for item in timelines if day_of(item.at) == day], happened)
            assert_queues_agree(report, happened)
            assert_agents_agree(report, happened, week, day)
        assert_callers_are_owed(session, week)


def test_the_calls_behind_each_number_are_exactly_those(floor: Parts) -> None:
    week = a_week(7)
    told = [fact for fact in week.facts if fact.at < FIRST_MIDNIGHT + 2 * DAY]
    with floor.database.writing() as session:
        record_facts(session, floor.bus, told, told[-1].at, settings=floor.settings)
    with floor.database.reading() as session:
        report = report_of(session, floor, 0)
        places: list[int | None] = [None, *range(len(report.steps.starts))]
        for place in places:
            since, until = bounds(report, place)
            for queue in (None, *QUEUES):
                figures = report.queue(queue, place)
                counted = {
                    Fate.OFFERED: figures.offered, Fate.ANSWERED: figures.answered,
                    Fate.ABANDONED: figures.abandoned, Fate.IN_TIME: figures.in_time,
                }  # fmt: skip
                for fate, count in counted.items():
                    filters = CallFilters(since=since, until=until, queue=queue, fate=fate)
                    assert len(list_calls(session, filters, limit=200).items) == count
            for agent in AGENTS if place is None else AGENTS[:1]:
                of_agent = report.agent(agent, place)
                whose = {
                    Part.ANSWERED: of_agent.answered_calls, Part.MISSED: of_agent.missed_calls,
                    Part.REJECTED: of_agent.rejected_calls, Part.OUTBOUND: of_agent.outbound_calls,
                }  # fmt: skip
                for part, ids in whose.items():
                    filters = CallFilters(since=since, until=until, part=part, part_of=agent)
                    found = list_calls(session, filters, limit=200).items
                    assert {each.call.id for each in found} == ids


def test_the_exported_rows_add_up_to_the_report(floor: Parts) -> None:
    week = a_week(11)
    told = [fact for fact in week.facts if fact.at < FIRST_MIDNIGHT + DAY + timedelta(hours=3)]
    with floor.database.writing() as session:
        record_facts(session, floor.bus, told, told[-1].at, settings=floor.settings)
    boss = Viewer(user_id=1, username="alice", role=Role.SUPERVISOR, grants=DEFAULT_GRANTS[Role.SUPERVISOR])
    asker = Asker(viewer=boss, now=AFTER, settings=floor.settings)
    query = {"since": MONDAY.isoformat(), "until": MONDAY.isoformat(), "step": "hour"}
    with floor.database.reading() as session:
        report = report_of(session, floor, 0)
        sums: dict[str, float] = {}
        for each in (QUEUE_LIST, AGENT_LIST):
            arguments = each.read(session, query, asker)
            rows = list(each.rows(session, arguments, asker))
            assert len(rows) == each.count(session, arguments, asker)
            for column in each.columns_for(boss):
                values = [column.value(row, asker) for row in rows]
                sums[f"{each.name}.{column.key}"] = sum(value for value in values if isinstance(value, int | float))
    total = report.queue(None)
    assert sums["floor_queues.offered"] == total.offered
    assert sums["floor_queues.in_time"] == total.in_time
    assert sums["floor_queues.talk"] == pytest.approx(total.talk, abs=5)
    assert sums["floor_agents.answered"] == sum(len(report.agent(agent).answered_calls) for agent in AGENTS)
    assert sums["floor_agents.ready"] == pytest.approx(report.agent(None).states["ready"], abs=5)


def test_talking_with_a_colleague_is_no_work_on_calls_and_no_call(floor: Parts) -> None:
    agent, at = AGENTS[0], FIRST_MIDNIGHT + timedelta(hours=9)
    ready = AgentRecord(username=agent, state=AgentState.READY, reason=None, since=at)
    talks = AgentRecord(username=agent, state=AgentState.TALKING, reason=None, since=at, call_id="i1")
    call = CallRecord(
        id="i1", linkedid="i1", direction="internal", state=CallState.ANSWERED, number="", number_signalled="",
        dialled=AGENTS[1], started_at=at, answered_at=at, agent=agent,
    )  # fmt: skip
    told: list[Fact] = [
        CallChanged(event=CallEvent.ANSWERED, at=at, call=call, agent=agent),
        AgentChanged(at=at, agent=talks),
        AgentChanged(at=at + timedelta(minutes=10), agent=ready),
        AgentChanged(at=at + timedelta(minutes=30), agent=replace(ready, state=AgentState.OFFLINE)),
    ]
    with floor.database.writing() as session:
        record_facts(session, floor.bus, told, AFTER, settings=floor.settings)
    with floor.database.reading() as session:
        figures = report_of(session, floor, 0).agent(agent)
    assert (figures.states.get("talking", 0), figures.states["ready"], figures.signed_in) == (0, 1200, 1800)
    assert (figures.handled, figures.talk, figures.occupancy) == (0, 0, 0)


def on_the_board(parts: Parts, now: datetime) -> Seen:
    with parts.database.reading() as session:
        queues = board(session, parts.settings, now)["queues"]
    return {
        each["name"]: (each["offered"], each["answered"], each["abandoned"], each["service_level"]) for each in queues
    }


def in_the_report(parts: Parts, day: int, now: datetime) -> Seen:
    choice = FloorChoice.of(MONDAY + day * DAY, MONDAY + day * DAY, Step.HALF_HOUR)
    with parts.database.reading() as session:
        report = floor_report(session, choice, zone=parts.settings.timezone, now=now)
    found = {}
    for queue in QUEUES:
        figures = report.queue(queue)
        level = round(figures.service_level, 4) if figures.service_level is not None else None
        found[queue] = (figures.offered, figures.answered, figures.abandoned, level)
    return found


def report_of(session: Session, parts: Parts, day: int) -> FloorReport:
    choice = FloorChoice.of(MONDAY + day * DAY, MONDAY + day * DAY, Step.HALF_HOUR)
    return floor_report(session, choice, zone=parts.settings.timezone, now=AFTER)


def bounds(report: FloorReport, place: int | None) -> tuple[datetime, datetime]:
    if place is None:
        return report.steps.starts[0], report.steps.end
    return report.steps.starts[place], report.steps.end_of(place)


def day_of(at: datetime) -> int:
    return (at - FIRST_MIDNIGHT) // DAY


def all_calls_of_all_people(session: Session) -> Iterator[TimelineItem]:
    for patient_id in session.scalars(select(Patient.id)).all():
        page = timeline(session, patient_id, limit=200, channel="call")
        assert page.next_cursor is None
        yield from page.items


def assert_is_a_hard_week(week: Week, boards: list[Seen]) -> None:
    """What the comparison is worth: each awkward thing is in the week."""
    calls = week.calls.values()
    assert sum(len({agent for agent, _, _ in each.talks}) > 1 for each in calls) > 20
    assert any(each.record.ended_at and day_of(each.record.started_at) < day_of(each.record.ended_at) for each in calls)
    assert sum(each.record.answered_at is None and each.record.queued_at is not None for each in calls) > 15
    assert any(each.record.queued_at is None for each in calls)
    assert any(each.missed for each in calls)
    assert any(each.rejected for each in calls)
    levels = [level for seen in boards for *_, level in seen.values() if level is not None]
    assert len([level for level in levels if 0.3 < level < 1]) > DAYS


def assert_timelines_agree(report: FloorReport, items: list[TimelineItem], happened: list[Truth]) -> None:
    queued = {each.record.id for each in happened if each.record.queued_at is not None}
    came_in = {each.record.id for each in happened if each.record.direction == "inbound"}
    assert {item.id for item in items if item.direction == "inbound"} == came_in
    inbound = [item for item in items if item.id in queued]
    total = report.queue(None)
    assert len(inbound) == total.offered
    assert sum(item.answered_at is not None for item in inbound) == total.answered
    assert sum(item.answered_at is None for item in inbound) == total.abandoned
    # A timeline shows how long the patient was connected; the talk is that without the waiting between two agents.
    connected = sum(
        (item.ended_at - item.answered_at).total_seconds() for item in inbound if item.answered_at and item.ended_at
    )
    waiting = sum(
        (later[1] - earlier[2]).total_seconds()
        for each in happened if each.record.id in queued
        for earlier, later in zip(each.talks, each.talks[1:], strict=False)
    )  # fmt: skip
    assert total.talk == pytest.approx(connected - waiting, abs=1e-6)


def assert_queues_agree(report: FloorReport, happened: list[Truth]) -> None:
    for queue in QUEUES:
        figures = report.queue(queue)
        calls = [each for each in happened if each.record.queue == queue and each.record.queued_at]
        assert figures.offered == len(calls)
        assert figures.talk == pytest.approx(sum(spent(each.talks) for each in calls), abs=1e-6)
        assert figures.wrap_up == pytest.approx(sum(spent(each.wrap_ups) for each in calls), abs=1e-6)
        assert figures.undecided == 0
        steps = [report.queue(queue, place) for place in range(len(report.steps.starts))]
        assert sum(each.offered for each in steps) == figures.offered
        assert sum(each.talk for each in steps) == pytest.approx(figures.talk, abs=1e-6)
        assert max(each.longest_wait for each in steps) == figures.longest_wait


def assert_agents_agree(report: FloorReport, happened: list[Truth], week: Week, day: int) -> None:
    begin, end = FIRST_MIDNIGHT + day * DAY, FIRST_MIDNIGHT + (day + 1) * DAY
    for agent in AGENTS:
        figures = report.agent(agent)
        inbound = [each for each in happened if each.record.direction == "inbound"]
        assert figures.answered_calls == {each.record.id for each in inbound if any(t[0] == agent for t in each.talks)}
        assert figures.missed_calls == {each.record.id for each in inbound if agent in each.missed}
        assert figures.rejected_calls == {each.record.id for each in inbound if agent in each.rejected}
        outbound = [each for each in happened if each.record.direction == "outbound" and each.record.agent == agent]
        assert figures.outbound_calls == {each.record.id for each in outbound}
        # Each agent's own part only, however long the patient talked to others afterwards.
        assert figures.talk == pytest.approx(sum(spent(each.talks, agent) for each in happened), abs=1e-6)
        assert figures.after_calls == pytest.approx(sum(spent(each.wrap_ups, agent) for each in happened), abs=1e-6)
        changes = week.states[agent]
        for state in AgentState:
            passed = sum(
                max(0.0, (min(until, end) - max(at, begin)).total_seconds())
                for (at, each, _), until in zip(changes, [*(at for at, _, _ in changes[1:]), AFTER], strict=True)
                if each is state
            )
            assert figures.states.get(state.value, 0) == pytest.approx(passed, abs=1e-6)
        assert figures.signed_in == pytest.approx(DAY.total_seconds(), abs=1e-6)


def assert_callers_are_owed(session: Session, week: Week) -> None:
    """Who is still to be called back is who gave up and spoke to nobody later."""
    last_missed: dict[str, datetime] = {}
    last_spoken: dict[str, datetime] = {}
    for each in week.calls.values():
        record = each.record
        if record.answered_at is not None:
            last_spoken[record.number] = max(record.answered_at, last_spoken.get(record.number, record.answered_at))
        elif record.direction == "inbound" and record.ended_at is not None:
            last_missed[record.number] = max(record.ended_at, last_missed.get(record.number, record.ended_at))
    owed = {number for number, at in last_missed.items() if last_spoken.get(number, at) <= at}
    open_numbers = session.scalars(select(CallbackRequest.number).where(CallbackRequest.closed_at.is_(None))).all()
    assert sorted(open_numbers) == sorted(owed)
    assert owed


def spent(times: list[tuple[str, datetime, datetime]], agent: str | None = None) -> float:
    return sum((end - start).total_seconds() for who, start, end in times if agent in (None, who))
