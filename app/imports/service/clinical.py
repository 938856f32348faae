"""Take a chunk of visits, diagnoses, charges or exams in: find whose they are, then hand them to the visits room."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.imports.rules import (
    CellError,
    PatientRow,
    Problem,
    Report,
    Target,
    read_cents,
    read_identifier,
    read_moment,
    read_text,
)
from app.imports.service.cleaning import Cells, Cleaner
from app.imports.service.lookup import Index, look_up
from app.organisation.models import Department
from app.patients.names import fold_name
from app.patients.rules import Sex
from app.texts import N_
from app.visits import service as visits
from app.visits.rules import ChargeKind, ExamKind, VisitKind, VisitStatus

_NO_PATIENT = N_("No patient has these numbers. Bring the patients in first.")
_TWO_PATIENTS = N_("The numbers of this row belong to two different patients.")
_OTHER_NAME = N_("The identifier belongs to a patient with another name.")
_NO_DEPARTMENT = N_("There is no department with this name or code.")
_NO_TIME = N_("The time is missing.")
_NO_KEY = N_("The key of the row in its source is missing.")
_NO_TEXT = N_("The text that says what it is is missing.")
_YES = frozenset(["1", "y", "yes", "true", "是", "主", "主要"])

Code = TypeVar("Code")
_VISIT_KINDS = {
    VisitKind.OUTPATIENT: "门诊 門診 o op outpatient 普通门诊 专家门诊",
    VisitKind.INPATIENT: "住院 i ip inpatient 入院",
    VisitKind.EMERGENCY: "急诊 急診 e emergency",
    VisitKind.EXAM: "体检 健检 健檢 體檢 exam checkup",
}
_STATUSES = {
    VisitStatus.DONE: "done finished 完成 已完成 已结束 出院 已出院 结束 結束",
    VisitStatus.WITHDRAWN: "withdrawn cancelled 退号 退號 作废 作廢 取消 已取消 已退号",
}
_CHARGE_KINDS = {
    ChargeKind.REGISTRATION: "registration 挂号 挂号费 掛號 掛號費 诊查费 診察費",
    ChargeKind.DRUG: "drug 药 药费 药品 西药 西药费 中药 中药费 中成药费 藥費 藥品",
    ChargeKind.EXAM: "exam 检查 检查费 检验费 化验费 放射费 檢查費 檢驗費",
    ChargeKind.OPERATION: "operation 手术 手术费 手術費",
    ChargeKind.BED: "bed 床位 床位费 床位費 病房費",
    ChargeKind.MATERIAL: "material 材料 材料费 耗材 材料費 衛材",
}
_EXAM_KINDS = {
    ExamKind.CHECKUP: "checkup 体检 健检 健檢 體檢 peis",
    ExamKind.LABORATORY: "laboratory lab 检验 化验 檢驗 lis",
    ExamKind.IMAGING: "imaging 影像 放射 超声 ct mri pacs 檢查 检查",
}


class ClinicalIntake:
    """Takes rows of one target in on behalf of one run."""

    def __init__(
        self, target: Target, cleaner: Cleaner, bus: Bus, *, system: str, zone: ZoneInfo, now: datetime
    ) -> None:
        self._target = target
        self._cleaner = cleaner
        self._bus = bus
        self._system = system
        self._zone = zone
        self._now = now

    def take(self, session: Session, lines: Sequence[tuple[int, Cells]]) -> Report:
        """Take the lines in, in this transaction; a line twice in a chunk counts as its last state."""
        problems: list[Problem] = []
        named: list[tuple[PatientRow, Cells]] = []
        for line, cells in lines:
            try:
                named.append((self._who(line, cells), cells))
            except CellError as error:
                problems.append(Problem(line=line, reason=str(error)))
        index = look_up(session, [who for who, _ in named])
        departments = _departments(session)
        rows: dict[str, Any] = {}
        repeated = 0
        for who, cells in named:
            try:
                row = self._row(_person(who, index), cells, departments)
            except CellError as error:
                problems.append(Problem(line=who.line, reason=str(error)))
                continue
            repeated += row.source_key in rows
            rows[row.source_key] = row
        receipt = self._receive(session, list(rows.values()))
        return Report(
            created=receipt.created,
            updated=receipt.updated,
            unchanged=receipt.unchanged + repeated,
            rejected=len(problems),
            problems=tuple(problems),
        )

    def _who(self, line: int, cells: Cells) -> PatientRow:
        name = read_text(self._cleaner.cell(cells, "name"), 120)
        return PatientRow(
            line=line,
            name=name,
            folded=fold_name(name),
            sex=Sex.UNKNOWN,
            birth_date=None,
            values={},
            phones=self._cleaner.phones(cells, "phone").numbers,
            identifiers=self._cleaner.identifiers(cells),
            contact=None,
            source_time=None,
        )

    def _row(self, patient_id: int, cells: Cells, departments: Mapping[str, int]) -> Any:
        def text(field: str, longest: int) -> str:
            return read_text(self._cleaner.cell(cells, field), longest)

        def moment(field: str) -> datetime | None:
            return read_moment(self._cleaner.cell(cells, field), self._zone)

        def department() -> int | None:
            return _department(text("department", 100), departments)

        source: dict[str, Any] = {
            "patient_id": patient_id,
            "source_system": self._system,
            "source_key": _needed(read_identifier(self._cleaner.cell(cells, "key")), _NO_KEY),
            "source_at": moment("source_time"),
        }
        if self._target is Target.VISITS:
            ended_at = moment("ended_at")
            usual = VisitStatus.DONE if ended_at else VisitStatus.OPEN
            return visits.VisitData(
                **source,
                kind=_code(text("kind", 40), _VISIT_KINDS, VisitKind.OUTPATIENT),
                started_at=_needed(moment("started_at"), _NO_TIME),
                ended_at=ended_at,
                status=_code(text("status", 40), _STATUSES, usual),
                number=text("number", 40),
                department_id=department(),
                ward=text("ward", 60) or None,
                doctor=text("doctor", 64) or None,
            )
        source |= {"visit_key": read_identifier(self._cleaner.cell(cells, "visit_key")) or None}
        at = _needed(moment("at"), _NO_TIME)
        if self._target is Target.DIAGNOSES:
            return visits.DiagnosisData(
                **source,
                disease=text("disease", 40) or None,
                text=_needed(text("text", 200), _NO_TEXT),
                is_main=text("is_main", 10).casefold() in _YES,
                at=at,
            )
        if self._target is Target.CHARGES:
            return visits.ChargeData(
                **source,
                day=at.astimezone(self._zone).date(),
                at=at,
                item=_needed(text("item", 200), _NO_TEXT),
                kind=_code(text("kind", 40), _CHARGE_KINDS, ChargeKind.OTHER),
                amount_cents=read_cents(self._cleaner.cell(cells, "amount")),
                department_id=department(),
                doctor=text("doctor", 64) or None,
            )
        amount = self._cleaner.cell(cells, "amount").strip()
        return visits.ExamData(
            **source,
            kind=_code(text("kind", 40), _EXAM_KINDS, ExamKind.CHECKUP),
            name=_needed(text("exam_name", 200), _NO_TEXT),
            amount_cents=read_cents(amount) if amount else None,
            payment=text("payment", 20) or None,
            summary=text("summary", 10_000) or None,
            at=at,
        )

    def _receive(self, session: Session, rows: list[Any]) -> visits.Receipt:
        if self._target is Target.VISITS:
            return visits.receive_visits(session, self._bus, rows, now=self._now)
        if self._target is Target.DIAGNOSES:
            return visits.receive_diagnoses(session, self._bus, rows, now=self._now)
        if self._target is Target.CHARGES:
            return visits.receive_charges(session, rows)
        return visits.receive_exams(session, self._bus, rows, now=self._now)


def _person(who: PatientRow, index: Index) -> int:
    found = index.with_identifier(who)
    if len(found) > 1:
        raise CellError(_TWO_PATIENTS)
    if found:
        # A card that a relative borrowed must not bring the relative's illness into the record.
        if who.folded and found[0].folded != who.folded:
            raise CellError(_OTHER_NAME)
        return found[0].id
    namesakes = [known for known in index.with_number(who) if who.folded and known.folded == who.folded]
    if len(namesakes) != 1:
        raise CellError(_TWO_PATIENTS if namesakes else _NO_PATIENT)
    return namesakes[0].id


def _departments(session: Session) -> dict[str, int]:
    table: Any = Department.__table__
    rows = session.connection().execute(select(table.c.id, table.c.code, table.c.name))
    return {word.casefold(): id for id, code, name in rows for word in (name, code)}


def _department(word: str, departments: Mapping[str, int]) -> int | None:
    if word and word.casefold() not in departments:
        raise CellError(_NO_DEPARTMENT)
    return departments.get(word.casefold())


def _code(word: str, words: Mapping[Code, str], otherwise: Code) -> Code:
    return next((code for code, known in words.items() if word.casefold() in known.split()), otherwise)


def _needed(value: Code | None, reason: str) -> Code:
    if not value:
        raise CellError(reason)
    return value
