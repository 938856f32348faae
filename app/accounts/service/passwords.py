"""Passwords are kept as argon2id hashes. Comparing one takes about 25 ms on purpose: never inside a transaction."""

from __future__ import annotations

import secrets
import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.accounts.models import User

# OWASP's first choice for argon2id: 19 MiB and two passes, about 25 ms here.
_hasher = PasswordHasher(time_cost=2, memory_cost=19_456, parallelism=1)
# Sign-ins beyond four at a time wait: otherwise 300 threads of guesses would take 6 GB.
_verifying = threading.BoundedSemaphore(4)
# What the password of an account that does not exist is compared with, so that the answer takes as long.
_nobody_hash = _hasher.hash(secrets.token_hex(16))


def hash_password(password: str) -> str:
    """The hash to keep."""
    return _hasher.hash(password)


def is_password_right(user: User | None, password: str) -> bool:
    """Compare a password, in the same time whether the account exists, is active, or not."""
    with _verifying:
        try:
            _hasher.verify(user.password_hash if user else _nobody_hash, password)
        except (VerificationError, InvalidHashError):
            return False
    return user is not None and user.is_active
