"""Every list that the product exports, in one place. A room with a list adds its line here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.access.service import number_for
from app.contact_policy.rules import REFUSAL_TEXT
from app.errors import InvalidInput, NotFound
from app.exports import floor_lists, patient_list, quality_lists, questionnaire_lists
from app.exports.rules import CellKind
from app.exports.service import (
    PEOPLE_COLUMNS,
    Arguments,
    Asker,
    Column,
    ListExport,
    People,
    count_people,
    register_lists,
    rows_of_people,
)
from app.groups import service as groups
from app.mailings import service as mailings
from app.mass_sends import service as mass_sends
from app.mass_sends.rules import EXCLUSION_TEXT
from app.messages.rules import OutState
from app.patients.models import Patient
from app.registers import service as registers
from app.segments import service as segments
from app.segments.rules import SegmentPurpose
from app.texts import N_
from app.visits.models import Charge

Query = Mapping[str, str]


def _of_segment(session: Session, arguments: Arguments, asker: Asker) -> Select[int]:
    return segments.members(session, arguments["segment"], now=asker.now, zone=asker.zone)


def _read_segment(session: Session, query: Query, _asker: Asker) -> dict[str, Any]:
    return {"segment": segments.get_segment(session, _id(query, "segment")).id}


def _describe_segment(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    return [(N_("Segment"), segments.get_segment(session, arguments["segment"]).name)]


def _note_use(session: Session, arguments: Arguments, asker: Asker, rows: int) -> None:
    by = asker.viewer.username
    segments.record_use(session, arguments["segment"], SegmentPurpose.EXPORT, members=rows, by=by, now=asker.now)


def _read_group(session: Session, query: Query, _asker: Asker) -> dict[str, Any]:
    return {"group": groups.get_group(session, _id(query, "group")).id}


def _describe_group(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    return [(N_("Group customer"), groups.get_group(session, arguments["group"]).name)]


def _read_register(session: Session, query: Query, _asker: Asker) -> dict[str, Any]:
    return {"register": registers.get_register(session, _id(query, "register")).id}


def _describe_register(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    return [(N_("Register"), registers.get_register(session, arguments["register"]).name)]


def _read_days(_session: Session, query: Query, _asker: Asker) -> dict[str, Any]:
    return {name: _day(query, name).isoformat() for name in ("since", "until")}


def _describe_days(_session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    return [(N_("From day"), arguments["since"]), (N_("To day"), arguments["until"])]


def _of_birthdays(session: Session, arguments: Arguments, _asker: Asker) -> Select[int]:
    days = (date.fromisoformat(arguments[name]) for name in ("since", "until"))
    # A quarter of a year of a million patients is more than a statement can name; the days are narrowed before that.
    people = [each.patient_id for each in mailings.birthdays(session, *days)]
    if len(people) > _MOST_BIRTHDAYS:
        raise InvalidInput(N_("More than 30,000 birthdays lie in this range. Choose fewer days."), field="until")
    return select(Patient.id).where(Patient.id.in_(people))


# SQLite takes 32,766 parameters in one statement.
_MOST_BIRTHDAYS = 30_000


def _read_patient(session: Session, query: Query, _asker: Asker) -> dict[str, Any]:
    patient_id = _id(query, "patient")
    if session.scalar(select(Patient.id).where(Patient.id == patient_id)) is None:
        raise NotFound(N_("There is no such patient."))
    return {"patient_id": patient_id}


def _charges(arguments: Arguments) -> Select[Charge]:
    return select(Charge).where(Charge.patient_id == arguments["patient_id"])


def _count_charges(session: Session, arguments: Arguments, _asker: Asker) -> int:
    return session.scalar(select(func.count()).select_from(_charges(arguments).subquery())) or 0


def _charge_rows(session: Session, arguments: Arguments, _asker: Asker) -> Iterator[Charge]:
    yield from session.scalars(_charges(arguments).order_by(Charge.day, Charge.id).execution_options(yield_per=500))


def _describe_patient(_session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    return [(N_("Patient"), f"#{arguments['patient_id']}")]


def _id(query: Query, name: str) -> int:
    text = query.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 11 and int(text) < 2**31):
        raise NotFound(N_("There is no such list."))
    return int(text)


def _day(query: Query, name: str) -> date:
    try:
        return date.fromisoformat(query.get(name, ""))
    except ValueError:
        raise InvalidInput(N_("This is no date."), field=name) from None


def _list_of_people(name: str, title: str, people: People, **more: Any) -> ListExport:
    return ListExport(
        name=name,
        title=title,
        columns=PEOPLE_COLUMNS,
        count=count_people(people),
        rows=rows_of_people(people),
        patient_of=lambda person: int(person.patient.id),
        **more,
    )


_CHARGE_KINDS = {
    "registration": N_("Registration"),
    "drug": N_("Drugs"),
    "exam": N_("Examinations"),
    "operation": N_("Operations"),
    "bed": N_("Bed"),
    "material": N_("Material"),
    "other": N_("Other"),
}
_CHARGE_COLUMNS = (
    Column(key="day", title=N_("Day"), value=lambda row, _asker: row.day, kind=CellKind.DAY),
    Column(key="item", title=N_("Item"), value=lambda row, _asker: row.item, width=40),
    Column(key="kind", title=N_("Kind"), value=lambda row, _asker: row.kind, words=_CHARGE_KINDS),
    Column(key="amount", title=N_("Amount"), value=lambda row, _asker: row.amount_cents, kind=CellKind.MONEY),
    Column(key="doctor", title=N_("Doctor"), value=lambda row, _asker: row.doctor),
    Column(key="source_key", title=N_("Number at the source"), value=lambda row, _asker: row.source_key, width=24),
)


def _read_mass_send(session: Session, query: Query, _asker: Asker) -> dict[str, Any]:
    return {"mass_send": mass_sends.get_send(session, _id(query, "mass_send")).id}


def _describe_mass_send(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    return [(N_("Mass send"), mass_sends.get_send(session, arguments["mass_send"]).name)]


_MESSAGE_STATES = {
    OutState.QUEUED: N_("Waiting to be sent"),
    OutState.APPROVED: N_("Held"),
    OutState.SENT: N_("Sent"),
    OutState.DELIVERED: N_("Delivered"),
    OutState.UNDELIVERED: N_("Not delivered"),
    OutState.EXPIRED: N_("Expired"),
    OutState.CANCELLED: N_("Cancelled"),
    OutState.FAILED: N_("Failed"),
}
_MASS_SEND_COLUMNS = (
    Column(key="number", title=N_("Number"), value=lambda line, asker: number_for(asker.viewer, line.recipient.number)),
    Column(
        key="patient",
        title=N_("Patient"),
        value=lambda line, _asker: f"#{line.recipient.patient_id}" if line.recipient.patient_id else None,
    ),
    Column(
        key="line", title=N_("Line of the list"), value=lambda line, _asker: line.recipient.line, kind=CellKind.NUMBER
    ),
    Column(
        key="exclusion",
        title=N_("Left out, and why"),
        value=lambda line, _asker: line.recipient.exclusion,
        words={str(reason): text for reason, text in (*REFUSAL_TEXT.items(), *EXCLUSION_TEXT.items())},
        width=32,
    ),
    Column(
        key="state",
        title=N_("State"),
        value=lambda line, _asker: line.state,
        words={state.value: text for state, text in _MESSAGE_STATES.items()},
        width=20,
    ),
    Column(key="error", title=N_("Code of the network"), value=lambda line, _asker: line.error_code),
    Column(key="parts", title=N_("Parts"), value=lambda line, _asker: line.parts, kind=CellKind.NUMBER, width=8),
    Column(key="sent_at", title=N_("Sent"), value=lambda line, _asker: line.sent_at, kind=CellKind.TIME),
    Column(key="final_at", title=N_("Ended"), value=lambda line, _asker: line.final_at, kind=CellKind.TIME),
)

register_lists(
    _list_of_people(
        "patients", N_("Patients"), patient_list.people, read=patient_list.read, describe=patient_list.describe
    ),
    _list_of_people(
        "segment",
        N_("People of a segment"),
        _of_segment,
        read=_read_segment,
        describe=_describe_segment,
        finished=_note_use,
    ),
    _list_of_people(
        "group",
        N_("Members of a group customer"),
        lambda _session, arguments, _asker: groups.members_of(arguments["group"]),
        read=_read_group,
        describe=_describe_group,
    ),
    _list_of_people(
        "register",
        N_("People on a register"),
        lambda _session, arguments, _asker: registers.people_on(arguments["register"]),
        read=_read_register,
        describe=_describe_register,
        module=Module.CLINICAL,
    ),
    _list_of_people("birthdays", N_("Birthdays"), _of_birthdays, read=_read_days, describe=_describe_days),
    ListExport(
        name="charges",
        title=N_("Charges of a patient"),
        columns=_CHARGE_COLUMNS,
        count=_count_charges,
        rows=_charge_rows,
        read=_read_patient,
        describe=_describe_patient,
        patient_of=lambda charge: int(charge.patient_id),
        module=Module.CLINICAL,
    ),
    ListExport(
        name="mass_send",
        title=N_("People of a mass send"),
        columns=_MASS_SEND_COLUMNS,
        count=lambda session, arguments, _asker: mass_sends.count_lines(session, arguments["mass_send"]),
        rows=lambda session, arguments, _asker: mass_sends.every_line(session, arguments["mass_send"]),
        read=_read_mass_send,
        describe=_describe_mass_send,
        patient_of=lambda line: line.recipient.patient_id,
        module=Module.MESSAGES,
    ),
    questionnaire_lists.ANSWERS,
    floor_lists.QUEUES,
    floor_lists.AGENTS,
    quality_lists.EVALUATIONS,
    quality_lists.SCORES,
    quality_lists.ITEM_SCORES,
    _list_of_people(
        "questionnaire_people",
        N_("People who gave an answer"),
        questionnaire_lists.people,
        read=questionnaire_lists.read_people,
        describe=questionnaire_lists.describe,
        module=Module.REPORTS,
    ),
)
