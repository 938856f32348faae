"""Taking settings, code lists, fields and grants from one installation to another."""

from __future__ import annotations

import json

from flask import Response as FileResponse
from flask import flash, redirect, render_template, request, url_for
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.configuration.routes.blueprint import ADMINS, pages
from app.configuration.service import exchange
from app.errors import InvalidInput
from app.http import allow, audit, parts, signed_in, writing

# The difference is shown in full up to here; the count is always the whole.
_SHOWN = 500


@pages.get("/exchange")
@allow(ADMINS)
def show_exchange() -> str:
    return render_template("configuration/exchange.html", found=None, text="", errors={})


@pages.get("/exchange/file")
@allow(ADMINS)
def download_export() -> FileResponse:
    """Everything that was set here, as one file. It holds no account and no patient."""
    with writing() as session:
        everything = exchange.export_all(session)
        audit(session, Action.EXPORT, subject="export:settings")
    day = parts().now().astimezone(parts().settings.timezone).date()
    text = json.dumps(everything, ensure_ascii=False, indent=1)
    return FileResponse(
        text,
        mimetype="application/json",
        headers={"Content-Disposition": f"attachment; filename=wardline-settings-{day}.json"},
    )


@pages.post("/exchange")
@allow(ADMINS)
def try_import() -> str | tuple[str, int]:
    """The dry run: what the file would change, tried to the end and taken back."""
    file = request.files.get("file")
    try:
        text = file.read().decode("utf-8-sig") if file is not None else ""
        wanted = exchange.read_export(text)
        with writing() as session:
            found = exchange.take_over(session, parts().bus, wanted, by=signed_in().username, now=parts().now())
            session.rollback()
    except UnicodeDecodeError:
        return _show_errors(errors_of(InvalidInput("This file is no JSON.", field="file")))
    except InvalidInput as error:
        return _show_errors(errors_of(error))
    return render_template(
        "configuration/exchange.html",
        found=found[:_SHOWN],
        total=len(found),
        text=json.dumps(wanted, ensure_ascii=False),
        errors={},
    )


@pages.post("/exchange/apply")
@allow(ADMINS)
def apply_import() -> Response | tuple[str, int]:
    """Take everything over, or nothing."""
    try:
        wanted = exchange.read_export(request.form.get("text", ""))
        with writing() as session:
            found = exchange.take_over(session, parts().bus, wanted, by=signed_in().username, now=parts().now())
            audit(session, Action.SETTING, subject="import:settings", details={"changed": len(found)})
    except InvalidInput as error:
        return _show_errors(errors_of(error))
    flash(ngettext("%(num)s entry was taken over.", "%(num)s entries were taken over.", len(found)), "success")
    return redirect(url_for("configuration.show_exchange"))


def _show_errors(errors: dict[str, str]) -> tuple[str, int]:
    return render_template("configuration/exchange.html", found=None, text="", errors=errors), 422
