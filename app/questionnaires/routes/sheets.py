"""Follow-up sheets: the list, the composer, and the PDF for a patient (K-03, F-26)."""

from __future__ import annotations

import io
from typing import Any

from flask import Response as FlaskResponse
from flask import flash, redirect, request, send_file, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.errors import NotFound, WardlineError
from app.followups.service import get_task
from app.http import allow, audit, parts, reading, signed_in, writing
from app.mailings.service import letters_for
from app.questionnaires import service
from app.questionnaires.models import FollowupSheet
from app.questionnaires.routes.blueprint import ANSWERERS, READERS, WRITERS, locale, number_in, pages, render, sentence
from app.questionnaires.rules import LANGUAGES
from app.questionnaires.service.printing import draw_sheet
from app.texts import N_


@pages.get("/sheets")
@allow(READERS)
def list_sheets() -> str:
    with reading() as session:
        sheets = service.list_sheets(session)
        return render("sheets.html", sheets=sheets, sheet_name=lambda sheet: service.sheet_name(sheet, locale()))


@pages.get("/sheets/new")
@allow(WRITERS)
def show_new_sheet() -> str:
    with reading() as session:
        return _composer(session, None, MultiDict(), {})


@pages.post("/sheets/new")
@allow(WRITERS)
def create_sheet() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/sheets/<int:sheet_id>")
@allow(READERS)
def show_sheet(sheet_id: int) -> str:
    """One version of a sheet, with the versions before it."""
    with reading() as session:
        sheet = service.get_sheet(session, sheet_id)
        return render(
            "sheet.html",
            sheet=sheet,
            name=service.sheet_name(sheet, locale()),
            questions=[service.as_question(row) for row in service.sheet_questions(session, sheet)],
            versions=service.sheet_versions(session, sheet),
        )


@pages.get("/sheets/<int:sheet_id>/edit")
@allow(WRITERS)
def show_edit_sheet(sheet_id: int) -> str:
    with reading() as session:
        sheet = service.get_sheet(session, sheet_id)
        form = MultiDict(
            [
                ("name", service.sheet_name(sheet, locale())),
                *(("question", code) for code in sheet.questions),
                *((f"advice-{language}", text) for language, text in sheet.advice.items()),
            ]
        )
        return _composer(session, sheet, form, {})


@pages.post("/sheets/<int:sheet_id>/edit")
@allow(WRITERS)
def change_sheet(sheet_id: int) -> Response | tuple[str, int]:
    return _save(sheet_id)


@pages.get("/sheets/<int:sheet_id>/print")
@allow(ANSWERERS)
def print_sheet(sheet_id: int) -> FlaskResponse:
    """The PDF for a follow-up (`task`) or a patient (`patient`). It is written down before it leaves."""
    task_id, patient_id = number_in(request.args, "task"), number_in(request.args, "patient")
    with writing() as session:
        sheet = service.get_sheet(session, sheet_id)
        if task_id is not None:
            patient_id = get_task(session, task_id).patient_id
        if patient_id is None:
            raise NotFound(N_("Say for whom the sheet is printed."))
        content = service.sheet_content(
            session,
            sheet,
            patient_id=patient_id,
            task_id=task_id,
            settings=parts().settings,
            translate=_translate,
            by=signed_in().username,
            now=parts().now(),
        )
        service.note_print(
            session,
            parts().bus,
            sheet,
            patient_id=patient_id,
            task_id=task_id,
            by=signed_in().username,
            now=parts().now(),
        )
        details = {"task": task_id, "version": sheet.number}
        audit(session, Action.PRINT, patient_id=patient_id, subject=f"followup_sheet:{sheet.id}", details=details)
    # Drawing takes some tenths of a second, in which nobody else could write.
    pdf = draw_sheet(content, letters_for(parts().settings.data_dir))
    name = f"sheet-{sheet.id}-{task_id or patient_id}.pdf"
    answer: FlaskResponse = send_file(io.BytesIO(pdf), mimetype="application/pdf", download_name=name)
    return answer


def _translate(text: str, language: str) -> str:
    with force_locale(language):
        return str(_(text))


def _save(sheet_id: int | None) -> Response | tuple[str, int]:
    form = request.form
    data = service.SheetData(
        name=form.get("name", "")[:200],
        questions=[code[:60] for code in form.getlist("question")[:61]],
        advice={language: form.get(f"advice-{language}", "") for language in LANGUAGES},
    )
    try:
        with writing() as session:
            made = service.save_sheet(session, data, sheet_id=sheet_id, by=signed_in().username, now=parts().now())
            action = Action.CREATE if sheet_id is None else Action.CHANGE
            audit(session, action, subject=f"followup_sheet:{made.id}", details={"version": made.number})
            made_id = made.id
    except NotFound:
        raise
    except WardlineError as error:
        errors = {str(error.fields.get("field", "name")): sentence(error)}
        with reading() as session:
            sheet = service.get_sheet(session, sheet_id) if sheet_id is not None else None
            return _composer(session, sheet, form, errors), 422
    flash(_("The sheet was saved."), "success")
    return redirect(url_for(".show_sheet", sheet_id=made_id), 303)


def _composer(session: Session, sheet: FollowupSheet | None, form: MultiDict[str, str], errors: dict[str, str]) -> str:
    known = service.bank_questions(session, form.getlist("question"))
    values: dict[str, Any] = {
        "chosen": [known[code] for code in form.getlist("question") if code in known],
        "offer": service.list_bank(session, service.BankFilters(), limit=200).items,
    }
    return render(
        "sheet_edit.html",
        sheet=sheet,
        form=form,
        errors=errors,
        languages=LANGUAGES,
        longest=service.LONGEST_ADVICE,
        **values,
    )
