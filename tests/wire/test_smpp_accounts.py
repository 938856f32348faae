"""Several accounts at once, each as its row says, changed while the gateway runs."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from app.alarms.service import open_alarms
from app.messages.models import Message, Segment
from app.messages.rules import LongForm, MessageKind
from app.parts import Parts
from app.smsc_accounts.models import AccountRow, BindFigures
from app.smsc_accounts.rules import BindMode
from sms_gateway.demo import DemoSMSC
from tests.certificates import make_certificate
from tests.smsc import (
    HURRY,
    account_at,
    fast,
    keep_account,
    keep_route,
    links_of,
    messages_of,
    numbers,
    queue_texts,
    running_gateway,
    running_smsc,
    submits_by_number,
    wait_for_states,
)
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def _two_smscs() -> Iterator[tuple[DemoSMSC, DemoSMSC]]:
    with ExitStack() as stack:
        yield stack.enter_context(running_smsc()), stack.enter_context(running_smsc())


@pytest.fixture
def smscs(_two_smscs: tuple[DemoSMSC, DemoSMSC]) -> tuple[DemoSMSC, DemoSMSC]:
    """Two operators' SMSCs as new."""
    for smsc in _two_smscs:
        smsc.control("reset", {})
        smsc.control("behave", {"receipt_delay_ms": 20})
    return _two_smscs


def wait_until_bound(parts: Parts, *names: str) -> None:
    expected = dict.fromkeys(names, "bound")
    wait_for(lambda: links_of(parts) == expected, what=f"the binds of {names}")


def commands_of(smsc: DemoSMSC) -> list[str]:
    return sorted(bind["command"] for bind in smsc.control("state")["binds"])


def submitted(smsc: DemoSMSC) -> set[str]:
    return set(submits_by_number(smsc))


def test_a_pair_of_binds_sends_through_one_and_hears_through_the_other(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]
) -> None:
    smsc, _ = smscs
    smsc.control("behave", {"receipts": "before_response"})
    keep_account(parts, account_at(smsc, "unicom", bind_mode=BindMode.PAIR))
    with running_gateway(parts, None):
        wait_until_bound(parts, "unicom")
        queue_texts(parts, numbers(20))
        smsc.control("mo", {"from": "8613800138000", "to": "1069001", "text": "复查"})
        wait_for_states(parts, delivered=20)
        wait_for(lambda: len(messages_of(parts, "in")) == 1, what="the text")
    assert commands_of(smsc) == ["bind_receiver", "bind_transmitter"]
    assert submits_by_number(smsc) == Counter(numbers(20))


def test_half_a_pair_is_not_bound(parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]) -> None:
    smsc, _ = smscs
    smsc.control("behave", {"refuse_command": "bind_receiver"})
    keep_account(parts, account_at(smsc, "unicom", bind_mode=BindMode.PAIR))
    with running_gateway(parts, None):
        wait_for(lambda: links_of(parts) == {"unicom": "refused"}, what="the refusal")
        wait_for(lambda: _alarms(parts) == ["unicom"], what="the alarm")
        smsc.control("behave", {"refuse_command": ""})
        wait_until_bound(parts, "unicom")
        wait_for(lambda: _alarms(parts) == [], what="the end of the alarm")


def test_receipts_on_another_bind_of_the_account_find_their_messages(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]
) -> None:
    smsc, _ = smscs  # brings every receipt on the bind that came first
    smsc.control("behave", {"latency_ms": 20})
    keep_account(parts, account_at(smsc, "unicom", binds=3, window=2))
    with running_gateway(parts, None):
        wait_for(lambda: smsc.control("state")["receivers"] == 3, what="three binds")
        queue_texts(parts, numbers(60))
        wait_for_states(parts, delivered=60)
        wait_for(lambda: min(_accepted(parts)) > 0, what="work for each of the binds")
    assert submits_by_number(smsc) == Counter(numbers(60))


def test_accounts_come_change_and_go_without_a_restart_and_the_others_notice_nothing(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]
) -> None:
    first, second = smscs
    with running_gateway(parts, fast(first.address)):
        wait_until_bound(parts, "default")
        account = account_at(second, "unicom")
        account_id = keep_account(parts, account)
        wait_until_bound(parts, "default", "unicom")
        keep_account(parts, replace(account, window=3), account_id=account_id)
        wait_for(lambda: len(commands_of(second)) == 2, what="the new bind")
        wait_until_bound(parts, "default", "unicom")
        keep_account(parts, account, account_id=account_id, is_active=False)
        wait_until_bound(parts, "default")
        wait_for(lambda: {account for account, _ in _binds(parts)} == {"default"}, what="the end of its figures")
    assert len(commands_of(first)) == 1


def test_a_change_that_no_hint_told_of_is_found(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC], open_parts: Any
) -> None:
    other_process = open_parts()
    with running_gateway(parts, fast(smscs[0].address)):
        keep_account(other_process, account_at(smscs[1], "unicom"))
        wait_until_bound(parts, "default", "unicom")


def test_routes_choose_the_account_by_number_and_by_kind(parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]) -> None:
    first, second = smscs
    keep_account(parts, account_at(second, "unicom", source_addr="1065"))
    keep_route(parts, "unicom", prefix="+86130")
    keep_route(parts, "unicom", kind="staff")
    with running_gateway(parts, fast(first.address)):
        wait_until_bound(parts, "default", "unicom")
        queue_texts(parts, ["+8613000000001", "+8613800000002"])
        queue_texts(parts, ["+8613800000003"], kind=MessageKind.STAFF)
        wait_for_states(parts, delivered=3)
    assert submitted(first) == {"+8613800000002"}
    assert submitted(second) == {"+8613000000001", "+8613800000003"}
    assert {entry["from"] for entry in second.control("submitted")} == {"1065"}


def test_the_next_route_takes_over_when_an_account_stays_down_and_gives_back(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]
) -> None:
    first, second = smscs
    keep_account(parts, account_at(second, "unicom"))
    keep_route(parts, "unicom", place=1)
    keep_route(parts, "default", place=2)
    with running_gateway(parts, fast(first.address)):
        wait_until_bound(parts, "default", "unicom")
        queue_texts(parts, numbers(3))
        wait_for_states(parts, delivered=3)
        second.control("behave", {"refuse_bind": 0x0E})
        second.control("drop", {})
        queue_texts(parts, [f"+86139{index:08d}" for index in range(3)])
        wait_for_states(parts, delivered=6)
        second.control("behave", {"refuse_bind": 0})
        wait_until_bound(parts, "default", "unicom")
        queue_texts(parts, [f"+86137{index:08d}" for index in range(3)])
        wait_for_states(parts, delivered=9)
    assert {number[:6] for number in submitted(first)} == {"+86139"}
    assert {number[:6] for number in submitted(second)} == {"+86138", "+86137"}


def test_a_long_text_that_has_begun_waits_for_its_own_account(parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]) -> None:
    first, second = smscs
    keep_account(parts, account_at(second, "unicom", window=1))
    keep_route(parts, "unicom", place=1)
    keep_route(parts, "default", place=2)
    second.control("behave", {"errors": [{"status": 0, "first": 1}, {"status": 0x58, "first": 50}]})
    with running_gateway(parts, fast(first.address)):
        wait_until_bound(parts, "default", "unicom")
        queue_texts(parts, numbers(1), "长" * 200)
        expected = Counter({"delivered": 1, "waiting": 3})
        wait_for(lambda: _segments(parts) == expected and _attempts(second) > 1, what="the first segment alone")
        second.control("behave", {"refuse_bind": 0x0E, "errors": []})
        second.control("drop", {})
        queue_texts(parts, ["+8613900000000"])
        wait_for(lambda: submitted(first) == {"+8613900000000"}, what="another message on the other account")
        second.control("behave", {"refuse_bind": 0})
        wait_for_states(parts, delivered=2)
    with parts.database.reading() as session:
        long = select(Segment.account).where(Segment.message_id == messages_of(parts)[0].id)
        assert list(session.scalars(long)) == ["unicom"] * 4


@pytest.mark.parametrize("form", LongForm)
def test_a_long_text_leaves_in_the_form_that_the_account_wants(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC], form: LongForm
) -> None:
    smsc, _ = smscs
    text = "长" * (67 * 3 - len("【示范医院】"))  # three segments with a header of 6 octets, four with one of 7
    keep_account(parts, account_at(smsc, "unicom", long_form=form))
    with running_gateway(parts, None):
        queue_texts(parts, numbers(1), text)
        wait_for_states(parts, delivered=1)
    entries = smsc.control("submitted")
    if_one = [entry for entry in entries if entry["has_payload"]]
    in_order = sorted(entries, key=lambda entry: entry["udh"] or entry["sar"] or "")
    assert "".join(entry["text"] for entry in in_order) == "【示范医院】" + text
    assert len(entries) == {"udh8": 3, "udh16": 4, "sar": 3, "payload": 1}[form] == messages_of(parts)[0].parts
    assert len(if_one) == (form is LongForm.PAYLOAD)
    heads = {(entry["udh"] or "")[:6] for entry in entries}
    assert {head[:4] for head in heads} == {"udh8": {"0003"}, "udh16": {"0804"}}.get(form, {""})
    assert {entry["sar"][1] for entry in entries if entry["sar"]} == ({3} if form is LongForm.SAR else set())


def test_an_account_that_takes_latin1_gets_it_for_what_gsm7_does_not_have(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]
) -> None:
    smsc, _ = smscs
    keep_account(parts, account_at(smsc, "abroad", takes_latin1=True))
    texts = {"1": "hello", "2": "três irmãos ê", "3": "您好"}
    queue_unsigned(parts, {f"+861380000000{number}": text for number, text in texts.items()})
    with running_gateway(parts, None):
        wait_for_states(parts, delivered=3)
    by_number = {entry["to"][-1]: (entry["data_coding"], entry["text"]) for entry in smsc.control("submitted")}
    assert by_number == {"1": (0, "hello"), "2": (3, "três irmãos ê"), "3": (8, "您好")}


def test_an_accounts_own_error_codes_go_over_the_standards(parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]) -> None:
    smsc, _ = smscs
    smsc.control("behave", {"errors": [{"status": 0x0B, "first": 1}, {"status": 0x412, "first": 1}]})
    keep_account(parts, account_at(smsc, "unicom", window=1), classes="0x0b throttled\n1042 permanent")
    with running_gateway(parts, None):
        queue_texts(parts, numbers(2))
        wait_for_states(parts, failed=1, delivered=1)
    assert {message.error_code for message in messages_of(parts)} == {"smpp-0x412", None}


def test_a_password_under_another_secret_key_is_told_and_the_other_accounts_work(
    parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]
) -> None:
    keep_account(parts, account_at(smscs[1], "unicom"))
    with parts.database.writing() as session:
        assert "wardline" not in session.scalars(select(AccountRow.password)).one()
        session.execute(update(AccountRow).values(password="gAAAAABkaputt"))
    with running_gateway(parts, fast(smscs[0].address)):
        wait_for(lambda: links_of(parts) == {"default": "bound", "unicom": "refused"}, what="both states")
        queue_texts(parts, numbers(1))
        wait_for_states(parts, delivered=1)


@pytest.fixture
def tls_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Key and certificate of an SMSC that is called smsc.test, which this machine trusts."""
    key, certificate = make_certificate(tmp_path, "smsc.test")
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    return key, certificate


def test_an_account_under_tls_sends_long_texts_both_ways(parts: Parts, tls_files: tuple[Path, Path]) -> None:
    text = "复查😀" * 50
    with running_smsc(tls=tls_files) as smsc:
        keep_account(parts, account_at(smsc, "safe", is_tls=True, server_name="smsc.test"))
        with running_gateway(parts, None):
            wait_until_bound(parts, "safe")
            queue_texts(parts, numbers(20), text)
            for index in range(20):
                number = f"86139{index:08d}"
                smsc.control("mo", {"from": number, "to": "1069001", "text": text, "form": "payload"})
            wait_for_states(parts, delivered=20)
            wait_for(lambda: len(messages_of(parts, "in")) == 20, what="all texts")
    assert {message.text for message in messages_of(parts, "in")} == {text}


@pytest.mark.parametrize("server_name", ["other.test", ""])
def test_a_server_with_another_name_gets_no_password(
    parts: Parts, tls_files: tuple[Path, Path], server_name: str
) -> None:
    with running_smsc(tls=tls_files) as smsc:
        keep_account(parts, account_at(smsc, "safe", is_tls=True, server_name=server_name))
        with running_gateway(parts, None):
            wait_for(lambda: links_of(parts) == {"safe": "down"}, what="the loss")
            assert smsc.control("state")["binds"] == []


def test_a_server_without_tls_gets_no_password_either(parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]) -> None:
    keep_account(parts, account_at(smscs[0], "safe", is_tls=True))
    with running_gateway(parts, None, replace(HURRY, connect_seconds=0.5)):
        wait_for(lambda: links_of(parts) == {"safe": "down"}, what="the loss")
    assert smscs[0].control("state")["binds"] == []


def test_the_gateway_writes_what_each_bind_does(parts: Parts, smscs: tuple[DemoSMSC, DemoSMSC]) -> None:
    smsc, _ = smscs
    smsc.control("behave", {"latency_ms": 40, "errors": [{"status": 0x0B, "first": 1}]})
    with running_gateway(parts, fast(smsc.address, window=5)):
        queue_texts(parts, numbers(11))
        wait_for_states(parts, delivered=10, failed=1)
        # Written every moment; the last ones have all of it.
        wait_for(
            lambda: [(row.accepted, row.receipts) for row in _binds(parts).values()] == [(10, 10)], what="the figures"
        )
        (figures,) = _binds(parts).values()
    assert (figures.role, figures.state, figures.window, figures.accepted) == ("transceiver", "bound", 5, 10)
    assert figures.errors == {"smpp-0x0b": 1}
    assert 40 <= (figures.latency_p50_ms or 0) <= (figures.latency_p95_ms or 0) < 2_000


def queue_unsigned(parts: Parts, texts: dict[str, str]) -> None:
    """As a mass send of an account whose operator adds the signature would."""
    queue_texts(parts, texts, "x")
    with parts.database.writing() as session:
        for number, text in texts.items():
            session.execute(update(Message).where(Message.number == number).values(text=text))


def _segments(parts: Parts) -> Counter[str]:
    with parts.database.reading() as session:
        return Counter(session.scalars(select(Segment.state)))


def _attempts(smsc: DemoSMSC) -> int:
    return int(smsc.control("state")["attempts"])


def _binds(parts: Parts) -> dict[tuple[str, int], BindFigures]:
    with parts.database.reading() as session:
        return {(row.account, row.number): row for row in session.scalars(select(BindFigures))}


def _accepted(parts: Parts) -> list[int]:
    return [row.accepted for row in _binds(parts).values()]


def _alarms(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return [alarm.subject for alarm in open_alarms(session)]
