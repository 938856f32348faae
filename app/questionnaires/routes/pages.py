"""The list of questionnaires, one with its versions, the designer, and the preview as a patient sees it."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.codes import service as codes
from app.codes.rules import CodeList
from app.errors import NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, writing
from app.questionnaires import service
from app.questionnaires.models import Questionnaire, QuestionnaireVersion
from app.questionnaires.routes.blueprint import (
    CLINICIANS,
    READERS,
    WRITERS,
    act,
    locale,
    number_in,
    pages,
    render,
    sentence,
)
from app.questionnaires.rules import LANGUAGES, BankPurpose, Purpose, compare, goes_by_sms, may_approve
from app.questionnaires.rules.checking import MOST_QUESTIONS
from app.versions import service as versions
from app.versions.rules import VersionState


@pages.get("")
@allow(READERS)
def list_questionnaires() -> str:
    """The questionnaires that fit the filters, each with its state and how many responses it has."""
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("q", "purpose", "state")}
    purpose, state = chosen["purpose"], chosen["state"]
    filters = service.QuestionnaireFilters(
        text=chosen["q"],
        purpose=Purpose(purpose) if purpose in set(Purpose) else None,
        state=VersionState(state) if state in set(VersionState) else None,
    )
    with reading() as session:
        found = service.list_questionnaires(session, filters)
        counts = service.counted_responses(session, [each.id for each in found])
    return render(
        "list.html",
        questionnaires=found,
        counts=counts,
        in_use={each.id: versions.in_use(each.versions) for each in found},
        chosen={name: value for name, value in chosen.items() if value},
    )


@pages.get("/new")
@allow(WRITERS)
def show_new() -> str:
    with reading() as session:
        return _designer(session, None, MultiDict(), {})


@pages.post("/new")
@allow(WRITERS)
def create_questionnaire() -> Response | tuple[str, int]:
    return _save(None)


@pages.get("/<int:questionnaire_id>")
@allow(READERS)
def show_questionnaire(questionnaire_id: int) -> str:
    """One questionnaire: what it asks now, its versions with what each changed, and what can be done with it."""
    with reading() as session:
        found = service.get_questionnaire(session, questionnaire_id)
        latest = found.versions[0]
        diseases = codes.names(session, CodeList.DISEASE, found.respondents.get("diseases", []))
        return render(
            "show.html",
            questionnaire=found,
            latest=latest,
            questions=service.questions_of(latest),
            in_use=versions.in_use(found.versions),
            diseases=list(diseases.values()),
            may_approve=_may_approve(found),
            by_sms=goes_by_sms(service.questions_of(latest)),
            links_offered=service.offers_links(session),
            changes=_changes(found),
            responses=service.counted_responses(session, [found.id]).get(found.id, 0),
        )


@pages.get("/<int:questionnaire_id>/edit")
@allow(WRITERS)
def show_edit(questionnaire_id: int) -> str:
    with reading() as session:
        found = service.get_questionnaire(session, questionnaire_id)
        return _designer(session, found, _form_of(found), {})


@pages.post("/<int:questionnaire_id>/edit")
@allow(WRITERS)
def change_questionnaire(questionnaire_id: int) -> Response | tuple[str, int]:
    return _save(questionnaire_id)


@pages.get("/questions")
@allow(WRITERS)
def show_offer() -> str:
    """What the bank offers the designer, narrowed as one types."""
    with reading() as session:
        return render("_offer.html", offer=_offer(session))


@pages.get("/<int:questionnaire_id>/preview")
@allow(READERS)
def show_preview(questionnaire_id: int) -> str:
    """The questionnaire as a patient sees it on a telephone; nothing that is chosen there is kept."""
    with reading() as session:
        found = service.get_questionnaire(session, questionnaire_id)
        wanted = number_in(request.args, "version")
        version = next((each for each in found.versions if each.number == wanted), found.versions[0])
        language = request.args.get("language", "")
        return render(
            "preview.html",
            questionnaire=found,
            version=version,
            questions=service.questions_of(version),
            language=language if language in LANGUAGES else locale(),
            languages=LANGUAGES,
            hospital=parts().settings.signature,
        )


@pages.post("/<int:questionnaire_id>/approve")
@allow(WRITERS)
def approve_questionnaire(questionnaire_id: int) -> Response:
    role = signed_in().role

    def approve(session: Session) -> None:
        service.approve(
            session,
            questionnaire_id,
            row_version=number_in(request.form, "row_version") or 0,
            by=signed_in().username,
            is_clinician=role in CLINICIANS,
            is_supervisor=role in OVER_AGENTS,
            now=parts().now(),
        )

    return _act(questionnaire_id, "approved", _("The questionnaire is in use."), approve)


@pages.post("/<int:questionnaire_id>/retire")
@allow(WRITERS)
def retire_questionnaire(questionnaire_id: int) -> Response:
    def retire(session: Session) -> None:
        service.retire(session, questionnaire_id, by=signed_in().username, now=parts().now())

    done = _("The questionnaire is no longer in use. What was answered stays.")
    return _act(questionnaire_id, "retired", done, retire)


@pages.post("/<int:questionnaire_id>/remove")
@allow(WRITERS)
def remove_questionnaire(questionnaire_id: int) -> Response:
    def remove(session: Session) -> None:
        service.remove(session, questionnaire_id, now=parts().now())

    subject, back = f"questionnaire:{questionnaire_id}", url_for(".list_questionnaires")
    return act(subject, "removed", _("The questionnaire was removed. What was answered stays."), back, remove)


def _act(questionnaire_id: int, what: str, done: str, change: Any) -> Response:
    back = url_for(".show_questionnaire", questionnaire_id=questionnaire_id)
    return act(f"questionnaire:{questionnaire_id}", what, done, back, change)


def _save(questionnaire_id: int | None) -> Response | tuple[str, int]:
    form, now, by = request.form, parts().now(), signed_in().username
    try:
        with writing() as session:
            if questionnaire_id is None:
                questionnaire_id = service.create_questionnaire(session, _data(form), by=by, now=now).id
                audit(session, Action.CREATE, subject=f"questionnaire:{questionnaire_id}")
            else:
                row_version = number_in(form, "row_version") or 0
                version = service.change_questionnaire(
                    session, questionnaire_id, _data(form), row_version=row_version, by=by, now=now
                )
                details = {"version": version.number}
                audit(session, Action.CHANGE, subject=f"questionnaire:{questionnaire_id}", details=details)
    except NotFound:
        raise
    except WardlineError as error:
        errors = {str(error.fields.get("field", "name")): sentence(error)}
        with reading() as session:
            found = service.get_questionnaire(session, questionnaire_id) if questionnaire_id is not None else None
            return _designer(session, found, form, errors), 422
    flash(_("The draft was saved."), "success")
    return redirect(url_for(".show_questionnaire", questionnaire_id=questionnaire_id), 303)


def _data(form: MultiDict[str, str]) -> service.QuestionnaireData:
    purpose = form.get("purpose", "")
    return service.QuestionnaireData(
        name=form.get("name", "")[:200],
        purpose=Purpose(purpose) if purpose in set(Purpose) else Purpose.SATISFACTION,
        questions=[code[:60] for code in form.getlist("question")[: MOST_QUESTIONS + 1]],
        required=set(form.getlist("required")),
        intro={language: form.get(f"intro-{language}", "") for language in LANGUAGES},
        visit_kinds=form.getlist("visit_kind"),
        diseases=[code for code in form.getlist("disease") if code][:20],
    )


def _form_of(questionnaire: Questionnaire) -> MultiDict[str, str]:
    latest, respondents = questionnaire.versions[0], questionnaire.respondents
    return MultiDict(
        [
            ("name", service.name_of(questionnaire, locale())),
            ("purpose", questionnaire.purpose),
            ("row_version", str(latest.row_version)),
            *((f"intro-{language}", text) for language, text in latest.intro.items()),
            *(("question", kept["code"]) for kept in latest.questions),
            *(("required", kept["code"]) for kept in latest.questions if kept.get("is_required")),
            *(("visit_kind", kind) for kind in respondents.get("visit_kinds", [])),
            *(("disease", code) for code in respondents.get("diseases", [])),
        ]
    )


def _designer(
    session: Session, questionnaire: Questionnaire | None, form: MultiDict[str, str], errors: dict[str, str]
) -> str:
    known = service.bank_questions(session, form.getlist("question"))
    chosen = [known[code] for code in form.getlist("question") if code in known]
    diseases = [(code.code, "\u2003" * code.depth + code.name) for code in codes.items(session, CodeList.DISEASE)]
    return render(
        "edit.html",
        questionnaire=questionnaire,
        form=form,
        errors=errors,
        chosen=chosen,
        offer=_offer(session),
        languages=LANGUAGES,
        longest=service.LONGEST_INTRO,
        visit_kinds=service.VISIT_KINDS,
        diseases=[("", _("None")), *diseases],
    )


def _offer(session: Session) -> list[Any]:
    text, purpose = request.args.get("find", "").strip()[:60], request.args.get("about", "")
    filters = service.BankFilters(text=text, purpose=BankPurpose(purpose) if purpose in set(BankPurpose) else None)
    return service.list_bank(session, filters, limit=200).items


def _may_approve(questionnaire: Questionnaire) -> bool:
    role = signed_in().role
    return may_approve(
        Purpose(questionnaire.purpose), is_clinician=role in CLINICIANS, is_supervisor=role in OVER_AGENTS
    )


def _changes(questionnaire: Questionnaire) -> dict[int, list[Any]]:
    """For each version what it changed against the one before, by its number."""
    found: dict[int, list[Any]] = {}
    pairs: Any = zip(questionnaire.versions, questionnaire.versions[1:], strict=False)
    newer: QuestionnaireVersion
    older: QuestionnaireVersion
    for newer, older in pairs:
        found[newer.number] = compare(service.questions_of(older), service.questions_of(newer))
    return found
