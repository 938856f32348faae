"""Which messages go through which account."""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.errors import InvalidInput, NotFound
from app.messages.rules import MessageKind
from app.smsc_accounts.models import AccountRow, RouteRow
from app.smsc_accounts.rules import DEFAULT, Route
from app.smsc_accounts.service.changes import tell_change
from app.texts import N_

_MOST_ROUTES = 200  # each stands in the query that claims


def list_routes(session: Session) -> Sequence[RouteRow]:
    """All routes in the order in which they are tried."""
    rows = session.scalars(select(RouteRow)).all()
    return sorted(rows, key=lambda row: (row.place, -len(row.prefix), row.kind is None, row.prefix, row.id))


def route_of(row: RouteRow) -> Route:
    """The route as a value."""
    kind = MessageKind(row.kind) if row.kind else None
    return Route(account=row.account, prefix=row.prefix, kind=kind, place=row.place)


def add_route(session: Session, bus: Bus, *, account: str, prefix: str, kind: str, place: int) -> RouteRow:
    """A new route; `prefix` in E.164 with the plus, or empty for all numbers. Raises InvalidInput."""
    prefix = prefix.strip()
    if prefix and not re.fullmatch(r"\+[0-9]{1,14}", prefix):
        raise InvalidInput(N_("Begin with the plus and the country code, such as +86138."), field="prefix")
    if kind and kind not in set(MessageKind):
        raise InvalidInput(N_("Choose one of the list."), field="kind")
    if not 1 <= place <= 999:
        raise InvalidInput(N_("A number from 1 to 999."), field="place")
    is_known = account == DEFAULT or session.scalar(select(AccountRow.id).where(AccountRow.name == account))
    if not is_known:
        raise InvalidInput(N_("Choose one of the list."), field="account")
    if len(list_routes(session)) >= _MOST_ROUTES:
        raise InvalidInput(N_("There are 200 routes already; remove some first."), field="prefix")
    row = RouteRow(account=account, prefix=prefix, kind=kind or None, place=place)
    session.add(row)
    session.flush()
    tell_change(session, bus)
    return row


def remove_route(session: Session, bus: Bus, route_id: int) -> None:
    """Raises NotFound."""
    row = session.get(RouteRow, route_id)
    if row is None:
        raise NotFound(N_("There is no such route."))
    session.delete(row)
    session.flush()
    tell_change(session, bus)
