"""Lists that are brought in, for people: upload, mapping, trial, run and report (I-04)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.access import service as access
from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS, Role
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput, WardlineError
from app.http import allow, audit, parts, reading, signed_in, takes_up_to, viewer, writing
from app.imports import service
from app.imports.models import ImportRun
from app.imports.rules import (
    CAN_START,
    CAN_TRY,
    FIELDS,
    STATE_TEXT,
    TARGET_TEXT,
    UNDER_WAY,
    RunState,
    SourceKind,
    Target,
    propose_columns,
    safe_cell,
)
from app.paging import DEFAULT_LIMIT
from app.patients.rules import clean_text
from app.texts import N_

pages = Blueprint("imports", __name__, template_folder="../templates", url_prefix="")

# A million rows of twenty columns are 150 MB as CSV.
_LARGEST_FILE = 200 * 1024 * 1024
_PROBLEMS_SHOWN = 50
_NO_FILE = N_("Choose a file first.")
_NO_NAME = N_("Give the mapping a name of at most 60 characters.")


@pages.get("/imports")
@allow(OVER_AGENTS)
def show_imports() -> str:
    """All imports, newest first, with the form for a new one."""
    with reading() as session:
        page = service.list_runs(session, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    return _render("imports/list.html", page=page, may_connect=signed_in().role is Role.ADMIN)


@pages.post("/imports")
@allow(OVER_AGENTS)
@takes_up_to(_LARGEST_FILE)
def upload_list() -> BaseResponse:
    """Keep an uploaded list, and go on to the mapping of its columns."""
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _back(InvalidInput(_NO_FILE))
    path = service.new_file(parts().settings)
    sent.save(path)
    try:
        found = service.inspect(path)
        return _made(sent.filename, path, found)
    except InvalidInput as error:
        path.unlink()
        return _back(error)


@pages.post("/imports/view")
@allow({Role.ADMIN})
def connect_view() -> BaseResponse:
    """Keep the address of a view of another database, and go on to the mapping of its columns."""
    form = request.form
    view = form.get("view", "").strip()[:121]
    address = service.ViewAddress(
        url=form.get("url", "").strip()[:500], view=view, key=form.get("key", "").strip()[:60]
    )
    try:
        path = service.store_view(parts().settings, address)
        found = service.preview(path, SourceKind.VIEW, {})
    except InvalidInput as error:
        return _back(error)
    return _made(view, path, found)


@pages.get("/imports/<int:run_id>")
@allow(OVER_AGENTS)
def show_import(run_id: int) -> str:
    """One import: its mapping while that can be changed, then its progress and its report."""
    with reading() as session:
        run = service.get_run(session, run_id)
        problems = service.list_problems(session, run_id, limit=_PROBLEMS_SHOWN, cursor=request.args.get("cursor"))
        mappings = service.list_mappings(session)
    return _render("imports/show.html", run=run, problems=problems, mappings=mappings, samples=_samples(run))


@pages.get("/imports/<int:run_id>/progress")
@allow(OVER_AGENTS)
def show_progress(run_id: int) -> str | tuple[str, int, dict[str, str]]:
    """The progress alone, for a page that waits; the whole page anew once it has ended."""
    with reading() as session:
        run = service.get_run(session, run_id)
    if run.state not in UNDER_WAY:
        return "", 200, {"HX-Refresh": "true"}
    return _render("imports/_progress.html", run=run)


@pages.post("/imports/<int:run_id>/columns")
@allow(OVER_AGENTS)
def map_columns(run_id: int) -> BaseResponse:
    """Take over what the columns hold; then, as the pressed button says, save the mapping, try it or start."""
    act = request.form.get("act", "")
    try:
        with writing() as session:
            run = service.get_run(session, run_id)
            _map(run)
            if act == "save":
                _save_mapping(session, run)
            elif act in ("try", "start"):
                _start(session, run, is_trial=act == "try")
    except (InvalidInput, Conflict) as error:
        flash(_sentence(error), "danger")
    else:
        if act == "save":
            flash(_("The mapping was saved. Lists with the same titles use it by themselves."), "success")
    return redirect(url_for("imports.show_import", run_id=run_id), 303)


@pages.post("/imports/<int:run_id>/start")
@allow(OVER_AGENTS)
def start_import(run_id: int) -> BaseResponse:
    """Go on with a stopped or failed import, or take in what was tried."""
    return _act(run_id, lambda session, run: _start(session, run, is_trial=False))


@pages.post("/imports/<int:run_id>/stop")
@allow(OVER_AGENTS)
def stop_import(run_id: int) -> BaseResponse:
    """Stop after the chunk in hand; what was taken stays, and the import can go on from there."""
    return _act(run_id, service.stop)


@pages.get("/imports/<int:run_id>/problems.csv")
@allow(OVER_AGENTS)
def download_problems(run_id: int) -> Response:
    """The rows that were not taken, with the reason, for whoever keeps the list."""
    with reading() as session:
        service.get_run(session, run_id)
        problems = service.list_problems(session, run_id, limit=10_000).items
    written = io.StringIO()
    # Excel takes a file for UTF-8 only when it begins so.
    written.write("\ufeff")
    sheet = csv.writer(written)
    sheet.writerow([_("Line"), _("Field"), _("Reason")])
    sheet.writerows([each.line, safe_cell(_field_label(each.field)), safe_cell(_(each.reason))] for each in problems)
    name = f"import-{run_id}-problems.csv"
    headers = {"Content-Disposition": f"attachment; filename={name}", "Cache-Control": "no-store"}
    return Response(written.getvalue(), mimetype="text/csv", headers=headers)


def _made(title: str, path: Any, found: service.Preview) -> BaseResponse:
    with writing() as session:
        access.need_write(session, Module.CONTACT)
        run = service.create_run(
            session, title=title, path=path, found=found, by=signed_in().username, now=parts().now()
        )
        run_id = run.id
    return redirect(url_for("imports.show_import", run_id=run_id), 303)


def _map(run: ImportRun) -> None:
    form = request.form
    wanted = form.get("target", "")
    target = Target(wanted) if wanted in set(Target) else Target(run.target)
    codes = {field.code for field in FIELDS[target]}
    chosen = [form.get(f"column-{place}", "") for place in range(len(run.header))]
    if target != run.target:
        # The fields on the page were those of the other target.
        run.columns = propose_columns(run.header, target)
        run.target = target
        return
    columns = [code if code in codes else None for code in chosen]
    service.map_columns(run, target=target, columns=columns, system=form.get("system", "").strip().upper())


def _save_mapping(session: Session, run: ImportRun) -> None:
    name = clean_text(request.form.get("name", ""))
    if not 0 < len(name) <= 60:
        raise InvalidInput(_NO_NAME, field="name")
    service.save_mapping(session, name, run=run, by=signed_in().username, now=parts().now())


def _start(session: Session, run: ImportRun, *, is_trial: bool) -> None:
    access.need_write(session, Module.CONTACT)
    service.start(session, run, is_trial=is_trial, settings=parts().settings)
    if not is_trial:
        audit(session, Action.IMPORT, subject=f"import:{run.id}", details={"target": run.target, "state": "started"})


def _act(run_id: int, act: Any) -> BaseResponse:
    try:
        with writing() as session:
            act(session, service.get_run(session, run_id))
    except (InvalidInput, Conflict) as error:
        flash(_sentence(error), "danger")
    return redirect(url_for("imports.show_import", run_id=run_id), 303)


def _samples(run: ImportRun) -> list[list[str]]:
    """The first values of each column while the mapping can be changed; hidden from who sees masked numbers."""
    if run.state not in CAN_TRY or viewer().is_masked:
        return [[] for _title in run.header]
    return service.samples_of(run)


def _back(error: InvalidInput) -> BaseResponse:
    flash(_sentence(error), "danger")
    return redirect(url_for("imports.show_imports"), 303)


def _sentence(error: WardlineError) -> str:
    fields = dict(error.fields)
    if "fields" in fields:
        fields["fields"] = ", ".join(_(label) for label in str(fields["fields"]).split(", "))
    sentence: str = _(error.detail)
    return sentence % fields if "%(" in sentence else sentence


def _field_label(code: str) -> str:
    labels = {field.code: field.label for fields in FIELDS.values() for field in fields}
    return _(labels[code]) if code in labels else ""


def _choices(target: str) -> Iterator[tuple[str, str]]:
    yield "", _("Leave out")
    for field in FIELDS[Target(target)]:
        label = _(field.label)
        yield field.code, f"{label} *" if field.is_needed else label


def _render(template: str, **values: Any) -> str:
    page: str = render_template(
        template,
        choices=_choices,
        field_label=_field_label,
        state_labels={state: _(text) for state, text in STATE_TEXT.items()},
        targets=[(target, _(text)) for target, text in TARGET_TEXT.items()],
        under_way=UNDER_WAY,
        can_start=CAN_START,
        can_try=CAN_TRY,
        states=RunState,
        may_write=viewer().grant(Module.CONTACT).can_write,
        **values,
    )
    return page
