"""Segments with a name: kept, shared, frozen, used."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Select, delete, func, insert, or_, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.access.service import viewer_of
from app.accounts.rules import Role
from app.errors import Conflict, NotFound
from app.patients.models import Patient
from app.patients.rules import clean_text
from app.segments.models import SavedSegment, SegmentMember, SegmentUse
from app.segments.rules import SegmentPurpose, SegmentRule, read_rule, write_rule
from app.segments.service.compiling import clock_of, matching
from app.texts import N_

_SHOWN_USES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentData:
    """What a user says about a segment."""

    name: str
    description: str
    rule: SegmentRule
    is_shared: bool


def list_segments(session: Session) -> Sequence[SavedSegment]:
    """The segments that the session's viewer may use: the own ones and the shared ones, by name."""
    return session.scalars(_visible(session).order_by(SavedSegment.name, SavedSegment.id)).all()


def get_segment(session: Session, segment_id: int) -> SavedSegment:
    """One segment. Raises NotFound when there is none, or somebody keeps it to themselves."""
    found = session.scalar(_visible(session).where(SavedSegment.id == segment_id)) if segment_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such segment."))
    return found


def create_segment(session: Session, data: SegmentData, *, by: str, now: datetime) -> SavedSegment:
    """Keep a new segment. Raises NotAllowed for who may only read."""
    access.need_write(session, Module.CONTACT)
    made = SavedSegment(owner=by, created_at=now, updated_at=now, **_columns(data))
    session.add(made)
    session.flush()
    return made


def change_segment(session: Session, segment_id: int, data: SegmentData, *, row_version: int, now: datetime) -> None:
    """Change a segment of one's own. A frozen one keeps its list.

    Raises NotFound; NotAllowed; Conflict when somebody changed it since it was read.
    """
    found = _own(session, segment_id)
    if found.row_version != row_version:
        raise Conflict(N_("Somebody changed this segment meanwhile. Open it again and repeat your change."))
    for name, value in _columns(data).items():
        setattr(found, name, value)
    found.updated_at = now


def freeze(session: Session, segment_id: int, *, now: datetime, zone: ZoneInfo) -> int:
    """Keep today's members as the list, in place of an earlier list. Returns how many they are."""
    found = _own(session, segment_id)
    people = session.scalars(matching(read_rule(found.rule), clock_of(now, zone))).all()
    session.execute(delete(SegmentMember).where(SegmentMember.segment_id == segment_id))
    _write_members(session, segment_id, people)
    found.frozen_at = now
    return len(people)


def freeze_people(
    session: Session, data: SegmentData, people: Sequence[int], *, by: str, now: datetime
) -> SavedSegment:
    """Keep exactly these people as a new segment, whatever the rule in `data` says."""
    made = create_segment(session, data, by=by, now=now)
    made.frozen_at = now
    _write_members(session, made.id, people)
    return made


def thaw(session: Session, segment_id: int) -> None:
    """Let the rule decide again, and forget the list."""
    found = _own(session, segment_id)
    session.execute(delete(SegmentMember).where(SegmentMember.segment_id == segment_id))
    found.frozen_at = None


def delete_segment(session: Session, segment_id: int) -> None:
    """Remove a segment of one's own. Raises Conflict when a letter was sent to it, because that history stays."""
    found = _own(session, segment_id)
    if session.scalar(select(func.count()).select_from(SegmentUse).where(SegmentUse.segment_id == segment_id)):
        raise Conflict(N_("This segment was used, so it stays. You can take away that others see it."))
    session.execute(delete(SegmentMember).where(SegmentMember.segment_id == segment_id))
    session.delete(found)


def members(session: Session, segment_id: int, *, now: datetime, zone: ZoneInfo) -> Select[int]:
    """The ids of a segment's people as one statement, computed now or read from the frozen list.

    Merged records are never in it, nor people who have died, but where the rule asks for them. Raises NotFound.
    """
    found = get_segment(session, segment_id)
    rule = read_rule(found.rule)
    if found.frozen_at is None:
        return matching(rule, clock_of(now, zone))
    listed = select(SegmentMember.patient_id).where(SegmentMember.segment_id == segment_id)
    statement = select(Patient.id).where(Patient.id.in_(listed), Patient.merged_into_id.is_(None))
    return statement if rule.with_deceased else statement.where(Patient.deceased_at.is_(None))


def count_members(session: Session, segment_id: int, *, now: datetime, zone: ZoneInfo) -> int:
    """How many people `members` gives."""
    statement = members(session, segment_id, now=now, zone=zone)
    return session.scalar(select(func.count()).select_from(Patient).where(Patient.id.in_(statement))) or 0


def record_use(
    session: Session, segment_id: int, purpose: SegmentPurpose, *, members: int, by: str, now: datetime
) -> None:
    """Note for what a segment was used, and how many people it held then."""
    session.add(SegmentUse(segment_id=segment_id, purpose=purpose, members=members, at=now, by=by))


def uses_of(session: Session, segment_id: int) -> Sequence[SegmentUse]:
    """The latest uses of a segment, newest first."""
    statement = select(SegmentUse).where(SegmentUse.segment_id == segment_id)
    return session.scalars(statement.order_by(SegmentUse.at.desc(), SegmentUse.id.desc()).limit(_SHOWN_USES)).all()


def sample(session: Session, people: Select[int], limit: int = 20) -> Sequence[Patient]:
    """Some of these people, the latest active first."""
    statement = select(Patient).where(Patient.id.in_(people)).order_by(Patient.active_at.desc(), Patient.id.desc())
    return session.scalars(statement.limit(limit)).all()


def _visible(session: Session) -> Select[SavedSegment]:
    viewer = viewer_of(session)
    statement = select(SavedSegment)
    if viewer is None or viewer.role is Role.ADMIN:
        return statement
    return statement.where(or_(SavedSegment.is_shared, SavedSegment.owner == viewer.username))


def _own(session: Session, segment_id: int) -> SavedSegment:
    found = get_segment(session, segment_id)
    access.need_write(session, Module.CONTACT)
    viewer = viewer_of(session)
    if viewer is not None and viewer.role is not Role.ADMIN and found.owner != viewer.username:
        raise Conflict(N_("This segment belongs to somebody else. Save it under another name to change it."))
    return found


def _columns(data: SegmentData) -> dict[str, object]:
    return {
        "name": clean_text(data.name)[:120],
        "description": clean_text(data.description)[:500],
        "rule": write_rule(data.rule),
        "is_shared": data.is_shared,
    }


def _write_members(session: Session, segment_id: int, people: Sequence[int]) -> None:
    if people:
        session.execute(insert(SegmentMember), [{"segment_id": segment_id, "patient_id": each} for each in people])
