"""Kept places: whatever callers, agents and telephones do, the laws of the line hold."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from app.call_flows.rules import CREDIT_SECONDS, Urgency
from app.kept_places.rules import (
    LONGEST_KEPT,
    MOST_ATTEMPTS,
    MOST_ORDERS,
    Caller,
    FreeAgent,
    Place,
    PlaceResult,
    after_failure,
    assign,
    is_too_late,
    places_before,
    standing,
)

NOON = datetime(2026, 11, 28, 4, tzinfo=UTC)
QUEUES = ("hotline", "ward")
SERVED = {"alice": ("hotline",), "bob": ("hotline", "ward"), "carol": ("ward",)}

moments = st.integers(0, 1000).map(lambda seconds: NOON + timedelta(seconds=seconds))
urgencies = st.sampled_from(list(Urgency))
queues = st.sampled_from(QUEUES)
places = st.lists(
    st.builds(
        Place,
        id=st.integers(1, 1000),
        number=st.sampled_from("abcdef"),
        patient_id=st.one_of(st.none(), st.integers(1, 4)),
        queue=queues,
        entered_at=moments,
        urgency=urgencies,
    ),
    max_size=12,
    unique_by=lambda place: place.id,
)
callers = st.lists(st.builds(Caller, queue=queues, entered_at=moments, urgency=urgencies), max_size=6)
agents = st.lists(
    st.builds(FreeAgent, name=st.sampled_from("uvwxyz"), queues=st.sets(queues, min_size=1)),
    max_size=5,
    unique_by=lambda agent: agent.name,
)


@given(places, callers, agents)
def test_each_free_agent_gets_one_call_at_most_and_each_number_and_person_is_called_once(
    kept: list[Place], waiting: list[Caller], free: list[FreeAgent]
) -> None:
    turns = assign(kept, waiting, free)
    by_id = {place.id: place for place in kept}
    called = [by_id[id] for id in turns.values()]
    assert set(turns) <= {agent.name for agent in free}
    assert len({place.number for place in called}) == len(called)
    people = [place.patient_id for place in called if place.patient_id is not None]
    assert len(set(people)) == len(people)


@given(places, callers, agents)
def test_nobody_on_the_line_is_passed_and_the_line_of_kept_places_is_kept(
    kept: list[Place], waiting: list[Caller], free: list[FreeAgent]
) -> None:
    turns = assign(kept, waiting, free)
    by_id = {place.id: place for place in kept}
    for agent in free:
        if agent.name not in turns:
            continue
        called = by_id[turns[agent.name]]
        assert called.queue in agent.queues
        for caller in waiting:
            if caller.queue in agent.queues:
                assert standing(called.entered_at, called.urgency) < standing(caller.entered_at, caller.urgency)
                # So nobody who came earlier than the largest credit before is ever passed.
                most = max(CREDIT_SECONDS.values())
                assert called.entered_at - caller.entered_at < timedelta(seconds=most)


@given(places, agents)
def test_somebody_who_can_be_called_is_called_while_nobody_is_on_the_line(
    kept: list[Place], free: list[FreeAgent]
) -> None:
    turns = assign(kept, [], free)
    for agent in free:
        fits = [place for place in kept if place.queue in agent.queues]
        if fits and agent.name not in turns:
            called = [place for place in kept if place.id in turns.values()]
            numbers = {place.number for place in called} | {place.patient_id for place in called} - {None}
            assert all({place.number, place.patient_id} & numbers for place in fits)


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 600)), min_size=MOST_ORDERS))
def test_failing_calls_come_to_an_end_and_never_follow_at_once(steps: list[tuple[bool, int]]) -> None:
    attempts = orders = 0
    now = NOON
    for has_rung, seconds in steps:
        now += timedelta(seconds=seconds)
        attempts, orders = attempts + has_rung, orders + 1
        after = after_failure(attempts=attempts, orders=orders, has_rung=has_rung, now=now)
        if after.result is not None:
            break
        assert after.next_at is not None and after.next_at > now
        assert not has_rung or after.next_at - now >= timedelta(minutes=1)
        now = after.next_at
    assert after.result is PlaceResult.NOT_REACHED
    assert attempts <= MOST_ATTEMPTS and orders <= MOST_ORDERS


def test_the_kept_places_before_a_caller_count_and_a_place_is_not_kept_for_ever() -> None:
    kept = [
        Place(id=id, number=str(id), patient_id=None, queue=queue, entered_at=NOON + timedelta(seconds=seconds))
        for id, queue, seconds in ((1, "hotline", 0), (2, "ward", 0), (3, "hotline", 60))
    ]
    assert places_before(kept, "hotline", NOON + timedelta(seconds=30)) == 1
    assert not is_too_late(NOON, NOON + LONGEST_KEPT - timedelta(seconds=1))
    assert is_too_late(NOON, NOON + LONGEST_KEPT)


@dataclass
class Person:
    """Somebody who called: on the line, with a kept place, in a call that is on its way, or done."""

    number: str
    place: Place
    state: str = "line"
    attempts: int = 0
    orders: int = 0
    next_at: datetime = NOON
    agent: str = ""
    results: list[PlaceResult] = field(default_factory=list)


class Line(RuleBasedStateMachine):
    """Agents, callers on the line, and kept places, as telephony plays them: Asterisk serves the head of the line."""

    def __init__(self) -> None:
        super().__init__()
        self.now = NOON
        self.people: list[Person] = []
        self.talking: dict[str, Person | None] = dict.fromkeys(SERVED)
        self.numbers = 0

    def of(self, state: str) -> list[Person]:
        return [person for person in self.people if person.state == state]

    def free(self) -> list[FreeAgent]:
        return [FreeAgent(name=name, queues=SERVED[name]) for name, person in self.talking.items() if person is None]

    def due(self) -> list[Place]:
        return [person.place for person in self.of("kept") if person.next_at <= self.now]

    def on_the_line(self) -> list[Caller]:
        return [
            Caller(queue=person.place.queue, entered_at=person.place.entered_at, urgency=person.place.urgency)
            for person in self.of("line")
        ]

    @rule(seconds=st.integers(1, 200))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(queue=queues, urgency=urgencies)
    @precondition(lambda self: len(self.people) < 30)
    def somebody_calls(self, queue: str, urgency: Urgency) -> None:
        self.numbers += 1
        number = str(self.numbers)
        place = Place(
            id=self.numbers, number=number, patient_id=None, queue=queue, entered_at=self.now, urgency=urgency
        )
        self.people.append(Person(number, place))

    @rule(data=st.data())
    @precondition(lambda self: self.of("line"))
    def somebody_asks_to_be_called_back(self, data: st.DataObject) -> None:
        data.draw(st.sampled_from(self.of("line"))).state = "kept"

    @rule(data=st.data())
    @precondition(lambda self: self.of("line") and self.free())
    def the_queue_is_served(self, data: st.DataObject) -> None:
        """Asterisk gives the head of a queue to an agent who is free and not held back."""
        held = assign(self.due(), self.on_the_line(), self.free())
        for agent in self.free():
            heads = [person for person in self.of("line") if person.place.queue in agent.queues]
            if agent.name in held or not heads:
                continue
            first = min(heads, key=lambda person: standing(person.place.entered_at, person.place.urgency))
            first.state, self.talking[agent.name] = "talking", first

    @rule()
    def the_dialler_looks(self) -> None:
        free = self.free()
        turns = assign(self.due(), self.on_the_line(), free)
        assert len(turns) <= len(free)
        for agent, place_id in turns.items():
            (person,) = [person for person in self.of("kept") if person.place.id == place_id]
            waiting = [each for each in self.of("line") if each.place.queue in SERVED[agent]]
            assert all(
                standing(person.place.entered_at, person.place.urgency)
                < standing(each.place.entered_at, each.place.urgency)
                for each in waiting
            )
            person.state, person.agent, person.orders = "called", agent, person.orders + 1
            self.talking[agent] = person

    @rule(data=st.data(), answers=st.booleans(), rings=st.booleans())
    @precondition(lambda self: self.of("called"))
    def a_called_telephone_answers_or_not(self, data: st.DataObject, answers: bool, rings: bool) -> None:
        person = data.draw(st.sampled_from(self.of("called")))
        if answers:
            person.state = "talking"
            person.results.append(PlaceResult.CALLED_BACK)
            return
        self.talking[person.agent] = None
        person.attempts += rings
        after = after_failure(attempts=person.attempts, orders=person.orders, has_rung=rings, now=self.now)
        if after.result is not None:
            person.state = "done"
            person.results.append(after.result)
        else:
            assert after.next_at is not None
            person.state, person.next_at = "kept", after.next_at

    @rule(data=st.data())
    @precondition(lambda self: self.of("talking"))
    def a_talk_ends(self, data: st.DataObject) -> None:
        person = data.draw(st.sampled_from(self.of("talking")))
        person.state = "done"
        for name, other in self.talking.items():
            if other is person:
                self.talking[name] = None

    @invariant()
    def every_call_on_its_way_has_an_agent_of_its_own(self) -> None:
        called = [person.agent for person in self.of("called")]
        assert len(called) == len(set(called)) <= len(SERVED)
        assert all(self.talking[person.agent] is person for person in self.of("called"))

    @invariant()
    def nobody_is_tried_without_end_or_ends_twice(self) -> None:
        for person in self.people:
            assert person.attempts <= MOST_ATTEMPTS and person.orders <= MOST_ORDERS and len(person.results) <= 1

    @invariant()
    def whoever_stands_first_of_all_is_served_as_soon_as_somebody_is_free(self) -> None:
        """Neither those on the line nor those who keep a place starve: with agents free, the first is next."""
        for agent in self.free():
            due = [place for place in self.due() if place.queue in agent.queues]
            line = [each for each in self.on_the_line() if each.queue in agent.queues]
            if not due:
                continue
            first = min(standing(place.entered_at, place.urgency) for place in due)
            if all(first < standing(each.entered_at, each.urgency) for each in line):
                assert assign(self.due(), self.on_the_line(), [agent])


TestLine = Line.TestCase
TestLine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
