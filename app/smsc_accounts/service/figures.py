"""How each bind stands and what it does: written by sms_gateway, read by the gateway page and the metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, tuple_
from sqlalchemy.orm import Session

from app.messages.models import GatewayLink, Message, Segment
from app.messages.rules import Direction, LinkState, OutState, SegmentState
from app.smsc_accounts.models import BindFigures
from app.smsc_accounts.rules import BindRole

STALE = timedelta(seconds=20)
"""The gateway writes every few seconds; figures that are older say nothing of now."""
MOST_COUNTED = 10_000
"""A mass send may have a million in the outbox, and the page asks every few seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BindReport:
    """One bind at this moment. `accepted`, `receipts` and `errors` are of the last hour."""

    account: str
    number: int
    role: BindRole
    state: LinkState
    since: datetime
    as_of: datetime
    detail: str
    window: int
    in_flight: int
    rate: float
    latency_p50_ms: int | None
    latency_p95_ms: int | None
    accepted: int
    receipts: int
    errors: dict[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayView:
    """The gateway page: every bind, what is amiss, and what waits."""

    binds: Sequence[BindFigures]
    links: Sequence[GatewayLink]
    errors: Sequence[tuple[str, str, int]]  # account, code, how often in the last hour
    waiting: int  # messages that are due and have not left
    oldest_due_at: datetime | None
    uncertain: int  # segments of which nobody knows whether they left
    is_stale: bool


def record_binds(session: Session, reports: Sequence[BindReport]) -> None:
    """Write down how each bind stands. Binds that are not named are gone."""
    known = {(row.account, row.number): row for row in session.scalars(select(BindFigures))}
    for report in reports:
        row = known.pop((report.account, report.number), None)
        if row is None:
            row = BindFigures(account=report.account, number=report.number)
            session.add(row)
        row.role, row.state, row.since, row.as_of = report.role, report.state, report.since, report.as_of
        row.detail, row.window, row.in_flight = report.detail[:200], report.window, report.in_flight
        row.rate, row.latency_p50_ms, row.latency_p95_ms = report.rate, report.latency_p50_ms, report.latency_p95_ms
        row.accepted, row.receipts, row.errors = report.accepted, report.receipts, report.errors
    if known:
        session.execute(delete(BindFigures).where(tuple_(BindFigures.account, BindFigures.number).in_(list(known))))
    session.flush()


def links_besides(session: Session, accounts: Collection[str]) -> list[str]:
    """Accounts whose state is still kept and that are none of these."""
    return list(session.scalars(select(GatewayLink.account).where(GatewayLink.account.not_in(list(accounts)))))


def forget_links(session: Session, accounts: Collection[str]) -> None:
    """Forget how these accounts stood: they are no longer in use."""
    session.execute(delete(GatewayLink).where(GatewayLink.account.in_(list(accounts))))


def gateway_view(session: Session, now: datetime) -> GatewayView:
    """Everything that the gateway page shows."""
    binds = session.scalars(select(BindFigures).order_by(BindFigures.account, BindFigures.number)).all()
    links = session.scalars(select(GatewayLink).order_by(GatewayLink.account)).all()
    errors: Counter[tuple[str, str]] = Counter()
    for bind in binds:
        for code, count in bind.errors.items():
            errors[bind.account, code] += count
    waiting, oldest = waiting_messages(session, now)
    uncertain = select(func.count()).select_from(Segment).where(Segment.state == SegmentState.UNCERTAIN)
    return GatewayView(
        binds=binds,
        links=links,
        errors=[(account, code, count) for (account, code), count in errors.most_common(50)],
        waiting=waiting,
        oldest_due_at=oldest,
        uncertain=session.scalar(uncertain) or 0,
        is_stale=any(now - bind.as_of > STALE for bind in binds if bind.state == LinkState.BOUND),
    )


def waiting_messages(session: Session, now: datetime) -> tuple[int, datetime | None]:
    """How many messages are due and have not left, counted up to MOST_COUNTED, and since when the oldest of them is."""
    has_waiting = select(Segment.id).where(Segment.message_id == Message.id, Segment.state == SegmentState.WAITING)
    due = select(Message.due_at).where(
        Message.direction == Direction.OUT,
        Message.state == OutState.QUEUED,
        Message.due_at <= now,
        has_waiting.exists(),
    )
    oldest = session.scalar(due.order_by(Message.due_at).limit(1))
    count = session.scalar(select(func.count()).select_from(due.limit(MOST_COUNTED).subquery()))
    return count or 0, oldest
