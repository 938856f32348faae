"""The pieces that conditions are made of. Every expression is true or false and never null, so that `not` means the
others."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Select, and_, not_, or_, select
from sqlalchemy.orm import InstrumentedAttribute

from app.codes.models import CodeItem
from app.patients.models import Patient
from app.segments.rules import Condition

Expression = ColumnElement[bool]
Attribute = InstrumentedAttribute[Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Which day it is, and where the hospital's day begins."""

    today: date
    zone: ZoneInfo

    def start_of(self, day: date) -> datetime:
        """The moment at which that day begins."""
        return datetime.combine(day, time(), self.zone)


def has(statement: Select[Any]) -> Expression:
    return Patient.id.in_(statement)


def known(column: Attribute, expression: Expression) -> Expression:
    return and_(column.is_not(None), expression)


def when(column: Attribute, condition: Condition, clock: Clock) -> list[Expression]:
    """Moments within the condition's period."""
    if condition.period is None:
        return []
    first, last = condition.period.bounds(clock.today)
    found: list[Expression] = []
    if first is not None:
        found.append(column >= clock.start_of(first))
    if last is not None:
        found.append(column < clock.start_of(last + timedelta(days=1)))
    return found


def on_days(column: Attribute, condition: Condition, clock: Clock) -> list[Expression]:
    """Calendar days within the condition's period."""
    if condition.period is None:
        return []
    first, last = condition.period.bounds(clock.today)
    return [*([column >= first] if first else []), *([column <= last] if last else [])]


def below(list_name: str, codes: tuple[str, ...]) -> Select[Any]:
    """The codes of a list that lie at or below one of these."""
    paths = [CodeItem.path.contains(f"/{code}/", autoescape=True) for code in codes]
    return select(CodeItem.code).where(CodeItem.list == list_name, or_(*paths))


def in_tree(column: Attribute, list_name: str, condition: Condition) -> Expression:
    # A code that stands in no list, or no longer, still is itself.
    return known(column, or_(column.in_(condition.codes), column.in_(below(list_name, condition.codes))))


def within(grouped: Select[Any], figure: ColumnElement[Any], condition: Condition) -> Expression:
    """Whose figure lies within the limits. Who has no row has the figure 0."""
    below = [figure < condition.low] if condition.low is not None else []
    above = [figure > condition.high] if condition.high is not None else []
    is_zero_inside = (condition.low is None or condition.low <= 0) and (condition.high is None or condition.high >= 0)
    outside = or_(*below, *above)
    if is_zero_inside:
        return not_(has(grouped.having(outside)))
    return has(grouped.having(not_(outside)))


def days_ago(latest: ColumnElement[Any], condition: Condition, clock: Clock) -> list[Expression]:
    bounds: list[Expression] = []
    if condition.low is not None:
        bounds.append(latest < clock.start_of(clock.today - timedelta(days=int(condition.low) - 1)))
    if condition.high is not None:
        bounds.append(latest >= clock.start_of(clock.today - timedelta(days=int(condition.high))))
    return bounds
