"""An SMSC that sends anything at all: damaged PDUs crash nothing, and the link stays as long as its framing does."""

from __future__ import annotations

import random
import struct

import pytest

from app.messages.rules import IncomingPart, Receipt, decode
from sms_gateway.smpp.pdus import Command
from sms_gateway.smpp.session import Delivered, SessionState, Submit, SubmitAnswered, SubmitUnanswered
from tests.unit.test_sms_parser import CUT_TLV, MISPLACED_TLV, TRACE, UNKNOWN_TLV, deliver_sm, frame
from tests.unit.test_sms_session import bound_session, sent

_UDH = bytes.fromhex("050003070201")
_RECEIPT = b"id:m1000001 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:hi"
# What keeps the session bound. A bind answer or an unbind, damaged or not, may rightly end it.
_SEEDS = [
    *(pdu for pdu in TRACE if struct.unpack(">L", pdu[4:8])[0] not in (Command.BIND_TRANSCEIVER_RESP, Command.UNBIND)),
    deliver_sm(10, _RECEIPT, esm_class=0x04),
    deliver_sm(11, _UDH + "复查".encode("utf-16-be"), esm_class=0x40),
    deliver_sm(12, "😀".encode("utf-16-be"), tlvs=UNKNOWN_TLV + MISPLACED_TLV + CUT_TLV),
    frame(Command.DATA_SM, 13, b"\0\1\1" + b"8613800138000\0" + b"\0\0" + b"1069001\0" + b"\0\0\0" + b"\x04\x24\0\2hi"),
    frame(Command.SUBMIT_SM_RESP, 2, b"m" * 64 + b"\0"),
    frame(Command.ENQUIRE_LINK, 14),
]
_ENDING = {Command.UNBIND, Command.UNBIND_RESP}
_MUTATIONS = 25_000


def mutated(chance: random.Random, pdu: bytes) -> bytes:
    """The PDU with some octets changed, put in or taken out behind its length, which says how long it is now."""
    body = bytearray(pdu[4:])
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(body))
        kind = chance.randrange(4)
        if kind == 0:
            body[at] = chance.randrange(256)
        elif kind == 1:
            body[at : at + chance.randint(1, 8)] = b""
        elif kind == 2:
            body[at:at] = chance.randbytes(chance.randint(1, 8))
        else:
            body[at] ^= 1 << chance.randrange(8)
        body += bytes(max(0, 12 - len(body)))
    return struct.pack(">L", 4 + len(body)) + bytes(body)


def ends_the_session(pdu: bytes) -> bool:
    return struct.unpack(">L", pdu[4:8])[0] in _ENDING


@pytest.mark.parametrize("seed", range(4))
def test_a_hundred_thousand_damaged_pdus_neither_crash_the_session_nor_end_the_link(seed: int) -> None:
    chance = random.Random(seed)
    session = bound_session(window=10)
    answered: set[int] = set()
    for turn in range(_MUTATIONS):
        if session.free_slots:
            session.submit(
                Submit(
                    key=turn,
                    source_addr="1069001",
                    destination_addr="8613800138000",
                    data_coding=0,
                    short_message=b"hi",
                    has_header=False,
                ),
                0.0,
            )
        pdu = next(
            pdu for pdu in iter(lambda: mutated(chance, chance.choice(_SEEDS)), b"") if not ends_the_session(pdu)
        )
        for result in session.receive(pdu, 0.0):
            match result:
                case Delivered(content=IncomingPart() as part):
                    decode(part.body, part.data_coding).encode()
                    assert 1 <= part.position <= part.total <= 255
                case Delivered(content=Receipt() as receipt):
                    assert 0 < len(receipt.smsc_message_id) <= 64
                case SubmitAnswered(key=key) | SubmitUnanswered(key=key):
                    assert key not in answered
                    answered.add(key)
                case _:
                    pass
        assert session.state is SessionState.BOUND
    # A whole one is read as ever.
    assert sent(session.receive(frame(Command.ENQUIRE_LINK, 77), 0.0)) == [(Command.ENQUIRE_LINK_RESP, 0, 77)]


@pytest.mark.parametrize("seed", range(4))
def test_a_stream_whose_lengths_lie_ends_the_link_and_nothing_else(seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(500):
        session = bound_session()
        session.receive(chance.randbytes(chance.randint(1, 4_000)), 0.0)
        session.tick(100.0)
        session.tick(200.0)
        session.tick(300.0)
        assert session.state is SessionState.CLOSED
