"""A consultation: the agent asks somebody while the patient holds. Its states, and every move that there is.

At most one at a time in a call. Whatever happens, the table says who has the patient afterwards; there is no move after
which nobody has a patient who has not rung off.
"""

from __future__ import annotations

from enum import StrEnum


class ConsultState(StrEnum):
    """While it lasts. The patient hears music in the first two."""

    RINGING = "ringing"  # somebody is being rung; the agent hears it ring
    TALKING = "talking"  # the agent and who was asked talk
    CONFERENCE = "conference"  # all three talk


class ConsultMove(StrEnum):
    """What can happen to one: the first three are the agent's orders."""

    COMPLETE = "complete"
    JOIN = "join"
    BACK = "back"
    ANSWERED = "answered"
    UNANSWERED = "unanswered"  # busy, rejected, no answer, nobody of the queue came
    COLLEAGUE_LEFT = "colleague_left"
    AGENT_LEFT = "agent_left"  # rang off
    AGENT_LOST = "agent_lost"  # the page was reloaded, or its link broke for too long
    PATIENT_LEFT = "patient_left"
    PATIENT_TIRED = "patient_tired"  # Asterisk's own bound is over: it has put the patient into the queue


class PatientWith(StrEnum):
    """Who has the patient when it is over."""

    AGENT = "agent"
    COLLEAGUE = "colleague"
    QUEUE = "queue"  # first in it
    REJOIN = "rejoin"  # waits for the agent's page, with the comfort tone
    NOBODY = "nobody"  # the patient has rung off: the call ends for everybody


_R, _T, _C = ConsultState.RINGING, ConsultState.TALKING, ConsultState.CONFERENCE

MOVES: dict[tuple[ConsultState, ConsultMove], ConsultState | PatientWith] = {
    (_R, ConsultMove.ANSWERED): _T,
    (_R, ConsultMove.UNANSWERED): PatientWith.AGENT,
    (_R, ConsultMove.BACK): PatientWith.AGENT,
    (_R, ConsultMove.AGENT_LEFT): PatientWith.QUEUE,
    (_R, ConsultMove.AGENT_LOST): PatientWith.REJOIN,
    (_R, ConsultMove.PATIENT_LEFT): PatientWith.NOBODY,
    (_R, ConsultMove.PATIENT_TIRED): PatientWith.QUEUE,
    (_T, ConsultMove.COMPLETE): PatientWith.COLLEAGUE,
    (_T, ConsultMove.JOIN): _C,
    (_T, ConsultMove.BACK): PatientWith.AGENT,
    (_T, ConsultMove.COLLEAGUE_LEFT): PatientWith.AGENT,
    (_T, ConsultMove.AGENT_LEFT): PatientWith.COLLEAGUE,
    (_T, ConsultMove.AGENT_LOST): PatientWith.REJOIN,
    (_T, ConsultMove.PATIENT_LEFT): PatientWith.NOBODY,
    (_T, ConsultMove.PATIENT_TIRED): PatientWith.QUEUE,
    (_C, ConsultMove.COMPLETE): PatientWith.COLLEAGUE,
    (_C, ConsultMove.BACK): PatientWith.AGENT,
    (_C, ConsultMove.COLLEAGUE_LEFT): PatientWith.AGENT,
    (_C, ConsultMove.AGENT_LEFT): PatientWith.COLLEAGUE,
    (_C, ConsultMove.AGENT_LOST): PatientWith.COLLEAGUE,
    (_C, ConsultMove.PATIENT_LEFT): PatientWith.NOBODY,
}
"""What is not here cannot be ordered, and changes nothing when it is told."""


def after(state: ConsultState, move: ConsultMove) -> ConsultState | PatientWith | None:
    """The next state, or who has the patient when it is over; nothing for a move that is none here."""
    return MOVES.get((state, move))
