"""Accounts with SMS centres, what goes through which, and how each bind stands."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class ErrorTable(Table):
    """What one operator means by its error codes, over the standard's. `classes` maps "0x0b" to a StatusClass."""

    __tablename__ = "smsc_error_table"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    classes: Mapped[dict[str, Any]]


class AccountRow(Table):
    """One account as an administrator keeps it. `password` is encrypted. Account "default" has no row."""

    __tablename__ = "smsc_account"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(40), unique=True)
    host: Mapped[str] = mapped_column(String(120))
    port: Mapped[int]
    system_id: Mapped[str] = mapped_column(String(15))
    password: Mapped[str] = mapped_column(Text)
    bind_mode: Mapped[str] = mapped_column(String(12))
    binds: Mapped[int]
    window: Mapped[int]
    segments_per_second: Mapped[float]
    source_addr: Mapped[str] = mapped_column(String(20))
    is_tls: Mapped[bool]
    server_name: Mapped[str] = mapped_column(String(120))
    error_table_id: Mapped[int | None] = mapped_column(ForeignKey("smsc_error_table.id"))
    error_classes: Mapped[dict[str, Any]]  # its own, over the table's
    long_form: Mapped[str] = mapped_column(String(10))
    takes_latin1: Mapped[bool]
    is_active: Mapped[bool]
    changed_at: Mapped[datetime]
    changed_by: Mapped[str | None] = mapped_column(String(64))


class RouteRow(Table):
    """One route, as app.smsc_accounts.rules.Route. `account` is a name, because "default" has no row."""

    __tablename__ = "smsc_route"

    id: Mapped[int] = mapped_column(primary_key=True)
    account: Mapped[str] = mapped_column(String(40))
    prefix: Mapped[str] = mapped_column(String(16))
    kind: Mapped[str | None] = mapped_column(String(10))
    place: Mapped[int]


class BindFigures(Table):
    """How one bind stands and what it does. Written by sms_gateway alone, every few seconds."""

    __tablename__ = "smsc_bind"

    account: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)  # from 1
    role: Mapped[str] = mapped_column(String(12))
    state: Mapped[str] = mapped_column(String(12))  # a LinkState of app.messages.rules
    since: Mapped[datetime]
    as_of: Mapped[datetime]
    detail: Mapped[str] = mapped_column(String(200), default="")
    window: Mapped[int]
    in_flight: Mapped[int]
    rate: Mapped[float]  # segments accepted per second, of the last ten seconds
    latency_p50_ms: Mapped[int | None]  # of the last answers, until an hour ago
    latency_p95_ms: Mapped[int | None]
    accepted: Mapped[int]  # segments, in the last hour
    receipts: Mapped[int]  # final ones, in the last hour
    errors: Mapped[dict[str, Any]]  # how often each code was answered in the last hour
