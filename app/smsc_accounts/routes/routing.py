"""Which messages go through which account."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.errors import InvalidInput
from app.http import allow, audit, parts, writing
from app.smsc_accounts import service
from app.smsc_accounts.routes.accounts import accounts_page
from app.smsc_accounts.routes.blueprint import ADMINS, pages


@pages.post("/admin/sms/routes")
@allow(ADMINS)
def add_route() -> Response | tuple[str, int]:
    form = request.form
    try:
        with writing() as session:
            row = service.add_route(
                session,
                parts().bus,
                account=form.get("account", ""),
                prefix=form.get("prefix", ""),
                kind=form.get("kind", ""),
                place=form.get("place", 0, type=int),
            )
            audit(session, Action.SETTING, subject=f"smsc_route:{row.id}", details={"change": "created"})
    except InvalidInput as error:
        return accounts_page(errors_of(error), form), 422
    flash(_("The route holds within seconds."), "success")
    return redirect(url_for("smsc_accounts.show_accounts"), 303)


@pages.post("/admin/sms/routes/<int:route_id>/remove")
@allow(ADMINS)
def remove_route(route_id: int) -> Response:
    with writing() as session:
        service.remove_route(session, parts().bus, route_id)
        audit(session, Action.SETTING, subject=f"smsc_route:{route_id}", details={"change": "removed"})
    flash(_("The route is gone."), "success")
    return redirect(url_for("smsc_accounts.show_accounts"), 303)
