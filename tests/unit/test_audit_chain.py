"""The chain of the audit log: whatever somebody without the key does to it is found, at the first place."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from app.audit.rules import (
    GENESIS,
    Anchor,
    Break,
    ChainCheck,
    Fault,
    Head,
    Link,
    chain_key,
    head_mac,
    is_anchor_due,
    link_mac,
)

AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
KEY = chain_key("a secret of this test")
LENGTH = 12


def chain(length: int = LENGTH) -> list[Link]:
    links: list[Link] = []
    previous = GENESIS
    for number in range(1, length + 1):
        columns: dict[str, Any] = {
            "id": number,
            "at": AT + timedelta(seconds=number),
            "actor": "bob",
            "role": "agent",
            "action": "view",
            "patient_id": number % 3 or None,
            "subject": "",
            "reason": "",
            "address": "127.0.0.1",
            "details": "",
            "previous_mac": previous,
        }
        previous = link_mac(KEY, columns)
        links.append(Link(**columns, mac=previous))
    return links


def head_of(links: list[Link]) -> Head:
    last_id, last_mac = (links[-1].id, links[-1].mac) if links else (0, GENESIS)
    return Head(last_id=last_id, last_mac=last_mac, mac=head_mac(KEY, last_id, last_mac))


def check(links: list[Link], head: Head | None, anchors: dict[int, str] | None = None) -> Break | None:
    walk = ChainCheck(KEY, anchors)
    for link in links:
        found = walk.feed(link)
        if found is not None:
            return found
    return walk.finish(head)


WHOLE = chain()
HEAD = head_of(WHOLE)
places = st.integers(0, LENGTH - 1)
CHANGES: list[dict[str, Any]] = [
    {"at": AT - timedelta(days=1)},
    {"actor": "carol"},
    {"role": "admin"},
    {"action": "sign_in"},
    {"patient_id": 99},
    {"subject": "recording:1"},
    {"reason": "no reason"},
    {"address": "10.0.0.1"},
    {"details": "{}"},
    {"previous_mac": "1" * 64},
    {"mac": "2" * 64},
]


def test_a_chain_as_it_was_written_is_whole() -> None:
    assert check(WHOLE, HEAD) is None


def test_an_empty_log_is_whole() -> None:
    assert check([], None) is None


@given(place=places, change=st.sampled_from(CHANGES))
def test_any_changed_column_is_found_at_its_event(place: int, change: dict[str, Any]) -> None:
    changed = [*WHOLE[:place], replace(WHOLE[place], **change), *WHOLE[place + 1 :]]
    assert check(changed, HEAD) == Break(event_id=place + 1, fault=Fault.CHANGED)


@given(place=st.integers(0, LENGTH - 2))
def test_a_removed_event_is_found(place: int) -> None:
    assert check([*WHOLE[:place], *WHOLE[place + 1 :]], HEAD) == Break(event_id=place + 1, fault=Fault.MISSING)


@given(kept=places)
def test_a_cut_off_end_is_found(kept: int) -> None:
    assert check(WHOLE[:kept], HEAD) == Break(event_id=kept + 1, fault=Fault.CUT_OFF)


@given(kept=st.integers(1, LENGTH - 1))
def test_a_cut_off_end_with_a_made_up_head_is_found(kept: int) -> None:
    made_up = Head(last_id=kept, last_mac=WHOLE[kept - 1].mac, mac=HEAD.mac)
    assert check(WHOLE[:kept], made_up) == Break(event_id=kept, fault=Fault.HEAD)


@given(places=st.lists(places, min_size=2, max_size=2, unique=True))
def test_two_events_that_changed_places_are_found(places: list[int]) -> None:
    first, second = sorted(places)
    moved = list(WHOLE)
    moved[first] = replace(WHOLE[second], id=first + 1)
    moved[second] = replace(WHOLE[first], id=second + 1)
    assert check(moved, HEAD) == Break(event_id=first + 1, fault=Fault.CHANGED)


@given(place=places)
def test_an_event_put_in_with_a_number_of_its_own_is_found(place: int) -> None:
    shifted = [replace(link, id=link.id + 1) for link in WHOLE[place:]]
    assert check([*WHOLE[:place], WHOLE[place], *shifted], HEAD) is not None


def test_an_event_before_the_first_is_found() -> None:
    assert check([replace(WHOLE[0], id=-7), *WHOLE], HEAD) == Break(event_id=-7, fault=Fault.CHANGED)


def test_an_event_after_the_head_is_found() -> None:
    assert check(WHOLE, head_of(WHOLE[:-1])) == Break(event_id=LENGTH, fault=Fault.HEAD)


@given(kept=st.integers(0, LENGTH - 1))
def test_an_old_head_put_back_is_found_by_an_anchor(kept: int) -> None:
    anchors = {LENGTH: WHOLE[-1].mac}
    old = head_of(WHOLE[:kept])
    assert check(WHOLE[:kept], old, anchors) == Break(event_id=kept + 1, fault=Fault.CUT_OFF)


def test_a_tail_written_anew_behind_an_old_head_is_found_by_an_anchor() -> None:
    anchors = {3: "3" * 64}
    assert check(WHOLE, HEAD, anchors) == Break(event_id=3, fault=Fault.REPLACED)


def test_without_the_key_no_event_can_be_written() -> None:
    forged = {name: getattr(WHOLE[-1], name) for name in Link.__dataclass_fields__} | {"actor": "carol"}
    forged["mac"] = link_mac(chain_key("another secret"), forged)
    assert check([*WHOLE[:-1], Link(**forged)], HEAD) == Break(event_id=LENGTH, fault=Fault.CHANGED)


def test_the_head_is_anchored_every_thousand_events_and_every_hour() -> None:
    newest = Anchor(last_id=5, last_mac="5" * 64)
    assert is_anchor_due(replace(HEAD, last_id=1), None, timedelta())
    assert not is_anchor_due(replace(HEAD, last_id=1004), newest, timedelta(minutes=59))
    assert is_anchor_due(replace(HEAD, last_id=1005), newest, timedelta())
    assert is_anchor_due(replace(HEAD, last_id=6), newest, timedelta(hours=1))
    assert not is_anchor_due(replace(HEAD, last_id=5), newest, timedelta(hours=9))
