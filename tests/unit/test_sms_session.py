"""One bind to an SMSC as a conversation: this arrives, that comes out."""

import struct
from collections.abc import Sequence

from app.messages.rules import IncomingPart, Receipt, SegmentState
from sms_gateway.smpp.pdus import Command
from sms_gateway.smpp.session import (
    BindAccepted,
    Delivered,
    LinkProved,
    OctetsToSend,
    Result,
    SessionClosed,
    SessionState,
    SessionTimers,
    SMPPSession,
    Submit,
    SubmitAnswered,
    SubmitImpossible,
    SubmitUnanswered,
)
from tests.unit.test_sms_parser import deliver_sm, frame

TIMERS = SessionTimers(bind_seconds=10, response_seconds=10, enquire_seconds=5, most_missed_enquiries=2)


def new_session(window: int = 3) -> SMPPSession:
    return SMPPSession(system_id="wardline", password="wardline", window=window, timers=TIMERS)


def bound_session(window: int = 3) -> SMPPSession:
    session = new_session(window)
    session.start(0.0)
    assert session.receive(frame(Command.BIND_TRANSCEIVER_RESP, 1, b"x\0"), 0.0) == [BindAccepted()]
    return session


def submit(key: int, to: str = "8613800138000") -> Submit:
    return Submit(
        key=key, source_addr="1069001", destination_addr=to, data_coding=0, short_message=b"hi", has_header=False
    )


def sent(results: Sequence[Result]) -> list[tuple[int, int, int]]:
    """Command, status and sequence of what was written."""
    headers = [struct.unpack(">LLLL", result.octets[:16]) for result in results if isinstance(result, OctetsToSend)]
    return [(command, status, sequence) for _, command, status, sequence in headers]


def test_a_session_binds_first_and_then_takes_submits() -> None:
    session = new_session()
    assert sent(session.start(0.0)) == [(Command.BIND_TRANSCEIVER, 0, 1)]
    assert session.free_slots == 0
    session.receive(frame(Command.BIND_TRANSCEIVER_RESP, 1, b"x\0"), 0.1)
    assert (session.state, session.free_slots) == (SessionState.BOUND, 3)


def test_an_enquire_link_before_the_bind_answer_is_not_taken_for_it() -> None:
    session = new_session()
    session.start(0.0)
    results = session.receive(frame(Command.ENQUIRE_LINK, 1), 0.1)
    assert sent(results) == [(Command.ENQUIRE_LINK_RESP, 0, 1)]
    assert session.state is SessionState.BINDING


def test_a_refused_bind_closes_the_session_with_the_status() -> None:
    session = new_session()
    session.start(0.0)
    results = session.receive(frame(Command.BIND_TRANSCEIVER_RESP, 1, status=0x0E), 0.1)
    assert results == [SessionClosed(reason="refused", refused_status=0x0E)]


def test_a_bind_without_an_answer_ends_at_its_deadline() -> None:
    session = new_session()
    session.start(0.0)
    assert session.wake_at == 10.0
    assert session.tick(10.0) == [SessionClosed(reason="bind not answered")]


def test_the_window_bounds_the_submits_without_an_answer() -> None:
    session = bound_session(window=2)
    session.submit(submit(1), 0.0)
    session.submit(submit(2), 0.0)
    assert session.free_slots == 0
    assert session.receive(frame(Command.SUBMIT_SM_RESP, 2, b"a\0"), 0.1) == [
        SubmitAnswered(key=1, status=0, message_id="a")
    ]
    assert session.free_slots == 1


def test_an_error_answer_is_told_as_an_error_of_its_own_submit() -> None:
    session = bound_session()
    session.submit(submit(1), 0.0)
    session.submit(submit(2), 0.0)
    assert session.receive(frame(Command.SUBMIT_SM_RESP, 3, status=0x58), 0.1) == [
        SubmitAnswered(key=2, status=0x58, message_id="")
    ]
    assert session.state is SessionState.BOUND


def test_a_submit_past_its_deadline_is_unanswered_and_a_late_answer_still_counts() -> None:
    session = bound_session()
    session.submit(submit(1), 0.0)
    assert session.tick(10.0)[:1] == [SubmitUnanswered(key=1)]
    assert session.receive(frame(Command.SUBMIT_SM_RESP, 2, b"a\0"), 11.0) == [
        SubmitAnswered(key=1, status=0, message_id="a")
    ]


def test_a_lost_connection_reports_every_submit_without_an_answer() -> None:
    session = bound_session()
    session.submit(submit(1), 0.0)
    session.submit(submit(2), 0.0)
    assert session.close("lost") == [SubmitUnanswered(key=1), SubmitUnanswered(key=2), SessionClosed(reason="lost")]
    assert session.close("again") == []


def test_an_unreadable_answer_leaves_its_submit_unanswered_and_the_link_up() -> None:
    session = bound_session()
    session.submit(submit(1), 0.0)
    assert session.receive(frame(Command.SUBMIT_SM_RESP, 2, b"a\0\xff\xff\xff"), 0.1) == [
        SubmitAnswered(key=1, status=0, message_id="a")
    ]
    session.submit(submit(2), 0.0)
    assert session.receive(frame(0x80000999, 3, b""), 0.1) == [SubmitUnanswered(key=2)]
    assert session.state is SessionState.BOUND


def test_a_number_that_does_not_fit_never_leaves() -> None:
    session = bound_session()
    assert session.submit(submit(1, to="8" * 25), 0.0) == [SubmitImpossible(key=1, field="destination_addr")]
    assert session.free_slots == 3


def test_a_peer_that_stops_answering_is_noticed() -> None:
    session = bound_session()
    assert sent(session.tick(5.0)) == [(Command.ENQUIRE_LINK, 0, 2)]
    assert sent(session.tick(10.0)) == [(Command.ENQUIRE_LINK, 0, 3)]
    assert session.tick(15.0) == [SessionClosed(reason="the SMSC does not answer")]


def test_an_answered_enquiry_proves_the_link() -> None:
    session = bound_session()
    session.tick(5.0)
    assert session.receive(frame(Command.ENQUIRE_LINK_RESP, 2), 5.1) == [LinkProved()]
    session.tick(10.0)
    session.tick(15.0)
    assert session.state is SessionState.BOUND


def test_an_smsc_that_does_not_know_enquire_link_is_alive_all_the_same() -> None:
    session = bound_session()
    session.tick(5.0)
    assert session.receive(frame(Command.GENERIC_NACK, 2, status=3), 5.1) == [LinkProved()]


def test_a_delivery_is_acknowledged_only_when_it_is_safe() -> None:
    session = bound_session()
    (delivered,) = session.receive(deliver_sm(7), 0.1)
    assert isinstance(delivered, Delivered)
    assert isinstance(delivered.content, IncomingPart)
    assert sent(session.acknowledge(delivered, is_kept=True)) == [(Command.DELIVER_SM_RESP, 0, 7)]
    assert sent(session.acknowledge(delivered, is_kept=False)) == [(Command.DELIVER_SM_RESP, 0x64, 7)]


def test_a_patient_who_types_a_receipt_has_written_a_text() -> None:
    session = bound_session()
    (delivered,) = session.receive(deliver_sm(7, b"id:m1 stat:DELIVRD err:000"), 0.1)
    assert isinstance(delivered, Delivered)
    assert isinstance(delivered.content, IncomingPart)


def test_a_receipt_is_read_from_text_or_tlvs_in_deliver_sm_or_data_sm() -> None:
    expected = Receipt(
        smsc_message_id="m1", addresses=("8613800138000", "1069001"), state=SegmentState.DELIVERED, error_code=""
    )
    text = b"id:m1 sub:001 dlvrd:001 submit date:2611211200 done date:2611211201 stat:DELIVRD err:000 text:id:zz"
    tlvs = bytes.fromhex("001e00036d3100" + "0427000102")
    data_sm = b"\0\1\1" + b"8613800138000\0" + b"\0\0" + b"1069001\0" + bytes([4, 0, 0])
    for octets in (
        deliver_sm(7, text, esm_class=4),
        deliver_sm(7, b"", tlvs, esm_class=4),
        frame(Command.DATA_SM, 7, data_sm + tlvs),
    ):
        (delivered,) = bound_session().receive(octets, 0.1)
        assert isinstance(delivered, Delivered)
        assert delivered.content == expected


def test_an_operators_own_code_is_a_failure_that_keeps_the_code() -> None:
    (delivered,) = bound_session().receive(deliver_sm(7, b"id:m1 stat:MK:0001 err:007", esm_class=4), 0.1)
    assert isinstance(delivered, Delivered)
    assert isinstance(delivered.content, Receipt)
    assert (delivered.content.state, delivered.content.error_code) == (SegmentState.UNDELIVERED, "MK:0001")


def test_a_receipt_that_says_nothing_is_acknowledged_and_dropped() -> None:
    results = bound_session().receive(deliver_sm(7, b"what", esm_class=4), 0.1)
    assert sent(results) == [(Command.DELIVER_SM_RESP, 0, 7)]


def test_an_unbind_of_the_smsc_is_answered_and_ends_the_session() -> None:
    session = bound_session()
    session.submit(submit(1), 0.0)
    results = session.receive(frame(Command.UNBIND, 9), 0.1)
    assert sent(results) == [(Command.UNBIND_RESP, 0, 9)]
    assert results[1:] == [SubmitUnanswered(key=1), SessionClosed(reason="unbound by the SMSC")]


def test_our_unbind_still_reads_what_is_under_way() -> None:
    session = bound_session()
    session.submit(submit(1), 0.0)
    assert sent(session.unbind(1.0)) == [(Command.UNBIND, 0, 3)]
    assert session.free_slots == 0
    results = session.receive(frame(Command.SUBMIT_SM_RESP, 2, b"a\0") + deliver_sm(7), 1.1)
    assert [type(result) for result in results] == [SubmitAnswered, Delivered]
    assert session.receive(frame(Command.UNBIND_RESP, 3), 1.2) == [SessionClosed(reason="unbound")]


def test_an_unknown_command_is_refused_and_the_link_stays() -> None:
    session = bound_session()
    assert sent(session.receive(frame(0x0999, 4, b"vendor"), 0.1)) == [(Command.GENERIC_NACK, 3, 4)]
    assert sent(session.receive(frame(Command.DELIVER_SM, 5, b"ABCD"), 0.1)) == [(Command.GENERIC_NACK, 3, 5)]
    assert session.state is SessionState.BOUND


def test_a_long_text_is_recognised_by_each_of_its_headers() -> None:
    sar = bytes.fromhex("020c00021234" + "020e000103" + "020f000102")
    expected = [(0x12, 3, 2), (0x1234, 3, 2), (0x1234, 3, 2), (0, 1, 1)]
    found = []
    for octets in (
        deliver_sm(1, bytes([5, 0, 3, 0x12, 3, 2]) + b"ab", esm_class=0x40),
        deliver_sm(1, bytes([6, 8, 4, 0x12, 0x34, 3, 2]) + b"ab", esm_class=0x40),
        deliver_sm(1, b"ab", tlvs=sar),
        deliver_sm(1, bytes([5, 0, 3, 0x12, 3, 9]) + b"ab", esm_class=0x40),
    ):
        (delivered,) = bound_session().receive(octets, 0.1)
        assert isinstance(delivered, Delivered)
        assert isinstance(delivered.content, IncomingPart)
        assert delivered.content.body == b"ab"
        found.append((delivered.content.reference, delivered.content.total, delivered.content.position))
    assert found == expected
