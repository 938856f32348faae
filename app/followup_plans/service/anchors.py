"""What a template can hang on: the dated records that sending rules know too, joining a register, and a fixed date."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.followup_templates.rules import Programme
from app.registers.models import Register, RegisterMember
from app.sending_rules.service.anchors import Anchored, AnchorKind, AnchorQuery, anchor_kinds
from app.texts import N_

_OF_RECORDS = ("visit", "discharge", "operation", "course_end", "exam", "consultation")
"""A kind that no room has registered yet is not offered."""
_EVER = (date(1900, 1, 1), date(2200, 1, 1))


def plan_anchors() -> Mapping[str, AnchorKind]:
    """Every kind that a template may hang on, by code, in the order in which they are shown."""
    known = anchor_kinds()
    return {**{code: known[code] for code in _OF_RECORDS if code in known}, **{kind.code: kind for kind in _OWN}}


def events_of(session: Session, programme: Programme, patient_ids: Iterable[int], zone: ZoneInfo) -> list[Anchored]:
    """Every record of these people on which the template hangs, whenever it was, the earliest first."""
    since, until = _EVER
    query = AnchorQuery(
        since=since, until=until, zone=zone, filters=programme.filters, patient_ids=frozenset(patient_ids)
    )
    return sorted(_find(session, programme, query), key=lambda each: (each.on, each.record))


def people_with_events(
    session: Session, programme: Programme, since: date, until: date, zone: ZoneInfo
) -> Iterator[Anchored]:
    """Every record dated within these days on which the template hangs, in pieces from the database."""
    yield from _find(session, programme, AnchorQuery(since=since, until=until, zone=zone, filters=programme.filters))


def _find(session: Session, programme: Programme, query: AnchorQuery) -> Iterable[Anchored]:
    kind = plan_anchors().get(programme.anchor)
    return () if kind is None else kind.find(session, query)


def _register_joined(session: Session, query: AnchorQuery) -> Iterator[Anchored]:
    register_id = query.filters.get("register_id")
    if not register_id:
        return
    first, after = query.moments
    statement = (
        select(RegisterMember.id, RegisterMember.patient_id, RegisterMember.joined_at, Register.name)
        .join(Register, Register.id == RegisterMember.register_id)
        .where(RegisterMember.register_id == int(register_id), RegisterMember.left_at.is_(None))
        .where(RegisterMember.joined_at >= first, RegisterMember.joined_at < after)
        .order_by(RegisterMember.id)
    )
    if query.patient_ids is not None:
        statement = statement.where(RegisterMember.patient_id.in_(query.patient_ids))
    for row in session.execute(statement.execution_options(yield_per=500)):
        yield Anchored(
            patient_id=row.patient_id,
            record=f"{register_id}:{row.id}",
            on=row.joined_at.astimezone(query.zone).date(),
            at=row.joined_at,
            title=row.name,
        )


def _never(_session: Session, _query: AnchorQuery) -> Iterator[Anchored]:
    return iter(())


_OWN = (
    AnchorKind(code="register", label=N_("Joining a register"), find=_register_joined, filters=("register_id",)),
    AnchorKind(code="fixed_date", label=N_("A date that somebody sets"), find=_never),
)

DISCHARGES = Programme(anchor="discharge", steps=(), filters={"visit_kind": "inpatient"})
"""What waits for a doctor's decision."""
