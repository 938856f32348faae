"""Who asks, and whether this person may: decided before every view, and refused where nobody decided."""

from __future__ import annotations

from collections.abc import Collection

import structlog
from flask import Flask, current_app, g, redirect, request, url_for
from flask_wtf.csrf import CSRFProtect
from werkzeug.wrappers import Response

from app.accounts import service as accounts
from app.accounts.models import User
from app.accounts.rules import NEEDS_SECOND_FACTOR, Role
from app.errors import NotAllowed, Unauthenticated
from app.http import SESSION_COOKIE, SignedIn, parts
from app.parts import Parts
from app.texts import N_

log = structlog.get_logger()
csrf = CSRFProtect()

_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_BEFORE_SET_UP = frozenset({"accounts.show_set_up", "accounts.finish_set_up", "accounts.sign_out"})


def guard(app: Flask) -> None:
    """Ask every request of this application who sends it, and refuse what the view's `allow` does not grant."""
    app.config.update(
        # The token lives as long as the browser's session: a desk stays open for a whole shift.
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_CHECK_DEFAULT=False,
        SESSION_COOKIE_NAME="wardline_form",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
    )
    csrf.init_app(app)
    app.before_request(_check_request)


def is_api(path: str) -> bool:
    """True for what programs call: errors there are problem documents, and nobody is sent to a sign-in page."""
    return path.startswith("/api/")


def find_signed_in(parts: Parts, cookie: str) -> SignedIn | None:
    """Whose browser sends this session cookie, while the sign-in is valid. Notes that it is in use."""
    key_hash, now = accounts.hash_key(cookie), parts.now()
    with parts.database.reading() as session:
        found = accounts.live_session(session, key_hash, now)
    if found is None:
        return None
    if accounts.is_touch_due(found, now):
        with parts.database.writing() as session:
            accounts.touch_session(session, key_hash, now)
    return _signed_in(found.user, key_hash)


def must_set_up(parts: Parts, user: SignedIn) -> bool:
    """True when this person's role needs a second factor that is not there: nothing else is shown before."""
    if parts.settings.demo or user.role not in NEEDS_SECOND_FACTOR:
        return False
    with parts.database.reading() as session:
        return accounts.lacks_second_factor(session, user.user_id, user.role, is_demo=False)


def allowed_roles(endpoint: str) -> Collection[Role] | None:
    """Who may call this endpoint: everybody when empty, nobody when None."""
    roles: Collection[Role] | None = getattr(current_app.view_functions.get(endpoint), "allowed_roles", None)
    return roles


def _check_request() -> Response | None:
    bearer = request.headers.get("Authorization", "")
    cookie = request.cookies.get(SESSION_COOKIE, "")
    if bearer:
        g.signed_in = _by_token(bearer)
    elif cookie:
        g.signed_in = find_signed_in(parts(), cookie)
    if request.endpoint is None:
        return None  # No such path or method: the router answers.
    roles = allowed_roles(request.endpoint)
    if roles is None:
        log.error("access.unclassified", endpoint=request.endpoint)
        raise NotAllowed("Nobody may use this page.")
    user = g.get("signed_in")
    if roles and user is None:
        raise Unauthenticated("Sign in first.")
    if roles and user.role not in roles:
        raise NotAllowed("Your role does not permit this.")
    if roles and must_set_up(parts(), user) and request.endpoint not in _BEFORE_SET_UP:
        if is_api(request.path):
            raise NotAllowed(N_("Set up the second factor that your role needs first."))
        return redirect(url_for("accounts.show_set_up"))
    largest_body = getattr(current_app.view_functions[request.endpoint], "largest_body", None)
    if largest_body is not None:
        request.max_content_length = largest_body
    # A bearer token is never sent by a browser on its own, so only cookies need the proof that our page sent the
    # request. Public API calls use no cookie; the public sign-in page is protected against sign-in as someone else.
    uses_cookie = user is not None and user.session_key_hash is not None
    if request.method not in _SAFE_METHODS and (uses_cookie or not is_api(request.path)):
        csrf.protect()
    return None


def _by_token(header: str) -> SignedIn | None:
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token or len(token) > 200:
        return None
    with parts().database.reading() as session:
        user = accounts.token_owner(session, token.strip(), parts().now())
    return _signed_in(user, None) if user else None


def _signed_in(user: User, key_hash: str | None) -> SignedIn:
    return SignedIn(
        user_id=user.id,
        username=user.username,
        display_name=user.display_name,
        role=Role(user.role),
        locale=user.locale,
        session_key_hash=key_hash,
    )
