"""Accounts as rows: what an administrator changes, and what the gateway reads."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from cryptography.fernet import Fernet, InvalidToken
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import Conflict, NotFound
from app.messages.rules import LongForm
from app.settings import Settings
from app.smsc_accounts.models import AccountRow, ErrorTable
from app.smsc_accounts.rules import (
    DEFAULT,
    BindMode,
    Route,
    SMSCAccount,
    check_account,
    read_error_classes,
    read_name,
)
from app.smsc_accounts.service.changes import tell_change
from app.smsc_accounts.service.error_tables import get_error_table, read_stored, stored
from app.smsc_accounts.service.routes import list_routes, route_of
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountForm:
    """What an administrator says of an account. No password: the old one stays."""

    account: SMSCAccount
    password: str | None
    error_table_id: int | None
    error_classes: str
    is_active: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What the gateway is to do: the accounts in use, their routes, and who carries what no route is for."""

    accounts: tuple[SMSCAccount, ...]
    unreadable: tuple[str, ...]  # in use, but their password was encrypted under another secret key
    routes: tuple[Route, ...]

    @property
    def fallback(self) -> str | None:
        names = [account.name for account in self.accounts]
        return DEFAULT if DEFAULT in names else next(iter(names), None)


def read_plan(session: Session, default: SMSCAccount | None, settings: Settings) -> Plan:
    """Accounts and routes as they are now. `default` is the account without a row."""
    accounts = [default] if default is not None else []
    unreadable = []
    tables = {table.id: table for table in session.scalars(select(ErrorTable))}
    for row in session.scalars(select(AccountRow).where(AccountRow.is_active).order_by(AccountRow.name)):
        try:
            accounts.append(_account(row, tables.get(row.error_table_id or 0), settings.secret_key))
        except InvalidToken:
            unreadable.append(row.name)
    names = {account.name for account in accounts}
    return Plan(
        accounts=tuple(accounts),
        unreadable=tuple(unreadable),
        routes=tuple(route_of(row) for row in list_routes(session) if row.account in names),
    )


def list_accounts(session: Session) -> Sequence[AccountRow]:
    """All accounts that have a row, by name."""
    return session.scalars(select(AccountRow).order_by(AccountRow.name)).all()


def get_account(session: Session, account_id: int) -> AccountRow:
    """One account. Raises NotFound."""
    row = session.get(AccountRow, account_id)
    if row is None:
        raise NotFound(N_("There is no such account."))
    return row


def add_account(
    session: Session, bus: Bus, form: AccountForm, *, settings: Settings, by: str, now: datetime
) -> AccountRow:
    """A new account. Raises InvalidInput, and Conflict for a name that is taken."""
    name = read_name(form.account.name)
    if session.scalar(select(AccountRow.id).where(AccountRow.name == name)) is not None:
        raise Conflict(N_("There is an account of this name already."), field="name")
    row = AccountRow(name=name, password=_cipher(settings.secret_key).encrypt(b"").decode())
    _fill(session, row, form, settings, by, now)
    session.add(row)
    session.flush()
    tell_change(session, bus)
    return row


def save_account(
    session: Session, bus: Bus, account_id: int, form: AccountForm, *, settings: Settings, by: str, now: datetime
) -> AccountRow:
    """Change an account; its name stays. Raises NotFound and InvalidInput."""
    row = get_account(session, account_id)
    _fill(session, row, form, settings, by, now)
    session.flush()
    tell_change(session, bus)
    return row


def _account(row: AccountRow, table: ErrorTable | None, secret_key: str) -> SMSCAccount:
    return SMSCAccount(
        name=row.name,
        host=row.host,
        port=row.port,
        system_id=row.system_id,
        password=_cipher(secret_key).decrypt(row.password.encode()).decode(),
        bind_mode=BindMode(row.bind_mode),
        binds=row.binds,
        window=row.window,
        segments_per_second=row.segments_per_second,
        source_addr=row.source_addr,
        is_tls=row.is_tls,
        server_name=row.server_name,
        long_form=LongForm(row.long_form),
        takes_latin1=row.takes_latin1,
        error_classes=tuple(
            sorted({**read_stored(table.classes if table else {}), **read_stored(row.error_classes)}.items())
        ),
    )


def _fill(session: Session, row: AccountRow, form: AccountForm, settings: Settings, by: str, now: datetime) -> None:
    given = form.account
    check_account(given)
    own = read_error_classes(form.error_classes)
    if form.error_table_id is not None:
        get_error_table(session, form.error_table_id)
    row.host, row.port, row.system_id = given.host, given.port, given.system_id
    if form.password is not None:
        row.password = _cipher(settings.secret_key).encrypt(form.password.encode()).decode()
    row.bind_mode, row.binds, row.window = given.bind_mode, given.binds, given.window
    row.segments_per_second, row.source_addr = given.segments_per_second, given.source_addr
    row.is_tls, row.server_name = given.is_tls, given.server_name
    row.error_table_id, row.error_classes = form.error_table_id, stored(own)
    row.long_form, row.takes_latin1 = given.long_form, given.takes_latin1
    row.is_active, row.changed_at, row.changed_by = form.is_active, now, by


def _cipher(secret_key: str) -> Fernet:
    # A key of its own, so that nothing else that is made from the installation's secret opens these.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"wardline smsc account").derive(secret_key.encode())
    return Fernet(base64.urlsafe_b64encode(derived))
