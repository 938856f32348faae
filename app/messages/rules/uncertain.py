"""What becomes of a message of which nobody knows whether it left, when no receipt has come in time."""

from __future__ import annotations

from enum import StrEnum

from app.messages.rules.states import MessageKind

NO_ANSWER = "no_answer"
"""The error code of a message that was given up: neither an answer nor a receipt ever came."""


class UncertainEnd(StrEnum):
    """What follows."""

    PERSON = "person"  # somebody decides
    GIVE_UP = "give_up"  # it is not sent again; nobody will know
    RESEND = "resend"  # the hospital takes the risk that it arrives twice


def uncertain_end(
    kind: MessageKind, *, is_still_valid: bool, resends_care: bool, resends_marketing: bool
) -> UncertainEnd:
    """Promotions are given up and everything else goes to a person, unless the hospital said to send it again.

    What is no longer worth sending is never sent again.
    """
    is_marketing = kind is MessageKind.MARKETING
    if is_still_valid and (resends_marketing if is_marketing else resends_care):
        return UncertainEnd.RESEND
    return UncertainEnd.GIVE_UP if is_marketing else UncertainEnd.PERSON
