"""Octets to PDUs and back. The only file that imports smpplib, of which nothing but the field tables is used.

smpplib writes binds and reads the mandatory fields of deliveries. The optional ones are read here, because smpplib
stops at a tag it does not know, or knows from another command; and what it cuts or ignores in silence is checked here.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Any

from smpplib import exceptions, smpp

from sms_gateway.smpp.pdus import PDU, Answer, Command, Delivery, Malformed, Request, Tag, Unknown

HEADER_LENGTH = 16
_ADDRESS_LENGTH = 20  # smpplib cuts a longer destination to another number
_NAMES = {
    Command.BIND_RECEIVER: "bind_receiver",
    Command.BIND_TRANSMITTER: "bind_transmitter",
    Command.BIND_TRANSCEIVER: "bind_transceiver",
    Command.DELIVER_SM: "deliver_sm",
    Command.DATA_SM: "data_sm",
}
_REQUESTS = (Command.ENQUIRE_LINK, Command.UNBIND, Command.ALERT_NOTIFICATION)
_ANSWERS = (
    Command.GENERIC_NACK,
    Command.BIND_RECEIVER_RESP,
    Command.BIND_TRANSMITTER_RESP,
    Command.BIND_TRANSCEIVER_RESP,
    Command.SUBMIT_SM_RESP,
    Command.UNBIND_RESP,
    Command.ENQUIRE_LINK_RESP,
)


class CannotEncode(ValueError):
    """A value does not fit its field. Nothing is cut: a shortened number would be somebody else's."""


def decode(frame: bytes) -> PDU:
    """Read one whole PDU. Never raises: what cannot be read comes back as Malformed or Unknown."""
    _, command_id, status, sequence = struct.unpack(">LLLL", frame[:HEADER_LENGTH])
    try:
        command = Command(command_id)
    except ValueError:
        return Unknown(command_id=command_id, sequence=sequence)
    if command in _REQUESTS:
        return Request(command=command, sequence=sequence)
    if command in _ANSWERS and (command is not Command.SUBMIT_SM_RESP or status != 0):
        return Answer(command=command, status=status, sequence=sequence)
    try:
        if command is Command.SUBMIT_SM_RESP:
            return _submit_answer(frame, status, sequence)
        if command in (Command.DELIVER_SM, Command.DATA_SM):
            return _delivery(command, frame, sequence)
    except (ValueError, TypeError, struct.error, exceptions.PDUError, exceptions.UnknownCommandError) as error:
        return Malformed(command_id=command_id, sequence=sequence, reason=type(error).__name__)
    return Unknown(command_id=command_id, sequence=sequence)


def encode_bind(command: Command, *, sequence: int, system_id: str, password: str) -> bytes:
    """One of the three binds. Raises CannotEncode for an account name above 15 or a password above 8 octets."""
    _check("system_id", system_id, 15)
    _check("password", password, 8)
    return _encode(command, sequence, system_id=system_id, password=password)


def encode_submit(
    *,
    sequence: int,
    source_addr: str,
    destination_addr: str,
    data_coding: int,
    short_message: bytes,
    has_header: bool,
    validity_period: str,
    tlvs: Sequence[tuple[int, bytes]] = (),
) -> bytes:
    """submit_sm that asks for a receipt. Raises CannotEncode when a number or the text does not fit.

    The text may stand in the optional parameter message_payload instead; then `short_message` is empty.
    """
    _check("source_addr", source_addr, _ADDRESS_LENGTH)
    _check("destination_addr", destination_addr, _ADDRESS_LENGTH)
    payload = dict(tlvs).get(Tag.MESSAGE_PAYLOAD)
    if len(short_message) > 254 or bool(short_message) == bool(payload):
        raise CannotEncode("short_message")
    # Written here, octet by octet (SMPP 3.4, section 4.4.1): smpplib takes ten times as long for this one PDU, which
    # is the one that counts. A test holds the two against each other.
    body = b"".join(
        (
            b"\0\0\0",  # service_type, source_addr_ton, source_addr_npi
            source_addr.encode("ascii"),
            b"\0\1\1",  # dest_addr_ton, dest_addr_npi
            destination_addr.encode("ascii"),
            bytes((0, 0x40 if has_header else 0, 0, 0)),  # esm_class, protocol_id, priority_flag
            b"\0",  # schedule_delivery_time
            validity_period.encode("ascii"),
            bytes((0, 1, 0, data_coding, 0, len(short_message))),  # a receipt is wanted, whatever becomes of it
            short_message,
            *(struct.pack(">HH", tag, len(value)) + value for tag, value in tlvs),
        )
    )
    return struct.pack(">LLLL", HEADER_LENGTH + len(body), Command.SUBMIT_SM, 0, sequence) + body


def encode_request(command: Command, *, sequence: int) -> bytes:
    """enquire_link or unbind."""
    return struct.pack(">LLLL", HEADER_LENGTH, command, 0, sequence)


def encode_answer(command: Command, *, sequence: int, status: int = 0) -> bytes:
    """The response to a request of the SMSC. deliver_sm_resp and data_sm_resp carry an empty message_id."""
    body = b"\0" if command in (Command.DELIVER_SM_RESP, Command.DATA_SM_RESP) else b""
    return struct.pack(">LLLL", HEADER_LENGTH + len(body), command, status, sequence) + body


def _encode(command: Command, sequence: int, status: int = 0, **fields: object) -> bytes:
    # smpplib ignores sequence= and some of status= as keyword arguments, so both are set afterwards.
    pdu = smpp.make_pdu(_NAMES[command], sequence=sequence, **fields)
    pdu.sequence, pdu.status = sequence, status
    octets = pdu.generate()
    assert isinstance(octets, bytes)
    return octets


def _submit_answer(frame: bytes, status: int, sequence: int) -> Answer:
    # Some SMSCs leave the terminator out; smpplib would then cut the last character of the id.
    message_id = frame[HEADER_LENGTH:].split(b"\0", 1)[0]
    return Answer(command=Command.SUBMIT_SM_RESP, status=status, sequence=sequence, message_id=_text(message_id)[:64])


def _delivery(command: Command, frame: bytes, sequence: int) -> Delivery:
    fields, rest = _mandatory(command, frame)
    return Delivery(
        command=command,
        sequence=sequence,
        source_addr=_text(fields.source_addr),
        destination_addr=_text(fields.destination_addr),
        esm_class=fields.esm_class,
        data_coding=fields.data_coding,
        short_message=b"" if command is Command.DATA_SM else fields.short_message,
        tlvs=_optional(rest),
    )


def _mandatory(command: Command, frame: bytes) -> tuple[Any, bytes]:
    rest: list[bytes] = []
    pdu = smpp.make_pdu(_NAMES[command], sequence=1)
    pdu.parse_optional_params = rest.append
    pdu.parse(frame)
    optional = rest[0] if rest else b""
    # smpplib misreads a missing terminator or a short field without a word: then the widths do not add up.
    if _width(pdu) != len(frame) - HEADER_LENGTH - len(optional):
        raise ValueError("widths")
    return pdu, optional


def _width(pdu: Any) -> int:
    width = 0
    for name in pdu.params_order:
        if pdu.field_is_optional(name):
            break
        value, param = getattr(pdu, name), pdu.params[name]
        if hasattr(param, "size"):
            width += param.size
        elif hasattr(param, "len_field"):
            if len(value) != getattr(pdu, param.len_field):
                raise ValueError(name)
            width += len(value)
        else:
            width += len(value) + 1
    return width


def _optional(octets: bytes) -> dict[int, bytes]:
    """Tags and raw values. A last one that is cut off is left out: the message itself is whole."""
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(octets):
        tag, length = struct.unpack(">HH", octets[at : at + 4])
        value = octets[at + 4 : at + 4 + length]
        if len(value) < length:
            break
        found.setdefault(tag, value)
        at += 4 + length
    return found


def _text(octets: bytes) -> str:
    return octets.decode("latin-1")


def _check(name: str, value: str, longest: int) -> None:
    if len(value) > longest or not value.isascii() or "\0" in value:
        raise CannotEncode(name)
