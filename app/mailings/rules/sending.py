"""What is sent, and how far it has come (P-29)."""

from __future__ import annotations

from enum import StrEnum

from app.texts import N_


class MailingKind(StrEnum):
    GIFT = "gift"
    LETTER = "letter"
    ENVELOPE = "envelope"  # printed here


class MailingState(StrEnum):
    """planned → sent → returned."""

    PLANNED = "planned"
    SENT = "sent"
    RETURNED = "returned"


MOVES: dict[MailingState, frozenset[MailingState]] = {
    MailingState.PLANNED: frozenset({MailingState.SENT}),
    MailingState.SENT: frozenset({MailingState.RETURNED}),
    MailingState.RETURNED: frozenset({MailingState.SENT}),  # sent again
}
"""Every move that is allowed."""

KIND_TEXT = {
    MailingKind.GIFT: N_("Gift"),
    MailingKind.LETTER: N_("Letter"),
    MailingKind.ENVELOPE: N_("Envelope"),
}
STATE_TEXT = {
    MailingState.PLANNED: N_("Planned"),
    MailingState.SENT: N_("Sent"),
    MailingState.RETURNED: N_("Came back"),
}
