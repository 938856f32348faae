"""Decisions on what is sent to people. Import from here."""

from app.mailings.rules.envelopes import (
    FORMATS,
    Addressee,
    Box,
    EnvelopeFormat,
    Line,
    Sender,
    Sheet,
    address_key,
    joined,
    lay_out,
    titled_name,
)
from app.mailings.rules.sending import KIND_TEXT, MOVES, STATE_TEXT, MailingKind, MailingState

__all__ = [
    "FORMATS",
    "KIND_TEXT",
    "MOVES",
    "STATE_TEXT",
    "Addressee",
    "Box",
    "EnvelopeFormat",
    "Line",
    "MailingKind",
    "MailingState",
    "Sender",
    "Sheet",
    "address_key",
    "joined",
    "lay_out",
    "titled_name",
]
