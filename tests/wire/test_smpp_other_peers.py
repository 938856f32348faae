"""The gateway against SMPP peers that nobody here wrote: smpp34, in Rust, and Kannel's own test SMSC, in C."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from app.messages.rules import LongForm
from app.parts import Parts
from app.settings import SMPPAddress
from app.smsc_accounts.rules import BindMode
from tests.other_smscs import RustSMSC, payload, running_kannel_smsc, running_rust_smsc, sar
from tests.smsc import (
    account_fields,
    keep_account,
    links_of,
    messages_of,
    numbers,
    queue_texts,
    running_gateway,
    wait_for_states,
)
from tests.waiting import wait_for


@pytest.mark.parametrize(
    "how",
    [
        {},
        {"receipts_come_first": True},
        {"response_id": "{:x}".format},
        {"response_id": "{:X}".format, "receipt_id": "{:020d}".format, "receipts_come_first": True},
    ],
    ids=["plain", "receipts first", "hex", "hex and zero-padded and first"],
)
def test_smpp34_takes_every_message_once_and_no_receipt_is_lost(parts: Parts, how: dict[str, Any]) -> None:
    with running_rust_smsc(**how) as smsc:
        keep_account(parts, account_fields("other", port=smsc.port))
        with running_gateway(parts, None):
            queue_texts(parts, numbers(20))
            wait_for_states(parts, delivered=20)
    assert Counter("+" + event.destination_addr for event in smsc.submitted) == Counter(numbers(20))


def test_receipts_of_smpp34_come_on_another_bind_than_the_submit(parts: Parts) -> None:
    with running_rust_smsc() as smsc:
        keep_account(parts, account_fields("other", port=smsc.port, binds=3, window=2))
        with running_gateway(parts, None):
            wait_for(lambda: len(smsc.binds) == 3, what="three binds")
            queue_texts(parts, numbers(20))
            wait_for_states(parts, delivered=20)
    assert len({event.session_id for event in smsc.submitted}) > 1


def test_errors_of_smpp34_are_judged_by_their_class(parts: Parts) -> None:
    with running_rust_smsc(statuses=[0x0B, 0x14, 0x04]) as smsc:
        keep_account(parts, account_fields("other", port=smsc.port, window=1))
        with running_gateway(parts, None):
            queue_texts(parts, numbers(4))
            wait_for_states(parts, failed=1, delivered=3)
    assert len(smsc.submitted) == 3


@pytest.mark.parametrize("form", LongForm)
def test_smpp34_reads_a_long_text_in_each_form(parts: Parts, form: LongForm) -> None:
    text = "长" * 100 + "😀" + "文" * 80
    with running_rust_smsc() as smsc:
        keep_account(parts, account_fields("other", port=smsc.port, long_form=form))
        with running_gateway(parts, None):
            queue_texts(parts, numbers(1), text)
            wait_for_states(parts, delivered=1)
    assert "".join(read_in_order(smsc)) == "【示范医院】" + text


def test_long_texts_of_smpp34_are_whole_in_each_form(parts: Parts) -> None:
    text = "复查😀" * 30
    half, addresses = len(text) // 2, {"destination_addr": "1069001", "data_coding": 8}
    with running_rust_smsc() as smsc:
        keep_account(parts, account_fields("other", port=smsc.port))
        with running_gateway(parts, None):
            wait_for(lambda: links_of(parts) == {"other": "bound"}, what="the bind")
            smsc.bring(source_addr="8613800138001", tlvs=[payload(text)], **addresses)
            for position, piece in ((2, text[half:]), (1, text[:half])):
                body = piece.encode("utf-16-be")
                smsc.bring(source_addr="8613800138002", short_message=body, tlvs=sar(7, 2, position), **addresses)
                header = b"\6\x08\4\1\2\2" + bytes([position])
                smsc.bring(source_addr="8613800138003", short_message=header + body, esm_class=0x40, **addresses)
            wait_for(lambda: len(messages_of(parts, "in")) == 3, what="three texts")
    assert [message.text for message in messages_of(parts, "in")] == [text] * 3


def test_kannels_smsc_is_served_by_a_pair_although_it_gives_no_ids(parts: Parts) -> None:
    with running_kannel_smsc(texts=30) as port:
        keep_account(parts, account_fields("other", port=port, bind_mode=BindMode.PAIR))
        with running_gateway(parts, None):
            queue_texts(parts, numbers(30))
            wait_for_states(parts, sent=30)
            wait_for(lambda: len(messages_of(parts, "in")) == 30, what="all texts")
    assert {message.text for message in messages_of(parts, "in")} == {str(number) for number in range(1, 31)}


def test_an_smsc_that_knows_no_transceiver_is_told_as_down(parts: Parts) -> None:
    with running_kannel_smsc(texts=1) as port:
        address = SMPPAddress(host="127.0.0.1", port=port, system_id="wardline", password="wardline")
        with running_gateway(parts, address):
            wait_for(lambda: links_of(parts) == {"default": "down"}, what="the bind without an answer")


def read_in_order(smsc: RustSMSC) -> list[str]:
    pieces = []
    for event in smsc.submitted:
        tlvs = {tlv.tag: tlv.value for tlv in event.tlvs}
        skip = event.short_message[0] + 1 if event.esm_class & 0x40 else 0
        place = event.short_message[skip - 1] if skip else tlvs.get(0x020F, b"\1")[0]
        pieces.append((place, (tlvs.get(0x0424) or event.short_message[skip:]).decode("utf-16-be")))
    return [text for _, text in sorted(pieces)]
