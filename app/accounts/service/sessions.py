"""The sign-in sessions of browsers, the tokens of programs, and the browsers that we have seen before."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import APIToken, KnownDevice, SignInSession, User
from app.accounts.rules import TOKEN_LIFETIME, browser_name, is_session_over
from app.bus import Bus
from app.configuration import service as configuration
from app.configuration.rules import IDLE_MINUTES, SESSION_HOURS
from app.journal import service as journal

# A session row is touched at most this often: the idle limit is counted in minutes, and a write per request costs.
_TOUCH_EVERY = timedelta(minutes=1)
# Ended sessions stay this long, so that a desk that comes back is told that it was signed out.
_KEEP_ENDED = timedelta(days=7)
DEVICE_LIFETIME = timedelta(days=400)
"""How long a browser is known; the longest that browsers keep a cookie."""


def start_session(session: Session, user_id: int, now: datetime, *, address: str = "", user_agent: str = "") -> str:
    """Begin a sign-in session and return its key: the cookie's value, kept here only as a hash."""
    session.execute(delete(SignInSession).where(SignInSession.last_seen_at < now - _KEEP_ENDED))
    key = secrets.token_hex(32)
    session.add(
        SignInSession(
            key_hash=hash_key(key),
            user_id=user_id,
            created_at=now,
            last_seen_at=now,
            address=address[:45],
            browser=browser_name(user_agent),
        )
    )
    session.flush()
    return key


def live_session(session: Session, key_hash: str, now: datetime) -> SignInSession | None:
    """The sign-in session while it is valid and its account active, else nothing."""
    found = session.get(SignInSession, key_hash)
    if found is None or found.ended_at is not None or not found.user.is_active:
        return None
    return None if _is_over(session, found, now) else found


def is_touch_due(found: SignInSession, now: datetime) -> bool:
    """True when the session's last use should be written down again."""
    return now - found.last_seen_at >= _TOUCH_EVERY


def touch_session(session: Session, key_hash: str, now: datetime) -> None:
    """Note that the session is in use."""
    session.execute(update(SignInSession).where(SignInSession.key_hash == key_hash).values(last_seen_at=now))


def sessions_of(session: Session, user_id: int, now: datetime) -> list[SignInSession]:
    """The valid sign-in sessions of a person, the one used last first."""
    query = (
        select(SignInSession)
        .where(SignInSession.user_id == user_id, SignInSession.ended_at.is_(None))
        .order_by(SignInSession.last_seen_at.desc(), SignInSession.key_hash)
    )
    return [found for found in session.scalars(query) if not _is_over(session, found, now)]


def away_since(session: Session, user_id: int, key_hash: str | None) -> datetime | None:
    """When this person was last seen before the sign-in with this key; nothing when never, or too long ago."""
    query = select(func.max(SignInSession.last_seen_at)).where(SignInSession.user_id == user_id)
    if key_hash is not None:
        begun = select(SignInSession.created_at).where(SignInSession.key_hash == key_hash).scalar_subquery()
        query = query.where(SignInSession.key_hash != key_hash, SignInSession.created_at < begun)
    return session.scalar(query)


def end_session(session: Session, bus: Bus, key_hash: str, now: datetime) -> None:
    """End a sign-in session; its live sockets in every process learn of it from the journal. Twice is harmless."""
    _end(session, bus, now, SignInSession.key_hash == key_hash)


def end_session_named(session: Session, bus: Bus, user_id: int, name: str, now: datetime) -> int:
    """End that one of a person's sessions which `session_id` calls so; returns how many there were."""
    # No wildcard can be in it: a name that is not made of hexadecimal digits is no session's.
    if len(name) != 16 or not set(name) <= set("0123456789abcdef"):
        return 0
    return _end(session, bus, now, SignInSession.user_id == user_id, SignInSession.key_hash.startswith(name))


def end_other_sessions(session: Session, bus: Bus, user_id: int, key_hash: str | None, now: datetime) -> int:
    """End every session of this person except the one given; returns how many."""
    return _end(session, bus, now, SignInSession.user_id == user_id, SignInSession.key_hash != (key_hash or ""))


def end_access(session: Session, bus: Bus, user_id: int, now: datetime) -> int:
    """End every session and token of this person, and forget the browsers; returns how many sessions there were."""
    session.execute(delete(APIToken).where(APIToken.user_id == user_id))
    session.execute(delete(KnownDevice).where(KnownDevice.user_id == user_id))
    return end_other_sessions(session, bus, user_id, None, now)


def is_session_known(session: Session, key_hash: str) -> bool:
    """True when this key was ever given out, valid or not."""
    return session.scalar(select(SignInSession.key_hash).where(SignInSession.key_hash == key_hash)) is not None


def session_id(key_hash: str) -> str:
    """The name of a session in the journal and on pages: enough to tell sessions apart, useless as a key."""
    return key_hash[:16]


def create_token(session: Session, user_id: int, now: datetime) -> tuple[str, datetime]:
    """Make a bearer token and return it with its expiry; only its hash is kept."""
    session.execute(delete(APIToken).where(APIToken.expires_at < now))
    token = secrets.token_urlsafe(32)
    expires_at = now + TOKEN_LIFETIME
    session.add(APIToken(token_hash=hash_key(token), user_id=user_id, created_at=now, expires_at=expires_at))
    return token, expires_at


def token_owner(session: Session, token: str, now: datetime) -> User | None:
    """Whose token this is, while it is valid and the account active."""
    found = session.get(APIToken, hash_key(token))
    if found is None or found.expires_at <= now or not found.user.is_active:
        return None
    return found.user


def remember_device(session: Session, user_id: int, key: str, now: datetime) -> str:
    """Note that this person signed in here; returns the key for the browser's cookie.

    It is a new one where we never gave `key` out. Browsers that nobody has used for `DEVICE_LIFETIME` are forgotten.
    """
    session.execute(delete(KnownDevice).where(KnownDevice.last_used_at < now - DEVICE_LIFETIME))
    known = known_device(session, user_id, key)
    if known is not None:
        known.last_used_at = now
        return key
    if session.scalar(select(KnownDevice.user_id).where(KnownDevice.key_hash == hash_key(key)).limit(1)) is None:
        key = secrets.token_hex(32)
    session.add(KnownDevice(key_hash=hash_key(key), user_id=user_id, created_at=now, last_used_at=now))
    return key


def known_device(session: Session, user_id: int | None, key: str) -> KnownDevice | None:
    """The browser with this key, when that person has signed in there before."""
    return session.get(KnownDevice, (hash_key(key), user_id)) if key and user_id is not None else None


def hash_key(key: str) -> str:
    """SHA-256 in hex. Keys are 256 random bits, so no salt and no slow hash is needed."""
    return hashlib.sha256(key.encode()).hexdigest()


def _end(session: Session, bus: Bus, now: datetime, *which: object) -> int:
    ended = session.execute(
        update(SignInSession)
        .where(*which, SignInSession.ended_at.is_(None))  # type: ignore[arg-type]
        .values(ended_at=now)
        .returning(SignInSession.key_hash, SignInSession.user_id)
    ).all()
    if ended:
        username = session.scalar(select(User.username).where(User.id == ended[0].user_id))
        journal.append(
            session,
            bus,
            [
                journal.Entry(
                    kind="account.signed_out", at=now, agent=username, payload={"session": session_id(row.key_hash)}
                )
                for row in ended
            ],
        )
    return len(ended)


def _is_over(session: Session, found: SignInSession, now: datetime) -> bool:
    hours, minutes = configuration.values(session, SESSION_HOURS, IDLE_MINUTES)
    return is_session_over(
        created_at=found.created_at,
        last_seen_at=found.last_seen_at,
        now=now,
        lifetime=timedelta(hours=hours),
        idle_limit=timedelta(minutes=minutes),
    )
