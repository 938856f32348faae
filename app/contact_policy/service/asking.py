"""The contact policy: whether this person may be written to or called, and from when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.configuration.rules import (
    CARE_PER_DAY,
    CARE_PER_WEEK,
    MARKETING_FROM,
    MARKETING_PER_DAY,
    MARKETING_PER_WEEK,
    MARKETING_UNTIL,
    NOTICES_FROM,
    NOTICES_UNTIL,
)
from app.configuration.service import settings as configuration
from app.contact_policy.models import Consent, OptOut
from app.contact_policy.rules import (
    CALL,
    CALL_REFUSAL_TEXT,
    EVERYTHING,
    REFUSAL_TEXT,
    USUAL,
    Cap,
    Hours,
    Limits,
    Permission,
    permit,
)
from app.contact_policy.service.caps import CapCount
from app.errors import Refused
from app.messages.rules.states import MessageKind, Origin, Priority
from app.patients.models import Patient, PatientPhone

# What somebody may see says nothing about whom the hospital may write to: a death outside the scope still counts.
_WHOLE = {UNSCOPED: True}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """Who is to be contacted: a number (E.164) and, when it is known, the person; why, and when it would leave."""

    number: str
    patient_id: int | None
    kind: MessageKind
    origin: Origin = Origin.PERSON
    priority: Priority = Priority.NORMAL
    at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MayLeave:
    """Which messages may leave at this moment, apart from urgent care and what somebody wrote for one person."""

    marketing: bool
    notices: bool


def may_contact(
    session: Session,
    *,
    patient_id: int | None,
    number: str,
    kind: MessageKind,
    channel: str,
    now: datetime,
    origin: Origin = Origin.PERSON,
    at: datetime | None = None,
    timezone: ZoneInfo | None = None,
) -> Permission:
    """Ask whether a message of this kind may go to this number of this person, on this channel.

    Without a patient the answer covers everybody the number belongs to: it is refused when all of them are dead, or
    when nobody's entry of the number is still held to be right.
    """
    recipient = Recipient(number=number, patient_id=patient_id, kind=kind, origin=origin, at=at)
    return may_contact_each(session, [recipient], channel=channel, now=now, timezone=timezone)[0]


def may_contact_each(
    session: Session,
    recipients: Sequence[Recipient],
    *,
    channel: str,
    now: datetime,
    timezone: ZoneInfo | None = None,
) -> list[Permission]:
    """As may_contact, for many at once in a fixed number of queries; one answer for each, in order.

    With the hospital's `timezone` the caps are counted too, with what is already queued for that day and what comes
    earlier in `recipients`: ask so when something is queued. At sending, ask without: what was queued within its caps
    stays within them when the network was down for a while.
    """
    facts = _Facts(session, recipients, channel)
    caps = CapCount(session, recipients, limits(session), now=now, timezone=timezone) if timezone else None
    answers = []
    for recipient in recipients:
        answer = facts.answer(recipient, now)
        if answer.is_granted and caps is not None:
            answer = Permission(refusal=caps.take(recipient))
        answers.append(answer)
    return answers


def require_dialable(session: Session, *, patient_id: int, phone_id: int, now: datetime) -> None:
    """Raise Refused, with the sentence, when this number of this patient must not be called. Unknown numbers pass."""
    phone = session.get(PatientPhone, phone_id, execution_options=_WHOLE)
    if phone is None:
        return
    permission = may_contact(
        session, patient_id=patient_id, number=phone.number, kind=MessageKind.CARE, channel=CALL, now=now
    )
    if permission.refusal is not None:
        text = CALL_REFUSAL_TEXT.get(permission.refusal, REFUSAL_TEXT[permission.refusal])
        raise Refused(text, reason=str(permission.refusal))


def limits(session: Session) -> Limits:
    """The hours and caps that hold now."""
    found = configuration.values(
        session,
        MARKETING_FROM,
        MARKETING_UNTIL,
        NOTICES_FROM,
        NOTICES_UNTIL,
        MARKETING_PER_DAY,
        MARKETING_PER_WEEK,
        CARE_PER_DAY,
        CARE_PER_WEEK,
    )
    return Limits(
        marketing_hours=_hours(found[0], found[1], USUAL.marketing_hours),
        notice_hours=_hours(found[2], found[3], USUAL.notice_hours),
        marketing_cap=Cap(per_day=found[4], per_week=found[5]),
        care_cap=Cap(per_day=found[6], per_week=found[7]),
    )


def may_leave_now(session: Session, *, now: datetime, timezone: ZoneInfo) -> MayLeave:
    """What may leave at this moment, by the hospital's clock; asked again at sending, because messages get late."""
    held = limits(session)
    return MayLeave(
        marketing=held.marketing_hours.is_open(now, timezone), notices=held.notice_hours.is_open(now, timezone)
    )


def _hours(opens: int, closes: int, usual: Hours) -> Hours:
    # Two settings are saved one after the other; hours that never open would hold everything back for ever.
    return Hours(opens=opens, closes=closes) if opens < closes else usual


class _Facts:
    """What is known about these recipients, read once."""

    def __init__(self, session: Session, recipients: Sequence[Recipient], channel: str) -> None:
        self._channel = channel
        numbers = {recipient.number for recipient in recipients}
        ids = {recipient.patient_id for recipient in recipients if recipient.patient_id is not None}
        entries = session.execute(
            select(
                PatientPhone.number,
                PatientPhone.patient_id,
                PatientPhone.is_valid,
                PatientPhone.do_not_text,
                PatientPhone.do_not_call,
                Patient.deceased_at,
            )
            .join(PatientPhone.patient)
            .where(PatientPhone.number.in_(numbers)),
            execution_options=_WHOLE,
        ).all()
        self._entries: dict[str, list[_Entry]] = {}
        for row in entries:
            is_unwanted = row.do_not_call if channel == CALL else row.do_not_text
            entry = _Entry(row.patient_id, row.is_valid, is_unwanted, row.deceased_at)
            self._entries.setdefault(row.number, []).append(entry)
        deaths = select(Patient.id, Patient.deceased_at).where(Patient.id.in_(ids))
        self._deaths = dict(session.execute(deaths, execution_options=_WHOLE).all())
        self._read_wishes(session, numbers, ids | {row.patient_id for row in entries})

    def _read_wishes(self, session: Session, numbers: set[str], people: set[int]) -> None:
        consents = select(Consent.patient_id, Consent.kind, Consent.is_granted).where(
            Consent.patient_id.in_(people), Consent.channel == self._channel
        )
        self._consents: dict[tuple[int | None, str], bool] = {
            (patient_id, kind): is_granted
            for patient_id, kind, is_granted in session.execute(consents, execution_options=_WHOLE)
        }
        opt_outs = select(OptOut.number, OptOut.patient_id, OptOut.kind).where(
            OptOut.withdrawn_at.is_(None),
            OptOut.channel.in_([self._channel, EVERYTHING]),
            or_(OptOut.number.in_(numbers), OptOut.patient_id.in_(people)),
        )
        found = session.execute(opt_outs, execution_options=_WHOLE).all()
        self._by_number = {(row.number, row.kind) for row in found}
        self._by_person = {(row.patient_id, row.kind) for row in found if row.patient_id is not None}

    def answer(self, recipient: Recipient, now: datetime) -> Permission:
        patient_id, kind = recipient.patient_id, recipient.kind
        own = [entry for entry in self._entries.get(recipient.number, []) if patient_id in (None, entry.patient_id)]
        deaths = [entry.deceased_at for entry in own] if patient_id is None else [self._deaths.get(patient_id)]
        people = {entry.patient_id for entry in own} if patient_id is None else {patient_id}
        # The answer that says "we have heard you" is the one thing that still goes to who told us to stop.
        is_answer = recipient.origin is Origin.OPT_OUT
        is_denied = kind is not MessageKind.MARKETING and self._consents.get((patient_id, kind)) is False
        return permit(
            kind=kind,
            channel=self._channel,
            is_deceased=bool(deaths) and all(death is not None and death <= now for death in deaths),
            is_wrong_number=bool(own) and not any(entry.is_valid for entry in own),
            is_unwanted=bool(own) and all(entry.is_unwanted for entry in own if entry.is_valid),
            is_stopped=not is_answer and self._has_opted_out(recipient.number, people, EVERYTHING),
            is_opted_out=not is_answer and (is_denied or self._has_opted_out(recipient.number, people, kind)),
            has_consent=self._consents.get((patient_id, kind)) is True,
        )

    def _has_opted_out(self, number: str, people: set[int], kind: str) -> bool:
        if (number, kind) in self._by_number:
            return True
        return bool(people) and all((person, kind) in self._by_person for person in people)


@dataclass(frozen=True, slots=True)
class _Entry:
    patient_id: int
    is_valid: bool
    is_unwanted: bool
    deceased_at: datetime | None
