"""A claimed segment as the submit that carries it."""

from __future__ import annotations

from datetime import UTC, datetime

from app.messages.rules import ClaimedSegment, DataCoding, LongForm, encode
from sms_gateway.smpp.pdus import Tag
from sms_gateway.smpp.session import Submit

# What one short message holds; GSM-7 travels here with one septet in each octet.
_ONE_MESSAGE = {DataCoding.GSM7: 160, DataCoding.LATIN1: 140, DataCoding.UCS2: 140}


def submit_of(segment: ClaimedSegment, source_addr: str) -> Submit:
    """The submit for one segment; a long text's segments are tied together in the form that the account wants."""
    body = encode(segment.text, segment.coding)
    header = b""
    tlvs: tuple[tuple[int, bytes], ...] = ()
    if segment.form is LongForm.PAYLOAD and len(body) > _ONE_MESSAGE[segment.coding]:
        body, tlvs = b"", ((Tag.MESSAGE_PAYLOAD, body),)
    elif segment.total > 1:
        header, tlvs = _tie(segment)
    return Submit(
        key=segment.segment_id,
        source_addr=segment.service_number or source_addr,
        destination_addr=segment.number.removeprefix("+"),
        data_coding=segment.coding,
        short_message=header + body,
        has_header=bool(header),
        validity_period=_absolute(segment.expires_at) if segment.expires_at else "",
        tlvs=tlvs,
    )


def _tie(segment: ClaimedSegment) -> tuple[bytes, tuple[tuple[int, bytes], ...]]:
    """The header before the text, or the optional parameters behind it."""
    place = bytes([segment.total, segment.position])
    wide = (segment.reference & 0xFFFF).to_bytes(2, "big")
    if segment.form is LongForm.SAR:
        return b"", (
            (Tag.SAR_MSG_REF_NUM, wide),
            (Tag.SAR_TOTAL_SEGMENTS, place[:1]),
            (Tag.SAR_SEGMENT_SEQNUM, place[1:]),
        )
    if segment.form is LongForm.UDH16:
        return b"\x06\x08\x04" + wide + place, ()
    return b"\x05\x00\x03" + wide[1:] + place, ()


def _absolute(moment: datetime) -> str:
    """SMPP 3.4, section 7.1.1: tenths of a second and quarters of an hour from UTC follow the seconds."""
    return moment.astimezone(UTC).strftime("%y%m%d%H%M%S") + "000+"
