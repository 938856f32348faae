"""Take a chunk of patients' rows in: judge each, then write all of them in bulk (P-02, P-03)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, select, update
from sqlalchemy.orm import Session

from app.bulk import insert_rows, reserve_ids
from app.bus import Bus
from app.imports.models import PatientSourceTime, ReviewItem
from app.imports.rules import (
    Change,
    ContactRow,
    Identifier,
    Known,
    Outcome,
    PatientRow,
    Report,
    ReviewReason,
    ReviewState,
    Verdict,
    absorb,
    change_of,
    judge,
)
from app.imports.service.lookup import Index, look_up
from app.imports.service.packing import fingerprint, pack
from app.journal import service as journal
from app.patients.models import ContactPerson, Patient, PatientKind, PatientPhone
from app.patients.models import Identifier as IdentifierTable
from app.patients.rules import PhoneNumber
from app.patients.service.terms import index_names, index_new_names

_PATIENT: Any = Patient.__table__
_REVIEW: Any = ReviewItem.__table__
_PATIENT_COLUMNS = (
    "id", "name", "sex", "birth_date", "address", "postcode", "email", "work_unit", "remark", "is_key_patient",
    "is_provisional", "custom", "active_at", "created_at", "created_by", "updated_at", "row_version",
)  # fmt: skip
_PHONE_COLUMNS = (
    "patient_id", "contact_person_id", "number", "number_reversed", "extension", "kind", "as_entered", "is_valid",
)  # fmt: skip


@dataclass(slots=True)
class _Work:
    """What one record gets. A record with a negative id is made, any other is changed."""

    known: Known
    values: dict[str, object] = field(default_factory=dict)
    phones: list[PhoneNumber] = field(default_factory=list)
    identifiers: list[Identifier] = field(default_factory=list)
    contacts: list[ContactRow] = field(default_factory=list)
    source_time: datetime | None = None

    def add(self, change: Change) -> None:
        absorb(self.known, change)
        self.values |= change.values
        self.phones += change.phones
        self.identifiers += change.identifiers
        self.contacts += [change.contact] if change.contact else []
        self.source_time = change.source_time or self.source_time


@dataclass(frozen=True, slots=True)
class _Question:
    row: PatientRow
    verdict: Verdict


class PatientIntake:
    """Takes rows in on behalf of one run."""

    def __init__(self, bus: Bus, *, run_id: int | None, by: str | None, now: datetime) -> None:
        self._bus = bus
        self._run_id = run_id
        self._by = by
        self._now = now

    def take(self, session: Session, rows: Sequence[PatientRow]) -> Report:
        """Make, update or put to review what the rows say, in this transaction."""
        index = look_up(session, rows)
        work: dict[int, _Work] = {}
        questions: list[_Question] = []
        created = updated = 0
        for row in rows:
            verdict = judge(row, index.with_identifier(row), index.with_number(row))
            if verdict.outcome is Outcome.CREATE:
                created += 1
                self._create(row, index, work)
            elif verdict.outcome is Outcome.REVIEW:
                questions.append(_Question(row, verdict))
            else:
                assert verdict.record is not None
                updated += self._update(row, verdict.record, index, work)
        self._write(session, list(work.values()))
        to_review = self._ask(session.connection(), questions, index)
        unchanged = len(rows) - created - updated - to_review
        return Report(created=created, updated=updated, unchanged=unchanged, to_review=to_review)

    def update_record(self, session: Session, known: Known, change: Change) -> None:
        """Let a record that a person chose take that change."""
        work = _Work(known)
        work.add(change)
        self._write(session, [work])

    def create_record(self, session: Session, row: PatientRow) -> int:
        """Make a record of the row, as a person decided. Returns its id."""
        index, work = Index(), dict[int, _Work]()
        self._create(row, index, work)
        self._write(session, list(work.values()))
        return next(iter(work.values())).known.id

    def _create(self, row: PatientRow, index: Index, work: dict[int, _Work]) -> None:
        known = Known(
            id=-len(work) - 1,
            name=row.name,
            folded=row.folded,
            sex=row.sex,
            birth_date=row.birth_date,
            values=dict(row.values),
            source_time=row.source_time,
        )
        made = work[known.id] = _Work(known)
        made.add(
            Change(
                values={},
                phones=row.phones,
                identifiers=row.identifiers,
                contact=row.contact,
                source_time=row.source_time,
            )
        )
        index.put(known, (phone.e164 for phone in row.phones), row.identifiers)

    def _update(self, row: PatientRow, known: Known, index: Index, work: dict[int, _Work]) -> bool:
        change = change_of(row, known)
        if change.is_empty:
            return False
        work.setdefault(known.id, _Work(known)).add(change)
        index.put(known, (phone.e164 for phone in change.phones), change.identifiers)
        return True

    def _write(self, session: Session, work: Sequence[_Work]) -> None:
        connection = session.connection()
        new = [each for each in work if each.known.id < 0]
        changed = [each for each in work if each.known.id > 0]
        for each, patient_id in zip(new, reserve_ids(connection, Patient, len(new)), strict=True):
            each.known.id = patient_id
        self._insert_patients(connection, new)
        self._change_patients(connection, changed)
        _insert_numbers(connection, work)
        index_new_names(session, [(each.known.id, each.known.name) for each in new])
        index_names(session, [(each.known.id, each.known.name) for each in changed if "name" in each.values])
        self._journal(session, new, changed)

    def _insert_patients(self, connection: Connection, new: Sequence[_Work]) -> None:
        rows: list[tuple[Any, ...]] = []
        for each in new:
            known, say = each.known, each.known.values.get
            rows.append((
                known.id, known.name, known.sex, known.birth_date, say("address"), say("postcode"), say("email"),
                say("work_unit"), say("remark"), False, False, {}, self._now, self._now, self._by, self._now, 1,
            ))  # fmt: skip
        insert_rows(connection, Patient, _PATIENT_COLUMNS, rows)
        insert_rows(connection, PatientKind, ("patient_id", "kind"), [(each.known.id, "patient") for each in new])

    def _change_patients(self, connection: Connection, changed: Sequence[_Work]) -> None:
        alike: defaultdict[tuple[str, ...], list[dict[str, object]]] = defaultdict(list)
        for each in changed:
            values = {f"new_{name}": value for name, value in each.values.items()}
            alike[tuple(sorted(each.values))].append({"patient": each.known.id, **values})
        for names, rows in alike.items():
            statement = (
                update(_PATIENT)
                .where(_PATIENT.c.id == bindparam("patient"))
                .values(
                    {name: bindparam(f"new_{name}") for name in names}
                    | {"updated_at": self._now, "row_version": _PATIENT.c.row_version + 1}
                )
            )
            connection.execute(statement, rows)

    def _journal(self, session: Session, new: Sequence[_Work], changed: Sequence[_Work]) -> None:
        entries = []
        if new:
            ids = [each.known.id for each in new]
            payload = {"first_id": min(ids), "last_id": max(ids), "count": len(ids)}
            entries.append(journal.Entry(kind="patient.imported", at=self._now, agent=self._by, payload=payload))
        if changed:
            people = {"patient_ids": [each.known.id for each in changed]}
            entries.append(journal.Entry(kind="patient.updated", at=self._now, agent=self._by, payload=people))
        journal.append(session, self._bus, entries)

    def _ask(self, connection: Connection, questions: Sequence[_Question], index: Index) -> int:
        """Put the rows to people; how many wait. A row on which somebody decided before is not asked about again."""
        rows = {fingerprint(each.row): each for each in questions}
        there = select(_REVIEW.c.fingerprint, _REVIEW.c.state).where(_REVIEW.c.fingerprint.in_(rows))
        asked: dict[str, str] = {row[0]: row[1] for row in connection.execute(there)} if rows else {}
        fresh = [self._question(print_, each, index) for print_, each in rows.items() if print_ not in asked]
        if fresh:
            connection.execute(_REVIEW.insert(), fresh)
        return sum(asked.get(fingerprint(each.row), ReviewState.OPEN) == ReviewState.OPEN for each in questions)

    def _question(self, print_: str, question: _Question, index: Index) -> dict[str, Any]:
        row, verdict = question.row, question.verdict
        assert verdict.record is not None
        assert verdict.reason is not None
        is_phone_alone = verdict.reason is ReviewReason.SHARED_PHONE
        numbers = [phone.e164 for phone in row.phones if phone.e164 not in index.nobodys]
        return {
            "run_id": self._run_id,
            "line": row.line,
            "reason": verdict.reason,
            "key": numbers[0] if is_phone_alone else None,
            "fingerprint": print_,
            "row": pack(row),
            "patient_id": verdict.record.id,
            "other_id": verdict.other.id if verdict.other else None,
            "state": ReviewState.OPEN,
            "created_at": self._now,
        }


def _insert_numbers(connection: Connection, work: Sequence[_Work]) -> None:
    contacts = [(each, contact) for each in work for contact in each.contacts]
    contact_ids = reserve_ids(connection, ContactPerson, len(contacts))
    phones = [_phone(each.known.id, None, phone) for each in work for phone in each.phones]
    people = []
    for contact_id, (each, contact) in zip(contact_ids, contacts, strict=True):
        people.append((contact_id, each.known.id, contact.name, contact.relation, False))
        own = {(phone.e164, phone.extension) for phone in each.phones}
        free = [phone for phone in contact.phones if (phone.e164, phone.extension) not in own]
        phones += [_phone(each.known.id, contact_id, phone) for phone in free]
    identifiers = [
        (each.known.id, system, kind, value, value[::-1]) for each in work for system, kind, value in each.identifiers
    ]
    times = [(each.known.id, each.source_time) for each in work if each.source_time]
    insert_rows(connection, ContactPerson, ("id", "patient_id", "name", "relation", "may_be_told"), people)
    insert_rows(connection, PatientPhone, _PHONE_COLUMNS, phones)
    insert_rows(connection, IdentifierTable, ("patient_id", "system", "type", "value", "value_reversed"), identifiers)
    _write_times(connection, times)


def _phone(patient_id: int, contact_id: int | None, phone: PhoneNumber) -> tuple[Any, ...]:
    number, extension = phone.e164, phone.extension
    backwards = number.lstrip("+")[::-1]
    return patient_id, contact_id, number, backwards, extension, phone.kind.value, phone.display[:60], True


def _write_times(connection: Connection, times: Sequence[tuple[int, datetime | None]]) -> None:
    if times:
        table: Any = PatientSourceTime.__table__
        connection.execute(table.delete().where(table.c.patient_id.in_([patient_id for patient_id, _ in times])))
        insert_rows(connection, PatientSourceTime, ("patient_id", "at"), times)
