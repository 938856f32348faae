"""Whom a segment's rule holds among the people of the small hospital, told in plain Python without a database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from app.patients.rules import age_on
from app.segments.rules import Condition, ConditionKind, Group, Joint, Node, SegmentRule
from tests.db.small_hospital import DEPARTMENTS, DISEASES, REGIONS, SOURCES, TODAY, ZONE, Person, SmallHospital


def matching(hospital: SmallHospital, rule: SegmentRule) -> list[int]:
    """The ids of everybody for whom the rule holds."""
    asks_for_dead = rule.with_deceased or any(each.kind is ConditionKind.DECEASED for each in rule.conditions())
    return [
        person.row.id
        for person in hospital.people
        if person.row.merged_into_id is None
        and (asks_for_dead or person.row.deceased_at is None)
        and _holds(rule.root, person)
    ]


def _holds(node: Node, person: Person) -> bool:
    if isinstance(node, Group):
        parts = [_holds(part, person) for part in node.parts]
        joined = (all(parts) if node.joint is Joint.ALL else any(parts)) if parts else True
        return joined if not parts else joined != node.is_negated
    return _ASKED[node.kind](node, person) != node.is_negated


def _days(condition: Condition) -> tuple[date, date]:
    first, last = condition.period.bounds(TODAY) if condition.period else (None, None)
    return first or date.min, last or date.max


def _inside(at: datetime, condition: Condition) -> bool:
    first, last = _days(condition)
    return first <= at.astimezone(ZONE).date() <= last


def _below(code: str | None, condition: Condition, tree: dict[Any, str]) -> bool:
    return code is not None and any(each == code or f"/{each}/" in tree.get(code, "") for each in condition.codes)


def _between(figure: float, condition: Condition) -> bool:
    low = condition.low if condition.low is not None else float("-inf")
    high = condition.high if condition.high is not None else float("inf")
    return low <= figure <= high


def _named(events: list[tuple[datetime, str]], condition: Condition) -> bool:
    return any(_inside(at, condition) and condition.text.lower() in name.lower() for at, name in events)


def _visit(condition: Condition, person: Person) -> bool:
    return any(
        _inside(at, condition)
        and (not condition.codes or any(f"/{code}/" in DEPARTMENTS[department] for code in condition.codes))
        and condition.text in ("", doctor)
        and condition.key in ("", kind)
        for at, kind, department, doctor in person.visits
    )


def _spent(condition: Condition, person: Person, kinds: tuple[str, ...]) -> bool:
    first, last = _days(condition)
    return _between(
        sum(cents for day, kind, cents in person.charges if kind in kinds and first <= day <= last), condition
    )


def _days_ago(moments: list[datetime], condition: Condition) -> bool:
    return bool(moments) and _between((TODAY - max(moments).astimezone(ZONE).date()).days, condition)


def _contacts(condition: Condition, person: Person) -> list[datetime]:
    chosen = condition.codes or ("call", "message")
    return [*(person.calls if "call" in chosen else []), *(person.messages if "message" in chosen else [])]


def _number(value: str) -> float | None:
    try:
        return float(value)
    except ValueError:
        return None


def _result(condition: Condition, person: Person) -> bool:
    return any(
        condition.text.lower() in item.lower()
        and (not condition.codes or flag in condition.codes)
        and (
            (condition.low, condition.high) == (None, None)
            or ((n := _number(value)) is not None and _between(n, condition))
        )
        for item, value, flag in person.results
    )


def _column(name: str) -> Callable[[Condition, Person], bool]:
    return lambda condition, person: getattr(person.row, name) in condition.codes


def _words(name: str) -> Callable[[Condition, Person], bool]:
    return lambda condition, person: bool(getattr(person, name) & set(condition.codes))


_ASKED: dict[ConditionKind, Callable[[Condition, Person], bool]] = {
    ConditionKind.SEX: _column("sex"),
    ConditionKind.AGE: lambda c, p: (age := age_on(p.row.birth_date, TODAY)) is not None and _between(age, c),
    ConditionKind.BIRTH_MONTH: lambda c, p: p.row.birth_date is not None and str(p.row.birth_date.month) in c.codes,
    ConditionKind.REGION: lambda c, p: _below(p.row.region, c, REGIONS),
    ConditionKind.LANGUAGE: _column("language"),
    ConditionKind.CHANNEL: _column("preferred_channel"),
    ConditionKind.PATIENT_KIND: _words("kinds"),
    ConditionKind.TAG: _words("tags"),
    ConditionKind.FLAG: _words("flags"),
    ConditionKind.KEY_PATIENT: lambda _c, p: p.row.is_key_patient,
    ConditionKind.MEMBER_TYPE: _column("member_type"),
    ConditionKind.MEMBER_LEVEL: _column("member_level"),
    ConditionKind.CREDIT_RATING: _column("credit_rating"),
    ConditionKind.SOURCE: lambda c, p: any(_below(each, c, SOURCES) for each in {*p.sources, p.row.first_source}),
    ConditionKind.CREATED: lambda c, p: _inside(p.row.created_at, c),
    ConditionKind.PROVISIONAL: lambda _c, p: p.row.is_provisional,
    ConditionKind.DECEASED: lambda _c, p: p.row.deceased_at is not None,
    ConditionKind.HAS_MOBILE: lambda _c, p: p.has_mobile,
    ConditionKind.HAS_ADDRESS: lambda _c, p: bool(p.row.address),
    ConditionKind.CONSENT: _words("consents"),
    ConditionKind.CUSTOM: lambda c, p: p.row.custom.get(c.key) == c.text,
    ConditionKind.VISIT: _visit,
    ConditionKind.VISIT_COUNT: lambda c, p: _between(sum(_inside(each[0], c) for each in p.visits), c),
    ConditionKind.LAST_VISIT: lambda c, p: _days_ago([each[0] for each in p.visits], c),
    ConditionKind.DISEASE: lambda c, p: any(_inside(at, c) and _below(code, c, DISEASES) for at, code in p.diseases),
    ConditionKind.OPERATION: lambda c, p: _named(p.operations, c),
    ConditionKind.DRUG: lambda c, p: _named(p.drugs, c),
    ConditionKind.SPENDING: lambda c, p: _spent(c, p, ("drug", "exam", "other")),
    ConditionKind.DRUG_SPENDING: lambda c, p: _spent(c, p, ("drug",)),
    ConditionKind.EXAM: lambda c, p: _named([*p.exams, *_panel(p)], c),
    ConditionKind.EXAM_RESULT: _result,
    ConditionKind.CONTACT: lambda c, p: any(_inside(at, c) for at in _contacts(c, p)),
    ConditionKind.LAST_CONTACT: lambda c, p: _days_ago(_contacts(c, p), c),
    ConditionKind.REGISTER: _words("registers"),
    ConditionKind.GROUP: _words("groups"),
    ConditionKind.SEGMENT: _words("segments"),
}


def _panel(person: Person) -> list[tuple[datetime, str]]:
    """The exam that only holds results."""
    at = datetime(2000, 1, 1, tzinfo=ZONE)
    return [(at, "Panel without a name of its own")] if person.results else []
