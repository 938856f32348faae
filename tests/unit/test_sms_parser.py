"""Octets of an SMSC become PDUs, whatever pieces the network makes of them and however broken they are."""

import random
import struct
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from smpplib import smpp

from sms_gateway.smpp import codec
from sms_gateway.smpp.parser import PDUParser
from sms_gateway.smpp.pdus import Answer, Command, Delivery, FramingLost, Malformed, Request, Unknown


def frame(command_id: int, sequence: int, body: bytes = b"", status: int = 0) -> bytes:
    return struct.pack(">LLLL", 16 + len(body), command_id, status, sequence) + body


def deliver_sm(sequence: int, text: bytes = b"hello", tlvs: bytes = b"", esm_class: int = 0) -> bytes:
    body = b"\0\1\1" + b"8613800138000\0" + b"\0\0" + b"1069001\0" + bytes([esm_class, 0, 0]) + b"\0\0"
    body += bytes([0, 0, 8, 0, len(text)]) + text + tlvs
    return frame(Command.DELIVER_SM, sequence, body)


UNKNOWN_TLV = bytes.fromhex("14010003616263")
MISPLACED_TLV = bytes.fromhex("0420000101")  # dpf_result belongs to data_sm_resp
CUT_TLV = bytes.fromhex("001e00ff6162")
TRACE = [
    frame(Command.BIND_TRANSCEIVER_RESP, 1, b"demo\0" + bytes.fromhex("0210000134")),
    frame(Command.SUBMIT_SM_RESP, 2, b"m1000001\0"),
    frame(Command.SUBMIT_SM_RESP, 3, status=0x58),
    deliver_sm(1),
    deliver_sm(2, tlvs=UNKNOWN_TLV + MISPLACED_TLV),
    frame(Command.ENQUIRE_LINK, 3),
    frame(0x0999, 4, b"vendor"),
    frame(Command.DELIVER_SM, 5, b"ABCD"),
    frame(Command.GENERIC_NACK, 9, status=3),
    frame(Command.UNBIND, 6),
]
EXPECTED = PDUParser().feed(b"".join(TRACE))


def test_every_pdu_of_a_trace_is_read_in_order() -> None:
    kinds = [type(pdu) for pdu in EXPECTED]
    assert kinds == [Answer, Answer, Answer, Delivery, Delivery, Request, Unknown, Malformed, Answer, Request]


@given(st.lists(st.integers(0, len(b"".join(TRACE))), max_size=30))
def test_any_chunking_of_the_octets_gives_the_same_pdus(cuts: list[int]) -> None:
    octets, parser = b"".join(TRACE), PDUParser()
    edges = [0, *sorted(cuts), len(octets)]
    found = [pdu for start, end in pairwise(edges) for pdu in parser.feed(octets[start:end])]
    assert found == EXPECTED


def test_octets_one_by_one_give_the_same_pdus() -> None:
    parser = PDUParser()
    assert [pdu for octet in b"".join(TRACE) for pdu in parser.feed(bytes([octet]))] == EXPECTED


def test_an_unknown_or_misplaced_tlv_does_not_hide_the_message() -> None:
    (delivery,) = PDUParser().feed(deliver_sm(1, tlvs=MISPLACED_TLV + UNKNOWN_TLV))
    assert isinstance(delivery, Delivery)
    assert (delivery.source_addr, delivery.short_message) == ("8613800138000", b"hello")


def test_a_tlv_that_is_cut_off_leaves_the_message_readable() -> None:
    (delivery,) = PDUParser().feed(deliver_sm(1, tlvs=CUT_TLV))
    assert isinstance(delivery, Delivery)
    assert delivery.tlvs == {}


def test_an_id_without_its_terminator_is_read_whole() -> None:
    (answer,) = PDUParser().feed(frame(Command.SUBMIT_SM_RESP, 2, b"m1000001"))
    assert isinstance(answer, Answer)
    assert answer.message_id == "m1000001"


def test_a_submit_is_answered_with_an_error_and_no_body() -> None:
    (answer,) = PDUParser().feed(frame(Command.SUBMIT_SM_RESP, 2, status=0x58))
    assert answer == Answer(command=Command.SUBMIT_SM_RESP, status=0x58, sequence=2)


@pytest.mark.parametrize("length", [0, 4, 15, 70_000, 0xFFFFFFFF])
def test_a_length_that_no_pdu_has_is_told_once(length: int) -> None:
    parser = PDUParser()
    assert parser.feed(TRACE[3] + struct.pack(">L", length)) == [EXPECTED[3], FramingLost(length=length)]
    assert parser.feed(b"".join(TRACE)) == []


def test_mutated_pdus_never_crash_and_never_hide_the_next_one() -> None:
    chance = random.Random(7)
    originals = [octets for octets in (*TRACE, deliver_sm(9, tlvs=UNKNOWN_TLV, esm_class=4)) if len(octets) > 16]
    for _ in range(10_000):
        octets = bytearray(chance.choice(originals))
        for _ in range(chance.randint(1, 6)):
            octets[chance.randrange(16, len(octets))] = chance.randrange(256)
            octets[chance.randrange(4, 16)] ^= chance.choice([0, 0, 1, 0x80])
        octets = octets[: chance.randint(16, len(octets))]
        octets[:4] = struct.pack(">L", len(octets))
        found = PDUParser().feed(bytes(octets) + TRACE[3])
        assert (len(found), found[-1]) == (2, EXPECTED[3])


@given(st.binary(min_size=0, max_size=300))
def test_garbage_never_crashes_the_parser(octets: bytes) -> None:
    PDUParser().feed(octets)


def test_a_number_that_does_not_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(codec.CannotEncode, match="destination_addr"):
        codec.encode_submit(
            sequence=1,
            source_addr="",
            destination_addr="8" * 25,
            data_coding=0,
            short_message=b"x",
            has_header=False,
            validity_period="",
        )


def test_a_password_that_does_not_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(codec.CannotEncode, match="password"):
        codec.encode_bind(Command.BIND_TRANSCEIVER, sequence=1, system_id="wardline", password="123456789")


@given(
    st.text("0123456789+", max_size=20),
    st.text("0123456789", min_size=1, max_size=20),
    st.sampled_from([0, 3, 8]),
    st.binary(min_size=1, max_size=254),
    st.booleans(),
    st.sampled_from(["", "261128120000000+"]),
)
def test_a_submit_is_written_as_smpplib_writes_it(
    source: str, destination: str, data_coding: int, body: bytes, has_header: bool, validity: str
) -> None:
    ours = codec.encode_submit(
        sequence=7,
        source_addr=source,
        destination_addr=destination,
        data_coding=data_coding,
        short_message=body,
        has_header=has_header,
        validity_period=validity,
    )
    theirs = smpp.make_pdu(
        "submit_sm",
        sequence=7,
        service_type="",
        source_addr_ton=0,
        source_addr_npi=0,
        source_addr=source,
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr=destination,
        esm_class=0x40 if has_header else 0,
        protocol_id=0,
        priority_flag=0,
        schedule_delivery_time="",
        validity_period=validity,
        registered_delivery=1,
        replace_if_present_flag=0,
        data_coding=data_coding,
        sm_default_msg_id=0,
        short_message=body,
    )
    theirs.sequence = 7
    assert ours == theirs.generate()


def test_what_we_write_carries_the_sequence_and_status_that_we_gave() -> None:
    answer = codec.encode_answer(Command.DELIVER_SM_RESP, sequence=77, status=0x64)
    assert struct.unpack(">LLLL", answer[:16]) == (17, Command.DELIVER_SM_RESP, 0x64, 77)
