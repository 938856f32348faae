"""The words of a call: states, outcomes, commands."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from app.calls.rules.consult import ConsultState
from app.texts import N_


class CallState(StrEnum):
    """ringing → answered / abandoned / failed → wrapped up."""

    RINGING = "ringing"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    FAILED = "failed"
    WRAPPED_UP = "wrapped_up"


class CallOutcome(StrEnum):
    """How a call ended. Nothing while it lasts."""

    ANSWERED = "answered"
    ABANDONED = "abandoned"  # an inbound caller hung up before an agent answered
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    REJECTED = "rejected"
    WRONG_NUMBER = "wrong_number"  # the network says that the number does not exist
    FAILED = "failed"
    CLOSED = "closed"  # an inbound caller heard a message, because nobody was there
    VOICEMAIL = "voicemail"  # an inbound caller left a message
    CALLBACK = "callback"  # an inbound caller asked to be called back and keeps the place in the queue
    AGENT_CANCELLED = "agent_cancelled"  # the agent hung up an outbound call before the patient answered


class Fate(StrEnum):
    """What a report counted of the calls that came in and reached a queue."""

    OFFERED = "offered"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    IN_TIME = "in_time"  # answered within the seconds of the queue


class Part(StrEnum):
    """What a report counted of the calls of one agent."""

    ANSWERED = "answered"
    MISSED = "missed"
    REJECTED = "rejected"
    OUTBOUND = "outbound"


class CommandKind(StrEnum):
    """What telephony can be ordered to do."""

    SET_READY = "set_ready"
    SET_NOT_READY = "set_not_ready"
    CANCEL_NEXT = "cancel_next"  # what was chosen for after the call
    DIAL = "dial"
    HANG_UP = "hang_up"
    TRANSFER = "transfer"
    FINISH_WRAP_UP = "finish_wrap_up"
    SUPERVISE = "supervise"  # listen, whisper or barge in on a colleague's call
    STOP_SUPERVISING = "stop_supervising"
    TAKE_OVER = "take_over"
    CALL_PATIENT = "call_patient"  # without an agent: Asterisk speaks and asks
    CONSULT = "consult"  # ask somebody while the patient holds
    COMPLETE = "complete"  # the patient goes to whom was asked
    JOIN_ALL = "join_all"  # all three talk
    BACK = "back"  # to the patient; whom was asked is let go
    PARK = "park"
    PICK_UP = "pick_up"  # a parked call
    CALL_COLLEAGUE = "call_colleague"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"


FATE_TEXT = {
    Fate.OFFERED: N_("offered to a queue"),
    Fate.ANSWERED: N_("offered and answered"),
    Fate.ABANDONED: N_("offered and abandoned"),
    Fate.IN_TIME: N_("answered in time"),
}
PART_TEXT = {
    Part.ANSWERED: N_("answered by"),
    Part.MISSED: N_("missed by"),
    Part.REJECTED: N_("rejected by"),
    Part.OUTBOUND: N_("placed by"),
}
DISPOSITION_TEXT = {
    # What came of a call; the names hold while the hospital's code list says nothing else.
    "answered_question": N_("Question answered"),
    "appointment": N_("Appointment"),
    "recheck": N_("Recheck"),
    "complaint": N_("Complaint"),
    "praise": N_("Praise"),
    "transferred": N_("Transferred"),
    "callback": N_("To be called back"),
    "other": N_("Other"),
}
OUTCOME_TEXT = {
    CallOutcome.ANSWERED: N_("Answered"),
    CallOutcome.ABANDONED: N_("Abandoned"),
    CallOutcome.NO_ANSWER: N_("No answer"),
    CallOutcome.BUSY: N_("Busy"),
    CallOutcome.REJECTED: N_("Rejected"),
    CallOutcome.WRONG_NUMBER: N_("Number does not exist"),
    CallOutcome.FAILED: N_("Failed"),
    CallOutcome.CLOSED: N_("Heard that nobody is there"),
    CallOutcome.VOICEMAIL: N_("Left a message"),
    CallOutcome.CALLBACK: N_("Asked to be called back"),
    CallOutcome.AGENT_CANCELLED: N_("Cancelled by the agent"),
}
"""Labels, in English; whoever shows them translates them."""

MISSED = (CallOutcome.ABANDONED, CallOutcome.CLOSED, CallOutcome.VOICEMAIL)
"""How calls end that wait to be called back."""
FINAL_STATES = frozenset({CallState.ABANDONED, CallState.FAILED, CallState.WRAPPED_UP})


class CallEvent(StrEnum):
    """What can happen to a call; also its kind in the journal, with `call.` in front."""

    STARTED = "started"
    QUEUED = "queued"
    OFFERED = "offered"
    OFFER_ENDED = "offer_ended"
    ANSWERED = "answered"
    NOTICED = "noticed"  # the caller has heard that the call is recorded
    CLOSED = "closed"
    VOICEMAIL = "voicemail"
    CALLBACK = "callback"
    HELD = "held"
    RESUMED = "resumed"
    REJOINING = "rejoining"
    REJOINED = "rejoined"
    TRANSFERRED = "transferred"
    CONSULTING = "consulting"  # somebody is asked; the patient holds
    CONSULT_ANSWERED = "consult_answered"
    CONFERRING = "conferring"  # all three talk
    CONSULT_ENDED = "consult_ended"
    PARKED = "parked"
    UNPARKED = "unparked"  # picked up, or back to the queue
    RECORDING_PAUSED = "recording_paused"
    RECORDING_RESUMED = "recording_resumed"
    ENDED = "ended"
    WRAPPED_UP = "wrapped_up"


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """A call as telephony knows it. `ended_by`: caller, agent, system or restart.

    `consult_with` is a username, a queue or an E.164 number; `transferred_to` the number outside that has the patient;
    `urgency` is usual, key or urgent.
    """

    id: str
    linkedid: str
    direction: str
    state: CallState
    number: str
    number_signalled: str
    dialled: str
    started_at: datetime
    queue: str | None = None
    agent: str | None = None
    outcome: CallOutcome | None = None
    ended_by: str | None = None
    queued_at: datetime | None = None
    offered_at: datetime | None = None
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    held_at: datetime | None = None
    rejoining_at: datetime | None = None
    notice_at: datetime | None = None
    closed_at: datetime | None = None
    voicemail_at: datetime | None = None
    consult: ConsultState | None = None
    consult_with: str | None = None
    transferred_to: str | None = None
    parked_at: datetime | None = None
    parked_by: str | None = None
    recording_paused_at: datetime | None = None
    callback_at: datetime | None = None
    urgency: str = "usual"
    wrapped_up_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LegRecord:
    """One agent's part in a call.

    `cause` is how it ended: Asterisk's dial status for a ringing that nobody answered; caller, agent, system, restart,
    transfer or lost for a talk.
    """

    uniqueid: str
    call_id: str
    agent: str
    started_at: datetime
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    cause: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChanged:
    """Something happened to a call, which is now `call`."""

    event: CallEvent
    at: datetime
    call: CallRecord
    agent: str | None = None
    leg: LegRecord | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerConfirmed:
    """Asterisk confirmed that the call exists and comes from this number: patient data may be shown."""

    at: datetime
    call: CallRecord


class Telling(StrEnum):
    """What an automatic call can tell while it lasts."""

    HUMAN = "human"
    MACHINE = "machine"  # it sounds like an answering machine
    ANSWER = "answer"  # keys were pressed for a question
    SKIPPED = "skipped"  # a question was asked twice and not answered
    HAND_OVER = "hand_over"  # the patient asked for a person, or gave an answer that alarms
    FINISHED = "finished"  # everything was said


class WayIn(StrEnum):
    """What the way in tells of an inbound call."""

    NOTICE = "notice"  # the caller has heard that the call is recorded
    CLOSED = "closed"  # nobody is there, and the caller has been told so
    VOICEMAIL = "voicemail"  # the caller begins to leave a message
    CALLBACK = "callback"  # the caller asks to be called back, and keeps the place in the queue


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientTold:
    """Something that an automatic call brought. `linkedid` is the order's id; `question` counts from 1."""

    at: datetime
    linkedid: str
    telling: Telling
    question: int = 0
    given: str = ""


def talk_seconds(answered_at: datetime | None, ended_at: datetime | None) -> int | None:
    """Whole seconds from answer to end, nothing for a call that was not answered or still lasts."""
    if answered_at is None or ended_at is None:
        return None
    return max(0, round((ended_at - answered_at).total_seconds()))
