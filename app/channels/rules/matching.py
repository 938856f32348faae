"""To whom a contact from outside belongs. A shared number or address is never guessed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum


class Matched(StrEnum):
    ONE = "one"
    SEVERAL = "several"  # a person has to choose
    NOBODY = "nobody"  # a provisional record is made (P-05)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer, with the one person where there is one."""

    matched: Matched
    patient_id: int | None = None


def decide_owner(
    by_number: Collection[int], by_address: Collection[int], *, has_number: bool, has_address: bool
) -> Found:
    """Decide from the people with that number and the people with that address (P-06).

    Where both were given and both are known, only somebody who has both is the one: otherwise anybody could put a
    message into another person's record by naming that person's number beside an address of his own.
    """
    everyone = set(by_number) | set(by_address)
    if not everyone:
        return Found(matched=Matched.NOBODY)
    both = set(by_number) & set(by_address)
    likely = both if has_number and has_address and by_number and by_address else everyone
    if len(likely) == 1:
        return Found(matched=Matched.ONE, patient_id=next(iter(likely)))
    return Found(matched=Matched.SEVERAL)
