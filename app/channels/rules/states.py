"""The words of a contact, and which state may follow which: one table, anything else is refused."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Channel(StrEnum):
    """Every way but call and SMS, which have tables of their own (G-05)."""

    EMAIL = "email"
    WEB = "web"  # the hospital's contact page; it only receives
    WECHAT = "wechat"
    FAX = "fax"
    APP = "app"
    WAP = "wap"
    USSD = "ussd"


class InState(StrEnum):
    """new → read → answered / ignored."""

    NEW = "new"
    READ = "read"
    ANSWERED = "answered"
    IGNORED = "ignored"


class OutState(StrEnum):
    """draft → queued → sending → sent / failed; sending → queued (later) or uncertain."""

    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"  # claimed: it is on its way, or about to be
    SENT = "sent"  # the other side accepted it
    UNCERTAIN = "uncertain"  # handed over perhaps, no answer was read; not sent again without a person's word
    FAILED = "failed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What came of a contact: how it was answered, or what came back."""

    EMAIL = "email"  # answered so
    SMS = "sms"
    CALL = "call"
    OTHER = "other"  # answered on the channel it came by
    NO_ANSWER_NEEDED = "no_answer_needed"
    REPLIED = "replied"  # the other side wrote back
    AUTO_REPLIED = "auto_replied"  # a machine of the other side did
    DELAYED = "delayed"  # the other side's mail server still tries
    BOUNCED = "bounced"
    AUTOMATIC = "automatic"  # a machine wrote this one: nobody waits for an answer


OPEN_IN_STATES = frozenset({InState.NEW, InState.READ})
_MOVES: Mapping[str, frozenset[str]] = {
    InState.NEW: frozenset({InState.READ, InState.ANSWERED, InState.IGNORED}),
    InState.READ: frozenset({InState.ANSWERED, InState.IGNORED}),
    InState.ANSWERED: frozenset(),
    InState.IGNORED: frozenset({InState.ANSWERED}),
    OutState.DRAFT: frozenset({OutState.QUEUED, OutState.CANCELLED}),
    OutState.QUEUED: frozenset({OutState.SENDING, OutState.CANCELLED, OutState.FAILED}),
    OutState.SENDING: frozenset({OutState.SENT, OutState.QUEUED, OutState.FAILED, OutState.UNCERTAIN}),
    OutState.SENT: frozenset({OutState.FAILED}),
    OutState.UNCERTAIN: frozenset({OutState.QUEUED, OutState.SENT, OutState.FAILED, OutState.CANCELLED}),
    OutState.FAILED: frozenset({OutState.QUEUED}),
    OutState.CANCELLED: frozenset(),
}


def may_move(state: str, to: str) -> bool:
    """Whether a contact in that state may go to the other one."""
    return to in _MOVES[state]
