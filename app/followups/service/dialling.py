"""Whom to call for a task, at which number, and whether now: asked at the moment of dialling, by whoever dials.

`prepare_dial` for an agent's click, `judge_dial` for what dials by itself; then `take_dial` in the transaction of the
order. Between the two another call may have begun: `take_dial` holds the line or says no.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import ColumnElement, exists, func, or_, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.bus import Bus
from app.calls import service as calls
from app.calls.models import Call, TelephonyCommand
from app.configuration.rules import CALL_ATTEMPTS, CALLS_FROM, CALLS_PER_DAY, CALLS_UNTIL
from app.configuration.service import settings as configuration
from app.contact_policy.rules import CALL, CALL_REFUSAL_TEXT, REFUSAL_TEXT, Refusal
from app.contact_policy.service import Recipient, may_contact_each
from app.errors import Conflict, Refused
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import (
    NO_DIAL_TEXT,
    OPEN,
    AttemptOutcome,
    DialFacts,
    DialLimits,
    DiallingMode,
    NoDial,
    TaskKind,
    TaskResult,
    TaskState,
    may_call,
)
from app.followups.service.attempts import begin_attempt
from app.messages.rules.states import MessageKind
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import ListState
from app.patients.models import ContactPerson, Patient, PatientPhone
from app.patients.phones import zones_of
from app.patients.rules import PhoneKind
from app.settings import Settings

# Whoever calls may see less than what binds the call: somebody else's attempts count, and so does a death.
_WHOLE = {UNSCOPED: True}
_AWAITED = frozenset({TaskKind.ALARM, TaskKind.GIVE_BACK, TaskKind.VOICEMAIL})


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """A call that may be placed. `number` is E.164; the order to telephony names the phone by its id."""

    number: str
    phone_id: int
    patient_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A call, or why there is none: a NoDial or a Refusal. Without `again_at` waiting does not help."""

    dial: Dial | None = None
    refusal: NoDial | Refusal | None = None
    again_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Phone:
    id: int
    number: str


def prepare_dial(
    session: Session, settings: Settings, *, task_id: int, by: str, now: datetime, phone_id: int | None = None
) -> Dial:
    """The call that an agent's click on a task wants to place, or an error with the sentence.

    Raises Conflict when the task is closed or not in this agent's hand, and while somebody talks with the person;
    Refused with the reason for everything that the contact policy, the hours, the caps and the allow-list forbid.
    """
    task = session.get(FollowupTask, task_id, execution_options=_WHOLE, populate_existing=True)
    if task is None or task.state not in OPEN:
        raise Conflict(NO_DIAL_TEXT[NoDial.CLOSED])
    if task.state != TaskState.IN_PROGRESS or task.claimed_by != by:
        raise Conflict(NO_DIAL_TEXT[NoDial.NOT_IN_HAND])
    judged = judge_dial(session, settings, task, dialling=DiallingMode.PREVIEW, now=now, phone_id=phone_id)
    if judged.dial is not None:
        return judged.dial
    if judged.refusal is NoDial.ON_THE_PHONE:
        raise Conflict(NO_DIAL_TEXT[judged.refusal])
    raise Refused(sentence_for(judged.refusal), reason=str(judged.refusal))


def judge_dial(
    session: Session,
    settings: Settings,
    task: FollowupTask,
    *,
    dialling: DiallingMode,
    now: datetime,
    phone_id: int | None = None,
) -> Judged:
    """Whether this task's person may be called now, and at which number. Reads only."""
    if task.list_id is not None and session.get_one(OutboundList, task.list_id).state != ListState.RUNNING:
        return Judged(refusal=NoDial.LIST_RESTS)
    is_own_click = dialling is DiallingMode.PREVIEW
    wanted = phone_id or task.phone_id
    phones = numbers_to_call(session, [task.patient_id]).get(task.patient_id, [])
    if wanted is not None:
        phones = [phone for phone in phones if phone.id == wanted]
    if not phones:
        return Judged(refusal=NoDial.NO_NUMBER)
    recipients = [Recipient(number=phone.number, patient_id=task.patient_id, kind=MessageKind.CARE) for phone in phones]
    permissions = may_contact_each(session, recipients, channel=CALL, now=now)
    may_dial = calls.allowed_numbers(session)
    limits = limits_for(session, task)
    attempts, attempts_today = _attempts(session, settings, task, now)
    refused: Judged | None = None
    for phone, permission in zip(phones, permissions, strict=True):
        if permission.refusal is not None:
            refused = refused or Judged(refusal=permission.refusal)
            continue
        answer = may_call(
            DialFacts(
                now=now,
                zones=zones_of(phone.number, settings.timezone),
                is_allowed=may_dial(phone.number),
                # What dials by itself learns it when it takes the line, a moment later.
                is_on_the_phone=is_own_click and _is_busy(session, phone.number, task.patient_id),
                attempts=attempts.get(phone.number, 0) if is_own_click else sum(attempts.values()),
                attempts_today=attempts_today,
                is_awaited=is_own_click and _is_awaited(task),
            ),
            limits,
        )
        if answer.refusal is None:
            return Judged(dial=Dial(number=phone.number, phone_id=phone.id, patient_id=task.patient_id))
        judged = Judged(refusal=answer.refusal, again_at=answer.again_at)
        # What may be tried later says more than what never may.
        if refused is None or (refused.again_at is None and judged.again_at is not None):
            refused = judged
    return refused or Judged(refusal=NoDial.NO_NUMBER)


def take_dial(
    session: Session,
    bus: Bus,
    dial: Dial,
    *,
    id: str,
    task_id: int,
    dialling: DiallingMode,
    agent: str | None,
    now: datetime,
) -> None:
    """Hold the line and write the attempt, in the transaction that writes the order with this id.

    Raises Conflict when somebody else calls this number or person in this moment, or this agent has another call: of
    any number who try at once, one dials.
    """
    is_busy = _is_busy(session, dial.number, dial.patient_id)
    lines = calls.lines_of(number=dial.number, patient_id=dial.patient_id, agent=agent)
    if is_busy or not calls.take_lines(session, lines, held_by=id, now=now):
        raise Conflict(NO_DIAL_TEXT[NoDial.ON_THE_PHONE])
    begin_attempt(
        session,
        bus,
        id=id,
        task_id=task_id,
        dialling=dialling,
        agent=agent,
        phone_id=dial.phone_id,
        number=dial.number,
        now=now,
    )


def numbers_to_call(session: Session, patient_ids: Collection[int]) -> dict[int, list[_Phone]]:
    """The numbers of each person, the one to try first at the head, in one query.

    Own ones before those of a contact person, who must be one that may be told about the patient (P-15); mobiles first.
    A number that was marked as wrong, or that ends in an extension, is none.
    """
    query = (
        select(PatientPhone.patient_id, PatientPhone.id, PatientPhone.number)
        .outerjoin(ContactPerson, ContactPerson.id == PatientPhone.contact_person_id)
        .where(PatientPhone.patient_id.in_(patient_ids), PatientPhone.is_valid, PatientPhone.extension == "")
        .where(or_(PatientPhone.contact_person_id.is_(None), ContactPerson.may_be_told))
        .order_by(
            PatientPhone.contact_person_id.is_not(None),
            PatientPhone.do_not_call,
            PatientPhone.kind != PhoneKind.MOBILE,
            PatientPhone.id,
        )
    )
    found: dict[int, list[_Phone]] = {}
    for patient_id, phone_id, number in session.execute(query, execution_options=_WHOLE):
        found.setdefault(patient_id, []).append(_Phone(id=phone_id, number=number))
    return found


def limits_for(session: Session, task: FollowupTask) -> DialLimits:
    """The hours and caps that bind the calls of this task: its list's, within those of the hospital."""
    opens, closes, most_attempts, most_a_day = configuration.values(
        session, CALLS_FROM, CALLS_UNTIL, CALL_ATTEMPTS, CALLS_PER_DAY
    )
    if task.list_id is not None:
        batch = session.get_one(OutboundList, task.list_id)
        opens, closes, most_attempts = max(opens, batch.opens), min(closes, batch.closes), batch.most_attempts
    usual = DialLimits()
    if opens >= closes:
        # Two settings are saved one after the other; hours that never open would hold every call back for ever.
        opens, closes = usual.opens, usual.closes
    return DialLimits(opens=opens, closes=closes, most_attempts=most_attempts, most_a_day=most_a_day)


def sentence_for(refusal: NoDial | Refusal | None) -> str:
    """A refusal as a sentence of the catalogues."""
    if refusal is None:
        return ""
    if isinstance(refusal, NoDial):
        return NO_DIAL_TEXT[refusal]
    return CALL_REFUSAL_TEXT.get(refusal, REFUSAL_TEXT[refusal])


def dead_among(session: Session, patient_ids: Collection[int]) -> set[int]:
    """Those who have died."""
    query = select(Patient.id).where(Patient.id.in_(patient_ids), Patient.deceased_at.is_not(None))
    return set(session.scalars(query, execution_options=_WHOLE))


def _is_busy(session: Session, number: str, patient_id: int) -> bool:
    """Whether a call with them lives, or an attempt of which nobody knows yet whether it rang."""
    ended = exists().where(Call.linkedid == FollowupAttempt.id, Call.ended_at.is_not(None))
    refused = exists().where(
        TelephonyCommand.id == FollowupAttempt.id, TelephonyCommand.state.in_(("failed", "expired"))
    )
    doubtful = exists().where(
        FollowupAttempt.ended_at.is_(None), FollowupAttempt.patient_id == patient_id, ~ended, ~refused
    )
    talks = calls.lives(number=number, patient_id=patient_id)
    return bool(session.scalar(select(or_(talks, doubtful)), execution_options=_WHOLE))


def _is_awaited(task: FollowupTask) -> bool:
    # Who asked to be called at nine in the evening is called then; an alarm waits for no morning.
    return task.kind in _AWAITED or task.result == TaskResult.CALL_AGAIN


def _attempts(session: Session, settings: Settings, task: FollowupTask, now: datetime) -> tuple[dict[str, int], int]:
    """How often this task rang at each number, and how often this person was rung today over all tasks.

    For an agent's own click only the number counts: another one may be the right one.
    """
    midnight = datetime.combine(now.astimezone(settings.timezone).date(), time(), settings.timezone)
    is_today, is_own = FollowupAttempt.started_at >= midnight, FollowupAttempt.task_id == task.id
    query = (
        select(FollowupAttempt.number, is_own, is_today, func.count())
        .where(FollowupAttempt.patient_id == task.patient_id, or_(is_today, is_own), _rang())
        .group_by(FollowupAttempt.number, is_own, is_today)
    )
    found = session.execute(query, execution_options=_WHOLE).all()
    by_number: dict[str, int] = {}
    for number, own, _today, count in found:
        if own:
            by_number[number] = by_number.get(number, 0) + count
    return by_number, sum(count for _number, _own, today, count in found if today)


def _rang() -> ColumnElement[bool]:
    return or_(FollowupAttempt.outcome.is_(None), FollowupAttempt.outcome != AttemptOutcome.NOT_DIALLED)
