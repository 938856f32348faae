"""The small forms within the record: wishes and opinions, links to other people, ties to the hospital."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from functools import wraps
from typing import Any, TypeVar

from flask import flash, redirect, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.rules import WITH_PATIENTS
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, signed_in, writing
from app.paging import DEFAULT_LIMIT
from app.patients import service
from app.patients.kinds import TieKind
from app.patients.routes.pages import pages
from app.patients.routes.rendering import render, sentence
from app.patients.rules import read_date
from app.texts import N_

View = TypeVar("View", bound=Callable[..., Response])


def back_to(patient_id: int, section: str, **values: Any) -> Response:
    """Back to that section of the record."""
    return redirect(url_for("patients.show_patient", patient_id=patient_id, _anchor=f"sec-{section}", **values), 303)


def says_faults(section: str) -> Callable[[View], View]:
    """A small form that was refused leads back to its section, with the reason in words."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(patient_id: int, **arguments: Any) -> Response:
            try:
                return view(patient_id, **arguments)
            except (InvalidInput, Conflict) as error:
                flash(sentence(error), "danger")
                return back_to(patient_id, section)

        return guarded  # type: ignore[return-value]

    return decorate


@contextmanager
def changing(patient_id: int, subject: str) -> Iterator[Session]:
    """A transaction that changes this record and says so in the audit log."""
    with writing() as session:
        yield session
        audit(session, Action.CHANGE, patient_id=service.require_patient(session, patient_id), subject=subject)


def day_in(name: str) -> date | None:
    """The day in that field of the form. Raises InvalidInput for a text that is none."""
    try:
        return read_date(request.form.get(name, "")[:40])
    except ValueError:
        raise InvalidInput(N_("This date cannot be read. Write it as 1972-03-01."), field=name) from None


def number_in(name: str) -> int | None:
    """The whole number in that field of the form; nothing for anything else."""
    value = request.form.get(name, type=int)
    return value if value is not None and 0 < value < 2**31 else None


@pages.post("/<int:patient_id>/notes")
@allow(WITH_PATIENTS)
@says_faults("wishes")
def add_note(patient_id: int) -> Response:
    with changing(patient_id, "note") as session:
        service.add_note(
            session,
            parts().bus,
            patient_id,
            kind=request.form.get("kind", ""),
            text=request.form.get("text", ""),
            category=request.form.get("category") or None,
            visit_id=number_in("visit_id"),
            by=signed_in().username,
            now=parts().now(),
        )
    return back_to(patient_id, "wishes")


@pages.post("/<int:patient_id>/notes/<int:note_id>/answer")
@allow(WITH_PATIENTS)
@says_faults("wishes")
def answer_note(patient_id: int, note_id: int) -> Response:
    response = request.form.get("response", "")
    with changing(patient_id, f"note:{note_id}") as session:
        service.answer_note(
            session, parts().bus, patient_id, note_id, response, by=signed_in().username, now=parts().now()
        )
    return back_to(patient_id, "wishes")


@pages.post("/<int:patient_id>/links")
@allow(WITH_PATIENTS)
@says_faults("relations")
def add_link(patient_id: int) -> Response:
    with changing(patient_id, "link") as session:
        service.add_link(
            session,
            parts().bus,
            patient_id,
            _other_person(session),
            request.form.get("relation", ""),
            may_be_told="may_be_told" in request.form,
            by=signed_in().username,
            now=parts().now(),
        )
    return back_to(patient_id, "relations")


@pages.post("/<int:patient_id>/links/<int:link_id>/remove")
@allow(WITH_PATIENTS)
@says_faults("relations")
def remove_link(patient_id: int, link_id: int) -> Response:
    """Untie two people; the page that follows offers to tie them again."""
    with changing(patient_id, f"link:{link_id}") as session:
        link = service.remove_link(
            session, parts().bus, patient_id, link_id, by=signed_in().username, now=parts().now()
        )
    return back_to(patient_id, "relations", untied=link.other_id, relation=link.relation.value)


@pages.post("/<int:patient_id>/ties")
@allow(WITH_PATIENTS)
@says_faults("relations")
def add_tie(patient_id: int) -> Response:
    with changing(patient_id, "tie") as session:
        service.add_tie(
            session,
            patient_id,
            kind=request.form.get("kind", ""),
            name=request.form.get("name", ""),
            role=request.form.get("role", ""),
            since=day_in("since"),
            until=day_in("until"),
            by=signed_in().username,
            now=parts().now(),
        )
    return back_to(patient_id, "relations")


@pages.post("/<int:patient_id>/ties/<int:tie_id>/end")
@allow(WITH_PATIENTS)
@says_faults("relations")
def end_tie(patient_id: int, tie_id: int) -> Response:
    today = parts().now().astimezone(parts().settings.timezone).date()
    with changing(patient_id, f"tie:{tie_id}") as session:
        service.end_tie(session, patient_id, tie_id, on=day_in("until") or today)
    return back_to(patient_id, "relations")


@pages.post("/<int:patient_id>/ties/<int:tie_id>/reopen")
@allow(WITH_PATIENTS)
@says_faults("relations")
def reopen_tie(patient_id: int, tie_id: int) -> Response:
    with changing(patient_id, f"tie:{tie_id}") as session:
        service.reopen_tie(session, patient_id, tie_id)
    return back_to(patient_id, "relations")


@pages.get("/ties")
@allow(WITH_PATIENTS)
def show_ties() -> str:
    """The other side of the ties: everything that somebody is tied to, or the people of one of them."""
    kind, name = request.args.get("kind", "")[:20], request.args.get("name", "")[:120]
    with reading() as session:
        if not kind or not name:
            return render("patients/ties.html", targets=service.tie_targets(session), chosen=None, page=None)
        page = service.tied_to(session, kind, name, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    template = "patients/_tied.html" if "HX-Request" in request.headers else "patients/ties.html"
    is_department = kind == TieKind.DEPARTMENT
    return render(template, targets=[], chosen={"kind": kind, "name": name}, page=page, is_department=is_department)


def _other_person(session: Session) -> int:
    """The person whom the form means: by the record's number, or found alone by name, number or identifier."""
    text = request.form.get("other_id", "").strip()[:120]
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    found = service.search_patients(session, settings=parts().settings, query=text, limit=2).items if text else []
    if len(found) != 1:
        raise InvalidInput(N_("This finds nobody, or several people. Give the number at the end of the other record."))
    return found[0].id
