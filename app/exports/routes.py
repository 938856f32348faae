"""The question before an export, and the page of one's own exports."""

from __future__ import annotations

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

import app.exports.lists  # noqa: F401 (the lists that can be asked for)
from app.access.rules import Module
from app.accounts.rules import WITH_PATIENTS
from app.errors import InvalidInput, NotAllowed, NotFound, Refused
from app.exports import service
from app.exports.rules import LONGEST_REASON, ROWS_AT_ONCE, STATE_TEXT, ExportState
from app.http import allow, parts, reading, signed_in, viewer, writing
from app.texts import N_

pages = Blueprint("exports", __name__, url_prefix="/exports", template_folder="templates")

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@pages.get("")
@allow(WITH_PATIENTS)
def show_exports() -> str:
    """My exports; the page asks again every second while one is being made."""
    with reading() as session:
        exports = service.exports_of(session, signed_in().username)
    is_working = any(each.state in (ExportState.QUEUED, ExportState.RUNNING) for each in exports)
    states = {state.value: _(text) for state, text in STATE_TEXT.items()}
    return render_template("exports/list.html", exports=exports, states=states, is_working=is_working)


@pages.get("/new")
@allow(WITH_PATIENTS)
def show_new() -> str:
    return _ask(request.args.to_dict(), "", {})


@pages.post("/new")
@allow(WITH_PATIENTS)
def create_export() -> BaseResponse | tuple[str, int]:
    form = request.form
    query = {name.removeprefix("of-"): value for name, value in form.items() if name.startswith("of-")}
    asker = _asker()
    try:
        with writing() as session:
            source = service.find_list(query.get("of", ""), asker.viewer)
            wish = service.Wish(
                list=source,
                arguments=source.read(session, query, asker),
                columns=form.getlist("columns"),
                reason=form.get("reason", ""),
            )
            export = service.request_export(
                session, wish, asker, locale=str(get_locale()), translate=_, address=request.remote_addr or ""
            )
            export_id, rows = export.id, export.rows_expected
    except InvalidInput as error:
        return _ask(query, form.get("reason", ""), {str(error.fields.get("field", "reason")): _(error.detail)}), 422
    if rows <= ROWS_AT_ONCE:
        service.run_export(parts(), export_id)
    flash(_("The export is on this page. The file is kept for seven days, for you alone."), "success")
    return redirect(url_for(".show_exports"), 303)


@pages.get("/<uuid:export_id>/file")
@allow(WITH_PATIENTS)
def send_export(export_id: object) -> Response:
    """The file, to who made it. It was audited when it was made."""
    with reading() as session:
        export = service.get_export(session, str(export_id), signed_in().username)
    path = service.file_of(parts(), export.id)
    if export.state != ExportState.DONE or not path.is_file():
        raise NotFound(N_("This file is not there, or no longer."))
    if not viewer().grant(Module.EXPORT).can_view:
        raise NotAllowed(N_("You may not take lists out of the system."))
    day = export.created_at.astimezone(parts().settings.timezone).strftime("%Y-%m-%d")
    return send_file(path, mimetype=_XLSX, as_attachment=True, download_name=f"{export.title} {day}.xlsx")


def _ask(query: dict[str, str], reason: str, errors: dict[str, str]) -> str:
    """The question: which columns, and why."""
    asker = _asker()
    refusal = None
    with reading() as session:
        source = service.find_list(query.get("of", ""), asker.viewer)
        arguments = source.read(session, query, asker)
        rows = source.count(session, arguments, asker)
        described = [(_(label), text) for label, text in source.describe(session, arguments, asker)]
    try:
        service.check_allowed(asker.viewer, rows)
    except Refused as error:
        refusal = str(_(error.detail)) % error.fields
    return render_template(
        "exports/new.html",
        title=_(source.title),
        columns=[(column.key, _(column.title)) for column in source.columns_for(asker.viewer)],
        chosen=request.form.getlist("columns"),
        rows=rows,
        described=described,
        query=query,
        reason=reason,
        errors=errors,
        refusal=refusal,
        longest_reason=LONGEST_REASON,
    )


def _asker() -> service.Asker:
    return service.Asker(viewer=viewer(), now=parts().now(), settings=parts().settings)
