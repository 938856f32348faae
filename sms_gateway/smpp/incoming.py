"""What a deliver_sm or data_sm means: a receipt, or (a part of) a text from a person."""

from __future__ import annotations

import re

from app.messages.rules import IncomingPart, Receipt, SegmentState
from sms_gateway.smpp.pdus import Delivery, Tag

_MESSAGE_TYPE = 0x3C  # bits 2 to 5 of esm_class (SMPP 3.4, section 5.2.12)
_RECEIPT_TYPE = 0x04
_HEADER_INDICATOR = 0x40
_STATES = {
    "DELIVRD": SegmentState.DELIVERED,
    "EXPIRED": SegmentState.EXPIRED,
    "DELETED": SegmentState.UNDELIVERED,
    "UNDELIV": SegmentState.UNDELIVERED,
    "REJECTD": SegmentState.UNDELIVERED,
    "ENROUTE": SegmentState.SENT,
    "ACCEPTD": SegmentState.SENT,
    "UNKNOWN": SegmentState.SENT,  # the SMSC has lost track; it is not a failure and not a delivery
}
# message_state of SMPP 3.4, section 5.2.28, in the same words.
_STATE_NAMES = {
    1: "ENROUTE", 2: "DELIVRD", 3: "EXPIRED", 4: "DELETED", 5: "UNDELIV", 6: "ACCEPTD", 7: "UNKNOWN", 8: "REJECTD",
}  # fmt: skip
_ID = re.compile(r"(?:^|\s)id:\s*([^\s]{1,64})", re.IGNORECASE)
_STAT = re.compile(r"(?:^|\s)stat:\s*([^\s]{1,20})", re.IGNORECASE)
_ERR = re.compile(r"(?:^|\s)err:\s*([^\s]{1,10})", re.IGNORECASE)


def read_delivery(delivery: Delivery) -> IncomingPart | Receipt | None:
    """The meaning of an incoming PDU; nothing for one that says nothing to us, such as a receipt without an id.

    Only esm_class makes a receipt (SMPP 3.4, appendix B): a patient may type "id:1 stat:DELIVRD" too.
    """
    body = delivery.short_message or delivery.tlvs.get(Tag.MESSAGE_PAYLOAD, b"")
    kind = delivery.esm_class & _MESSAGE_TYPE
    if kind == _RECEIPT_TYPE:
        return _receipt(delivery, body)
    if kind != 0:
        return None  # a telephone's own acknowledgement, or a notice that delivery goes on
    if delivery.esm_class & _HEADER_INDICATOR and body:
        return _with_header(delivery, body)
    return _with_tlvs(delivery, body)


def _receipt(delivery: Delivery, body: bytes) -> Receipt | None:
    text = body.decode("latin-1")
    # A receipt's own words end where it quotes the message.
    head = re.split(r"(?i)\btext:", text, maxsplit=1)[0]
    message_id = _c_string(delivery.tlvs.get(Tag.RECEIPTED_MESSAGE_ID, b"")) or _first(_ID, head)
    name = _first(_STAT, head).upper()
    state_octet = delivery.tlvs.get(Tag.MESSAGE_STATE, b"")
    if not name and len(state_octet) == 1:
        name = _STATE_NAMES.get(state_octet[0], "")
    if not message_id or not name:
        return None
    # Operators in China put their own codes into stat, such as MK:0001 or DB:0141: all of them are failures.
    state = _STATES.get(name, SegmentState.UNDELIVERED)
    error = _first(_ERR, head) if name in _STATES else name
    return Receipt(
        smsc_message_id=message_id[:64],
        addresses=(delivery.source_addr, delivery.destination_addr),
        state=state,
        error_code="" if error.strip("0") == "" else error,
    )


def _with_header(delivery: Delivery, body: bytes) -> IncomingPart:
    """3GPP TS 23.040, section 9.2.3.24: a length, then elements of id, length, value."""
    header, text = body[1 : 1 + body[0]], body[1 + body[0] :]
    at = 0
    while at + 2 <= len(header):
        element, length = header[at], header[at + 1]
        value = header[at + 2 : at + 2 + length]
        if element == 0x00 and len(value) == 3:
            return _part(delivery, text, value[0], value[1], value[2])
        if element == 0x08 and len(value) == 4:
            return _part(delivery, text, value[0] << 8 | value[1], value[2], value[3])
        at += 2 + length
    return _part(delivery, text, 0, 1, 1)


def _with_tlvs(delivery: Delivery, body: bytes) -> IncomingPart:
    tlvs = delivery.tlvs
    values = [tlvs.get(tag) for tag in (Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM)]
    if any(not value for value in values):
        return _part(delivery, body, 0, 1, 1)
    reference, total, position = (int.from_bytes(value or b"", "big") for value in values)
    return _part(delivery, body, reference & 0xFFFF, total, position)


def _part(delivery: Delivery, body: bytes, reference: int, total: int, position: int) -> IncomingPart:
    if not 1 <= position <= total <= 255:
        reference, total, position = 0, 1, 1  # a header that contradicts itself: the text alone is kept
    return IncomingPart(
        source=delivery.source_addr,
        destination=delivery.destination_addr,
        data_coding=delivery.data_coding,
        body=body,
        reference=reference,
        total=total,
        position=position,
    )


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match[1] if match else ""


def _c_string(octets: bytes) -> str:
    return octets.split(b"\0", 1)[0].decode("latin-1").strip()
