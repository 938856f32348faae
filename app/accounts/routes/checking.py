"""The steps of proving who one is, as pages and API share them: each try is counted before it is looked at."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import structlog
from flask import request
from sqlalchemy.orm import Session

from app.accounts import service
from app.accounts.models import User
from app.audit.rules import Action, AuditEntry
from app.audit.service import record
from app.errors import Unauthenticated
from app.http import parts
from app.texts import N_

log = structlog.get_logger()

DEVICE_COOKIE = "wardline_device"
"""The cookie by which a browser is known in which somebody has signed in before."""
WRONG = N_("The username or the password is not right.")
WRONG_CODE = N_("This code is not right, or it was used already.")
RESTS = N_("Too many wrong tries. Try again in %(seconds)s seconds.")


class Resting(Unauthenticated):
    """Too many wrong tries; `fields["seconds"]` is how long it takes until the next one counts."""


def check_password(username: str, password: str) -> User:
    """The account when the password is right. Raises Unauthenticated, or Resting without having looked.

    The slow comparison runs between two short transactions.
    """
    now = parts().now()
    with parts().database.writing() as session:
        user = service.find_user(session, username)
        made = service.begin_try(
            session,
            username=username,
            user_id=user.id if user else None,
            address=request.remote_addr or "",
            device=request.cookies.get(DEVICE_COOKIE, "")[:64],
            now=now,
        )
    _refuse_resting(made, now)
    if not service.is_password_right(user, password):
        with parts().database.writing() as session:
            audit_sign_in(session, user, {"result": "wrong_password"})
        log.warning("account.sign_in_failed", user_id=user.id if user else None)
        raise Unauthenticated(WRONG)
    assert user is not None
    with parts().database.writing() as session:
        service.succeed(session, made)
    return user


def check_code(user: User, code: str) -> None:
    """Check the code of the second factor. Raises Unauthenticated, or Resting without having looked."""
    now = parts().now()
    with parts().database.writing() as session:
        made = service.begin_code(session, user.id, now)
    _refuse_resting(made, now)
    with parts().database.writing() as session:
        is_right = service.use_code(session, user.id, code, now, secret_key=parts().settings.secret_key)
        if is_right:
            service.succeed(session, made)
        else:
            audit_sign_in(session, user, {"result": "wrong_code"})
    if not is_right:
        log.warning("account.code_refused", user_id=user.id)
        raise Unauthenticated(WRONG_CODE)


def audit_sign_in(session: Session, user: User | None, details: dict[str, Any]) -> None:
    """Write a sign-in, or a failed one, into the audit log. What was typed for a name that is not ours is not kept."""
    record(
        session,
        AuditEntry(
            at=parts().now(),
            actor=user.username if user else "unknown",
            role=user.role if user else "",
            action=Action.SIGN_IN,
            address=request.remote_addr or "",
            details=details,
        ),
        key=parts().settings.secret_key,
    )


def _refuse_resting(made: service.Try, now: datetime) -> None:
    if made.rests_until is not None:
        seconds = max(1, round((made.rests_until - now).total_seconds()))
        raise Resting(RESTS, seconds=seconds)
