"""Questions that our texts ask, and what becomes of the replies. A room registers what it does with an answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.bus import Bus
from app.configuration.rules import OPT_OUT_ANSWER
from app.configuration.service import settings as configuration
from app.contact_policy.rules import EVERYTHING, SMS
from app.contact_policy.service import record_opt_out
from app.errors import InvalidInput, Refused
from app.journal.service import Entry, append
from app.messages.models import Message, PendingQuestion
from app.messages.rules import Direction, InState, MessageKind, OptOutWish, Origin, read_answer, read_opt_out
from app.messages.service.extensions import answered_by, extend
from app.messages.service.sending import queue_message
from app.settings import Settings

SYSTEM = "(system)"
"""Who handled a text that nobody had to read: no account can have this name."""
_CLASS_KNOWN_FOR = timedelta(days=30)
_WHOLE = {UNSCOPED: True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a text that was just queued asks. `keys` maps what to reply to its meaning: {"1": "confirm"}."""

    message_id: int
    keys: Mapping[str, str]
    context_kind: str
    context_id: int | None
    expires_at: datetime


Answered = Callable[[Session, Bus, PendingQuestion, str, datetime], bool]
"""Gets the question and the meaning of the answer, in the transaction that brought it. True: nobody need read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """Any reply to a question: with the meaning of its key, or with none, for whoever takes words, too."""

    question: PendingQuestion
    meaning: str | None
    message: Message
    settings: Settings
    now: datetime


Replied = Callable[[Session, Bus, Reply], bool]
"""Gets every reply, in the transaction that brought it. True: nobody need read it."""

_handlers: dict[str, Answered] = {}
_talkers: dict[str, Replied] = {}


def on_answer(context_kind: str, handler: Answered) -> None:
    """Say what is done with answers to questions of this kind. The same kind again replaces it."""
    _handlers[context_kind] = handler


def on_reply(context_kind: str, handler: Replied) -> None:
    """Say what is done with every reply to questions of this kind, also one with none of the keys.

    Such a one comes only where no other question of ours waits for this number, and closes nothing by itself.
    """
    _talkers[context_kind] = handler


def ask(session: Session, settings: Settings, questions: Sequence[Question], *, now: datetime) -> None:
    """Note that these texts, queued in the same transaction, ask something; a question that is known stays as it is.

    Their replies come to an extension of our number, where the hospital has any.
    """
    ids = [question.message_id for question in questions]
    known = set(session.scalars(select(PendingQuestion.message_id).where(PendingQuestion.message_id.in_(ids))))
    fresh = [question for question in questions if question.message_id not in known]
    rows = session.scalars(select(Message).where(Message.id.in_([question.message_id for question in fresh])))
    messages = {message.id: message for message in rows}
    for question in fresh:
        message = messages[question.message_id]
        session.add(
            PendingQuestion(
                number=message.number,
                patient_id=message.patient_id,
                message_id=message.id,
                keys=dict(question.keys),
                context_kind=question.context_kind,
                context_id=question.context_id,
                asked_at=now,
                expires_at=question.expires_at,
            )
        )
    extend(session, settings, [messages[question.message_id] for question in fresh])
    session.flush()


def withdraw_questions(session: Session, context_kind: str, context_id: int, *, now: datetime) -> None:
    """What was asked about this is no longer asked: an answer that still comes is for a person."""
    session.execute(
        update(PendingQuestion)
        .where(
            PendingQuestion.context_kind == context_kind,
            PendingQuestion.context_id == context_id,
            PendingQuestion.answered_at.is_(None),
            PendingQuestion.expires_at > now,
        )
        .values(expires_at=now)
    )


def understand(session: Session, bus: Bus, message: Message, *, settings: Settings, now: datetime) -> None:
    """Read a text that has just come in: an answer, an opt-out, or neither; then it waits for a person as it is.

    The reply keys of a question that waits come before the words of an opt-out (N may mean either).
    """
    ours = answered_by(session, settings, message)
    if ours is not None:
        message.reply_to_id = ours.id
    questions = _open_questions(session, message.number, now)
    if ours is not None:
        questions = [each for each in questions if each.message_id == ours.id] or questions
    meant = [(each, read_answer(message.text, each.keys)) for each in questions]
    fitting = [(each, meaning) for each, meaning in meant if meaning is not None]
    if len(fitting) == 1:
        _answer(session, bus, fitting[0][0], fitting[0][1], message, settings, now)
        return
    # Several questions with the same key: confirming the wrong appointment would be worse than asking back.
    if fitting:
        return
    if len(questions) == 1 and message.reply_to_id is None:
        message.reply_to_id = questions[0].message_id
    wish = read_opt_out(message.text)
    if wish is not None:
        _opt_out(session, bus, wish, message, settings, now)
        return
    if len(questions) == 1:
        _talk(session, bus, questions[0], message, settings, now)


def open_question(session: Session, message_id: int, now: datetime) -> PendingQuestion | None:
    """The question that this text of ours asked and that still waits."""
    query = select(PendingQuestion).where(
        PendingQuestion.message_id == message_id,
        PendingQuestion.answered_at.is_(None),
        PendingQuestion.expires_at > now,
    )
    return session.scalar(query)


def _open_questions(session: Session, number: str, now: datetime) -> list[PendingQuestion]:
    query = select(PendingQuestion).where(
        PendingQuestion.number == number,
        PendingQuestion.answered_at.is_(None),
        PendingQuestion.expires_at > now,
    )
    return list(session.scalars(query.order_by(PendingQuestion.id.desc()), execution_options=_WHOLE))


def _answer(
    session: Session,
    bus: Bus,
    question: PendingQuestion,
    meaning: str,
    message: Message,
    settings: Settings,
    now: datetime,
) -> None:
    question.answered_at, question.answer, question.answer_message_id = now, meaning, message.id
    message.reply_to_id = question.message_id
    session.flush()
    handler, talker = _handlers.get(question.context_kind), _talkers.get(question.context_kind)
    is_handled = handler is not None and handler(session, bus, question, meaning, now)
    if talker is not None:
        reply = Reply(question=question, meaning=meaning, message=message, settings=settings, now=now)
        is_handled = talker(session, bus, reply) or is_handled
    if is_handled:
        _settle(session, bus, message, now)


def _talk(
    session: Session, bus: Bus, question: PendingQuestion, message: Message, settings: Settings, now: datetime
) -> None:
    talker = _talkers.get(question.context_kind)
    if talker is None:
        return
    message.reply_to_id = question.message_id
    if talker(session, bus, Reply(question=question, meaning=None, message=message, settings=settings, now=now)):
        _settle(session, bus, message, now)


def _opt_out(session: Session, bus: Bus, wish: OptOutWish, message: Message, settings: Settings, now: datetime) -> None:
    kind = EVERYTHING if wish is OptOutWish.ALL else _latest_kind(session, message.number, now)
    rows = record_opt_out(
        session,
        kind=kind,
        channel=SMS,
        way="text",
        number=message.number,
        message_id=message.id,
        created_by=None,
        now=now,
    )
    _settle(session, bus, message, now)
    # Only what is new is answered: a machine that answers each of our texts with "T" hears from us once.
    if rows:
        _confirm(session, bus, message, rows[0].id, settings, now)


def _latest_kind(session: Session, number: str, now: datetime) -> str:
    """The kind of the latest text that went to this number; promotions when there was none for a month."""
    query = (
        select(Message.kind)
        .where(
            Message.direction == Direction.OUT,
            Message.number == number,
            Message.sent_at > now - _CLASS_KNOWN_FOR,
            Message.origin != Origin.OPT_OUT,
        )
        .order_by(Message.sent_at.desc(), Message.id.desc())
        .limit(1)
    )
    return session.scalar(query, execution_options=_WHOLE) or MessageKind.MARKETING.value


def _confirm(session: Session, bus: Bus, message: Message, opt_out_id: int, settings: Settings, now: datetime) -> None:
    text = configuration.value(session, OPT_OUT_ANSWER)
    if not text:
        return
    try:
        queue_message(
            session,
            bus,
            settings=settings,
            text=text,
            kind=MessageKind.CARE,
            created_by=None,
            now=now,
            number=message.number,
            patient_id=message.patient_id,
            dedup_key=f"opt_out:{opt_out_id}",
            reply_to_id=message.id,
            origin=Origin.OPT_OUT,
        )
    except (InvalidInput, Refused):
        # The sender takes no texts, or must get none for another reason. What counts is that the wish is kept.
        return


def _settle(session: Session, bus: Bus, message: Message, now: datetime) -> None:
    message.state, message.handled_at, message.handled_by = InState.ANSWERED, now, SYSTEM
    append(session, bus, [Entry(kind="message.handled", at=now, message_id=message.id)])
