"""What becomes of a patient's row: a new record, an update, nothing, or a question to a person (P-03).

A row that shares an identifier with a record belongs to that record. A telephone number alone proves nothing, because
families share it: it counts when the name agrees. Whatever contradicts what the record says goes to review, and so does
a row that fits two records. Nothing is merged silently.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum

from app.imports.rules.runs import ReviewReason
from app.patients.rules import IdentifierType, PhoneNumber, Sex, is_unnamed

Identifier = tuple[str, str, str]
"""System, type, value."""
Number = tuple[str, str]
"""E.164 and extension."""
PLAIN = ("address", "postcode", "email", "work_unit", "remark")
"""Columns of a record that a row may fill and that contradict nobody when they differ."""


class Outcome(StrEnum):
    CREATE = "create"
    UPDATE = "update"  # the record may take something from the row, or nothing new
    REVIEW = "review"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactRow:
    name: str
    relation: str
    phones: tuple[PhoneNumber, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PatientRow:
    """One cleaned row. `folded` is the name as names are compared."""

    line: int
    name: str
    folded: str
    sex: str
    birth_date: date | None
    values: dict[str, str]  # of PLAIN, only what the row says
    phones: tuple[PhoneNumber, ...]
    identifiers: tuple[Identifier, ...]
    contact: ContactRow | None
    source_time: datetime | None


@dataclass(slots=True, kw_only=True, eq=False)
class Known:
    """A record as it is, with what earlier rows of the same list brought. A negative id is a record being made."""

    id: int
    name: str
    folded: str
    sex: str
    birth_date: date | None
    values: dict[str, str]
    numbers: set[Number] = field(default_factory=set)
    identifiers: set[Identifier] = field(default_factory=set)
    contacts: set[str] = field(default_factory=set)  # folded names of contact persons
    is_provisional: bool = False
    source_time: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    outcome: Outcome
    record: Known | None = None
    other: Known | None = None
    reason: ReviewReason | None = None


_CREATE = Verdict(outcome=Outcome.CREATE)


def judge(row: PatientRow, by_identifier: Sequence[Known], by_number: Sequence[Known]) -> Verdict:
    """What to do with the row. `by_identifier` and `by_number` hold each record that shares one, in a fixed order."""
    if len(by_identifier) > 1:
        return _two(by_identifier[0], by_identifier[1])
    namesakes = [known for known in by_number if known.folded == row.folded]
    agreeing = [known for known in namesakes if contradiction(row, known) is None]
    if by_identifier:
        record = by_identifier[0]
        against = contradiction(row, record)
        if against is not None:
            return Verdict(outcome=Outcome.REVIEW, record=record, reason=against)
        others = [known for known in agreeing if known.id != record.id]
        return _two(record, others[0]) if others else Verdict(outcome=Outcome.UPDATE, record=record)
    if len(agreeing) > 1:
        return _two(agreeing[0], agreeing[1])
    if agreeing:
        return Verdict(outcome=Outcome.UPDATE, record=agreeing[0])
    if namesakes:
        return Verdict(outcome=Outcome.REVIEW, record=namesakes[0], reason=contradiction(row, namesakes[0]))
    if len(by_number) == 1 and _is_nameless(by_number[0]):
        return Verdict(outcome=Outcome.UPDATE, record=by_number[0])
    if by_number:
        return Verdict(outcome=Outcome.REVIEW, record=by_number[0], reason=ReviewReason.SHARED_PHONE)
    return _CREATE


def contradiction(row: PatientRow, known: Known) -> ReviewReason | None:
    """What the row says otherwise than the record, nothing when both can be the same person."""
    if known.folded != row.folded and not _is_nameless(known):
        return ReviewReason.OTHER_NAME
    if row.birth_date and known.birth_date and row.birth_date != known.birth_date:
        return ReviewReason.OTHER_BIRTH_DATE
    if {row.sex, known.sex} == {Sex.MALE, Sex.FEMALE}:
        return ReviewReason.OTHER_SEX
    theirs, ours = _id_cards(known.identifiers), _id_cards(row.identifiers)
    if theirs and ours and not theirs & ours:
        return ReviewReason.OTHER_ID_CARD
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a record takes from a row. `values` holds the columns of the record that get another value."""

    values: dict[str, object]
    phones: tuple[PhoneNumber, ...]
    identifiers: tuple[Identifier, ...]
    contact: ContactRow | None
    source_time: datetime | None

    @property
    def is_empty(self) -> bool:
        return not (self.values or self.phones or self.identifiers or self.contact or self.source_time)


def change_of(row: PatientRow, known: Known) -> Change:
    """What the record takes: empty fields are filled, numbers and identifiers added.

    A row whose source wrote it after the state that the record has also replaces what is there; an older one only
    fills (domain rule: the later source time wins, whatever the order of arrival).
    """
    is_later = row.source_time is not None and (known.source_time is None or row.source_time > known.source_time)
    replaces = is_later and known.source_time is not None
    values: dict[str, object] = {
        name: value
        for name, value in row.values.items()
        if not known.values.get(name) or (replaces and known.values[name] != value)
    }
    if _is_nameless(known) and row.name != known.name:
        values["name"] = row.name
    if known.is_provisional:
        values["is_provisional"] = False
    if known.birth_date is None and row.birth_date is not None:
        values["birth_date"] = row.birth_date
    if known.sex == Sex.UNKNOWN and row.sex != Sex.UNKNOWN:
        values["sex"] = row.sex
    own = known.numbers | {(phone.e164, phone.extension) for phone in row.phones}
    there = {(kind, value) for _system, kind, value in known.identifiers}
    return Change(
        values=values,
        phones=tuple(phone for phone in row.phones if (phone.e164, phone.extension) not in known.numbers),
        identifiers=tuple(
            each for each in row.identifiers if each not in known.identifiers and (each[0] or each[1:] not in there)
        ),
        contact=_new_contact(row.contact, known, own),
        source_time=row.source_time if is_later else None,
    )


def correction_of(row: PatientRow, known: Known) -> Change:
    """As `change_of`, where a person said that the row is right: it also replaces what the record says otherwise."""
    values: dict[str, object] = {name: value for name, value in row.values.items() if known.values.get(name) != value}
    own = {"name": row.name, "birth_date": row.birth_date, "sex": None if row.sex == Sex.UNKNOWN else row.sex}
    values |= {name: value for name, value in own.items() if value is not None and value != getattr(known, name)}
    change = change_of(row, known)
    return replace(change, values={**change.values, **values})


def absorb(known: Known, change: Change) -> None:
    """Let the record in hand say what it will say once the change is written."""
    for name, value in change.values.items():
        if name in PLAIN:
            known.values[name] = str(value)
        else:
            setattr(known, name, value)
    known.numbers |= {(phone.e164, phone.extension) for phone in change.phones}
    known.identifiers |= set(change.identifiers)
    if change.contact:
        known.contacts.add(change.contact.name.casefold())
        known.numbers |= {(phone.e164, phone.extension) for phone in change.contact.phones}
    known.source_time = change.source_time or known.source_time


def _new_contact(contact: ContactRow | None, known: Known, own: set[Number]) -> ContactRow | None:
    if contact is None or contact.name.casefold() in known.contacts:
        return None
    return replace(contact, phones=tuple(each for each in contact.phones if (each.e164, each.extension) not in own))


def _two(record: Known, other: Known) -> Verdict:
    return Verdict(outcome=Outcome.REVIEW, record=record, other=other, reason=ReviewReason.TWO_RECORDS)


def _is_nameless(known: Known) -> bool:
    # Whoever completes the record of a first contact says who it is.
    return is_unnamed(known.name, is_provisional=known.is_provisional)


def _id_cards(identifiers: Sequence[Identifier] | set[Identifier] | tuple[Identifier, ...]) -> set[str]:
    return {value for _system, kind, value in identifiers if kind == IdentifierType.ID_CARD}
