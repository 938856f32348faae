"""How a number, identifier or address is shown to one viewer: in full, or with its middle hidden (guard 7)."""

from __future__ import annotations

from app.access.rules import Viewer, mask_address, mask_identifier, mask_number
from app.patients.phones import display_number


def number_for(viewer: Viewer, number: str | None) -> str:
    """An E.164 number for people: `138 0013 8000` or `138****8000`; nothing for a withheld one."""
    if not number:
        return ""
    return mask_number(number) if viewer.is_masked else display_number(number)


def raw_number_for(viewer: Viewer, number: str | None) -> str | None:
    """An E.164 number for programs: as it is, or masked."""
    return mask_number(number) if number and viewer.is_masked else number


def identifier_for(viewer: Viewer, kind: str, value: str) -> str:
    """An identifier of that type, in full or masked."""
    return mask_identifier(kind, value) if viewer.is_masked else value


def address_for(viewer: Viewer, address: str | None) -> str | None:
    """An address, in full or down to its district."""
    return mask_address(address) if address and viewer.is_masked else address
