"""The answers of a questionnaire, and the people who gave one answer, as lists for export (Q-03, Q-04)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.errors import InvalidInput, NotFound
from app.exports.rules import CellKind
from app.exports.service import Arguments, Asker, Column, ListExport
from app.organisation import service as organisation
from app.questionnaires import service as questionnaires
from app.questionnaires.models import QuestionnaireAnswer, QuestionnaireResponse
from app.questionnaires.rules import WAY_TEXT, Question, ResponseWay
from app.questionnaires.service.following import people_of
from app.questionnaires.service.reporting import condition_of
from app.reports.rules import Period, choose_period
from app.texts import N_

_NAMES = ("way", "ward", "doctor", "agent")
_NUMBERS = ("department", "list")


@dataclass(frozen=True, slots=True)
class _Row:
    """One answer with the response that it belongs to."""

    answer: QuestionnaireAnswer
    response: QuestionnaireResponse
    question: Question | None
    department: str


def read(session: Session, query: Mapping[str, str], asker: Asker) -> dict[str, Any]:
    """The filters of a report, as its link carries them."""
    period = _period(query, asker)
    arguments: dict[str, Any] = {"since": period.first.isoformat(), "until": period.last.isoformat()}
    wanted = _number(query.get("questionnaire", ""))
    if wanted is not None:
        arguments["questionnaire"] = questionnaires.get_questionnaire(session, wanted).id
    arguments |= {name: query[name][:64] for name in _NAMES if query.get(name)}
    arguments |= {name: number for name in _NUMBERS if (number := _number(query.get(name, ""))) is not None}
    return arguments


def read_people(session: Session, query: Mapping[str, str], asker: Asker) -> dict[str, Any]:
    """The same, with the answer whose people are wanted. Raises NotFound for an unknown question."""
    code, option = query.get("question", "")[:60], query.get("option", "")[:60]
    arguments = read(session, query, asker)
    if not option or not (_questions(session, arguments) | _of_bank(session, code)).get(code):
        raise NotFound(N_("There is no such question."))
    return arguments | {"question": code, "option": option}


def describe(session: Session, arguments: Arguments, _asker: Asker) -> list[tuple[str, str]]:
    """The filters in words."""
    found = []
    if "questionnaire" in arguments:
        questionnaire = questionnaires.get_questionnaire(session, arguments["questionnaire"])
        found.append((N_("Questionnaire"), questionnaires.name_of(questionnaire, _locale(session))))
    found += [(N_("From day"), arguments["since"]), (N_("To day"), arguments["until"])]
    if "department" in arguments:
        names = organisation.department_names(session)
        found.append((N_("Department"), names.get(arguments["department"], str(arguments["department"]))))
    labels = {"way": N_("Way"), "ward": N_("Ward"), "doctor": N_("Doctor"), "agent": N_("Agent")}
    found += [(label, arguments[name]) for name, label in labels.items() if name in arguments]
    if "question" in arguments:
        question = (_questions(session, arguments) | _of_bank(session, arguments["question"]))[arguments["question"]]
        option = question.option(arguments["option"])
        locale = _locale(session)
        found.append((N_("Question"), question.text(locale)))
        found.append((N_("Answer"), option.text(locale) if option else arguments["option"]))
    return found


def people(_session: Session, arguments: Arguments, asker: Asker) -> Select[int]:
    """Who gave the answer."""
    wanted: Select[int] = people_of(_filters(arguments, asker), arguments["question"], arguments["option"])
    return wanted


def _filters(arguments: Arguments, asker: Asker) -> questionnaires.ReportFilters:
    return questionnaires.ReportFilters(
        period=Period(date.fromisoformat(arguments["since"]), date.fromisoformat(arguments["until"])),
        zone=asker.zone,
        questionnaire_id=arguments.get("questionnaire"),
        department_id=arguments.get("department"),
        list_id=arguments.get("list"),
        **{name: arguments.get(name) for name in _NAMES},
    )


def _query(arguments: Arguments, asker: Asker) -> Any:
    return (
        select(QuestionnaireAnswer, QuestionnaireResponse)
        .join(QuestionnaireResponse, QuestionnaireResponse.id == QuestionnaireAnswer.response_id)
        .where(condition_of(_filters(arguments, asker)))
    )


def _count(session: Session, arguments: Arguments, asker: Asker) -> int:
    wanted = _query(arguments, asker).with_only_columns(func.count(QuestionnaireAnswer.id))
    return session.scalar(wanted) or 0


def _rows(session: Session, arguments: Arguments, asker: Asker) -> Iterator[_Row]:
    questions = _questions(session, arguments)
    departments = organisation.department_names(session)
    order = (QuestionnaireResponse.completed_at, QuestionnaireResponse.id, QuestionnaireAnswer.id)
    for answer, response in session.execute(_query(arguments, asker).order_by(*order).execution_options(yield_per=500)):
        department = departments.get(response.department_id or 0, "")
        yield _Row(answer, response, questions.get(answer.question), department)


def _questions(session: Session, arguments: Arguments) -> dict[str, Question]:
    if "questionnaire" in arguments:
        return {each.code: each for each in questionnaires.questions_asked(session, arguments["questionnaire"])}
    return {}


def _of_bank(session: Session, code: str) -> dict[str, Question]:
    found = questionnaires.bank_questions(session, [code])
    return {key: questionnaires.as_question(row) for key, row in found.items()}


def _text(row: _Row, asker: Asker) -> str | None:
    if row.answer.text is not None:
        return row.answer.text
    if row.answer.number is not None:
        return f"{row.answer.number:g}"
    option = row.question.option(row.answer.option) if row.question else None
    return option.text(asker.settings.locale) if option else row.answer.option


def _period(query: Mapping[str, str], asker: Asker) -> Period:
    try:
        days = [date.fromisoformat(query[name]) if query.get(name) else None for name in ("since", "until")]
    except ValueError:
        raise InvalidInput(N_("This is no date."), field="since") from None
    if any(day is not None and not 1990 <= day.year <= 2100 for day in days):
        raise InvalidInput(N_("This is no date."), field="since")
    return choose_period(days[0], days[1] or (None if days[0] else asker.today), asker.today)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and 0 < len(text) < 10 else None


def _locale(session: Session) -> str:
    return str(session.info.get("locale", "zh_Hans"))


_COLUMNS = (
    Column(key="response", title=N_("Answers no."), value=lambda row, _asker: row.response.id, kind=CellKind.NUMBER),
    Column(
        key="patient",
        title=N_("Patient"),
        value=lambda row, _asker: f"#{row.response.patient_id}" if row.response.patient_id else None,
    ),
    Column(key="at", title=N_("Answered"), value=lambda row, _asker: row.response.completed_at, kind=CellKind.TIME),
    Column(
        key="way",
        title=N_("Way"),
        value=lambda row, _asker: row.response.way,
        words={way.value: WAY_TEXT[way] for way in ResponseWay},
    ),
    Column(key="department", title=N_("Department"), value=lambda row, _asker: row.department or None),
    Column(key="ward", title=N_("Ward"), value=lambda row, _asker: row.response.ward),
    Column(key="doctor", title=N_("Doctor"), value=lambda row, _asker: row.response.doctor),
    Column(
        key="question",
        title=N_("Question"),
        value=lambda row, asker: row.question.text(asker.settings.locale) if row.question else row.answer.question,
        width=40,
    ),
    Column(key="answer", title=N_("Answer"), value=_text, width=32),
    Column(key="score", title=N_("Points"), value=lambda row, _asker: row.answer.score, kind=CellKind.NUMBER),
)

ANSWERS = ListExport(
    name="questionnaire_answers",
    title=N_("Answers of a questionnaire"),
    columns=_COLUMNS,
    count=_count,
    rows=_rows,
    read=read,
    describe=describe,
    patient_of=lambda row: row.response.patient_id,
    module=Module.REPORTS,
)
