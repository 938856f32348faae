"""What the routes of every room use: this process's parts, who asks, and who may.

The front hall (app/web) sets these up; rooms only read them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from flask import current_app, g, request
from flask_babel import get_locale
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Viewer
from app.accounts.rules import Role
from app.audit.rules import Action, AuditEntry
from app.audit.service import record, record_people
from app.errors import Unauthenticated
from app.parts import Parts

View = TypeVar("View", bound=Callable[..., object])
PUBLIC: frozenset[Role] = frozenset()
"""For `allow(PUBLIC)`: no sign-in is asked for."""
SESSION_COOKIE = "wardline_session"
"""The cookie that carries the key of a sign-in session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """Who asks."""

    user_id: int
    username: str
    display_name: str
    role: Role
    locale: str | None
    session_key_hash: str | None  # nothing for a bearer token


def parts() -> Parts:
    """The parts of this process."""
    found = current_app.extensions["wardline"]
    assert isinstance(found, Parts)
    return found


def signed_in() -> SignedIn:
    """Who asks. Raises Unauthenticated outside a signed-in request."""
    user = g.get("signed_in")
    if not isinstance(user, SignedIn):
        raise Unauthenticated("Sign in first.")
    return user


@contextmanager
def reading() -> Iterator[Session]:
    """A transaction that reads what whoever asks may see, and nothing else. The way for every view to the database."""
    who = viewer()  # Before the session: whoever waits for a second connection while holding one could wait forever.
    with parts().database.reading() as session:
        _bind(session, who)
        yield session


@contextmanager
def writing() -> Iterator[Session]:
    """A transaction that reads and changes what whoever asks may; committed as `Database.writing` says."""
    who = viewer()
    with parts().database.writing() as session:
        _bind(session, who)
        yield session


def viewer() -> Viewer:
    """Whoever asks, with the grants that hold now."""
    found = g.get("viewer")
    if not isinstance(found, Viewer):
        with parts().database.reading() as session:
            found = g.viewer = access.viewer_for(session, signed_in().username, parts().now())
    return found


def audit(
    session: Session,
    action: Action,
    *,
    patient_id: int | None = None,
    subject: str = "",
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """Write what whoever asks does now into the audit log, as part of the session's transaction (U-11, guard 10).

    `subject` names what it was done to ("recording:<id>", "export:<id>"), `details` holds ids, counts and codes:
    never a number, name or text of a patient. The session must come from `writing()`.
    """
    entry = replace(_entry(action, subject, reason, details), patient_id=patient_id)
    record(session, entry, key=parts().settings.secret_key)


def audit_people(
    session: Session,
    action: Action,
    patient_ids: Collection[int],
    *,
    subject: str = "",
    reason: str = "",
    details: dict[str, Any] | None = None,
) -> None:
    """As `audit`, for what is done to many patients at once: it stands in the log of each of them."""
    entry = _entry(action, subject, reason, details)
    record_people(session, entry, patient_ids, key=parts().settings.secret_key)


def _entry(action: Action, subject: str, reason: str, details: dict[str, Any] | None) -> AuditEntry:
    user = signed_in()
    return AuditEntry(
        at=parts().now(),
        actor=user.username,
        role=user.role.value,
        action=action,
        subject=subject,
        reason=reason,
        address=request.remote_addr or "",
        details=details or {},
    )


def _bind(session: Session, who: Viewer) -> None:
    access.bind(session, who, now=parts().now(), zone=parts().settings.timezone)
    session.info["locale"] = str(get_locale())  # names of codes come in the reader's language


def allow(roles: Collection[Role]) -> Callable[[View], View]:
    """Say who may call this view. The front hall refuses every view that nobody classified."""

    def mark(view: View) -> View:
        view.allowed_roles = frozenset(roles)  # type: ignore[attr-defined]
        return view

    return mark


def takes_up_to(size: int) -> Callable[[View], View]:
    """Let this view take a body of so many bytes, for files; every other one takes a page's text."""

    def mark(view: View) -> View:
        view.largest_body = size  # type: ignore[attr-defined]
        return view

    return mark
