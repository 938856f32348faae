"""Following the journal when the bus loses, repeats or reorders its hints."""

from __future__ import annotations

from typing import Any

from app.bus import LocalBus
from app.journal import service as journal
from app.parts import Parts
from app.web.live.follower import JournalFollower


def follow(parts: Parts) -> tuple[JournalFollower, list[int]]:
    delivered: list[int] = []

    def take(entry: dict[str, Any]) -> None:
        delivered.append(entry["seq"])

    follower = JournalFollower(parts.database, take)
    follower.start()
    return follower, delivered


def commit(parts: Parts, count: int) -> list[dict[str, Any]]:
    """Commit entries whose hints nobody hears; returns the hints."""
    entries = [journal.Entry(kind="agent.changed", at=parts.now(), agent="bob") for _ in range(count)]
    with parts.database.writing() as session:
        seqs = journal.append(session, LocalBus(), entries)
    with parts.database.reading() as session:
        return journal.read_since(session, seqs[0] - 1)


def test_every_hint_is_delivered_at_once_and_once(parts: Parts) -> None:
    follower, delivered = follow(parts)
    hints = commit(parts, 3)
    for hint in [*hints, *hints]:
        follower.hear(hint)
    assert delivered == [hint["seq"] for hint in hints]
    assert follower.catch_up() == 0


def test_lost_hints_come_from_the_database(parts: Parts) -> None:
    follower, delivered = follow(parts)
    hints = commit(parts, 3)
    follower.hear(hints[1])
    assert follower.catch_up() == 2
    assert sorted(delivered) == [hint["seq"] for hint in hints]


def test_hint_that_comes_after_its_replay_is_not_delivered_again(parts: Parts) -> None:
    follower, delivered = follow(parts)
    hints = commit(parts, 2)
    follower.catch_up()
    for hint in reversed(hints):
        follower.hear(hint)
    assert delivered == [hint["seq"] for hint in hints]


def test_long_outage_is_caught_up_in_one_go(parts: Parts) -> None:
    follower, delivered = follow(parts)
    commit(parts, 1200)
    assert follower.catch_up() == 1200
    assert delivered == sorted(delivered)


def test_what_was_before_the_start_is_not_delivered(parts: Parts) -> None:
    commit(parts, 2)
    follower, delivered = follow(parts)
    assert follower.catch_up() == 0
    assert delivered == []
