"""Sixty people with a history, from a seed: as rows, and as plain values that conditions are told by."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.calls.models import Call
from app.codes.models import CodeItem
from app.contact_policy.models import Consent
from app.groups.models import CustomerGroup, GroupMember
from app.messages.models import Message
from app.organisation.models import Department
from app.patients.models import (
    Patient,
    PatientFlag,
    PatientKind,
    PatientPhone,
    PatientSource,
    PatientTag,
)
from app.registers.models import Register, RegisterMember
from app.segments.models import SavedSegment, SegmentMember
from app.visits.models import Charge, Diagnosis, Exam, ExamResult, Medication, Operation, Visit

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 3, 1)
NOW = datetime.combine(TODAY, time(15), ZONE)
PEOPLE = 60
REGIONS = {"33": "/33/", "3301": "/33/3301/", "330106": "/33/3301/330106/", "31": "/31/"}
SOURCES = {"media": "/media/", "radio": "/media/radio/", "friend": "/friend/"}
DISEASES = {"I10-I15": "/I10-I15/", "I10": "/I10-I15/I10/", "E11": "/E11/"}
# Department 1 holds department 2; 3 stands alone.
DEPARTMENTS = {1: "/1/", 2: "/1/2/", 3: "/3/"}


@dataclass(slots=True)
class Person:
    """What is known of one person, as a test would write it on paper."""

    row: Patient
    kinds: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    flags: set[str] = field(default_factory=set)
    sources: set[str] = field(default_factory=set)
    has_mobile: bool = False
    consents: set[str] = field(default_factory=set)
    visits: list[tuple[datetime, str, int, str]] = field(default_factory=list)  # at, kind, department, doctor
    diseases: list[tuple[datetime, str]] = field(default_factory=list)
    operations: list[tuple[datetime, str]] = field(default_factory=list)
    drugs: list[tuple[datetime, str]] = field(default_factory=list)
    charges: list[tuple[date, str, int]] = field(default_factory=list)
    exams: list[tuple[datetime, str]] = field(default_factory=list)
    results: list[tuple[str, str, str | None]] = field(default_factory=list)
    calls: list[datetime] = field(default_factory=list)
    messages: list[datetime] = field(default_factory=list)
    registers: set[str] = field(default_factory=set)
    groups: set[str] = field(default_factory=set)
    segments: set[str] = field(default_factory=set)


class SmallHospital:
    """The people of one seed; `insert` puts them into an empty database."""

    def __init__(self, seed: int = 7) -> None:
        self._dice = random.Random(seed)
        self.people = [self._person(number) for number in range(1, PEOPLE + 1)]

    def insert(self, session: Session) -> None:
        session.add_all(
            Department(id=key, code=f"d{key}", name=f"Department {key}", path=path, created_at=NOW)
            for key, path in DEPARTMENTS.items()
        )
        for name, tree in (("region", REGIONS), ("source", SOURCES), ("disease", DISEASES)):
            session.add_all(CodeItem(list=name, code=code, path=path, name=code) for code, path in tree.items())
        by = {"created_at": NOW, "updated_at": NOW}
        for n in (901, 902):
            session.add(CustomerGroup(id=n, name=f"Group {n}", kind="scheme", created_by="alice", **by))
            session.add(Register(id=n, name=f"Register {n}", created_by="alice", **by))
        session.add(SavedSegment(id=901, name="List", rule={}, owner="alice", is_shared=True, frozen_at=NOW, **by))
        session.flush()
        session.add_all(person.row for person in self.people)
        session.flush()
        for person in self.people:
            session.add_all(_rows_of(person))
        session.flush()

    def _person(self, number: int) -> Person:
        dice = self._dice
        row = Patient(
            id=number,
            name=f"Person {number}",
            sex=dice.choice("FMU"),
            birth_date=dice.choice(
                [None, date(1930 + dice.randrange(95), dice.randrange(1, 13), dice.randrange(1, 29))]
            ),
            language=dice.choice([None, "zh", "yue"]),
            preferred_channel=dice.choice([None, "call", "sms"]),
            is_key_patient=dice.random() < 0.2,
            is_provisional=dice.random() < 0.2,
            region=dice.choice([None, "999999", *REGIONS]),
            first_source=dice.choice([None, *SOURCES]),
            member_type=dice.choice([None, "vip", "basic"]),
            member_level=dice.choice([None, "gold"]),
            credit_rating=dice.choice([None, "A", "B"]),
            address=dice.choice([None, "", "文三路 478 号"]),
            custom=dice.choice([{}, {"insurer": "平安"}, {"insurer": "人保"}]),
            deceased_at=NOW if dice.random() < 0.1 else None,
            merged_into_id=1 if number > 55 else None,
            created_at=self._moment(),
            updated_at=NOW,
            active_at=NOW,
        )
        person = Person(
            row=row,
            kinds=self._some("patient", "family", "prospect"),
            tags=self._some("quiet", "morning"),
            flags=self._some("deaf", "allergy"),
            sources=self._some(*SOURCES),
            has_mobile=dice.random() < 0.5,
            consents=self._some("care", "marketing"),
            registers=self._some("901", "902"),
            groups=self._some("901", "902"),
            segments=self._some("901"),
        )
        for _ in range(dice.choice([0, 0, 1, 2, 4])):
            self._visit(person)
        person.calls = [self._moment() for _ in range(dice.choice([0, 0, 1, 2]))]
        person.messages = [self._moment() for _ in range(dice.choice([0, 0, 1, 2]))]
        return person

    def _visit(self, person: Person) -> None:
        dice, at = self._dice, self._moment()
        kind, doctor = dice.choice(["outpatient", "inpatient"]), dice.choice(["dora", "dan"])
        person.visits.append((at, kind, dice.choice([*DEPARTMENTS]), doctor))
        person.diseases += [(at, code) for code in self._some(*DISEASES)]
        person.operations += [(at, name) for name in self._some("Appendectomy", "Hip replacement")]
        person.drugs += [(at, name) for name in self._some("Metformin 500 mg", "Aspirin 100%")]
        day = at.astimezone(ZONE).date()
        kinds = ("drug", "exam", "other")
        person.charges += [(day, dice.choice(kinds), dice.randrange(-300, 900) * 100) for _ in range(dice.randrange(4))]
        person.exams += [(at, name) for name in self._some("Blood count", "CT chest")]
        person.results += [
            ("Glucose", dice.choice(["5.1", "11.2", "n/a", "++", "-3"]), dice.choice([None, "high", "low"]))
            for _ in range(dice.randrange(2))
        ]

    def _moment(self) -> datetime:
        return NOW - timedelta(days=self._dice.randrange(500), minutes=self._dice.randrange(1440))

    def _some(self, *words: str) -> set[str]:
        return {word for word in words if self._dice.random() < 0.4}


def _rows_of(person: Person) -> list[Any]:
    at, patient = NOW, {"patient_id": person.row.id}
    rows: list[Any] = [PatientKind(kind=each, **patient) for each in person.kinds]
    rows += [PatientTag(tag=each, created_at=at, **patient) for each in person.tags]
    rows += [PatientFlag(flag=each, since=at, **patient) for each in person.flags]
    rows += [PatientSource(source=each, at=at, **patient) for each in person.sources]
    rows += [Consent(kind=each, channel="sms", is_granted=True, changed_at=at, **patient) for each in person.consents]
    rows += [GroupMember(group_id=int(n), created_at=at, created_by="alice", **patient) for n in person.groups]
    rows += [RegisterMember(register_id=int(n), joined_at=at, **patient) for n in person.registers]
    rows += [SegmentMember(segment_id=int(n), **patient) for n in person.segments]
    number = f"+861380000{person.row.id:04}"
    rows += [PatientPhone(number=number, kind="mobile", as_entered=number, is_valid=person.has_mobile, **patient)]
    rows += _clinical_rows(person)
    rows += [_call(f"{person.row.id}.{n}", when, patient) for n, when in enumerate(person.calls)]
    rows += [
        Message(direction="out", kind="care", state="sent", number=number, text="–", created_at=when, **patient)
        for when in person.messages
    ]
    return rows


def _clinical_rows(person: Person) -> list[Any]:
    patient = {"patient_id": person.row.id}
    made: list[Any] = []

    def source() -> dict[str, Any]:
        return {"source_system": "HIS", "source_key": f"{person.row.id}-{len(made)}", **patient}

    for at, kind, department, doctor in person.visits:
        made.append(Visit(kind=kind, department_id=department, doctor=doctor, started_at=at, status="done", **source()))
    for at, code in person.diseases:
        made.append(Diagnosis(disease=code, text=code, at=at, **source()))
    for at, name in person.operations:
        made.append(Operation(name=name, at=at, **source()))
    for at, name in person.drugs:
        made.append(Medication(drug=name, at=at, **source()))
    for day, kind, cents in person.charges:
        at = datetime.combine(day, time(9), ZONE)
        made.append(Charge(day=day, at=at, item=kind, kind=kind, amount_cents=cents, **source()))
    for at, name in person.exams:
        made.append(Exam(kind="laboratory", name=name, at=at, **source()))
    if person.results:
        made.append(
            Exam(
                kind="laboratory",
                name="Panel without a name of its own",
                at=datetime(2000, 1, 1, tzinfo=ZONE),
                results=[
                    ExamResult(item=item, value=value, flag=flag, **patient) for item, value, flag in person.results
                ],
                **source(),
            )
        )
    return made


def _call(linkedid: str, at: datetime, patient: dict[str, int]) -> Call:
    number = "+8657112345678"
    who = {"number": number, "number_signalled": number, "direction": "inbound", "state": "ended", "dialled": "4000"}
    return Call(id=linkedid, linkedid=linkedid, started_at=at, **who, **patient)
