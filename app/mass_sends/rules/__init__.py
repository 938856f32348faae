"""What becomes of a mass send, and why somebody is left out. Standard library only."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum

from app.contact_policy.rules import Refusal
from app.messages.rules import MessageKind
from app.texts import N_


class Audience(StrEnum):
    """Where the people come from."""

    SEGMENT = "segment"
    PEOPLE = "people"  # chosen from a list
    FILE = "file"
    GROUP = "group"  # a contract unit
    STAFF = "staff"


class SendState(StrEnum):
    """preparing → ready → approved → queueing → queued; queueing, queued ⇄ paused; all but failed → stopped.

    A failed preparation can be tried again.
    """

    PREPARING = "preparing"  # its people are being counted
    READY = "ready"  # the preview stands; nobody has said yes
    APPROVED = "approved"  # waits for its time
    QUEUEING = "queueing"  # its texts go into the outbox
    PAUSED = "paused"  # nothing more is queued, and what waits in the outbox is held
    QUEUED = "queued"  # all of it is in the outbox or has left
    STOPPED = "stopped"  # what had not left was cancelled
    FAILED = "failed"  # could not be prepared


MOVES: Mapping[SendState, frozenset[SendState]] = {
    SendState.PREPARING: frozenset({SendState.READY, SendState.FAILED, SendState.STOPPED}),
    SendState.READY: frozenset({SendState.APPROVED, SendState.STOPPED, SendState.PREPARING}),
    SendState.APPROVED: frozenset({SendState.QUEUEING, SendState.STOPPED}),
    SendState.QUEUEING: frozenset({SendState.QUEUED, SendState.PAUSED, SendState.STOPPED}),
    SendState.PAUSED: frozenset({SendState.QUEUEING, SendState.STOPPED}),
    SendState.QUEUED: frozenset({SendState.PAUSED, SendState.STOPPED}),
    SendState.STOPPED: frozenset(),
    SendState.FAILED: frozenset({SendState.PREPARING, SendState.STOPPED}),
}
"""Every move that is allowed."""


class Exclusion(StrEnum):
    """Why somebody of the audience gets nothing, besides the refusals of the contact policy."""

    NO_MOBILE = "no_mobile"
    BAD_NUMBER = "bad_number"
    NOT_A_MOBILE = "not_a_mobile"
    DUPLICATE = "duplicate"
    EMPTY_FIELD = "empty_field"
    BAD_TEXT = "bad_text"


EXCLUSION_TEXT: Mapping[str, str] = {
    Exclusion.NO_MOBILE: N_("No mobile number that holds"),
    Exclusion.BAD_NUMBER: N_("Not a telephone number"),
    Exclusion.NOT_A_MOBILE: N_("Not a mobile number"),
    Exclusion.DUPLICATE: N_("The number gets this message already"),
    Exclusion.EMPTY_FIELD: N_("A field of the text stays empty"),
    Exclusion.BAD_TEXT: N_("The filled text cannot be sent"),
    Refusal.DECEASED: N_("Has died"),
    Refusal.NO_CONSENT: N_("Has not agreed to promotions"),
    Refusal.WRONG_NUMBER: N_("The number was marked as wrong"),
    Refusal.DO_NOT_TEXT: N_("Wants no texts"),
}
"""Each reason in a few words. One that is not here is shown as it is."""
AUDIENCE_TEXT: Mapping[Audience, str] = {
    Audience.SEGMENT: N_("A segment"),
    Audience.PEOPLE: N_("Chosen people"),
    Audience.FILE: N_("An imported list"),
    Audience.GROUP: N_("A group customer"),
    Audience.STAFF: N_("Colleagues"),
}
STATE_TEXT: Mapping[SendState, str] = {
    SendState.PREPARING: N_("Being counted"),
    SendState.READY: N_("Ready to be sent"),
    SendState.APPROVED: N_("Waits for its time"),
    SendState.QUEUEING: N_("Going into the outbox"),
    SendState.PAUSED: N_("Paused"),
    SendState.QUEUED: N_("In the outbox or sent"),
    SendState.STOPPED: N_("Stopped"),
    SendState.FAILED: N_("Could not be prepared"),
}
UNDER_WAY = frozenset({SendState.PREPARING, SendState.QUEUEING})
_NUMBER_TITLES = re.compile(
    r"手机|手機|行动电话|行動電話|电话|電話|号码|號碼|mobile|phone|tel|number|cell", re.IGNORECASE
)


def needs_another(kind: MessageKind, *, is_every: bool) -> bool:
    """Whether somebody besides its author must approve a mass send: promotions always, others by setting (S-16)."""
    return kind is MessageKind.MARKETING or is_every


def cost_cents(parts: int, price: int) -> int:
    """What so many parts cost, in cents, rounded up; `price` is that of one part in thousandths of a yuan."""
    return -(-parts * price // 10)


def number_column(titles: Sequence[str], has_number: Sequence[bool]) -> int | None:
    """Which column of a list holds the numbers: one whose values are some, called so rather than not.

    `has_number` says for each column whether its first values are telephone numbers.
    """
    holding = [place for place, is_number in enumerate(has_number) if is_number]
    called = [place for place in holding if _NUMBER_TITLES.search(titles[place])]
    return next(iter(called or holding), None)
