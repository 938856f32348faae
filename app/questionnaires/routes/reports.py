"""Reports: of a questionnaire, of one item across all of them, and the people behind an answer (Q-03, Q-04, Q-06)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration import service as configuration
from app.configuration.rules import SATISFIED_PERCENT
from app.errors import NotFound, WardlineError
from app.http import allow, audit_people, parts, reading, signed_in, writing
from app.messages.service import mobiles_of
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.patients.service import patient_cards
from app.questionnaires import service
from app.questionnaires.routes.blueprint import (
    REPORT_READERS,
    locale,
    need_reports,
    number_in,
    pages,
    render,
    sentence,
)
from app.questionnaires.rules import Question, ResponseWay, change
from app.questionnaires.service import GroupBy, ReportFilters
from app.reports.rules import Period, choose_period
from app.texts import N_

_NAMES = ("from", "to", "way", "department", "ward", "doctor", "agent", "list", "by")


@pages.get("/<int:questionnaire_id>/report")
@allow(REPORT_READERS)
def show_report(questionnaire_id: int) -> str:
    """How a questionnaire was answered: all together, by group, and question by question."""
    need_reports()
    filters, group = _filters(questionnaire_id), _group(GroupBy.DEPARTMENT)
    with reading() as session:
        questionnaire = service.get_questionnaire(session, questionnaire_id)
        questions = service.questions_asked(session, questionnaire_id)
        return render(
            "report.html",
            questionnaire=questionnaire,
            questions={question.code: question for question in questions},
            now=service.measure(session, filters),
            before=service.measure(session, filters.before),
            groups=service.by_group(session, filters, group),
            figures=service.by_question(session, filters, questions),
            **_page(session, filters, group),
        )


@pages.get("/bank/<int:question_id>/report")
@allow(REPORT_READERS)
def show_item_report(question_id: int) -> str:
    """One item of the bank across every questionnaire that asks it, and by group; of staff items by agent (Q-13)."""
    need_reports()
    with reading() as session:
        row = service.get_bank_question(session, question_id)
        question = service.as_question(row)
        filters = _filters(None)
        group = _group(GroupBy.AGENT if row.purpose == "staff" else GroupBy.QUESTIONNAIRE)
        [figures] = service.by_question(session, filters, [question])
        return render(
            "item_report.html",
            row=row,
            question=question,
            figures=figures,
            groups=service.item_by_group(session, filters, question, group),
            words=service.words_of(session, filters, question.code) if not question.options else [],
            uses=service.uses_of(session, row.code),
            **_page(session, filters, group),
        )


@pages.get("/answers")
@allow(REPORT_READERS)
def show_answerers() -> str:
    """Exactly the people behind an answer's bar, to make follow-ups for all or some of them."""
    need_reports()
    with reading() as session:
        return _answerers(session, {})


@pages.post("/answers/follow-ups")
@allow(REPORT_READERS)
def make_followups() -> Response | tuple[str, int]:
    """A follow-up for each of the ticked people, or for everybody who gave this answer."""
    need_reports()
    form = request.form
    try:
        with writing() as session:
            filters, question, option = _filters(number_in(request.args, "of")), _item(session), _option()
            if form.get("whom") == "all":
                people = service.patients_behind(session, filters, question.code, option)
            else:
                people = sorted({int(each) for each in form.getlist("ids") if each.isascii() and each.isdecimal()})[
                    :5001
                ]
            made = service.make_followups(
                session,
                parts().bus,
                people,
                title=form.get("title", ""),
                text=form.get("text", "")[:2000],
                why=f"{question.text('zh_Hans')} {_option_text(question, option, 'zh_Hans')}",
                due_on=_day(form.get("due_on", "")) or date.min,
                zone=parts().settings.timezone,
                by=signed_in().username,
                now=parts().now(),
            )
            details = {"question": question.code, "option": option, "made": made.made}
            audit_people(session, Action.CREATE, people, subject="followups", details=details)
    except NotFound:
        raise
    except WardlineError as error:
        with reading() as session:
            return _answerers(session, {str(error.fields.get("field", "ids")): sentence(error)}), 422
    flash(_told(made), "success" if made.made else "info")
    query: dict[str, Any] = request.args.to_dict()
    return redirect(url_for(".show_answerers", **query), 303)


def _told(made: service.NewFollowups) -> str:
    """What became of the wish, in numbers."""
    told = [_("Follow-ups made: %(count)s.", count=made.made)]
    if made.had_one:
        told.append(_("Already had this follow-up: %(count)s.", count=made.had_one))
    if made.left_out:
        told.append(_("Left out, because they have died or cannot be seen: %(count)s.", count=made.left_out))
    return " ".join(told)


def _answerers(session: Session, errors: dict[str, str]) -> str:
    filters, question, option = _filters(number_in(request.args, "of")), _item(session), _option()
    cursor = request.args.get("cursor")
    page = service.list_answerers(session, filters, question.code, option, limit=DEFAULT_LIMIT, cursor=cursor)
    ids = {each.patient_id for each in page.items if each.patient_id is not None}
    today = parts().now().astimezone(parts().settings.timezone).date()
    count = next((each.count for each in _figures_of(session, filters, question).answers if each.option == option), 0)
    return render(
        "answerers.html",
        page=page,
        people=patient_cards(session, ids, now=parts().now()),
        numbers=mobiles_of(session, ids),
        question=question,
        option=option,
        option_text=_option_text(question, option, locale()),
        count=count,
        form=request.form,
        errors=errors,
        today=today,
        tomorrow=today + timedelta(days=1),
        query={name: value for name, value in request.args.items() if name != "cursor" and value},
        questionnaire_id=filters.questionnaire_id,
    )


def _figures_of(session: Session, filters: ReportFilters, question: Question) -> Any:
    [figures] = service.by_question(session, filters, [question])
    return figures


def _item(session: Session) -> Question:
    """The question that the address names, as the questionnaire or the bank asks it. Raises NotFound."""
    code, of = request.args.get("question", "")[:60], number_in(request.args, "of")
    found: Sequence[Question] = service.questions_asked(session, of) if of is not None else ()
    known = next((each for each in found if each.code == code), None)
    if known is not None:
        return known
    row = service.bank_questions(session, [code]).get(code)
    if row is None:
        raise NotFound(N_("There is no such question."))
    return service.as_question(row)


def _option() -> str:
    return request.args.get("option", "")[:60]


def _option_text(question: Question, option: str, language: str) -> str:
    found = question.option(option)
    return found.text(language) if found is not None else option


def _page(session: Session, filters: ReportFilters, group: GroupBy) -> dict[str, Any]:
    """What both reports have: the filters with what they offer, and the names of the groups."""
    questionnaires = service.list_questionnaires(session, service.QuestionnaireFilters())
    names = {str(each.id): service.name_of(each, locale()) for each in questionnaires}
    departments = organisation.department_names(session)
    chosen = {name: request.args.get(name, "") for name in _NAMES}
    return {
        "filters": filters,
        "group": group.value,
        "groups_offered": _group_words(of_one=filters.questionnaire_id is not None),
        "group_names": {
            GroupBy.DEPARTMENT: {str(key): name for key, name in departments.items()},
            GroupBy.QUESTIONNAIRE: names,
            GroupBy.WAY: {},
        }.get(group, {}),
        "departments": [("", _("Every department")), *((str(key), name) for key, name in departments.items())],
        "known": service.known_values(session, filters.questionnaire_id),
        "ways": [way.value for way in ResponseWay],
        "chosen": {name: value for name, value in chosen.items() if value},
        "query": {name: value for name, value in chosen.items() if value and name != "by"},
        "satisfied_percent": configuration.value(session, SATISFIED_PERCENT),
        "change_of": change,
        "periods": _periods(),
    }


def _group_words(*, of_one: bool) -> dict[str, str]:
    """By what is counted; the answers to one questionnaire not by questionnaire."""
    words = {
        GroupBy.DEPARTMENT.value: _("Department"),
        GroupBy.WARD.value: _("Ward"),
        GroupBy.DOCTOR.value: _("Doctor"),
        GroupBy.AGENT.value: _("Agent"),
        GroupBy.WAY.value: _("Way"),
    }
    return words if of_one else {**words, GroupBy.QUESTIONNAIRE.value: _("Questionnaire")}


def _group(usual: GroupBy) -> GroupBy:
    wanted = request.args.get("by", "")
    return GroupBy(wanted) if wanted in set(GroupBy) else usual


def _filters(questionnaire_id: int | None) -> ReportFilters:
    """The filters of the address; what makes no sense is as if it were not there."""
    query, zone = request.args, parts().settings.timezone
    today = parts().now().astimezone(zone).date()
    first, last = _day(query.get("from", "")), _day(query.get("to", ""))
    period = choose_period(first, last or (None if first else today), today)
    way = query.get("way", "")
    filters = ReportFilters(period=period, zone=zone, questionnaire_id=questionnaire_id)
    return replace(
        filters,
        way=way if way in set(ResponseWay) else None,
        department_id=number_in(query, "department"),
        ward=query.get("ward", "")[:60] or None,
        doctor=query.get("doctor", "")[:64] or None,
        agent=query.get("agent", "")[:64] or None,
        list_id=number_in(query, "list"),
    )


def _periods() -> list[tuple[str, Period]]:
    """Periods that are asked for, one click each; today is part of them."""
    today = parts().now().astimezone(parts().settings.timezone).date()
    last_month_end = today.replace(day=1) - timedelta(days=1)
    return [
        (_("Last 7 days"), Period(today - timedelta(days=6), today)),
        (_("Last 30 days"), Period(today - timedelta(days=29), today)),
        (_("Last month"), Period(last_month_end.replace(day=1), last_month_end)),
        (_("Last 365 days"), Period(today - timedelta(days=364), today)),
    ]


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Time zones and the period before need some room at both ends of the calendar.
    return day if 1990 <= day.year <= 2100 else None
