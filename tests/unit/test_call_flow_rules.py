"""The way in as a document: the check accepts exactly the flows in which every path ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from app.call_flows.rules import (
    FaultKind,
    Flow,
    Goal,
    Hours,
    Menu,
    Message,
    Target,
    check,
    follow,
    from_document,
    is_open,
    reachable,
    to_document,
)

QUEUES = ("hotline", "vip")
AT = datetime(2026, 11, 27, 10, tzinfo=UTC)  # a Friday
TEXT = {"zh_Hans": "您好", "zh_Hant": "", "en": ""}

targets = st.one_of(
    st.none(),
    st.builds(Target, goal=st.sampled_from([Goal.QUEUE, Goal.URGENT]), name=st.sampled_from([*QUEUES, "gone"])),
    st.builds(Target, goal=st.just(Goal.MENU), name=st.sampled_from(["m1", "m2", "m3", "m4"])),
    st.builds(Target, goal=st.just(Goal.MESSAGE), name=st.sampled_from(["shut", "other"])),
)
menus = st.lists(
    st.builds(
        Menu,
        code=st.sampled_from(["m1", "m2", "m3"]),
        texts=st.just(TEXT),
        keys=st.dictionaries(st.sampled_from("123"), targets.filter(lambda target: target is not None), min_size=1),
        otherwise=targets,
    ),
    max_size=3,
    unique_by=lambda menu: menu.code,
)
flows = st.builds(
    Flow,
    hotlines=st.just(("4000",)),
    greeting=st.just(TEXT),
    hours=st.sampled_from([Hours(), Hours(always=False, days={5: ("09:00", "17:00")})]),
    opened=targets,
    closed=targets,
    menus=menus.map(tuple),
    messages=st.just((Message(code="shut", texts=TEXT),)),
)


def ends_everywhere(flow: Flow, target: Target | None, path: tuple[str, ...] = ()) -> bool:
    """Whether every way on from here comes to a queue that exists or to words."""
    if target is None:
        return False
    if target.goal in (Goal.QUEUE, Goal.URGENT):
        return target.name in QUEUES
    if target.goal is Goal.MESSAGE:
        return flow.message(target.name) is not None
    menu = flow.menu(target.name)
    if menu is None or menu.code in path:
        return False
    return all(ends_everywhere(flow, each, (*path, menu.code)) for each in (*menu.keys.values(), menu.otherwise))


@given(flows)
def test_a_flow_may_go_live_exactly_when_every_path_through_it_ends(flow: Flow) -> None:
    starts = [flow.opened] if flow.hours.always else [flow.opened, flow.closed]
    assert (check(flow, queues=QUEUES) == []) is all(ends_everywhere(flow, start) for start in starts)


@given(flows, st.lists(st.sampled_from(["", "1", "2", "3", "9"]), max_size=6))
def test_a_caller_of_a_checked_flow_comes_to_a_queue_or_to_words_whatever_is_pressed(
    flow: Flow, pressed: list[str]
) -> None:
    if check(flow, queues=QUEUES):
        return
    for at in (AT, AT.replace(day=28)):
        steps = follow(flow, at, pressed)
        assert steps[-1].goal is not Goal.MENU
        assert {str(step) for step in steps} <= {str(step) for step in reachable(flow)}


@given(flows)
def test_a_document_says_what_the_flow_says(flow: Flow) -> None:
    assert to_document(from_document(to_document(flow))) == to_document(flow)


def test_what_is_missing_is_named() -> None:
    whole = Flow(
        hotlines=("4000",), greeting=TEXT, opened=Target(goal=Goal.MENU, name="m1"),
        menus=(Menu(code="m1", keys={"1": Target(goal=Goal.QUEUE, name="gone")}, otherwise=None),),
    )  # fmt: skip
    assert [(fault.kind, fault.where, fault.what) for fault in check(whole, queues=QUEUES)] == [
        (FaultKind.NO_TEXT, "menu:m1", ""),
        (FaultKind.NO_QUEUE, "menu:m1", "gone"),
        (FaultKind.NO_TARGET, "menu:m1", ""),
    ]
    assert check(replace(whole, hotlines=("4000", "x")), queues=QUEUES, taken={"4000"})[0].kind == "hotline_taken"


def test_hours_that_end_before_they_begin_and_days_that_are_none_are_refused() -> None:
    hours = Hours(always=False, days={1: ("17:00", "09:00")}, dates={"2026-02-30": ("", ""), "2026-10-01": ("", "")})
    goal = Target(goal=Goal.QUEUE, name="vip")
    flow = Flow(hotlines=("4000",), greeting=TEXT, hours=hours, opened=goal, closed=goal)
    assert [(fault.kind, fault.what) for fault in check(flow, queues=QUEUES)] == [
        (FaultKind.BAD_HOURS, "1"),
        (FaultKind.BAD_DATE, "2026-02-30"),
    ]


def test_a_holiday_is_closed_and_a_working_saturday_is_open() -> None:
    hours = Hours(
        always=False, days={5: ("09:00", "17:00")}, dates={"2026-11-27": ("", ""), "2026-11-28": ("09:00", "12:00")}
    )
    assert not is_open(hours, AT)
    assert is_open(hours, AT.replace(day=28))
    assert not is_open(hours, AT.replace(day=28, hour=12))
    assert is_open(Hours(always=False, days={5: ("09:00", "17:00")}), AT)
