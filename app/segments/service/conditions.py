"""One condition of a segment as SQL on Patient: a branch for every kind.

Each expression is true or false and never null, so that `not` means the others. All of it goes through ORM entities,
because only those are cut to what the viewer may see.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Select, and_, extract, func, not_, or_, select, true, union_all

from app.calls.models import Call
from app.contact_policy.models import Consent
from app.groups.models import GroupMember
from app.messages.models import Message
from app.patients.models import (
    Patient,
    PatientFlag,
    PatientKind,
    PatientPhone,
    PatientSource,
    PatientTag,
)
from app.patients.rules import PhoneKind
from app.registers.models import RegisterMember
from app.segments.models import SegmentMember
from app.segments.rules import Condition, ConditionKind, years_before
from app.segments.service.clauses import Attribute, Clock, Expression, days_ago, has, in_tree, known, when
from app.segments.service.clinical import CLINICAL


def express(condition: Condition, clock: Clock) -> Expression:
    """This condition, negation included, on the columns of Patient."""
    expression = _BRANCHES[condition.kind](condition, clock)
    return not_(expression) if condition.is_negated else expression


def _is_one_of(column: Attribute) -> Callable[[Condition, Clock], Expression]:
    return lambda condition, _clock: known(column, column.in_(condition.codes))


def _has_one_of(patient: Attribute, column: Attribute) -> Callable[[Condition, Clock], Expression]:
    return lambda condition, _clock: has(select(patient).where(column.in_(condition.codes)))


def _has_row(patient: Attribute, column: Attribute) -> Callable[[Condition, Clock], Expression]:
    return lambda condition, _clock: has(select(patient).where(column.in_([int(code) for code in condition.codes])))


def _age(condition: Condition, clock: Clock) -> Expression:
    bounds: list[Expression] = []
    if condition.low is not None:
        bounds.append(Patient.birth_date <= years_before(clock.today, int(condition.low)))
    if condition.high is not None:
        bounds.append(Patient.birth_date > years_before(clock.today, int(condition.high) + 1))
    return known(Patient.birth_date, and_(*bounds))


def _birth_month(condition: Condition, _clock: Clock) -> Expression:
    return known(Patient.birth_date, extract("month", Patient.birth_date).in_([int(code) for code in condition.codes]))


def _source(condition: Condition, _clock: Clock) -> Expression:
    later = select(PatientSource.patient_id).where(in_tree(PatientSource.source, "source", condition))
    return or_(in_tree(Patient.first_source, "source", condition), has(later))


def _mobile(_condition: Condition, _clock: Clock) -> Expression:
    return has(
        select(PatientPhone.patient_id).where(
            PatientPhone.kind == PhoneKind.MOBILE,
            PatientPhone.contact_person_id.is_(None),
            PatientPhone.is_valid,
            not_(PatientPhone.do_not_text),
        )
    )


def _consent(condition: Condition, _clock: Clock) -> Expression:
    return has(select(Consent.patient_id).where(Consent.kind.in_(condition.codes), Consent.is_granted))


def _custom(condition: Condition, _clock: Clock) -> Expression:
    said = Patient.custom[condition.key].as_string()
    return and_(said.is_not(None), said == condition.text)


def _contacts(condition: Condition, clock: Clock) -> list[Select[Any]]:
    """The chosen channels' contacts, each with its patient and its time."""
    chosen = condition.codes or ("call", "message")
    channels = {"call": (Call.patient_id, Call.started_at), "message": (Message.patient_id, Message.created_at)}
    found: list[Select[Any]] = []
    for patient, at in (channels[code] for code in chosen):
        named: list[Any] = [patient.label("patient_id"), at.label("at")]
        found.append(select(*named).where(patient.is_not(None), *when(at, condition, clock)))
    return found


def _contact(condition: Condition, clock: Clock) -> Expression:
    return or_(*(has(select(each.subquery().c.patient_id)) for each in _contacts(condition, clock)))


def _last_contact(condition: Condition, clock: Clock) -> Expression:
    contacts = union_all(*_contacts(condition, clock)).subquery()
    latest = func.max(contacts.c.at)
    grouped = select(contacts.c.patient_id).group_by(contacts.c.patient_id)
    return has(grouped.having(and_(true(), *days_ago(latest, condition, clock))))


_BRANCHES: dict[ConditionKind, Callable[[Condition, Clock], Expression]] = {
    ConditionKind.SEX: _is_one_of(Patient.sex),
    ConditionKind.AGE: _age,
    ConditionKind.BIRTH_MONTH: _birth_month,
    ConditionKind.REGION: lambda condition, _clock: in_tree(Patient.region, "region", condition),
    ConditionKind.LANGUAGE: _is_one_of(Patient.language),
    ConditionKind.CHANNEL: _is_one_of(Patient.preferred_channel),
    ConditionKind.PATIENT_KIND: _has_one_of(PatientKind.patient_id, PatientKind.kind),
    ConditionKind.TAG: _has_one_of(PatientTag.patient_id, PatientTag.tag),
    ConditionKind.FLAG: _has_one_of(PatientFlag.patient_id, PatientFlag.flag),
    ConditionKind.KEY_PATIENT: lambda _condition, _clock: Patient.is_key_patient.is_(True),
    ConditionKind.MEMBER_TYPE: _is_one_of(Patient.member_type),
    ConditionKind.MEMBER_LEVEL: _is_one_of(Patient.member_level),
    ConditionKind.CREDIT_RATING: _is_one_of(Patient.credit_rating),
    ConditionKind.SOURCE: _source,
    ConditionKind.CREATED: lambda condition, clock: and_(true(), *when(Patient.created_at, condition, clock)),
    ConditionKind.PROVISIONAL: lambda _condition, _clock: Patient.is_provisional.is_(True),
    ConditionKind.DECEASED: lambda _condition, _clock: Patient.deceased_at.is_not(None),
    ConditionKind.HAS_MOBILE: _mobile,
    ConditionKind.HAS_ADDRESS: lambda _condition, _clock: known(Patient.address, Patient.address != ""),
    ConditionKind.CONSENT: _consent,
    ConditionKind.CUSTOM: _custom,
    ConditionKind.CONTACT: _contact,
    ConditionKind.LAST_CONTACT: _last_contact,
    ConditionKind.REGISTER: lambda condition, _clock: has(
        select(RegisterMember.patient_id).where(
            RegisterMember.left_at.is_(None), RegisterMember.register_id.in_([int(code) for code in condition.codes])
        )
    ),
    ConditionKind.GROUP: _has_row(GroupMember.patient_id, GroupMember.group_id),
    ConditionKind.SEGMENT: _has_row(SegmentMember.patient_id, SegmentMember.segment_id),
    **CLINICAL,
}
