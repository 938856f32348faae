"""The gateway against a real SMSC that behaves, and then misbehaves on purpose."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app.alarms.service import open_alarms
from app.db import Database
from app.messages import service
from app.messages.models import Message
from app.messages.rules import LinkState
from app.parts import Parts
from sms_gateway.demo import DemoSMSC, send_demo_sms
from sms_gateway.runner import Gateway
from tests.ports import free_port
from tests.smsc import (
    CuttableWire,
    fast,
    messages_of,
    numbers,
    queue_texts,
    running_gateway,
    running_smsc,
    states_of,
    submits_by_number,
    wait_for_states,
)
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def _one_smsc() -> Iterator[DemoSMSC]:
    with running_smsc() as smsc:
        yield smsc


@pytest.fixture
def smsc(_one_smsc: DemoSMSC) -> DemoSMSC:
    """The SMSC as new: behaving, and with nothing on record."""
    _one_smsc.control("reset", {})
    _one_smsc.control("behave", {"receipt_delay_ms": 20})
    return _one_smsc


def link_of(parts: Parts) -> service.Link:
    with parts.database.reading() as session:
        return service.gateway_link(session)


def test_a_text_of_every_length_arrives_as_it_was_written(parts: Parts, smsc: DemoSMSC) -> None:
    written = ["hello", "您好", "长" * 200 + "😀", "€" * 90, "a" * 62 + "😀" * 40]
    with running_gateway(parts, fast(smsc.address)):
        for number, text in zip(numbers(5), written, strict=True):
            queue_texts(parts, [number], text)
        wait_for_states(parts, delivered=5)
    by_number: dict[str, list[dict[str, Any]]] = {}
    for entry in smsc.control("submitted"):
        by_number.setdefault("+" + entry["to"], []).append(entry)
    for number, text in zip(numbers(5), written, strict=True):
        in_order = sorted(by_number[number], key=lambda entry: entry["udh"] or "")
        assert "".join(entry["text"] for entry in in_order) == "【示范医院】" + text
        assert len({(entry["udh"] or "0003")[:6] for entry in in_order}) == 1


@pytest.mark.parametrize(
    "behaviour",
    [
        {"receipts": "before_response"},
        {"receipts": "twice"},
        {"receipt_id": "hex"},
        {"receipt_id": "zero_padded"},
        {"receipts": "tlv_only"},
        {"receipt_as": "data_sm"},
        {"vendor_tlvs": True},
        {"stray_pdus": True},
        {"receipts": "before_response", "receipt_id": "hex", "receipt_as": "data_sm", "vendor_tlvs": True},
    ],
    ids=str,
)
def test_no_receipt_is_lost_however_it_comes(parts: Parts, smsc: DemoSMSC, behaviour: dict[str, Any]) -> None:
    smsc.control("behave", behaviour)
    with running_gateway(parts, fast(smsc.address)):
        queue_texts(parts, numbers(20))
        wait_for_states(parts, delivered=20)
    assert submits_by_number(smsc) == Counter(numbers(20))


def test_a_failed_delivery_is_told_with_its_code(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"stat": "UNDELIV", "err": "027"})
    with running_gateway(parts, fast(smsc.address)):
        queue_texts(parts, numbers(1))
        wait_for_states(parts, undelivered=1)
    assert messages_of(parts)[0].error_code == "027"


def test_a_permanent_error_fails_the_message_and_a_passing_one_waits(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"errors": [{"status": 0x0B, "first": 1}, {"status": 0x08, "first": 1}]})
    with running_gateway(parts, fast(smsc.address, window=1)):
        queue_texts(parts, numbers(3))
        wait_for_states(parts, failed=1, queued=1, delivered=1)
    failed, waiting, _ = messages_of(parts)
    assert (failed.error_code, waiting.error_code, waiting.attempts) == ("smpp-0x0b", "smpp-0x08", 1)


@pytest.mark.alone
def test_the_granted_rate_is_kept_so_that_next_to_nothing_is_throttled(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"throttle_per_second": 100})
    with running_gateway(parts, replace(smsc.address, segments_per_second=100.0)):
        queue_texts(parts, numbers(150))
        wait_for_states(parts, delivered=150)
    # A machine that stands still for a moment puts two seconds' texts into one.
    assert smsc.control("state")["attempts"] <= 150 * 1.02


def test_a_throttled_gateway_pauses_and_then_sends_each_message_once(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"throttle_per_second": 30})
    with running_gateway(parts, fast(smsc.address)):
        queue_texts(parts, numbers(50))
        wait_for_states(parts, delivered=50)
    assert submits_by_number(smsc) == Counter(numbers(50))
    assert smsc.control("state")["attempts"] <= 75


def test_a_long_incoming_text_is_whole_in_any_order_and_form(parts: Parts, smsc: DemoSMSC) -> None:
    text = "复查😀" * 50
    forms = [
        {"form": "udh8", "order": [3, 1, 2]},
        {"form": "udh16", "order": [2, 2, 4, 1, 1, 3]},
        {"form": "sar", "order": [2, 3, 1]},
        {"form": "payload"},
        {"form": "payload", "as": "data_sm"},
    ]
    with running_gateway(parts, fast(smsc.address)):
        for index, form in enumerate(forms):
            smsc.control("mo", {"from": f"861380013800{index}", "to": "1069001", "text": text, **form})
        wait_for(lambda: len(messages_of(parts, "in")) == 5, what="five texts")
    assert [message.text for message in messages_of(parts, "in")] == [text] * 5
    assert smsc.control("state")["waiting"] == 0


def test_a_long_incoming_text_with_a_missing_part_is_delivered_and_marked(parts: Parts, smsc: DemoSMSC) -> None:
    with running_gateway(parts, fast(smsc.address)):
        smsc.control("mo", {"from": "8613800138000", "to": "1069001", "text": "长" * 150, "missing": 2})
        wait_for(lambda: messages_of(parts, "in"), what="the incomplete text")
    (message,) = messages_of(parts, "in")
    assert (message.is_complete, message.text) == (False, "长" * 67 + "[…]" + "长" * 16)


def test_a_demo_text_reaches_the_inbox(parts: Parts, smsc: DemoSMSC) -> None:
    with running_gateway(parts, fast(smsc.address)):
        send_demo_sms(smsc.control_port, "13800138000", "复查需要空腹吗")
        wait_for(lambda: messages_of(parts, "in"), what="the text")
    (message,) = messages_of(parts, "in")
    assert (message.number, message.text) == ("+8613800138000", "复查需要空腹吗")


def test_what_waits_is_found_by_the_scan_when_no_hint_came(parts: Parts, smsc: DemoSMSC, open_parts: Any) -> None:
    other_process = open_parts()
    with running_gateway(parts, fast(smsc.address)):
        wait_for(lambda: link_of(parts).state is LinkState.BOUND, what="the bind")
        queue_texts(other_process, numbers(2))
        wait_for_states(parts, delivered=2)


def test_a_refused_account_is_told_as_refused_and_recovers(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"refuse_bind": 0x0E})
    with running_gateway(parts, fast(smsc.address)):
        queue_texts(parts, numbers(1))
        wait_for(lambda: link_of(parts).state is LinkState.REFUSED, what="the refusal")
        # The alarm is written after the state, in a transaction of its own.
        wait_for(lambda: _alarms(parts) == ["smsc_down"], what="the alarm")
        smsc.control("behave", {"refuse_bind": 0})
        wait_for_states(parts, delivered=1)
        with parts.database.reading() as session:
            assert open_alarms(session) == []


def test_an_smsc_that_is_not_there_is_told_and_the_gateway_recovers(parts: Parts) -> None:
    port = free_port()
    with running_smsc() as smsc:
        address = fast(smsc.address, port)
    with running_gateway(parts, address):
        queue_texts(parts, numbers(3))
        wait_for(lambda: link_of(parts).state is LinkState.DOWN, what="the loss")
        wait_for(lambda: _alarms(parts) == ["smsc_down"], what="the alarm")
        late = DemoSMSC(smsc._command[0], port=port)
        late.start()
        try:
            late.control("behave", {"receipt_delay_ms": 20})
            wait_for_states(parts, delivered=3)
        finally:
            late.stop()


def test_a_link_that_falls_silent_is_noticed_and_made_anew(parts: Parts, smsc: DemoSMSC) -> None:
    wire = CuttableWire(smsc.port)
    with running_gateway(parts, fast(smsc.address, wire.port)):
        wait_for(lambda: link_of(parts).state is LinkState.BOUND, what="the bind")
        wire.fall_silent()
        wait_for(lambda: link_of(parts).state is not LinkState.BOUND, what="the loss")
        wire.recover()
        queue_texts(parts, numbers(2))
        wait_for_states(parts, delivered=2)
    wire.close()


def test_an_unbind_of_the_smsc_loses_nothing(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"latency_ms": 10})
    with running_gateway(parts, fast(smsc.address)):
        queue_texts(parts, numbers(60))
        wait_for(lambda: smsc.control("state")["submitted"] > 10, what="the first submits")
        smsc.control("unbind", {})
        wait_for(lambda: states_of(parts)["delivered"] + states_of(parts)["uncertain"] == 60, what="the rest")
    assert all(count == 1 for count in submits_by_number(smsc).values())


def test_the_bind_proves_itself_again_and_again(parts: Parts, smsc: DemoSMSC) -> None:
    with running_gateway(parts, fast(smsc.address)):
        wait_for(lambda: link_of(parts).state is LinkState.BOUND, what="the bind")
        first = link_of(parts)
        wait_for(lambda: link_of(parts).as_of != first.as_of, what="the next proof")
        assert link_of(parts).since == first.since
    assert (link_of(parts).state, link_of(parts).detail) == (LinkState.DOWN, "stopped")


def test_a_gateway_without_an_smsc_is_told_as_off(parts: Parts) -> None:
    gateway = Gateway(parts, None)
    gateway.start()
    assert link_of(parts).state is LinkState.OFF
    gateway.stop()


def test_a_link_cut_at_any_octet_loses_nothing_and_sends_nothing_twice(parts: Parts, smsc: DemoSMSC) -> None:
    submit_length, response_length = 78, 25
    cuts = [(0x00000004, at) for at in (*range(0, submit_length, 4), submit_length)]
    cuts += [(0x80000004, at) for at in range(response_length + 1)]
    wire = CuttableWire(smsc.port)
    with running_gateway(parts, fast(smsc.address, wire.port, window=1)):
        for number, (command_id, at) in zip(numbers(len(cuts)), cuts, strict=True):
            wait_for(lambda: link_of(parts).state is LinkState.BOUND, what="the bind")
            wire.cut(command_id, at)
            (message_id,) = queue_texts(parts, [number])
            wait_for(lambda: wire.is_cut, what=f"the cut at {at}")
            wait_for(lambda id=message_id: _has_left(parts, id), what="the end of the doubt")
        wait_for(lambda: smsc.control("state")["waiting"] == 0, what="the last receipt")
        wait_for(lambda: _is_settled(parts, smsc), what="all receipts")
    wire.close()
    counts = submits_by_number(smsc)
    assert max(counts.values()) == 1
    for message in messages_of(parts):
        expected = ("delivered", None) if counts[message.number] else ("queued", service.UNCERTAIN)
        assert (message.state, message.error_code) == expected


def test_an_error_that_is_fatal_to_the_bind_makes_a_new_one(parts: Parts, smsc: DemoSMSC) -> None:
    smsc.control("behave", {"errors": [{"status": 0x04, "first": 2}]})
    with running_gateway(parts, fast(smsc.address, window=1)):
        queue_texts(parts, numbers(3))
        wait_for_states(parts, delivered=3)
    assert len(smsc.control("state")["binds"]) == 3


def test_a_database_that_fails_for_a_while_loses_nothing_and_keeps_the_link(
    parts: Parts, smsc: DemoSMSC, open_parts: Callable[[], Parts]
) -> None:
    gateway_parts = open_parts()
    with running_gateway(gateway_parts, fast(smsc.address)):
        wait_for(lambda: link_of(parts).state is LinkState.BOUND, what="the bind")
        with failing_database(gateway_parts):
            queue_texts(parts, numbers(3))
            smsc.control("mo", {"from": "8613800138000", "to": "1069001", "text": "hi"})
            wait_for(lambda: smsc.control("state")["refused"] > 0, what="a delivery that we could not keep")
        wait_for_states(parts, delivered=3)
        wait_for(lambda: len(messages_of(parts, "in")) == 1, what="the text")
    assert len(smsc.control("state")["binds"]) == 1
    assert submits_by_number(smsc) == Counter(numbers(3))


def test_a_claim_that_may_or_may_not_have_been_committed_is_never_sent_blindly(
    parts: Parts, smsc: DemoSMSC, open_parts: Callable[[], Parts]
) -> None:
    queue_texts(parts, numbers(30))
    doubtful = DoubtfulDatabase(parts.settings.database_url)
    # A window of ten takes several claims, so that some are doubtful and some are not.
    with running_gateway(replace(open_parts(), database=doubtful), fast(smsc.address, window=10)):
        wait_for(lambda: states_of(parts)["delivered"] + states_of(parts)["uncertain"] == 30, what="the end")
    doubtful.close()
    counts = submits_by_number(smsc)
    assert set(counts.values()) <= {1}
    assert set(numbers(30)) - set(counts) == {
        message.number for message in messages_of(parts) if message.error_code == service.UNCERTAIN
    }


class DoubtfulDatabase(Database):
    """Loses its connection right after some commits: they happened, and the caller hears an error."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        # Every fourth, but not in step with what the gateway does: else the same kind of commit fails each time.
        self._chance = random.Random(4)

    @contextmanager
    def writing(self) -> Iterator[Session]:
        with super().writing() as session:
            yield session
        if self._chance.random() < 0.25:
            raise OperationalError("commit", {}, ConnectionResetError())


@contextmanager
def failing_database(parts: Parts) -> Iterator[None]:
    """Every statement of these parts fails while the block lasts."""

    def fail(*_: object) -> None:
        raise OperationalError("statement", {}, ConnectionResetError())

    event.listen(parts.database.engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        event.remove(parts.database.engine, "before_cursor_execute", fail)


def _alarms(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return [alarm.kind for alarm in open_alarms(session)]


def _has_left(parts: Parts, message_id: int) -> bool:
    with parts.database.reading() as session:
        message = session.get_one(Message, message_id)
        return message.state != "queued" or message.error_code is not None


def _is_settled(parts: Parts, smsc: DemoSMSC) -> bool:
    with parts.database.reading() as session:
        delivered = set(session.scalars(select(Message.number).where(Message.state == "delivered")))
    return delivered == set(submits_by_number(smsc))
