"""The name of the event that a plan hangs on: it never says when, so that a template starts once for it, ever."""

from __future__ import annotations

from datetime import date

DECISION = "decision"
BY_HAND = "by_hand"
_NOT_OF_A_RECORD = (f"{BY_HAND}:",)


def occasion_of(anchor: str, record: str) -> str:
    """ "operation:12"; the record of a register is its number and that of the membership."""
    return f"{anchor}:{record}"[:80]


def decision_of(visit_id: int) -> str:
    """The occasion of a discharge that waits for its doctor."""
    return f"{DECISION}:{visit_id}"


def by_hand_on(day: date) -> str:
    """Of a plan that somebody starts: a second press of the button starts no second one."""
    return f"{BY_HAND}:{day.isoformat()}"


def round_of(occasion: str, number: int) -> str:
    """The occasion of a later round of the same event."""
    return f"{root_of(occasion)}~{number}"


def root_of(occasion: str) -> str:
    """The event itself, whatever the round."""
    return occasion.partition("~")[0]


def is_of_a_record(occasion: str) -> bool:
    """Whether its event is a record that can move or be taken back."""
    return not occasion.startswith(_NOT_OF_A_RECORD)
