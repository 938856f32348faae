"""The whole hospital, record by record, in constant memory; the same for the same seed on every machine."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from itertools import combinations, count, groupby

from app.synthetic.rules.households import Household
from app.synthetic.rules.identity import MOST_HOUSEHOLDS
from app.synthetic.rules.records import LOOK_ALIKE, SyntheticPatient, TruePair

UNTIL = datetime(2026, 11, 1, tzinfo=UTC)
"""The moment up to which a hospital has its history, unless somebody asks for another."""
# A household has five records for every three, or a few more.
LARGEST = MOST_HOUSEHOLDS * 3 // 2
"""So many records still have id cards of their own."""


def generate(seed: int, size: int, *, until: datetime = UNTIL) -> Iterator[SyntheticPatient]:
    """`size` records. The first n are the same whatever the size. Raises ValueError past LARGEST records.

    Times and numbers are drawn from Python's Mersenne Twister by its `random()` alone, which every version and machine
    computes alike.
    """
    if size > LARGEST:
        raise ValueError("a synthetic hospital has no more id cards than that")
    made = 0
    for household in count():
        if made >= size:
            return
        records = Household(seed, household, made + 1, until).make()
        yield from records[: size - made]
        made += len(records)


def true_pairs(records: Iterable[SyntheticPatient]) -> Iterator[TruePair]:
    """Every pair of records, both among `records` as they were generated, of which the truth is worth knowing."""
    for _, household in groupby(records, key=lambda record: record.household):
        for first, second in combinations(household, 2):
            if first.person == second.person:
                yield TruePair(first.number, second.number, True, second.likeness)
            elif second.likeness in LOOK_ALIKE and second.like == first.number:
                yield TruePair(first.number, second.number, False, second.likeness)
