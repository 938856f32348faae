"""People who sign in, their sessions and their API tokens."""

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import Table


class User(Table):
    """One account. `username` is also the agent's id towards Asterisk and the API; it never changes."""

    __tablename__ = "user_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(String(64), unique=True)
    display_name: Mapped[str] = mapped_column(String(100))
    role: Mapped[str] = mapped_column(String(20))
    password_hash: Mapped[str] = mapped_column(String(200))
    locale: Mapped[str | None] = mapped_column(String(10))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    extension: Mapped[str | None] = mapped_column(String(20))
    mobile: Mapped[str | None] = mapped_column(String(20))  # E.164
    is_active: Mapped[bool] = mapped_column(default=True)
    left_at: Mapped[datetime | None]
    # Superseded by SignInRest, which also knows names that do not exist; a release before that one still writes them.
    failed_sign_ins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]


class SignInSession(Table):
    """A signed-in browser. The cookie holds only the random key, of which the SHA-256 is kept here."""

    __tablename__ = "sign_in_session"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    address: Mapped[str | None] = mapped_column(String(45))
    browser: Mapped[str | None] = mapped_column(String(60))  # what the browser calls itself, in a word or two
    user: Mapped[User] = relationship(lazy="joined")


class APIToken(Table):
    """A bearer token, kept as its SHA-256."""

    __tablename__ = "api_token"

    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    user: Mapped[User] = relationship(lazy="joined")


class KnownDevice(Table):
    """A browser in which this person has signed in before; its cookie holds a key of which the SHA-256 is kept.

    Colleagues share computers: one browser may be known for several people.
    """

    __tablename__ = "known_device"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True, index=True)
    created_at: Mapped[datetime]
    last_used_at: Mapped[datetime]


class SignInRest(Table):
    """Wrong tries of one subject in a row, and until when it rests. Subjects are made in `rules.lock_out` only."""

    __tablename__ = "sign_in_rest"

    subject: Mapped[str] = mapped_column(String(120), primary_key=True)
    tries: Mapped[int]
    rests_until: Mapped[datetime | None]
    last_try_at: Mapped[datetime] = mapped_column(index=True)


class SecondFactor(Table):
    """The authenticator of one person. `secret` is encrypted; without `confirmed_at` the set-up was not finished."""

    __tablename__ = "second_factor"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(200))
    confirmed_at: Mapped[datetime | None]
    last_step: Mapped[int] = mapped_column(default=0)  # codes of this time step and older ones are used up


class RecoveryCode(Table):
    """One of ten codes that replace the authenticator once, kept as a keyed hash."""

    __tablename__ = "recovery_code"

    code_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    used_at: Mapped[datetime | None]
