"""Count wrong tries and say how long a sign-in must wait. What is counted is in app/accounts/rules/lock_out.py."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.accounts.models import SignInRest
from app.accounts.rules.lock_out import (
    FORGET_AFTER,
    Counted,
    code_subject,
    counts_for_the_name,
    device_subject,
    is_forgotten,
    rest_after,
    subjects_of,
)
from app.accounts.service.sessions import hash_key, known_device
from app.configuration import service as configuration
from app.configuration.rules import SIGN_IN_TRIES


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One try to sign in that was counted before it was looked at. `rests_until`: it is refused and was not counted."""

    counted: tuple[str, ...] = ()
    rests_until: datetime | None = None


def begin_try(session: Session, *, username: str, user_id: int | None, address: str, device: str, now: datetime) -> Try:
    """Count a try to sign in as a wrong one, before the slow comparison: many at once cannot get past the limit.

    A browser with the key `device` in which this person has signed in before rests for its own tries only.
    """
    tries = configuration.value(session, SIGN_IN_TRIES)
    if known_device(session, user_id, device) is not None:
        return _count(session, [device_subject(hash_key(device), tries=tries)], now)
    subjects = subjects_of(username, address, tries=tries)
    there, name, place = subjects
    refused = _resting(session, subjects, now)
    if refused is not None:
        return Try(rests_until=refused)
    from_there = _add(session, there, now)
    counted = [there, place]
    if counts_for_the_name(from_there, tries=tries):
        _add(session, name, now)
        counted.append(name)
    _add(session, place, now)
    return Try(counted=tuple(each.subject for each in counted))


def begin_code(session: Session, user_id: int, now: datetime) -> Try:
    """The same for the code that comes after the right password."""
    return _count(session, [code_subject(user_id, tries=configuration.value(session, SIGN_IN_TRIES))], now)


def succeed(session: Session, made: Try) -> None:
    """The try was right. Its first subject begins anew; the others only lose this one, since they are not its alone."""
    first, *others = made.counted
    session.execute(delete(SignInRest).where(SignInRest.subject == first))
    if others:
        session.execute(
            update(SignInRest)
            .where(SignInRest.subject.in_(others), SignInRest.tries > 0)
            .values(tries=SignInRest.tries - 1, rests_until=None)
        )


def forget_old(session: Session, now: datetime) -> None:
    """Remove the subjects that begin anew anyway."""
    session.execute(delete(SignInRest).where(SignInRest.last_try_at < now - FORGET_AFTER))


def _count(session: Session, subjects: Sequence[Counted], now: datetime) -> Try:
    refused = _resting(session, subjects, now)
    if refused is not None:
        return Try(rests_until=refused)
    for each in subjects:
        _add(session, each, now)
    return Try(counted=tuple(each.subject for each in subjects))


def _resting(session: Session, subjects: Sequence[Counted], now: datetime) -> datetime | None:
    query = select(SignInRest.rests_until).where(
        SignInRest.subject.in_([each.subject for each in subjects]), SignInRest.rests_until > now
    )
    return max((until for until in session.scalars(query) if until is not None), default=None)


def _add(session: Session, counted: Counted, now: datetime) -> int:
    """Count one more, and let the subject rest from its limit on; returns the new count."""
    row = session.get(SignInRest, counted.subject, with_for_update=True) or _insert(session, counted.subject, now)
    if is_forgotten(row.last_try_at, now):
        row.tries = 0
    row.tries += 1
    row.last_try_at = now
    rest = rest_after(row.tries, counted.limit)
    row.rests_until = now + rest if rest is not None else None
    session.flush()
    return row.tries


def _insert(session: Session, subject: str, now: datetime) -> SignInRest:
    row = SignInRest(subject=subject, tries=0, rests_until=None, last_try_at=now)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        # Another process began to count this subject at the same moment.
        return session.get_one(SignInRest, subject, with_for_update=True)
    return row
