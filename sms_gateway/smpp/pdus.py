"""What arrives from an SMSC, in SMPP 3.4's own words, as frozen values. Nothing of smpplib gets past the codec."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum


class Command(IntEnum):
    """The command ids that we send or act on (SMPP 3.4, section 5.1.2.1)."""

    GENERIC_NACK = 0x80000000
    BIND_RECEIVER = 0x00000001
    BIND_RECEIVER_RESP = 0x80000001
    BIND_TRANSMITTER = 0x00000002
    BIND_TRANSMITTER_RESP = 0x80000002
    BIND_TRANSCEIVER = 0x00000009
    BIND_TRANSCEIVER_RESP = 0x80000009
    SUBMIT_SM = 0x00000004
    SUBMIT_SM_RESP = 0x80000004
    DELIVER_SM = 0x00000005
    DELIVER_SM_RESP = 0x80000005
    UNBIND = 0x00000006
    UNBIND_RESP = 0x80000006
    ENQUIRE_LINK = 0x00000015
    ENQUIRE_LINK_RESP = 0x80000015
    DATA_SM = 0x00000103
    DATA_SM_RESP = 0x80000103
    ALERT_NOTIFICATION = 0x00000102


class Tag(IntEnum):
    """The optional parameters that we read or write (SMPP 3.4, section 5.3.2)."""

    RECEIPTED_MESSAGE_ID = 0x001E
    SAR_MSG_REF_NUM = 0x020C
    SAR_TOTAL_SEGMENTS = 0x020E
    SAR_SEGMENT_SEQNUM = 0x020F
    NETWORK_ERROR_CODE = 0x0423
    MESSAGE_PAYLOAD = 0x0424
    MESSAGE_STATE = 0x0427


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A response PDU. `message_id` is filled by submit_sm_resp alone."""

    command: Command
    status: int
    sequence: int
    message_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """enquire_link, unbind or alert_notification."""

    command: Command
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """deliver_sm or data_sm: an incoming short message, or a receipt. `tlvs` holds the raw value of each tag."""

    command: Command
    sequence: int
    source_addr: str
    destination_addr: str
    esm_class: int
    data_coding: int
    short_message: bytes
    tlvs: dict[int, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A whole PDU with a command id that we do not know, or that an SMSC has no business sending."""

    command_id: int
    sequence: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """A whole PDU whose body contradicts its command. The next one begins where its length says."""

    command_id: int
    sequence: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FramingLost:
    """A length that no PDU can have: where the next one begins is unknown, so the connection must be closed."""

    length: int


PDU = Answer | Request | Delivery | Unknown | Malformed | FramingLost
