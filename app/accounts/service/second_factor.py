"""The second factor of an account: an authenticator, and ten codes for when it is lost."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime

from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.accounts.models import RecoveryCode, SecondFactor
from app.accounts.rules import NEEDS_SECOND_FACTOR, Role
from app.accounts.rules.codes import matching_step, new_recovery_codes, new_secret, plain_recovery_code
from app.errors import InvalidInput
from app.texts import N_


def has_second_factor(session: Session, user_id: int) -> bool:
    """True when this person signs in with a code."""
    found = session.get(SecondFactor, user_id)
    return found is not None and found.confirmed_at is not None


def lacks_second_factor(session: Session, user_id: int, role: Role, *, is_demo: bool) -> bool:
    """True when this person must set up a second factor before anything else."""
    return role in NEEDS_SECOND_FACTOR and not is_demo and not has_second_factor(session, user_id)


def begin_set_up(session: Session, user_id: int, *, secret_key: str) -> str:
    """The secret to show, the same one until the set-up is finished. Raises InvalidInput when it was finished."""
    found = session.get(SecondFactor, user_id)
    if found is None:
        secret = new_secret()
        session.add(
            SecondFactor(user_id=user_id, secret=_cipher(secret_key).encrypt(secret.encode()).decode(), last_step=0)
        )
        session.flush()
        return secret
    if found.confirmed_at is not None:
        raise InvalidInput(N_("You sign in with a code already."))
    return _secret(found, secret_key)


def finish_set_up(session: Session, user_id: int, code: str, now: datetime, *, secret_key: str) -> list[str]:
    """Turn the second factor on with its first code; returns the recovery codes, which are shown this once."""
    found = session.get(SecondFactor, user_id, with_for_update=True)
    if found is None or found.confirmed_at is not None:
        raise InvalidInput(N_("Begin the set-up again."), field="code")
    step = matching_step(_secret(found, secret_key), code, now, after=found.last_step)
    if step is None:
        raise InvalidInput(N_("This code is not right. Is the clock of your telephone right?"), field="code")
    found.confirmed_at, found.last_step = now, step
    return renew_recovery_codes(session, user_id, secret_key=secret_key)


def renew_recovery_codes(session: Session, user_id: int, *, secret_key: str) -> list[str]:
    """Ten new recovery codes; the old ones open nothing any more."""
    codes = new_recovery_codes()
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(
        RecoveryCode(code_hash=_code_hash(user_id, code, secret_key), user_id=user_id, used_at=None) for code in codes
    )
    session.flush()
    return codes


def recovery_codes_left(session: Session, user_id: int) -> int:
    """How many recovery codes are still unused."""
    query = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return session.scalar(query) or 0


def use_code(session: Session, user_id: int, code: str, now: datetime, *, secret_key: str) -> bool:
    """True when the code is the authenticator's or an unused recovery code; either opens this once."""
    found = session.get(SecondFactor, user_id)
    if found is None or found.confirmed_at is None:
        return False
    step = matching_step(_secret(found, secret_key), code, now, after=found.last_step)
    if step is not None:
        # Conditional: of two sign-ins with the same code at the same moment, one wins.
        return _changed_one(
            session,
            update(SecondFactor)
            .where(SecondFactor.user_id == user_id, SecondFactor.last_step < step)
            .values(last_step=step)
            .returning(SecondFactor.user_id),
        )
    return _changed_one(
        session,
        update(RecoveryCode)
        .where(RecoveryCode.code_hash == _code_hash(user_id, code, secret_key), RecoveryCode.used_at.is_(None))
        .values(used_at=now)
        .returning(RecoveryCode.user_id),
    )


def remove_second_factor(session: Session, user_id: int) -> None:
    """Sign in without a code from now on: the telephone is lost, or the person no longer wants it."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.execute(delete(SecondFactor).where(SecondFactor.user_id == user_id))


def people_with_second_factor(session: Session) -> set[int]:
    """The ids of the accounts that sign in with a code."""
    return set(session.scalars(select(SecondFactor.user_id).where(SecondFactor.confirmed_at.is_not(None))))


def _changed_one(session: Session, statement: object) -> bool:
    return len(session.scalars(statement).all()) == 1  # type: ignore[call-overload]


def _secret(found: SecondFactor, secret_key: str) -> str:
    return _cipher(secret_key).decrypt(found.secret.encode()).decode()


def _cipher(secret_key: str) -> Fernet:
    # A key of its own, so that nothing else that is made from the installation's secret opens these.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wardline second factor").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))


def _code_hash(user_id: int, code: str, secret_key: str) -> str:
    # Keyed, because 49 random bits alone could be searched by somebody who has only the database.
    text = f"recovery:{user_id}:{plain_recovery_code(code)}"
    return hmac.new(secret_key.encode(), text.encode(), hashlib.sha256).hexdigest()
