"""The words of a message. The states are those of the requirements, section 20."""

from enum import IntEnum, StrEnum


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class MessageKind(StrEnum):
    """Two kinds that never mix, care and marketing; staff and partner have their own consent."""

    CARE = "care"
    MARKETING = "marketing"
    STAFF = "staff"
    PARTNER = "partner"


class Origin(StrEnum):
    """Why a message was written. Whoever it reached can be told."""

    PERSON = "person"  # somebody wrote it for this one person
    REPLY = "reply"  # somebody answered a text
    PROGRAM = "program"  # through the API
    MASS_SEND = "mass_send"
    RULE = "rule"  # a sending rule
    FOLLOWUP = "followup"  # a step of a follow-up
    SURVEY = "survey"  # a questionnaire: its questions, or the address of its page
    ALARM = "alarm"  # a figure of the floor is beyond a limit
    OPT_OUT = "opt_out"  # the one answer to a text that unsubscribes


class Priority(IntEnum):
    """What leaves first when the pace is the limit."""

    URGENT = 0
    NORMAL = 1
    BULK = 2


class OutState(StrEnum):
    """draft → approved → queued → sent → delivered / undelivered / expired; queued → cancelled; sending → failed."""

    DRAFT = "draft"
    APPROVED = "approved"
    QUEUED = "queued"
    SENT = "sent"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class InState(StrEnum):
    """new → read → answered / linked / ignored."""

    NEW = "new"
    READ = "read"
    ANSWERED = "answered"
    LINKED = "linked"
    IGNORED = "ignored"


class SegmentState(StrEnum):
    """waiting → sending → sent → delivered / undelivered / expired; sending → uncertain → sent or a final state."""

    WAITING = "waiting"
    SENDING = "sending"  # claimed; the submit is on its way or about to be
    SENT = "sent"  # the SMSC accepted it
    UNCERTAIN = "uncertain"  # submitted perhaps, no answer was read; never resent without a person's word
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    EXPIRED = "expired"
    FAILED = "failed"  # the SMSC refused it for good
    CANCELLED = "cancelled"  # another segment of the message failed before this one was submitted


class LinkState(StrEnum):
    """The bind to the SMSC, as the desk shows it."""

    BOUND = "bound"  # the SMSC accepted the bind and answers
    CONNECTING = "connecting"  # a connection is being made, or a bind was sent
    REFUSED = "refused"  # the SMSC answered the bind with an error: a person must look at the account
    DOWN = "down"  # no connection; the next attempt is planned
    OFF = "off"  # no SMSC is configured


OPEN_IN_STATES = frozenset({InState.NEW, InState.READ, InState.LINKED})
"""Incoming texts that somebody still has to handle, as long as nobody has taken them off the list."""
RESENDABLE = frozenset(
    {OutState.FAILED, OutState.UNDELIVERED, OutState.EXPIRED, OutState.CANCELLED, OutState.SENT, OutState.DELIVERED}
)
FINAL_SEGMENT_STATES = frozenset(
    {
        SegmentState.DELIVERED,
        SegmentState.UNDELIVERED,
        SegmentState.EXPIRED,
        SegmentState.FAILED,
        SegmentState.CANCELLED,
    }
)
