"""Signing in and out: the pages for people, the token for programs."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import structlog
from apiflask import Schema
from apiflask.fields import DateTime, String
from apiflask.validators import Length
from flask import Response, g, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.accounts import service
from app.accounts.models import User
from app.accounts.routes.blueprints import api, pages
from app.accounts.routes.checking import DEVICE_COOKIE, Resting, audit_sign_in, check_code, check_password
from app.accounts.rules import EVERYONE, Role
from app.audit.rules import Action
from app.configuration import service as configuration
from app.configuration.rules import SESSION_HOURS
from app.errors import NotAllowed, Unauthenticated
from app.http import PUBLIC, SESSION_COOKIE, allow, audit, parts, signed_in
from app.texts import N_

log = structlog.get_logger()

# Longer than any password a person types, short enough that hashing it costs nothing.
_LONGEST_PASSWORD = 200
_SECOND_STEP = "second_step"
# Long enough to look for the telephone.
_SECOND_STEP_LASTS = timedelta(minutes=5)


class Credentials(Schema):
    username = String(required=True, validate=Length(1, 64))
    password = String(required=True, validate=Length(1, _LONGEST_PASSWORD))
    otp = String(
        validate=Length(1, 20),
        metadata={"description": "The code of the authenticator, for an account that signs in with one."},
    )


class Token(Schema):
    token = String(required=True, metadata={"description": "Send it as `Authorization: Bearer …`."})
    expires_at = DateTime(required=True)


@pages.get("/login")
@allow(PUBLIC)
def show_sign_in() -> BaseResponse | str:
    if g.get("signed_in") is not None:
        return redirect(_safe_next())
    return render_template("accounts/login.html", username="", failed=None, next=_safe_next())


@pages.post("/login")
@allow(PUBLIC)
def sign_in() -> BaseResponse | tuple[str, int]:
    username = request.form.get("username", "").strip()[:64]
    try:
        user = check_password(username, request.form.get("password", "")[:_LONGEST_PASSWORD])
    except Unauthenticated as error:
        return render_template(
            "accounts/login.html", username=username, failed=_sentence(error), next=_safe_next()
        ), 401
    with parts().database.reading() as database_session:
        needs_code = service.has_second_factor(database_session, user.id)
    if not needs_code:
        return _complete(user, _safe_next())
    session[_SECOND_STEP] = {
        "user": user.id,
        "until": (parts().now() + _SECOND_STEP_LASTS).timestamp(),
        "mark": _mark(user),
    }
    return redirect(url_for("accounts.show_code", next=_safe_next()))


@pages.get("/login/code")
@allow(PUBLIC)
def show_code() -> BaseResponse | str:
    """Where somebody whose password was right types the code of the authenticator."""
    if _waiting_for_code() is None:
        return redirect(url_for("accounts.show_sign_in", next=_safe_next()))
    return render_template("accounts/code.html", failed=None, next=_safe_next())


@pages.post("/login/code")
@allow(PUBLIC)
def sign_in_with_code() -> BaseResponse | tuple[str, int]:
    user = _waiting_for_code()
    if user is None:
        return redirect(url_for("accounts.show_sign_in", next=_safe_next()))
    try:
        check_code(user, request.form.get("code", "")[:40])
    except Unauthenticated as error:
        return render_template("accounts/code.html", failed=_sentence(error), next=_safe_next()), 401
    return _complete(user, _safe_next())


@pages.post("/logout")
@allow(EVERYONE)
def sign_out() -> BaseResponse:
    user = signed_in()
    if user.session_key_hash is not None:
        with parts().database.writing() as database_session:
            service.end_session(database_session, parts().bus, user.session_key_hash, parts().now())
            audit(database_session, Action.SIGN_IN, details={"result": "signed_out"})
    session.clear()
    response: Response | BaseResponse = redirect(url_for("accounts.show_sign_in"))
    response.delete_cookie(SESSION_COOKIE, samesite="Lax", secure=parts().settings.secure_cookies, httponly=True)
    log.info("account.signed_out", user=user.username)
    return response


@api.post("")
@allow(PUBLIC)
@api.input(Credentials, arg_name="credentials")
@api.output(Token, status_code=201)
@api.doc(
    summary="Get a bearer token",
    responses={401: "Name, password or code do not match, or too many tries: `seconds` says how long to wait."},
)
def create_token(credentials: dict[str, Any]) -> dict[str, Any]:
    user = check_password(credentials["username"], credentials["password"])
    with parts().database.reading() as database_session:
        needs_code = service.has_second_factor(database_session, user.id)
        lacks = service.lacks_second_factor(database_session, user.id, Role(user.role), is_demo=parts().settings.demo)
    if lacks:
        raise NotAllowed(N_("Sign in to the pages first and set up the second factor that your role needs."))
    if needs_code and not credentials.get("otp"):
        raise Unauthenticated(N_("Send the code of the authenticator as otp."), field="otp")
    if needs_code:
        check_code(user, credentials["otp"])
    with parts().database.writing() as database_session:
        token, expires_at = service.create_token(database_session, user.id, parts().now())
        audit_sign_in(database_session, user, {"result": "token"})
    log.info("account.token_created", user=user.username)
    return {"token": token, "expires_at": expires_at}


def _complete(user: User, target: str) -> BaseResponse:
    """Everything was proved: a new session with a new key, and the browser is known from now on."""
    now, earlier = parts().now(), g.get("signed_in")
    with parts().database.writing() as database_session:
        if earlier is not None and earlier.session_key_hash is not None:
            service.end_session(database_session, parts().bus, earlier.session_key_hash, now)
        key = service.start_session(
            database_session,
            user.id,
            now,
            address=request.remote_addr or "",
            user_agent=request.user_agent.string,
        )
        device = service.remember_device(database_session, user.id, request.cookies.get(DEVICE_COOKIE, "")[:64], now)
        service.forget_old(database_session, now)
        hours = configuration.value(database_session, SESSION_HOURS)
        audit_sign_in(database_session, user, {"result": "signed_in"})
    session.clear()
    response = redirect(target)
    is_secure = parts().settings.secure_cookies
    lasting = ((SESSION_COOKIE, key, timedelta(hours=hours)), (DEVICE_COOKIE, device, service.DEVICE_LIFETIME))
    for name, value, lifetime in lasting:
        response.set_cookie(
            name, value, max_age=int(lifetime.total_seconds()), httponly=True, samesite="Lax", secure=is_secure
        )
    log.info("account.signed_in", user=user.username)
    return response


def _waiting_for_code() -> User | None:
    """Whose password was right in this browser some minutes ago, and is still the same."""
    step = session.get(_SECOND_STEP)
    if not isinstance(step, dict) or parts().now().timestamp() > step.get("until", 0):
        return None
    with parts().database.reading() as database_session:
        user = database_session.get(User, step.get("user"))
    return user if user is not None and user.is_active and _mark(user) == step.get("mark") else None


def _mark(user: User) -> str:
    return service.hash_key(user.password_hash)[:16]


def _sentence(error: Unauthenticated) -> str:
    sentence: str = _(error.detail)
    return sentence % error.fields if isinstance(error, Resting) else sentence


def _safe_next() -> str:
    """Where to go after signing in: a path of ours and nothing else."""
    target = request.values.get("next", "")
    is_path = target.startswith("/") and not target.startswith("//")
    if not is_path or "\\" in target or any(ord(character) < 32 for character in target) or len(target) > 500:
        return url_for("hall.home")
    split = urlsplit(target)
    is_way_in = split.path == "/login" or split.path.startswith("/login/")
    return url_for("hall.home") if split.scheme or split.netloc or is_way_in else target
