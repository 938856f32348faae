"""The question bank: the list with its filters, one question with where it is used, and its editor (K-02, Q-06)."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import InvalidInput, NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, writing
from app.paging import DEFAULT_LIMIT
from app.questionnaires import service
from app.questionnaires.models import BankQuestion
from app.questionnaires.routes.blueprint import READERS, WRITERS, act, number_in, pages, render, sentence
from app.questionnaires.rules import (
    CHOOSING,
    LANGUAGES,
    LONGEST_OPTION,
    LONGEST_TEXT,
    MOST_OPTIONS,
    Alarm,
    BankPurpose,
    Option,
    Question,
    QuestionKind,
)
from app.texts import N_


@pages.get("/bank")
@allow(READERS)
def list_bank() -> str:
    """The questions of the bank that fit the filters."""
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("q", "purpose", "disease", "retired")}
    filters = service.BankFilters(
        text=chosen["q"],
        purpose=BankPurpose(chosen["purpose"]) if chosen["purpose"] in set(BankPurpose) else None,
        disease=chosen["disease"] or None,
        with_retired=chosen["retired"] == "1",
    )
    with reading() as session:
        page = service.list_bank(session, filters, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
        return render(
            "bank.html",
            page=page,
            questions=[service.as_question(row) for row in page.items],
            chosen={name: value for name, value in chosen.items() if value},
            diseases=_diseases(session),
        )


@pages.get("/bank/new")
@allow(WRITERS)
def show_new_question() -> str:
    with reading() as session:
        return _editor(session, None, MultiDict({"kind": "single"}), {})


@pages.post("/bank/new")
@allow(WRITERS)
def create_question() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/bank/<int:question_id>")
@allow(READERS)
def show_question(question_id: int) -> str:
    """One question in its languages, with its options, its alarms and where it is used."""
    with reading() as session:
        row = service.get_bank_question(session, question_id)
        names = codes.names(session, CodeList.DISEASE, [row.disease])
        return render(
            "question.html",
            row=row,
            question=service.as_question(row),
            uses=service.uses_of(session, row.code),
            disease=names.get(row.disease or "", ""),
            languages=LANGUAGES,
        )


@pages.get("/bank/<int:question_id>/edit")
@allow(WRITERS)
def show_edit_question(question_id: int) -> str:
    with reading() as session:
        row = service.get_bank_question(session, question_id)
        return _editor(session, row, _form_of(row), {})


@pages.post("/bank/<int:question_id>/edit")
@allow(WRITERS)
def change_question(question_id: int) -> Response | tuple[str, int]:
    return _save(question_id)


@pages.post("/bank/<int:question_id>/retire")
@allow(WRITERS)
def retire_question(question_id: int) -> Response:
    """Take a question out of the offer, or back into it."""
    is_retired = request.form.get("retired") == "1"

    def change(session: Session) -> None:
        service.retire_question(session, question_id, is_retired=is_retired, now=parts().now())

    done = _("The bank no longer offers this question.") if is_retired else _("The bank offers this question again.")
    what, back = ("retired" if is_retired else "offered"), url_for(".show_question", question_id=question_id)
    return act(f"bank_question:{question_id}", what, done, back, change)


def _save(question_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    try:
        with writing() as session:
            purpose = form.get("purpose", "")
            row = service.save_question(
                session,
                _question(form, question_id and service.get_bank_question(session, question_id).code),
                purpose=BankPurpose(purpose) if purpose in set(BankPurpose) else BankPurpose.OTHER,
                disease=form.get("disease", "")[:40] or None,
                question_id=question_id,
                row_version=number_in(form, "row_version") or 0,
                by=signed_in().username,
                now=parts().now(),
            )
            action = Action.CREATE if question_id is None else Action.CHANGE
            audit(session, action, subject=f"bank_question:{row.id}")
            made = row.id
    except NotFound:
        raise
    except WardlineError as error:
        errors = {str(error.fields.get("field", "code")): sentence(error)}
        with reading() as session:
            found = service.get_bank_question(session, question_id) if question_id is not None else None
            return _editor(session, found, form, errors), 422
    flash(_("The question was saved."), "success")
    return redirect(url_for(".show_question", question_id=made), 303)


def _question(form: MultiDict[str, str], code: str | int | None) -> Question:
    wanted = form.get("kind", "")
    kind = QuestionKind(wanted) if wanted in set(QuestionKind) else QuestionKind.SINGLE
    lowest, highest = _whole(form, "lowest"), _whole(form, "highest")
    options: tuple[Option, ...] = _options(form) if kind in CHOOSING else ()
    if kind is QuestionKind.SCALE and not options and lowest is not None and highest is not None:
        numbers = range(lowest, min(highest, lowest + MOST_OPTIONS - 1) + 1)
        options = tuple(Option(code=str(number), score=float(number)) for number in numbers if number >= 0)
    return Question(
        code=str(code) if code else form.get("code", "").strip()[:60],
        kind=kind,
        texts=_texts(form, "text"),
        options=options,
        dimension=form.get("dimension", "").strip()[:40],
        lowest=lowest,
        highest=highest,
    )


def _options(form: MultiDict[str, str]) -> tuple[Option, ...]:
    """The rows of options that say anything; a row without a code gets the first one that is free."""
    rows = [row for row in range(MOST_OPTIONS) if any(form.get(f"option-{row}-{each}", "").strip() for each in _ROW)]
    codes_given = [form.get(f"option-{row}-code", "").strip()[:20] for row in rows]
    free = iter(f"o{number}" for number in range(1, 100) if f"o{number}" not in codes_given)
    return tuple(
        Option(
            code=code or next(free),
            texts=_texts(form, f"option-{row}"),
            score=_score(form.get(f"option-{row}-score", "")),
            alarm=_alarm(form.get(f"option-{row}-minutes", ""), form.get(f"option-{row}-role", "")),
        )
        for row, code in zip(rows, codes_given, strict=True)
    )


_ROW = ("code", *LANGUAGES, "score", "minutes")


def _texts(form: MultiDict[str, str], name: str) -> dict[str, str]:
    return {
        language: text
        for language in LANGUAGES
        if (text := " ".join(form.get(f"{name}-{language}", "")[: LONGEST_TEXT + 1].split()))
    }


def _score(text: str) -> float | None:
    try:
        return float(text) if text.strip() else None
    except ValueError:
        raise InvalidInput(N_("A score is a number, or nothing."), field="options") from None


def _alarm(minutes: str, role: str) -> Alarm | None:
    if not minutes.strip():
        return None
    if not (minutes.strip().isascii() and minutes.strip().isdecimal() and len(minutes.strip()) < 7):
        raise InvalidInput(N_("The minutes of an alarm are a whole number."), field="options")
    return Alarm(minutes=int(minutes), role=role)


def _whole(form: MultiDict[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    if not text:
        return None
    if not text.removeprefix("-").isdecimal() or len(text) > 9:
        raise InvalidInput(N_("This is no whole number."), field=name)
    return int(text)


def _form_of(row: BankQuestion) -> MultiDict[str, str]:
    form: dict[str, str] = {
        "code": row.code,
        "kind": row.kind,
        "purpose": row.purpose,
        "disease": row.disease or "",
        "dimension": row.dimension,
        "lowest": "" if row.lowest is None else str(row.lowest),
        "highest": "" if row.highest is None else str(row.highest),
        "row_version": str(row.row_version),
        **{f"text-{language}": text for language, text in row.texts.items()},
    }
    for place, option in enumerate(service.as_question(row).options):
        form[f"option-{place}-code"] = option.code
        form[f"option-{place}-score"] = "" if option.score is None else f"{option.score:g}"
        form |= {f"option-{place}-{language}": text for language, text in option.texts.items()}
        if option.alarm is not None:
            form[f"option-{place}-minutes"] = str(option.alarm.minutes)
            form[f"option-{place}-role"] = option.alarm.role
    return MultiDict(form)


def _editor(session: Session, row: BankQuestion | None, form: MultiDict[str, str], errors: dict[str, str]) -> str:
    used = [place for place in range(MOST_OPTIONS) if any(form.get(f"option-{place}-{each}") for each in _ROW)]
    values: dict[str, Any] = {"rows": min(MOST_OPTIONS, max([*used, -1]) + 4)}
    return render(
        "bank_edit.html",
        row=row,
        form=form,
        errors=errors,
        languages=LANGUAGES,
        longest=LONGEST_TEXT,
        longest_option=LONGEST_OPTION,
        roles=service.ALARM_ROLES,
        diseases=_diseases(session),
        **values,
    )


def _diseases(session: Session) -> list[tuple[str, str]]:
    found = [(code.code, "\u2003" * code.depth + code.name) for code in codes.items(session, CodeList.DISEASE)]
    return [("", _("None")), *found]
