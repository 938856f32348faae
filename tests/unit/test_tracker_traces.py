"""The four laws, on recorded traces of real calls: chunking, order, repeats, and a snapshot at any point."""

from __future__ import annotations

import re
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.agents.rules import AgentChanged
from app.calls.rules import CallChanged, CallerConfirmed, CommandKind
from telephony.ami.events import FOLLOWED, Event
from telephony.tracker import inputs
from tests.traces.play import Play, differences, effects
from tests.traces.traces import AGENTS, DIAL_ID, DIALLED, NAMES, Step, bytes_of, events_of, steps_of

NO_TIME = timedelta()
# A snapshot may tell of a channel or its end some milliseconds before the event does.
MILLISECONDS = timedelta(milliseconds=100)

OUTCOMES = {
    "abandoned_at_once": ("abandoned", None),
    "abandoned_while_ringing": ("abandoned", None),
    "answered": ("answered", "alice"),
    "held": ("answered", "alice"),
    "missed_then_answered": ("answered", "bob"),
    "outbound_answered": ("answered", "alice"),
    "outbound_busy": ("busy", "alice"),
    "outbound_no_answer": ("no_answer", "alice"),
    "rejected_then_answered": ("answered", "bob"),
    "rejoined": ("answered", "carol"),
    "transferred_to_agent": ("answered", "bob"),
    "transferred_to_queue": ("answered", "bob"),
}
every_trace = pytest.mark.parametrize("name", NAMES)


def beginning(name: str) -> Play:
    """Everybody is Ready, and what was dialled has been ordered."""
    at = events_of([bytes_of(name)])[0].at - timedelta(seconds=1)
    play = Play.start(at, AGENTS)
    play.make_ready(at, *AGENTS)
    for _ in re.findall("^outbound", name):
        play.order(at, CommandKind.DIAL, "alice", id=DIAL_ID, number=DIALLED)
    return play


def played(name: str) -> Play:
    play = beginning(name)
    play.hear(events_of([bytes_of(name)]), *AGENTS)
    return play


def played_with_a_gap(name: str, steps: list[Step], point: int) -> tuple[Play, Play]:
    """The trace with a snapshot after `point` frames, in the same process and in one that starts there."""
    same = beginning(name)
    for step in steps[:point]:
        same.hear(step.events, *AGENTS)
    at = steps[point - 1].after.at
    other = same.restart(at)
    for play in (same, other):
        play.prove(at, *AGENTS)
        play.tell(steps[point - 1].after)
        for step in steps[point:]:
            play.hear(step.events, *AGENTS)
    return same, other


@every_trace
def test_a_trace_ends_with_what_happened_in_it(name: str) -> None:
    play = played(name)
    (call,) = play.calls.values()
    assert (call.outcome, call.agent) == OUTCOMES[name]
    assert play.tracker.open_calls == []
    assert {record.state for record in play.agents.values()} <= {"ready", "wrap_up", "not_ready"}


@every_trace
@settings(max_examples=20, deadline=None)
@given(data=st.data())
def test_any_chunking_of_the_bytes_gives_the_same_events(name: str, data: st.DataObject) -> None:
    whole = bytes_of(name)
    cuts = data.draw(st.sets(st.integers(0, len(whole)), max_size=200))
    pieces = [whole[begin:end] for begin, end in pairwise([0, *sorted(cuts), len(whole)])]
    assert events_of(pieces) == events_of([whole])


@every_trace
def test_byte_after_byte_gives_the_same_events(name: str) -> None:
    whole = bytes_of(name)
    assert events_of(whole[at : at + 1] for at in range(len(whole))) == events_of([whole])


@every_trace
def test_events_come_in_the_order_of_the_bytes(name: str) -> None:
    said = [word.decode() for word in re.findall(rb"^Event: (\w+)\r$", bytes_of(name), re.MULTILINE)]
    followed = [word for word in said if word in FOLLOWED and word != "FullyBooted"]
    assert [type(event).__name__ for event in events_of([bytes_of(name)])] == followed


@every_trace
def test_events_that_are_told_twice_change_nothing(name: str) -> None:
    once, twice = played(name), beginning(name)
    doubled: list[Event] = [event for event in events_of([bytes_of(name)]) for _ in range(2)]
    twice.hear(doubled, *AGENTS)
    for ours, theirs in ((once.calls, twice.calls), (once.legs, twice.legs), (once.agents, twice.agents)):
        assert differences(ours, theirs, tolerance=NO_TIME) == []
    assert len(effects(twice.outputs, inputs.Originate)) == len(effects(once.outputs, inputs.Originate))
    assert len(effects(twice.outputs, inputs.RejoinPatient)) == len(effects(once.outputs, inputs.RejoinPatient))


@every_trace
def test_a_snapshot_at_any_point_and_the_rest_give_the_whole(name: str) -> None:
    whole, steps = played(name), steps_of(name)
    for point in range(1, len(steps)):
        same, _ = played_with_a_gap(name, steps, point)
        found = differences(whole.calls, same.calls, tolerance=MILLISECONDS)
        found += differences(whole.legs, same.legs, tolerance=MILLISECONDS)
        found += differences(whole.agents, same.agents, tolerance=MILLISECONDS)
        assert (point, found) == (point, [])


@every_trace
def test_a_process_that_starts_at_any_point_ends_with_the_same_calls_and_agents(name: str) -> None:
    whole, steps = played(name), steps_of(name)
    (expected,) = whole.calls.values()
    for point in range(1, len(steps)):
        _, other = played_with_a_gap(name, steps, point)
        (call,) = other.calls.values()
        told = (call.number, call.outcome, call.agent, call.queue, call.direction, call.state)
        assert (point, told) == (
            point,
            (expected.number, expected.outcome, expected.agent, expected.queue, expected.direction, expected.state),
        )
        assert {record.state for record in other.agents.values()} <= {"ready", "wrap_up", "not_ready"}


@every_trace
@pytest.mark.parametrize("lost", [1, 5])
def test_frames_lost_in_a_gap_do_not_change_how_a_living_call_ends(name: str, lost: int) -> None:
    whole, steps = played(name), steps_of(name)
    (expected,) = whole.calls.values()
    for point in [point for point in range(lost, len(steps)) if steps[point - 1].after.channels]:
        play = beginning(name)
        for step in steps[: point - lost]:
            play.hear(step.events, *AGENTS)
        play.prove(steps[point - 1].after.at, *AGENTS)
        play.tell(steps[point - 1].after)
        for step in steps[point:]:
            play.hear(step.events, *AGENTS)
        (call,) = play.calls.values()
        told = (call.number, call.outcome, call.agent, call.direction)
        assert (point, told) == (point, (expected.number, expected.outcome, expected.agent, expected.direction))
        assert {record.state for record in play.agents.values()} <= {"ready", "wrap_up", "not_ready"}


@every_trace
def test_reading_the_state_again_changes_nothing(name: str) -> None:
    play = beginning(name)
    for step in steps_of(name):
        play.hear(step.events, *AGENTS)
        play.tell(step.after)
        again = play.tell(step.after)
        assert effects(again, CallChanged) == []
        assert effects(again, AgentChanged) == []
        assert effects(again, CallerConfirmed) == []
