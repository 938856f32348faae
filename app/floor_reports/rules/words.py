"""The figures of the floor by name, and what each of them means: the definition that everybody agrees on."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.texts import N_


class FloorFigure(StrEnum):
    OFFERED = "offered"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    ABANDON_RATE = "abandon_rate"
    SERVICE_LEVEL = "service_level"
    AVERAGE_ANSWER = "average_answer"
    LONGEST_WAIT = "longest_wait"
    AVERAGE_HANDLE = "average_handle"
    OCCUPANCY = "occupancy"
    SIGNED_IN = "signed_in"
    READY = "ready"
    RINGING = "ringing"
    TALKING = "talking"
    WRAP_UP = "wrap_up"
    NOT_READY = "not_ready"
    AGENT_ANSWERED = "agent_answered"
    MISSED = "missed"
    REJECTED = "rejected"
    OUTBOUND = "outbound"
    AGENT_HANDLE = "agent_handle"


QUEUE_FIGURES = (
    FloorFigure.OFFERED,
    FloorFigure.ANSWERED,
    FloorFigure.ABANDONED,
    FloorFigure.ABANDON_RATE,
    FloorFigure.SERVICE_LEVEL,
    FloorFigure.AVERAGE_ANSWER,
    FloorFigure.LONGEST_WAIT,
    FloorFigure.AVERAGE_HANDLE,
    FloorFigure.OCCUPANCY,
)
AGENT_FIGURES = (
    FloorFigure.SIGNED_IN,
    FloorFigure.READY,
    FloorFigure.RINGING,
    FloorFigure.TALKING,
    FloorFigure.WRAP_UP,
    FloorFigure.NOT_READY,
    FloorFigure.AGENT_ANSWERED,
    FloorFigure.MISSED,
    FloorFigure.REJECTED,
    FloorFigure.OUTBOUND,
    FloorFigure.AGENT_HANDLE,
    FloorFigure.OCCUPANCY,
)
FIGURE_TEXT: Mapping[FloorFigure, str] = {
    FloorFigure.OFFERED: N_("Offered"),
    FloorFigure.ANSWERED: N_("Answered"),
    FloorFigure.ABANDONED: N_("Abandoned"),
    FloorFigure.ABANDON_RATE: N_("Abandon rate"),
    FloorFigure.SERVICE_LEVEL: N_("Service level"),
    FloorFigure.AVERAGE_ANSWER: N_("Average wait"),
    FloorFigure.LONGEST_WAIT: N_("Longest wait"),
    FloorFigure.AVERAGE_HANDLE: N_("Average handling"),
    FloorFigure.OCCUPANCY: N_("Occupancy"),
    FloorFigure.SIGNED_IN: N_("Signed in"),
    FloorFigure.READY: N_("Ready"),
    FloorFigure.RINGING: N_("Ringing"),
    FloorFigure.TALKING: N_("Talking"),
    FloorFigure.WRAP_UP: N_("Wrap-up"),
    FloorFigure.NOT_READY: N_("Not ready"),
    FloorFigure.AGENT_ANSWERED: N_("Answered"),
    FloorFigure.MISSED: N_("Missed"),
    FloorFigure.REJECTED: N_("Rejected"),
    FloorFigure.OUTBOUND: N_("Outgoing"),
    FloorFigure.AGENT_HANDLE: N_("Average handling"),
}
MEANING_TEXT: Mapping[FloorFigure, str] = {
    FloorFigure.OFFERED: N_("Incoming calls that began in the time and reached a queue."),
    FloorFigure.ANSWERED: N_("Offered calls that an agent answered. A call that is transferred counts once."),
    FloorFigure.ABANDONED: N_("Offered calls that ended before an agent answered."),
    FloorFigure.ABANDON_RATE: N_("Abandoned calls as a share of the offered ones."),
    FloorFigure.SERVICE_LEVEL: N_(
        "Calls answered within the queue's seconds as a share of the offered ones. Abandoned calls count; who waits "
        "and can still be answered in time does not yet."
    ),
    FloorFigure.AVERAGE_ANSWER: N_("From the queue to the answer, on average over the answered calls (ASA)."),
    FloorFigure.LONGEST_WAIT: N_("The longest that one caller waited, answered or not."),
    FloorFigure.AVERAGE_HANDLE: N_(
        "Talk and wrap-up of all agents for a call, on average over the answered calls (AHT). Waiting between two "
        "agents does not count."
    ),
    FloorFigure.OCCUPANCY: N_("Talking and wrap-up as a share of the time ready, ringing, talking and in wrap-up."),
    FloorFigure.SIGNED_IN: N_("All the time in which a desk was connected."),
    FloorFigure.READY: N_("Waiting for a call, phone and page proved."),
    FloorFigure.RINGING: N_("While a call was offered."),
    FloorFigure.TALKING: N_("On a call, with hold, and dialling out."),
    FloorFigure.WRAP_UP: N_("From the end of a call until the note was saved or its time was over."),
    FloorFigure.NOT_READY: N_("At the desk and not taking calls; the reasons stand below the time."),
    FloorFigure.AGENT_ANSWERED: N_(
        "Incoming calls that began in the time and that this agent answered, transfers too."
    ),
    FloorFigure.MISSED: N_("Calls that rang at this agent and were not answered."),
    FloorFigure.REJECTED: N_("Calls that this agent refused while they rang."),
    FloorFigure.OUTBOUND: N_("Calls that this agent placed, reached or not."),
    FloorFigure.AGENT_HANDLE: N_(
        "The agent's own talk and wrap-up, on average over the calls answered and the outgoing ones that were reached. "
        "What others talked after a transfer does not count."
    ),
}
"""Labels, in English; whoever shows them translates them."""
