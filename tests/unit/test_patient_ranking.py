"""In which order people are proposed for a number, and when nobody may be guessed."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

import pytest

from app.patients.rules import MatchFact, MatchState, ReasonCode, match_state, rank_candidates

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
OWN = MatchFact(
    patient_id=1,
    phone_id=1,
    kind="mobile",
    extension="",
    is_valid=True,
    contact_person_id=None,
    relation=None,
    is_provisional=False,
    is_deceased=False,
    last_contact_at=None,
)


def order(*facts: MatchFact) -> list[int]:
    return [candidate.patient_id for candidate in rank_candidates(facts, NOW)]


def other(patient_id: int, **changes: object) -> MatchFact:
    return replace(OWN, patient_id=patient_id, phone_id=patient_id, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "weaker",
    [
        other(0, contact_person_id=5, relation="child"),
        other(0, is_valid=False),
        other(0, is_deceased=True),
        other(0, is_provisional=True),
        other(0, kind="landline"),
        other(0, kind="landline", extension="801"),
    ],
)
def test_an_own_mobile_that_holds_comes_first(weaker: MatchFact) -> None:
    assert order(weaker, OWN) == [1, 0]


def test_who_was_in_contact_lately_comes_before_others() -> None:
    lately = other(9, last_contact_at=NOW - timedelta(days=2))
    long_ago = other(8, last_contact_at=NOW - timedelta(days=200))
    assert order(OWN, long_ago, lately) == [9, 8, 1]


def test_the_dead_come_last_and_the_reason_says_so() -> None:
    dead = other(0, is_deceased=True, last_contact_at=NOW)
    last = rank_candidates([dead, OWN, other(2, is_valid=False)], NOW)[-1]
    assert last.patient_id == 0
    assert ReasonCode.DECEASED in [reason.code for reason in last.reasons]


def test_the_same_people_always_come_in_the_same_order() -> None:
    people = [OWN, other(2), other(3, contact_person_id=1, relation="parent"), other(4, is_provisional=True)]
    orders = {tuple(order(*people)) for people in permutations(people)}
    assert orders == {(1, 2, 4, 3)}


def test_a_person_whose_own_number_is_also_a_contact_persons_is_proposed_once_as_the_owner() -> None:
    [candidate] = rank_candidates([replace(OWN, contact_person_id=7, relation="spouse", phone_id=2), OWN], NOW)
    assert candidate.contact_person_id is None


def test_each_candidate_says_why() -> None:
    fact = replace(OWN, contact_person_id=7, relation="child", last_contact_at=NOW, is_provisional=True)
    [candidate] = rank_candidates([fact], NOW)
    assert [reason.text for reason in candidate.reasons] == [
        "Number of the patient's child",
        "In contact within 30 days",
        "Record not completed yet",
    ]


def test_a_relation_we_have_no_word_for_still_has_a_reason() -> None:
    [candidate] = rank_candidates([replace(OWN, contact_person_id=7, relation="other")], NOW)
    assert candidate.reasons[0].text == "Number of a contact person"


def test_nobody_has_the_number() -> None:
    assert match_state([]) is MatchState.NONE


def test_one_person_with_a_number_that_holds_is_a_single_match() -> None:
    assert match_state(rank_candidates([OWN], NOW)) is MatchState.SINGLE


@pytest.mark.parametrize(
    "facts",
    [
        [OWN, other(2)],
        [OWN, other(2, is_deceased=True)],
        [OWN, other(2, is_valid=False)],
        [other(2, is_deceased=True)],
        [other(2, is_valid=False)],
    ],
)
def test_the_agent_decides_whenever_there_is_doubt(facts: list[MatchFact]) -> None:
    assert match_state(rank_candidates(facts, NOW)) is MatchState.SEVERAL
