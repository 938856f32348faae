"""One's own account: password, language, and where one is signed in."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.accounts import service
from app.accounts.models import User
from app.accounts.routes.blueprints import pages
from app.accounts.routes.checking import Resting, check_password
from app.accounts.rules import EVERYONE, NEEDS_SECOND_FACTOR
from app.audit.rules import Action
from app.errors import InvalidInput, NotFound, Unauthenticated
from app.http import allow, audit, parts, reading, signed_in, writing
from app.settings import LOCALES

_TAGS = {"zh_Hans": "zh-Hans", "zh_Hant": "zh-Hant", "en": "en"}


@pages.get("/account")
@allow(EVERYONE)
def show_account() -> str:
    return _show({})


@pages.post("/account/language")
@allow(EVERYONE)
def set_language() -> Response:
    locale = request.form.get("locale", "")
    if locale not in LOCALES:
        raise InvalidInput(_("Choose one of the list."), field="locale")
    with writing() as session:
        _own(session.get(User, signed_in().user_id)).locale = locale
    # The choice that this browser remembers would otherwise win over the account's.
    return redirect(url_for("accounts.show_account", lang=_TAGS[locale]))


@pages.post("/account/password")
@allow(EVERYONE)
def set_own_password() -> Response | tuple[str, int]:
    """Change one's own password: the present one is asked for, all other sign-ins end."""
    new = request.form.get("password", "")
    try:
        check_password(signed_in().username, request.form.get("present", "")[:200])
        if new != request.form.get("again", ""):
            raise InvalidInput(_("The two new passwords differ."), field="again")
        with writing() as session:
            service.set_password(
                session,
                parts().bus,
                _own(session.get(User, signed_in().user_id)),
                new,
                parts().now(),
                keep=signed_in().session_key_hash,
                shortest=service.shortest_password(is_demo=parts().settings.demo),
            )
            audit(session, Action.ACCOUNT, subject=f"account:{signed_in().user_id}", details={"changed": ["password"]})
    except Resting as error:
        return _show({"present": _(error.detail) % error.fields}), 422
    except Unauthenticated:
        return _show({"present": _("This is not your present password.")}), 422
    except InvalidInput as error:
        return _show({str(error.fields["field"]): _(error.detail) % error.fields}), 422
    flash(_("Your password is changed. Everywhere else you are signed out."), "success")
    return redirect(url_for("accounts.show_account"))


@pages.post("/account/sessions/<name>/end")
@allow(EVERYONE)
def end_own_session(name: str) -> Response:
    """Sign out in another browser."""
    with writing() as session:
        if not service.end_session_named(session, parts().bus, signed_in().user_id, name, parts().now()):
            raise NotFound(_("This sign-in has ended already."))
    flash(_("That browser is signed out."), "success")
    return redirect(url_for("accounts.show_account"))


@pages.post("/account/sessions/end-others")
@allow(EVERYONE)
def end_own_other_sessions() -> Response:
    """Sign out everywhere else."""
    user = signed_in()
    with writing() as session:
        ended = service.end_other_sessions(session, parts().bus, user.user_id, user.session_key_hash, parts().now())
    flash(ngettext("%(num)s other browser is signed out.", "%(num)s other browsers are signed out.", ended), "success")
    return redirect(url_for("accounts.show_account"))


def _show(errors: dict[str, str]) -> str:
    me = signed_in()
    with reading() as session:
        user = _own(session.get(User, me.user_id))
        sessions = [
            {
                "name": service.session_id(found.key_hash),
                "browser": found.browser,
                "address": found.address,
                "created_at": found.created_at,
                "last_seen_at": found.last_seen_at,
                "is_this": found.key_hash == me.session_key_hash,
            }
            for found in service.sessions_of(session, me.user_id, parts().now())
        ]
        has_code = service.has_second_factor(session, me.user_id)
        codes_left = service.recovery_codes_left(session, me.user_id)
    return render_template(
        "accounts/account.html",
        user=user,
        sessions=sessions,
        errors=errors,
        has_code=has_code,
        codes_left=codes_left,
        must_have_code=me.role in NEEDS_SECOND_FACTOR and not parts().settings.demo,
        shortest=service.shortest_password(is_demo=parts().settings.demo),
    )


def _own(user: User | None) -> User:
    if user is None:
        raise Unauthenticated("Sign in first.")
    return user
