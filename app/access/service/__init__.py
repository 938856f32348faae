"""Who may see what, and the cut that makes it so. Import from here."""

from app.access.service.grants import grants_of, viewer_for
from app.access.service.revealing import (
    RevealedValue,
    number_of_contact,
    reveal_of_call,
    reveal_of_message,
    reveal_of_patient,
)
from app.access.service.scoping import UNSCOPED, bind, need_write, scoped_tables, viewer_of
from app.access.service.showing import address_for, identifier_for, number_for, raw_number_for

__all__ = [
    "UNSCOPED",
    "RevealedValue",
    "address_for",
    "bind",
    "grants_of",
    "identifier_for",
    "need_write",
    "number_for",
    "number_of_contact",
    "raw_number_for",
    "reveal_of_call",
    "reveal_of_message",
    "reveal_of_patient",
    "scoped_tables",
    "viewer_for",
    "viewer_of",
]
