"""Setting up the authenticator, and doing without it again."""

from __future__ import annotations

import segno
from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts import service
from app.accounts.models import User
from app.accounts.routes.blueprints import pages
from app.accounts.routes.checking import Resting, check_code
from app.accounts.rules import EVERYONE, NEEDS_SECOND_FACTOR
from app.accounts.rules.codes import provisioning_uri
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput, NotAllowed, Unauthenticated
from app.http import allow, audit, parts, reading, signed_in, writing


@pages.get("/account/second-factor")
@allow(EVERYONE)
def show_set_up() -> Response | str:
    """The QR code for the authenticator, the same one until it was scanned and proved with a code."""
    with reading() as session:
        is_done = service.has_second_factor(session, signed_in().user_id)
    return redirect(url_for("accounts.show_account")) if is_done else _show(None)


@pages.post("/account/second-factor")
@allow(EVERYONE)
def finish_set_up() -> str | tuple[str, int]:
    """The first code proves that the authenticator works; the recovery codes are shown this once."""
    user = signed_in()
    try:
        with writing() as session:
            codes = service.finish_set_up(
                session,
                user.user_id,
                request.form.get("code", "")[:40],
                parts().now(),
                secret_key=parts().settings.secret_key,
            )
            service.end_other_sessions(session, parts().bus, user.user_id, user.session_key_hash, parts().now())
            _audit_change(session, "on")
    except InvalidInput as error:
        return _show(_(error.detail)), 422
    return render_template("accounts/recovery_codes.html", codes=codes)


@pages.post("/account/second-factor/codes")
@allow(EVERYONE)
def renew_codes() -> Response | str:
    """New recovery codes for the code of the authenticator."""
    _prove()
    with writing() as session:
        codes = service.renew_recovery_codes(session, signed_in().user_id, secret_key=parts().settings.secret_key)
        _audit_change(session, "new_codes")
    return render_template("accounts/recovery_codes.html", codes=codes)


@pages.post("/account/second-factor/remove")
@allow(EVERYONE)
def remove_second_factor() -> Response:
    """Sign in without a code from now on."""
    if signed_in().role in NEEDS_SECOND_FACTOR and not parts().settings.demo:
        raise NotAllowed(_("Your role needs the second factor."))
    _prove()
    with writing() as session:
        service.remove_second_factor(session, signed_in().user_id)
        _audit_change(session, "off")
    flash(_("You sign in without a code from now on."), "success")
    return redirect(url_for("accounts.show_account"))


def _show(failed: str | None) -> str:
    user = signed_in()
    with writing() as session:
        secret = service.begin_set_up(session, user.user_id, secret_key=parts().settings.secret_key)
    code = segno.make(provisioning_uri(secret, username=user.username, issuer="Wardline"), error="m")
    return render_template(
        "accounts/second_factor.html",
        picture=code.svg_data_uri(scale=5, border=3, light="#fff"),
        secret=[secret[place : place + 4] for place in range(0, len(secret), 4)],
        failed=failed,
        is_needed=user.role in NEEDS_SECOND_FACTOR and not parts().settings.demo,
    )


def _prove() -> None:
    with reading() as session:
        user = session.get_one(User, signed_in().user_id)
    try:
        check_code(user, request.form.get("code", "")[:40])
    except Resting as error:
        raise Conflict(_(error.detail) % error.fields) from None
    except Unauthenticated as error:
        raise InvalidInput(error.detail, field="code") from None


def _audit_change(session: Session, state: str) -> None:
    audit(session, Action.ACCOUNT, subject=f"account:{signed_in().user_id}", details={"second_factor": state})
