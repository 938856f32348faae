"""Sheets that are printed for patients: composed of bank questions, each save a new version (K-03, F-26)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.configuration import service as configuration
from app.configuration.rules import HOSPITAL_NAME, HOSPITAL_PHONE
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.followups.models import FollowupTask
from app.followups.rules import OPEN
from app.followups.service import get_task
from app.journal.service import Entry, append
from app.message_templates.rules import language_for
from app.patients.models import Patient
from app.patients.rules import age_on, clean_text
from app.patients.service import get_patient
from app.questionnaires.models import BankQuestion, FollowupSheet, QuestionnaireResponse
from app.questionnaires.rules import LANGUAGES, Given, Question, best_text, check_questionnaire
from app.questionnaires.rules.sheets import Choice, Item, SheetContent
from app.questionnaires.service.answering import answers_of
from app.questionnaires.service.bank import as_question, bank_questions, in_order
from app.settings import Settings
from app.texts import N_

LONGEST_ADVICE = 1000
MOST_ON_A_SHEET = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class SheetData:
    """What a user composes."""

    name: str
    questions: Sequence[str]
    advice: Mapping[str, str] = field(default_factory=dict)


LABELS: Mapping[str, str] = {
    "name": N_("Name"),
    "sex": N_("Sex"),
    "age": N_("Age"),
    "number": N_("Number"),
    "phone": N_("Telephone"),
    "day": N_("Day of the follow-up"),
    "advice": N_("Advice"),
    "opinion": N_("Handling opinion"),
    "next": N_("Next date"),
    "signature": N_("Signature of the doctor or nurse"),
    "foot": N_("%(hospital)s · telephone %(phone)s · printed by %(by)s, %(time)s"),
    "foot_without_phone": N_("%(hospital)s · printed by %(by)s, %(time)s"),
    "M": N_("Male"),
    "F": N_("Female"),
    "U": N_("Unknown"),
}
"""The words on a sheet, for the catalogues."""


def list_sheets(session: Session) -> list[FollowupSheet]:
    """The current version of every sheet."""
    return list(session.scalars(select(FollowupSheet).where(FollowupSheet.is_current).order_by(FollowupSheet.id)))


def get_sheet(session: Session, sheet_id: int) -> FollowupSheet:
    """One version of a sheet. Raises NotFound."""
    found = session.get(FollowupSheet, sheet_id) if 0 < sheet_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such sheet."))
    return found


def sheet_versions(session: Session, sheet: FollowupSheet) -> list[FollowupSheet]:
    """Every version of a sheet, newest first."""
    query = select(FollowupSheet).where(FollowupSheet.code == sheet.code).order_by(FollowupSheet.number.desc())
    return list(session.scalars(query))


def sheet_questions(session: Session, sheet: FollowupSheet) -> list[BankQuestion]:
    """The questions of a sheet, in order, as the bank has them now."""
    known = bank_questions(session, sheet.questions)
    return [known[code] for code in sheet.questions if code in known]


def sheet_name(sheet: FollowupSheet, locale: str) -> str:
    """Its name in the reader's language, where it is a shipped one."""
    return best_text(sheet.names, locale) if sheet.names else sheet.name


def save_sheet(
    session: Session, data: SheetData, *, sheet_id: int | None = None, by: str, now: datetime
) -> FollowupSheet:
    """Keep a sheet: the first version, or the next one of the sheet with this id; printed ones stay what they were.

    Raises InvalidInput, NotFound, NotAllowed, and Conflict when somebody saved a newer version meanwhile.
    """
    access.need_write(session, Module.FOLLOWUPS)
    name = clean_text(data.name)
    if not 2 <= len(name) <= 120:
        raise InvalidInput(N_("Give it a name of 2 to 120 characters."), field="name")
    if any(len(text) > LONGEST_ADVICE for text in data.advice.values()):
        raise InvalidInput(N_("This text is too long."), field="advice-zh_Hans")
    rows = in_order(session, list(data.questions))
    check_questionnaire([as_question(row) for row in rows])
    made = FollowupSheet(
        code=f"own.{secrets.token_hex(6)}",
        number=1,
        name=name,
        names={},
        questions=[row.code for row in rows],
        advice={language: text for language in LANGUAGES if (text := data.advice.get(language, "").strip())},
        is_current=True,
        created_at=now,
        created_by=by,
    )
    if sheet_id is not None:
        before = get_sheet(session, sheet_id)
        replaced = session.execute(
            update(FollowupSheet)
            .where(FollowupSheet.id == before.id, FollowupSheet.is_current)
            .values(is_current=False)
            .returning(FollowupSheet.id),
            execution_options={"synchronize_session": False},
        ).all()
        if len(replaced) != 1:
            raise Conflict(N_("Somebody changed this sheet meanwhile. Open it again and repeat your change."))
        made.code, made.number = before.code, before.number + 1
        if name in before.names.values():
            made.name, made.names = before.name, dict(before.names)
    session.add(made)
    session.flush()
    return made


def sheet_content(
    session: Session,
    sheet: FollowupSheet,
    *,
    patient_id: int,
    task_id: int | None,
    settings: Settings,
    translate: Callable[[str, str], str],
    by: str,
    now: datetime,
) -> SheetContent:
    """What the sheet says about this patient, in the patient's language: answers, advice, next date, hospital.

    Answers are the newest that the task, or without one the patient, has given to each question. What the viewer sees
    masked is printed masked. `translate` puts a sentence into a language. Raises NotFound, and InvalidInput for a task
    of somebody else.
    """
    patient = get_patient(session, patient_id)
    task = get_task(session, task_id) if task_id is not None else None
    if task is not None and task.patient_id != patient.id:
        raise InvalidInput(N_("This follow-up is about somebody else."), field="task")
    first = next((phone for phone in patient.phones if phone.is_valid), None)
    language = language_for(patient.language, first.number if first else "", settings.locale)

    def say(sentence: str) -> str:
        return translate(sentence, language)

    answers = _newest_answers(session, patient.id, task)
    hospital, phone = configuration.values(session, HOSPITAL_NAME, HOSPITAL_PHONE)
    stamp = now.astimezone(settings.timezone).strftime("%Y-%m-%d %H:%M")
    foot = say(LABELS["foot" if phone else "foot_without_phone"])
    values = {"hospital": hospital or settings.signature, "phone": phone, "by": by, "time": stamp}
    sections = [(say(LABELS["advice"]), best_text(sheet.advice, language))]
    if task is not None and task.opinion:
        sections.append((say(LABELS["opinion"]), task.opinion))
    sections.append((say(LABELS["next"]), _next_date(session, patient.id, task, settings.timezone, now)))
    sections.append((say(LABELS["signature"]), ""))
    return SheetContent(
        hospital=values["hospital"],
        title=sheet_name(sheet, language),
        facts=tuple((say(label), value) for label, value in _facts(session, patient, task, say, settings, now)),
        items=tuple(
            _item(question, answers.get(question.code), language)
            for question in map(as_question, sheet_questions(session, sheet))
        ),
        sections=tuple(sections),
        foot=foot % values,
    )


def note_print(
    session: Session, bus: Bus, sheet: FollowupSheet, *, patient_id: int, task_id: int | None, by: str, now: datetime
) -> None:
    """Journal that a sheet was printed; the audit log is the route's. Raises NotAllowed for who may only read."""
    viewer = access.viewer_of(session)
    if viewer is not None and not viewer.grant(Module.FOLLOWUPS).can_write:
        raise NotAllowed(N_("You may read here, and not change anything."))
    payload = {"sheet_id": sheet.id, "patient_id": patient_id, "task_id": task_id}
    append(session, bus, [Entry(kind="followup_sheet.printed", at=now, agent=by, payload=payload)])


def _facts(
    session: Session,
    patient: Patient,
    task: FollowupTask | None,
    say: Callable[[str], str],
    settings: Settings,
    now: datetime,
) -> list[tuple[str, str]]:
    viewer = access.viewer_of(session)
    today = now.astimezone(settings.timezone).date()
    age = age_on(patient.birth_date, today)
    number = next((each for each in patient.identifiers), None)
    phone = next((each.number for each in patient.phones if each.is_valid), None)
    shown_number = number.value if number else ""
    if viewer is not None:
        phone = access.number_for(viewer, phone)
        shown_number = access.identifier_for(viewer, number.type, number.value) if number else ""
    day = task.due_on if task is not None else today
    facts = [
        (LABELS["name"], patient.name),
        (LABELS["sex"], say(LABELS.get(patient.sex, LABELS["U"]))),
        (LABELS["age"], str(age) if age is not None else ""),
        (LABELS["number"], shown_number),
        (LABELS["phone"], phone or ""),
        (LABELS["day"], day.isoformat()),
    ]
    return [(label, value) for label, value in facts if value]


def _newest_answers(session: Session, patient_id: int, task: FollowupTask | None) -> dict[str, Given]:
    query = select(QuestionnaireResponse.id).where(QuestionnaireResponse.patient_id == patient_id)
    if task is not None:
        # A follow-up sheet tells of this follow-up; a blank line is better than what was true last year.
        query = query.where(QuestionnaireResponse.task_id == task.id)
    ids = session.scalars(query.order_by(QuestionnaireResponse.started_at.desc()).limit(20)).all()
    found: dict[str, Given] = {}
    for response_id in ids:
        for code, given in answers_of(session, response_id).items():
            found.setdefault(code, given)
    return found


def _next_date(session: Session, patient_id: int, task: FollowupTask | None, zone: ZoneInfo, now: datetime) -> str:
    query = select(FollowupTask.due_on).where(
        FollowupTask.patient_id == patient_id,
        FollowupTask.state.in_(tuple(sorted(OPEN))),
        FollowupTask.due_on > now.astimezone(zone).date(),
    )
    if task is not None:
        query = query.where(FollowupTask.id != task.id)
    found = session.scalar(query.order_by(FollowupTask.due_on).limit(1))
    return found.isoformat() if found else ""


def _item(question: Question, given: Given | None, language: str) -> Item:
    text = question.text(language)
    if question.options:
        chosen = given.options if given else ()
        choices = tuple(
            Choice(text=option.text(language), is_ticked=option.code in chosen) for option in question.options
        )
        return Item(text=text, choices=choices)
    if given is None:
        return Item(text=text)
    return Item(text=text, answer=given.text or (f"{given.number:g}" if given.number is not None else ""))
