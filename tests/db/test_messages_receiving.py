"""Texts from outside are kept, put together, tied to people, and stay on the list until somebody handles them."""

import random
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from app.errors import Conflict, NotFound
from app.messages import service
from app.messages.models import InboundPart, Message
from app.messages.rules import IncomingPart, LinkState
from app.parts import Parts
from tests.db.test_messages_sending import add_patient

START = datetime.fromisoformat("2026-11-21T10:00:00+08:00")


def parts_of(text: str, *, units: int = 67, reference: int = 9, source: str = "8613800138000") -> list[IncomingPart]:
    octets = text.encode("utf-16-be")
    pieces = [octets[at : at + 2 * units] for at in range(0, len(octets), 2 * units)]
    return [
        IncomingPart(
            source=source,
            destination="1069001",
            data_coding=8,
            body=piece,
            reference=reference,
            total=len(pieces),
            position=position,
        )
        for position, piece in enumerate(pieces, start=1)
    ]


def receive(parts: Parts, part: IncomingPart, now: datetime = START) -> None:
    with parts.database.writing() as session:
        service.receive_part(session, parts.bus, part, settings=parts.settings, now=now)


def texts(parts: Parts) -> list[str]:
    with parts.database.reading() as session:
        return list(session.scalars(select(Message.text).order_by(Message.id)))


def sweep(parts: Parts, now: datetime) -> int:
    with parts.database.writing() as session:
        return len(
            service.deliver_incomplete(
                session, parts.bus, settings=parts.settings, now=now, timeout=timedelta(minutes=5)
            )
        )


def test_a_long_text_is_whole_in_any_order_with_any_repeats(parts: Parts) -> None:
    chance = random.Random(3)
    wanted = []
    for reference in range(1, 9):
        text = "长😀" * 70 + str(reference)
        wanted.append(text)
        arriving = parts_of(text, reference=reference) * 2
        chance.shuffle(arriving)
        for part in arriving:
            receive(parts, part)
    assert texts(parts) == wanted


def test_a_character_that_the_telephone_cut_in_two_is_whole_again(parts: Parts) -> None:
    text = "a" + "😀" * 100
    for part in parts_of(text, units=67):
        receive(parts, part)
    assert texts(parts) == [text]


def test_a_text_with_a_missing_part_is_delivered_after_a_while_and_marked(parts: Parts) -> None:
    first, _, third = parts_of("甲" * 67 + "乙" * 67 + "丙" * 5)
    receive(parts, third)
    receive(parts, first)
    assert sweep(parts, START + timedelta(minutes=4)) == 0
    assert sweep(parts, START + timedelta(minutes=6)) == 1
    assert sweep(parts, START + timedelta(minutes=7)) == 0
    assert texts(parts) == ["甲" * 67 + "[…]" + "丙" * 5]
    with parts.database.reading() as session:
        assert session.scalars(select(Message.is_complete)).all() == [False]


def test_a_reference_used_again_begins_a_new_text(parts: Parts) -> None:
    for text in ("甲" * 100, "乙" * 100):
        for part in parts_of(text):
            receive(parts, part)
    assert texts(parts) == ["甲" * 100, "乙" * 100]


def test_parts_are_forgotten_once_no_repeat_can_come(parts: Parts) -> None:
    for part in parts_of("甲" * 100):
        receive(parts, part)
    sweep(parts, START + timedelta(minutes=11))
    with parts.database.reading() as session:
        assert session.scalars(select(InboundPart.id)).all() == []


def test_two_patients_with_the_same_reference_do_not_mix(parts: Parts) -> None:
    one, other = parts_of("甲" * 100), parts_of("乙" * 100, source="8613900139000")
    for part in (one[0], other[1], other[0], one[1]):
        receive(parts, part)
    assert sorted(texts(parts)) == sorted(["甲" * 100, "乙" * 100])


@pytest.mark.parametrize("source", ["8613800138000", "+8613800138000", "13800138000", "008613800138000"])
def test_a_text_is_tied_to_the_patient_however_the_number_is_written(parts: Parts, source: str) -> None:
    with parts.database.writing() as session:
        patient_id = add_patient(session)
    receive(parts, IncomingPart(source=source, destination="1069001", data_coding=3, body=b"hi"))
    with parts.database.reading() as session:
        (message,) = session.scalars(select(Message))
    assert (message.number, message.patient_id, message.state) == ("+8613800138000", patient_id, "new")


def test_hostile_senders_and_texts_are_kept_as_harmless_text(parts: Parts) -> None:
    body = "<script>alert(1)</script>\x00\x1b[2J'; DROP TABLE message; --".encode("utf-16-be")
    receive(parts, IncomingPart(source="\r\nEVIL\x00<b>", destination="1", data_coding=8, body=body))
    receive(parts, IncomingPart(source="", destination="", data_coding=8, body=b"\xd8"))
    with parts.database.reading() as session:
        first, second = session.scalars(select(Message).order_by(Message.id))
    assert first.text == "<script>alert(1)</script>[2J'; DROP TABLE message; --"
    assert (first.number, second.number) == ("EVIL<b>", "")


def test_a_shared_number_stays_open_until_somebody_says_whose_text_it_is(parts: Parts) -> None:
    with parts.database.writing() as session:
        mother, child = add_patient(session), add_patient(session)
    receive(parts, IncomingPart(source="8613800138000", destination="1", data_coding=3, body=b"hi"))
    with parts.database.writing() as session:
        (message,) = session.scalars(select(Message))
        assert message.patient_id is None
        arguments = {"message_id": message.id, "agent": "bob", "now": START}
        service.link_message(session, parts.bus, patient_id=child, **arguments)
        service.link_message(session, parts.bus, patient_id=child, **arguments)
        assert (message.patient_id, message.state) == (child, "linked")
        with pytest.raises(Conflict):
            service.link_message(session, parts.bus, patient_id=mother, **arguments)


def test_a_text_stays_on_the_list_until_it_is_handled_and_does_not_come_back(parts: Parts) -> None:
    receive(parts, IncomingPart(source="8613800138000", destination="1", data_coding=3, body=b"hi"))
    with parts.database.writing() as session:
        count, (message,) = service.inbox(session)
        service.read_message(session, parts.bus, message_id=message.id, agent="bob", now=START)
        assert (count, service.inbox(session)[0], message.state) == (1, 1, "read")
        service.handle_message(session, parts.bus, message_id=message.id, agent="bob", now=START)
        service.handle_message(session, parts.bus, message_id=message.id, agent="carol", now=START)
        assert (service.inbox(session), message.state, message.handled_by) == ((0, []), "ignored", "bob")
        with pytest.raises(NotFound):
            service.handle_message(session, parts.bus, message_id=message.id + 1, agent="bob", now=START)


def test_the_desk_sees_the_message_with_its_patient(parts: Parts) -> None:
    with parts.database.writing() as session:
        patient_id = add_patient(session)
    receive(parts, IncomingPart(source="8613800138000", destination="1", data_coding=3, body=b"hi"))
    with parts.database.reading() as session:
        _, (message,) = service.inbox(session)
        view = service.message_view(session, message, now=START)
    assert view["patient"]["id"] == patient_id
    assert (view["direction"], view["number_display"], view["text"]) == ("in", "138 0013 8000", "hi")


def test_texts_can_leave_as_long_as_one_account_is_bound(parts: Parts) -> None:
    states = {"default": LinkState.OFF, "mobile": LinkState.REFUSED, "unicom": LinkState.BOUND}
    with parts.database.writing() as session:
        for account, state in states.items():
            service.record_link(session, parts.bus, account=account, state=state, detail="", now=parts.now())
        assert service.gateway_link(session).state is LinkState.BOUND
        service.record_link(session, parts.bus, account="unicom", state=LinkState.DOWN, detail="", now=parts.now())
        assert service.gateway_link(session).state is LinkState.DOWN
