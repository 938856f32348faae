"""A claimed segment as the submit that carries it."""

from __future__ import annotations

from datetime import UTC, datetime

from app.messages.rules import ClaimedSegment, encode
from sms_gateway.smpp.session import Submit


def submit_of(segment: ClaimedSegment, source_addr: str) -> Submit:
    """The submit for one segment; a long text's segments carry the 8-bit concatenation header."""
    body = encode(segment.text, segment.coding)
    if segment.total > 1:
        body = bytes([5, 0, 3, segment.reference & 0xFF, segment.total, segment.position]) + body
    return Submit(
        key=segment.segment_id,
        source_addr=segment.service_number or source_addr,
        destination_addr=segment.number.removeprefix("+"),
        data_coding=segment.coding,
        short_message=body,
        has_header=segment.total > 1,
        validity_period=_absolute(segment.expires_at) if segment.expires_at else "",
    )


def _absolute(moment: datetime) -> str:
    """SMPP 3.4, section 7.1.1: tenths of a second and quarters of an hour from UTC follow the seconds."""
    return moment.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"
