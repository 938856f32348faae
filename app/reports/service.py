"""The figures of the manager's dashboard (G-13), counted within what the session's viewer may see.

Each question is one or two statements over an index on time; a period has at most 366 days.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, case, func, select
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.duplicates.models import MergeLog
from app.messages.models import Message
from app.messages.rules.states import OutState
from app.patients.models import Patient
from app.queues.service import seconds_between
from app.reports.rules import Answer, Figure, FigureKey, Period, Series, draw, split
from app.reports.rules.figures import FIGURE_TEXT
from app.texts import N_
from app.visits.models import Charge, Visit

_BEFORE = -1
_SENT = (OutState.SENT, OutState.DELIVERED, OutState.UNDELIVERED, OutState.EXPIRED)
_VISIT_KINDS = (FigureKey.OUTPATIENT, FigureKey.INPATIENT, FigureKey.EMERGENCY, FigureKey.EXAM)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Steps:
    """The chosen period in steps, and the one before as a single one."""

    period: Period
    zone: ZoneInfo
    days: tuple[date, ...]

    @property
    def since(self) -> datetime:
        return self.period.previous.start(self.zone)

    @property
    def until(self) -> datetime:
        return self.period.end(self.zone)

    def of_moment(self, column: Any) -> ColumnElement[int]:
        """The step in which a moment lies, as a column: -1 for the period before."""
        return self._step(column, [Period(day, day).start(self.zone) for day in self.days])

    def of_day(self, column: Any) -> ColumnElement[int]:
        """The same for a column of days."""
        return self._step(column, list(self.days))

    @staticmethod
    def _step(column: Any, starts: Sequence[date]) -> ColumnElement[int]:
        whens = [(column < start, place - 1) for place, start in enumerate(starts)]
        return case(*whens, else_=len(starts) - 1).label("step")


Sums = Mapping[int, Sequence[int]]


def answers(session: Session, period: Period, *, zone: ZoneInfo, service_level: timedelta) -> list[Answer]:
    """Every question of the dashboard for this period, beside the one before."""
    steps = _Steps(period=period, zone=zone, days=split(period))
    return [
        _calls(session, steps, service_level),
        _texts(session, steps),
        _visits(session, steps),
        _charges(session, steps),
        _records(session, steps),
    ]


def _calls(session: Session, steps: _Steps, service_level: timedelta) -> Answer:
    step = steps.of_moment(Call.started_at)
    answered = Call.answered_at.is_not(None)
    lost = Call.answered_at.is_(None) & Call.ended_at.is_not(None)
    in_time = answered & (seconds_between(session, Call.queued_at, Call.answered_at) <= service_level.total_seconds())
    query = select(step, func.count(), _count(answered), _count(lost), _count(in_time)).where(
        Call.started_at >= steps.since,
        Call.started_at < steps.until,
        Call.direction == "inbound",
        Call.queued_at.is_not(None),
    )
    sums = _sums(session, query.group_by(step))
    now, before = _now(sums, 4), _before(sums, 4)
    keys = (FigureKey.OFFERED, FigureKey.ANSWERED, FigureKey.ABANDONED)
    level = Figure(FigureKey.SERVICE_LEVEL, _share(now[3], now[0]), _share(before[3], before[0]))
    return Answer(
        key="calls",
        figures=(*(Figure(key, now[place], before[place]) for place, key in enumerate(keys)), level),
        chart=draw(
            steps.days, [_series(FigureKey.ANSWERED, sums, steps, 1), _series(FigureKey.ABANDONED, sums, steps, 2)]
        ),
    )


def _texts(session: Session, steps: _Steps) -> Answer:
    step = steps.of_moment(Message.created_at)
    sent = (Message.direction == "out") & Message.state.in_(_SENT)
    delivered = (Message.direction == "out") & (Message.state == OutState.DELIVERED)
    query = select(step, _count(sent), _count(delivered), _count(Message.direction == "in")).where(
        Message.created_at >= steps.since, Message.created_at < steps.until
    )
    sums = _sums(session, query.group_by(step))
    now, before = _now(sums, 3), _before(sums, 3)
    others = Series(
        N_("Texts not delivered"),
        tuple(
            float(sent - delivered) for sent, delivered, _ in (sums.get(n, (0, 0, 0)) for n in range(len(steps.days)))
        ),
    )
    return Answer(
        key="texts",
        figures=(
            Figure(FigureKey.TEXTS_OUT, now[0], before[0]),
            Figure(FigureKey.TEXTS_DELIVERED, now[1], before[1]),
            Figure(FigureKey.DELIVERY_RATE, _share(now[1], now[0]), _share(before[1], before[0])),
            Figure(FigureKey.TEXTS_IN, now[2], before[2]),
        ),
        chart=draw(steps.days, [_series(FigureKey.TEXTS_DELIVERED, sums, steps, 1), others]),
    )


def _visits(session: Session, steps: _Steps) -> Answer:
    step = steps.of_moment(Visit.started_at)
    query = select(step, *(_count(Visit.kind == key.value) for key in _VISIT_KINDS)).where(
        Visit.started_at >= steps.since, Visit.started_at < steps.until, Visit.status != "withdrawn"
    )
    sums = _sums(session, query.group_by(step))
    now, before = _now(sums, 4), _before(sums, 4)
    made = steps.of_moment(Patient.created_at)
    # Nobody was active before the record was made, and `active_at` has the index.
    new = select(made, func.count()).where(
        Patient.active_at >= steps.since,
        Patient.created_at >= steps.since,
        Patient.created_at < steps.until,
        Patient.merged_into_id.is_(None),
    )
    people = _sums(session, new.group_by(made))
    return Answer(
        key="visits",
        figures=(
            Figure(FigureKey.NEW_PATIENTS, _now(people, 1)[0], _before(people, 1)[0]),
            *(Figure(key, now[place], before[place]) for place, key in enumerate(_VISIT_KINDS)),
        ),
        chart=draw(steps.days, [_series(key, sums, steps, place) for place, key in enumerate(_VISIT_KINDS)]),
    )


def _charges(session: Session, steps: _Steps) -> Answer:
    step = steps.of_day(Charge.day)
    amount = Charge.amount_cents
    charged = func.coalesce(func.sum(case((amount > 0, amount), else_=0)), 0)
    refunded = func.coalesce(func.sum(case((amount < 0, -amount), else_=0)), 0)
    query = select(step, charged, refunded, func.coalesce(func.sum(amount), 0)).where(
        Charge.day >= steps.period.previous.first, Charge.day <= steps.period.last
    )
    sums = _sums(session, query.group_by(step))
    now, before = _now(sums, 3), _before(sums, 3)
    keys = (FigureKey.CHARGED, FigureKey.REFUNDED, FigureKey.NET)
    return Answer(
        key="charges",
        figures=tuple(Figure(key, now[place], before[place]) for place, key in enumerate(keys)),
        chart=draw(steps.days, [_series(FigureKey.NET, sums, steps, 2)], is_money=True),
    )


def _records(session: Session, steps: _Steps) -> Answer:
    figures, series = [], []
    for key, column in ((FigureKey.MERGED, MergeLog.merged_at), (FigureKey.UNDONE, MergeLog.undone_at)):
        step = steps.of_moment(column)
        query = select(step, func.count()).where(column >= steps.since, column < steps.until)
        sums = _sums(session, query.group_by(step))
        figures.append(Figure(key, _now(sums, 1)[0], _before(sums, 1)[0]))
        series.append(_series(key, sums, steps, 0))
    return Answer(key="records", figures=tuple(figures), chart=draw(steps.days, series))


def _count(condition: Any) -> ColumnElement[int]:
    return func.coalesce(func.sum(case((condition, 1), else_=0)), 0)


def _sums(session: Session, query: Any) -> Sums:
    return {step: [int(value) for value in values] for step, *values in session.execute(query)}


def _now(sums: Sums, size: int) -> list[int]:
    """The sums over all steps of the chosen period."""
    rows = [values for step, values in sums.items() if step != _BEFORE]
    return [sum(values[place] for values in rows) for place in range(size)]


def _before(sums: Sums, size: int) -> Sequence[int]:
    return sums.get(_BEFORE, [0] * size)


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def _series(key: FigureKey, sums: Sums, steps: _Steps, place: int) -> Series:
    return Series(FIGURE_TEXT[key], tuple(float(sums[n][place]) if n in sums else 0.0 for n in range(len(steps.days))))
