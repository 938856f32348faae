"""A person's years with the hospital: visits and what they cost, examinations, courses, wishes, calls and texts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

from app.synthetic.rules.chance import low
from app.synthetic.rules.contacts import make_calls, make_messages, make_notes
from app.synthetic.rules.events import (
    SyntheticCharge,
    SyntheticCourse,
    SyntheticExam,
    SyntheticHistory,
    SyntheticResult,
    SyntheticVisit,
)
from app.synthetic.rules.hospital import UNTIL
from app.synthetic.rules.medicine import CHECKUP, CHECKUP_PACKAGES, DISEASES, DOCTORS, LABORATORY, Disease
from app.synthetic.rules.records import SyntheticPatient

HOSPITAL_ZONE = ZoneInfo("Asia/Shanghai")
_YEARS = timedelta(days=3 * 365)
_MOST_VISITS = 14
_REGISTRATION_CENTS = 2_500
_BED_CENTS = 12_000


def history_of(record: SyntheticPatient, seed: int, *, until: datetime = UNTIL) -> SyntheticHistory:
    """What happened to this record of `generate(seed, …, until=until)`; the same whenever it is asked for."""
    chance = Random((seed << 33) ^ (record.number * 2))
    visits = _make_visits(record, chance, until)
    return SyntheticHistory(
        visits=tuple(visits),
        exams=tuple(_make_exam(visit, chance) for visit in visits if visit.kind == "exam" or chance.random() < 0.25),
        courses=tuple(_make_courses(visits, chance, until)),
        notes=make_notes(record, chance, until),
        calls=make_calls(record, chance, until),
        messages=make_messages(record, chance, until),
    )


def _make_visits(record: SyntheticPatient, chance: Random, until: datetime) -> list[SyntheticVisit]:
    born = record.birth_date or date(1970, 1, 1)
    age = until.year - born.year
    usual = [disease for disease in DISEASES if _fits(disease, record.sex, age)]
    own = usual[int(len(usual) * chance.random())]
    most = _MOST_VISITS if own.is_chronic or record.is_key_patient else 4
    begin = max(record.created_at, until - _YEARS)
    times = sorted(begin + (until - begin) * chance.random() for _ in range(int(most * low(chance))))
    visits = []
    for place, at in enumerate(times):
        disease = CHECKUP if chance.random() < 0.12 else own
        visits.append(_make_visit(f"V{record.number}-{place}", disease, _at_counter(at), chance, until))
    return visits


def _make_visit(key: str, disease: Disease, at: datetime, chance: Random, until: datetime) -> SyntheticVisit:
    kind = _kind(disease, chance)
    stay = timedelta(days=2 + int(chance.random() * 9)) if kind == "inpatient" else timedelta(minutes=50)
    ended = min(at + stay, until)
    operation = disease.operation if kind == "inpatient" and chance.random() < 0.8 else None
    drugs = tuple(
        (name, 7 + 7 * int(chance.random() * 3), 1_800 + int(chance.random() * 12_000)) for name in disease.drugs
    )
    return SyntheticVisit(
        key=key,
        kind=kind,
        department=disease.department,
        ward=f"{1 + int(chance.random() * 6)}病区" if kind == "inpatient" else None,
        doctor=DOCTORS[int(len(DOCTORS) * chance.random())],
        started_at=at,
        ended_at=ended,
        disease=disease.code,
        disease_text=disease.text,
        operation=operation,
        operated_at=min(at + timedelta(days=1), ended) if operation else None,
        drugs=drugs,
        charges=tuple(_make_charges(kind, operation, drugs, at, ended, chance)),
    )


def _make_charges(
    kind: str,
    operation: tuple[str, str] | None,
    drugs: tuple[tuple[str, int, int], ...],
    at: datetime,
    ended: datetime,
    chance: Random,
) -> list[SyntheticCharge]:
    lines = [_charge(at, "挂号费", "registration", _REGISTRATION_CENTS)]
    lines += [_charge(at, name, "drug", cents) for name, _, cents in drugs]
    if kind == "exam":
        package = CHECKUP_PACKAGES[int(len(CHECKUP_PACKAGES) * chance.random())]
        lines.append(_charge(at, package.name, "exam", package.cents))
    if kind == "inpatient":
        for night in range((ended - at).days):
            lines.append(_charge(at + timedelta(days=night), "床位费", "bed", _BED_CENTS))
    if operation is not None:
        lines.append(_charge(ended, operation[1], "operation", 380_000 + 100 * int(chance.random() * 9_000)))
    return lines + _corrections(lines, ended, chance)


def _corrections(lines: list[SyntheticCharge], at: datetime, chance: Random) -> list[SyntheticCharge]:
    """One bill in twelve has a line taken back; half of those are billed again with the right amount."""
    if chance.random() > 1 / 12:
        return []
    wrong = lines[int(len(lines) * chance.random())]
    refund = _charge(at, wrong.item, wrong.kind, -wrong.amount_cents)
    if chance.random() < 0.5:
        return [refund]
    return [refund, _charge(at, wrong.item, wrong.kind, wrong.amount_cents * 9 // 10)]


def _make_exam(visit: SyntheticVisit, chance: Random) -> SyntheticExam:
    package = CHECKUP_PACKAGES[int(len(CHECKUP_PACKAGES) * chance.random())]
    is_checkup = visit.kind == "exam"
    results = []
    for measure in LABORATORY:
        low, high = measure.lowest, measure.highest
        value = low + (high - low) * (chance.random() * 1.3 - 0.1)
        flag = "high" if value > high else "low" if value < low else None
        results.append(SyntheticResult(measure.item, f"{value:.1f}", measure.unit, f"{low:g}-{high:g}", flag))
    return SyntheticExam(
        key=f"E{visit.key[1:]}",
        visit_key=visit.key,
        kind="checkup" if is_checkup else "laboratory",
        name=package.name if is_checkup else "生化检验",
        package=package.holds if is_checkup else None,
        amount_cents=package.cents if is_checkup else 8_600,
        payment=("cash", "card", "insurance")[int(chance.random() * 3)],
        at=visit.started_at + timedelta(minutes=30),
        results=tuple(results),
    )


def _make_courses(visits: list[SyntheticVisit], chance: Random, until: datetime) -> list[SyntheticCourse]:
    courses = []
    for visit in visits:
        if visit.kind == "exam" or chance.random() > 0.08:
            continue
        starts = _day(visit.started_at)
        planned = starts + timedelta(days=14 * (1 + int(chance.random() * 6))) if chance.random() < 0.85 else None
        is_over = planned is not None and planned < _day(until)
        courses.append(
            SyntheticCourse(
                key=f"C{visit.key[1:]}",
                visit_key=visit.key,
                disease=visit.disease,
                title=f"{visit.disease_text}疗程",
                starts_on=starts,
                planned_end_on=planned,
                ended_on=planned if is_over else None,
            )
        )
    return courses


def _kind(disease: Disease, chance: Random) -> str:
    if disease is CHECKUP:
        return "exam"
    if disease.department == "emergency":
        return "emergency"
    return "inpatient" if disease.operation and chance.random() < 0.3 else "outpatient"


def _fits(disease: Disease, sex: str, age: int) -> bool:
    wanted, youngest, oldest = disease.fits
    return wanted in ("", sex) and youngest <= age <= oldest


def _charge(at: datetime, item: str, kind: str, cents: int) -> SyntheticCharge:
    return SyntheticCharge(_day(at), at, item, kind, cents)


def _day(at: datetime) -> date:
    return at.astimezone(HOSPITAL_ZONE).date()


def _at_counter(at: datetime) -> datetime:
    """The same day at the same minute past an hour between eight and half past five in China."""
    return at.replace(hour=at.hour % 9 if at.hour % 9 else 1, second=0, microsecond=0)
