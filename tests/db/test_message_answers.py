"""Replies that are understood: answers to a question, and the port extension that finds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app.bus import Bus
from app.configuration.rules import EXTENSION_DIGITS
from app.configuration.service.settings import set_value
from app.contact_policy.models import OptOut
from app.messages import service
from app.messages.models import Message, PendingQuestion
from app.messages.rules import MessageKind
from app.messages.service import Question, answers
from app.parts import Parts
from app.settings import SMPPAddress

NOON = datetime(2026, 11, 23, 4, tzinfo=UTC)
MOBILE = "+8613800138000"
KEYS = {"1": "confirm", "2": "cancel", "N": "cancel"}


@pytest.fixture
def heard() -> Iterator[list[tuple[int | None, str]]]:
    """The answers that the room which asked was told."""
    told: list[tuple[int | None, str]] = []

    def note(_session: object, _bus: Bus, question: PendingQuestion, meaning: str, _now: datetime) -> bool:
        told.append((question.context_id, meaning))
        return meaning == "confirm"

    service.on_answer("test", note)
    yield told
    answers._handlers.pop("test")


def ask(parts: Parts, context_id: int = 7, hours: int = 24) -> int:
    with parts.database.writing() as session:
        message = service.send_message(
            session, parts.bus, settings=parts.settings, text="来请回1，不来请回2", kind=MessageKind.CARE,
            created_by="bob", now=NOON, number=MOBILE,
        )  # fmt: skip
        question = Question(
            message_id=message.id, keys=KEYS, context_kind="test", context_id=context_id,
            expires_at=NOON + timedelta(hours=hours),
        )  # fmt: skip
        service.ask(session, parts.settings, [question], now=NOON)
        service.ask(session, parts.settings, [question], now=NOON)
        return message.id


def receive(parts: Parts, text: str, to: str = "1069001", after: int = 1) -> Message:
    with parts.database.writing() as session:
        message = service.receive_message(
            session, parts.bus, number=MOBILE, service_number=to, text=text, settings=parts.settings,
            now=NOON + timedelta(hours=after),
        )  # fmt: skip
    with parts.database.reading() as session:
        return service.get_message(session, message.id)


def opt_outs(parts: Parts) -> int:
    with parts.database.reading() as session:
        return len(session.scalars(select(OptOut)).all())


def test_an_answer_reaches_the_room_that_asked_and_nobody_need_read_it(
    parts: Parts, heard: list[tuple[int | None, str]]
) -> None:
    asked = ask(parts)
    answer = receive(parts, "１。")
    assert heard == [(7, "confirm")]
    assert (answer.state, answer.handled_by, answer.reply_to_id) == ("answered", service.SYSTEM, asked)
    with parts.database.reading() as session:
        question = session.scalars(select(PendingQuestion)).one()
        assert (question.answer, question.answer_message_id) == ("confirm", answer.id)


def test_the_reply_keys_of_a_question_win_over_the_words_of_an_opt_out_while_it_waits(
    parts: Parts, heard: list[tuple[int | None, str]]
) -> None:
    ask(parts)
    cancelled = receive(parts, "N")
    assert (heard, opt_outs(parts)) == ([(7, "cancel")], 0)
    assert (cancelled.state, cancelled.handled_at) == ("new", None)  # the room wants somebody to see it
    receive(parts, "N")
    assert (heard, opt_outs(parts)) == ([(7, "cancel")], 1)


def test_another_opt_out_word_counts_although_a_question_waits(
    parts: Parts, heard: list[tuple[int | None, str]]
) -> None:
    ask(parts)
    receive(parts, "退订")
    assert (heard, opt_outs(parts)) == ([], 1)


def test_an_unclear_answer_waits_for_a_person_and_the_question_stays_open(
    parts: Parts, heard: list[tuple[int | None, str]]
) -> None:
    asked = ask(parts)
    unclear = receive(parts, "可能来")
    assert (unclear.state, unclear.handled_at, unclear.reply_to_id) == ("new", None, asked)
    receive(parts, "确定")
    assert heard == [(7, "confirm")]


def test_an_answer_that_comes_too_late_or_to_a_withdrawn_question_is_for_a_person(
    parts: Parts, heard: list[tuple[int | None, str]]
) -> None:
    ask(parts, hours=2)
    assert receive(parts, "1", after=3).handled_at is None
    ask(parts, context_id=8)
    with parts.database.writing() as session:
        service.withdraw_questions(session, "test", 8, now=NOON)
    assert receive(parts, "1", after=3).handled_at is None
    assert heard == []


def test_an_answer_that_fits_two_questions_is_for_a_person(parts: Parts, heard: list[tuple[int | None, str]]) -> None:
    ask(parts, 7)
    ask(parts, 8)
    assert receive(parts, "1").handled_at is None
    assert heard == []


def test_the_port_extension_says_which_of_two_questions_is_answered(
    parts: Parts, heard: list[tuple[int | None, str]]
) -> None:
    smpp = SMPPAddress(host="localhost", port=2775, system_id="a", password="b", source_addr="1069001")
    parts = replace(parts, settings=replace(parts.settings, smpp=smpp))
    with parts.database.writing() as session:
        set_value(session, EXTENSION_DIGITS, 2, by="adam", now=NOON)
    first, second = ask(parts, 7), ask(parts, 8)
    with parts.database.reading() as session:
        numbers = [service.get_message(session, each).service_number for each in (first, second)]
    assert numbers == ["106900101", "106900102"]
    answer = receive(parts, "1", to=numbers[0])
    assert (heard, answer.reply_to_id) == ([(7, "confirm")], first)
    unclear = receive(parts, "几点", to=numbers[1])
    assert unclear.reply_to_id == second
    with parts.database.writing() as session:
        reply = service.reply(
            session, parts.bus, settings=parts.settings, message_id=unclear.id, text="九点", agent="bob", now=NOON
        )
        assert reply.service_number == numbers[1]
