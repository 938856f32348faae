"""The table of a consultation's moves: complete, and no patient is ever with nobody."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calls.rules import ConsultMove, ConsultState, PatientWith, after

_LEAVINGS = (ConsultMove.AGENT_LEFT, ConsultMove.AGENT_LOST, ConsultMove.PATIENT_LEFT)


@pytest.mark.parametrize("state", ConsultState)
@pytest.mark.parametrize("move", _LEAVINGS)
def test_in_each_state_it_is_defined_what_follows_when_agent_or_patient_leaves(
    state: ConsultState, move: ConsultMove
) -> None:
    assert isinstance(after(state, move), PatientWith)


@given(st.lists(st.sampled_from(ConsultMove)))
def test_the_patient_is_with_nobody_only_when_the_patient_has_rung_off(moves: list[ConsultMove]) -> None:
    state: ConsultState = ConsultState.RINGING
    for move in moves:
        goes_to = after(state, move)
        if isinstance(goes_to, PatientWith):
            assert (goes_to is PatientWith.NOBODY) == (move is ConsultMove.PATIENT_LEFT)
            return
        state = goes_to or state


def test_nobody_is_joined_or_handed_over_before_somebody_answers() -> None:
    assert after(ConsultState.RINGING, ConsultMove.COMPLETE) is None
    assert after(ConsultState.RINGING, ConsultMove.JOIN) is None


def test_of_three_any_may_leave_and_the_two_others_go_on() -> None:
    assert after(ConsultState.CONFERENCE, ConsultMove.AGENT_LEFT) is PatientWith.COLLEAGUE
    assert after(ConsultState.CONFERENCE, ConsultMove.COLLEAGUE_LEFT) is PatientWith.AGENT
    assert after(ConsultState.CONFERENCE, ConsultMove.PATIENT_LEFT) is PatientWith.NOBODY
