"""Accounts: who works here, in which role, and who may still sign in."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import AT_THE_DESK, SHORTEST_DEMO_PASSWORD, SHORTEST_PASSWORD, Role, check_password
from app.accounts.service.passwords import hash_password
from app.accounts.service.sessions import end_access, end_other_sessions
from app.agents.models import AgentStatus
from app.agents.rules import AgentState
from app.bus import Bus
from app.errors import Conflict, InvalidInput
from app.journal import service as journal
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What may change about an account. `mobile` is E.164."""

    display_name: str
    role: Role
    department_id: int | None = None
    extension: str | None = None
    mobile: str | None = None
    locale: str | None = None


# A phone is named after its account, and these are the names of the telephone lines.
_LINES = frozenset({"trunk", "outside"})


def create_user(
    session: Session,
    *,
    username: str,
    display_name: str,
    role: Role,
    password: str,
    now: datetime,
    locale: str | None = None,
    department_id: int | None = None,
    shortest_password: int = SHORTEST_PASSWORD,
) -> User:
    """Make an account; one that may have a phone also becomes an agent, offline. Raises InvalidInput, Conflict."""
    if not re.fullmatch(r"[a-z][a-z0-9_.-]{1,31}", username):
        raise InvalidInput(
            N_("A username has 2 to 32 characters: small letters, digits, dot, dash; first a letter."), field="username"
        )
    _check_password(password, username, shortest_password)
    if username in _LINES or find_user(session, username) is not None:
        raise Conflict(N_("This username is taken."), field="username")
    user = User(
        username=username,
        display_name=display_name.strip()[:100] or username,
        role=role.value,
        password_hash=hash_password(password),
        locale=locale,
        department_id=department_id,
        created_at=now,
        failed_sign_ins=0,
        is_active=True,
    )
    session.add(user)
    _ensure_agent(session, username, role, now)
    session.flush()
    return user


def names_of(session: Session, usernames: Collection[str]) -> dict[str, str]:
    """What these people are called, by username."""
    wanted = select(User.username, User.display_name).where(User.username.in_(usernames))
    return {row.username: row.display_name for row in session.execute(wanted)}


def find_user(session: Session, username: str) -> User | None:
    """The account of that name, active or not."""
    if "\x00" in username:
        return None  # PostgreSQL refuses to compare it.
    return session.scalar(select(User).where(User.username == username))


def change_person(session: Session, bus: Bus, user: User, person: Person, now: datetime) -> bool:
    """Change an account; True when that took the old rights away: a new role ends every sign-in and token.

    Raises InvalidInput; Conflict when nobody would be left to administer.
    """
    if not 1 <= len(person.display_name.strip()) <= 100 or not person.display_name.isprintable():
        raise InvalidInput(N_("A name has 1 to 100 characters."), field="display_name")
    if person.extension and not re.fullmatch(r"[0-9*#]{1,20}", person.extension):
        raise InvalidInput(N_("An extension has up to 20 digits."), field="extension")
    is_new_role = user.role != person.role.value
    if is_new_role:
        _keep_an_admin(session, user, person.role)
    user.display_name, user.role = person.display_name.strip(), person.role.value
    user.department_id, user.locale = person.department_id, person.locale
    user.extension, user.mobile = person.extension or None, person.mobile or None
    _ensure_agent(session, user.username, person.role, now)
    session.flush()
    if is_new_role:
        end_access(session, bus, user.id, now)
        _tell(session, bus, "account.role_changed", user, now)
    return is_new_role


def set_password(
    session: Session,
    bus: Bus,
    user: User,
    password: str,
    now: datetime,
    *,
    keep: str | None = None,
    shortest: int = SHORTEST_PASSWORD,
) -> None:
    """Set a new password and end every sign-in except the one whose key hash is `keep`, and every token.

    Slow, as every hash of a password. Raises InvalidInput when it will not do.
    """
    _check_password(password, user.username, shortest)
    user.password_hash = hash_password(password)
    session.flush()
    if keep is None:
        end_access(session, bus, user.id, now)
    else:
        end_other_sessions(session, bus, user.id, keep, now)


def leave(session: Session, bus: Bus, user: User, now: datetime) -> None:
    """This person no longer works here: sign-ins, tokens and phone end at once, what was done stays.

    Raises Conflict when nobody would be left to administer.
    """
    _keep_an_admin(session, user, None)
    user.is_active, user.left_at = False, now
    session.flush()
    end_access(session, bus, user.id, now)
    _tell(session, bus, "account.left", user, now)


def come_back(session: Session, bus: Bus, user: User, now: datetime) -> None:
    """This person works here again, with the account of before."""
    user.is_active, user.left_at = True, None
    session.flush()
    _tell(session, bus, "account.returned", user, now)


def sip_password(secret_key: str, username: str) -> str:
    """The password with which this user's browser registers as a phone. Web and telephony derive the same one."""
    return hmac.new(secret_key.encode(), b"sip:" + username.encode(), hashlib.sha256).hexdigest()[:32]


def phone_usernames(session: Session) -> list[str]:
    """The usernames of the active accounts that have a phone."""
    query = select(User.username).where(User.role.in_(AT_THE_DESK), User.is_active.is_(True)).order_by(User.username)
    return list(session.scalars(query))


def shortest_password(*, is_demo: bool) -> int:
    """How many characters a password has at least; the published ones of the demo are shorter."""
    return SHORTEST_DEMO_PASSWORD if is_demo else SHORTEST_PASSWORD


def _check_password(password: str, username: str, shortest: int) -> None:
    problem = check_password(password, username=username, shortest=shortest)
    if problem is not None:
        raise InvalidInput(problem, field="password", shortest=shortest)


def _ensure_agent(session: Session, username: str, role: Role, now: datetime) -> None:
    if role in AT_THE_DESK and session.get(AgentStatus, username) is None:
        session.add(AgentStatus(id=username, state=AgentState.OFFLINE.value, since=now, wants_ready=False))


def _keep_an_admin(session: Session, user: User, role: Role | None) -> None:
    if user.role != Role.ADMIN or role is Role.ADMIN:
        return
    others = select(func.count()).where(User.role == Role.ADMIN.value, User.is_active.is_(True), User.id != user.id)
    if not session.scalar(others):
        raise Conflict(N_("This is the last administrator. Make somebody else one first."), field="role")


def _tell(session: Session, bus: Bus, kind: str, user: User, now: datetime) -> None:
    journal.append(session, bus, [journal.Entry(kind=kind, at=now, agent=user.username)])
