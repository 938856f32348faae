"""One patient's contacts on every channel, visits, operations and exams in one order of time (P-23, G-05, G-07)."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.access.service import viewer_of
from app.errors import InvalidInput, NotFound
from app.paging import Page
from app.patients.service.reading import require_patient
from app.patients.service.timeline_sources import SOURCES, Place, TimelineItem, TimelineSource
from app.texts import N_
from app.visits.models import Visit
from app.visits.rules import Phase, Phases, VisitStatus, span_of

# A filter that few entries pass looks through this many pages' worth at most; the cursor goes on from there.
_MOST_ROUNDS = 10


def timeline(
    session: Session,
    patient_id: int,
    *,
    limit: int,
    cursor: str | None = None,
    phase: str | None = None,
    channel: str | None = None,
) -> Page[TimelineItem]:
    """What happened with one patient, newest first, in a fixed number of statements without a phase.

    With a `phase` a page may be shorter than `limit` and still have a next one. Raises NotFound, and InvalidInput for
    a damaged cursor and for a phase or channel that there is not.
    """
    patient_id = require_patient(session, patient_id)
    sources = _chosen(session, channel)
    if phase and phase not in set(Phase):
        raise InvalidInput(N_("The phase is pre, in or post."), field="phase")
    phases = _phases(session, patient_id)
    if phase and phases is None:
        return Page(items=[], next_cursor=None)
    place = Place.read(cursor) if cursor else None
    found: list[TimelineItem] = []
    for _ in range(_MOST_ROUNDS if phase else 1):
        items, place = _round(session, sources, patient_id, place, limit)
        told = [item if phases is None else replace(item, phase=phases.at(item.at)) for item in items]
        for item in told:
            if phase and item.phase != phase:
                continue
            if len(found) == limit:
                last = found[-1]
                return Page(items=found, next_cursor=Place(at=last.at, kind=last.kind, id=last.id).write())
            found.append(item)
        if place is None:
            break
    return Page(items=found, next_cursor=place.write() if place else None)


def timeline_item(session: Session, patient_id: int, kind: str, item_id: str) -> TimelineItem:
    """One entry of a patient's timeline as it is now. Raises NotFound."""
    patient_id = require_patient(session, patient_id)
    source = SOURCES.get(kind)
    item = source.one(session, patient_id, item_id) if source else None
    if item is None:
        raise NotFound(N_("There is no such entry."))
    phases = _phases(session, patient_id)
    return item if phases is None else replace(item, phase=phases.at(item.at))


def channels_for(session: Session) -> list[TimelineSource]:
    """The kinds of entries that this session's viewer may see."""
    viewer = viewer_of(session)
    return [each for each in SOURCES.values() if viewer is None or viewer.grant(each.module).can_view]


def _chosen(session: Session, channel: str | None) -> list[TimelineSource]:
    if channel and channel not in SOURCES:
        raise InvalidInput(N_("There is no such channel."), field="channel")
    return [each for each in channels_for(session) if not channel or each.name == channel]


def _round(
    session: Session, sources: list[TimelineSource], patient_id: int, place: Place | None, limit: int
) -> tuple[list[TimelineItem], Place | None]:
    items = [item for source in sources for item in source.newest(session, patient_id, place, limit + 1)]
    items.sort(key=lambda item: (item.at, item.kind, _in_kind(item)), reverse=True)
    if len(items) <= limit:
        return items, None
    last = items[limit - 1]
    return items[:limit], Place(at=last.at, kind=last.kind, id=last.id)


def _in_kind(item: TimelineItem) -> tuple[int, str]:
    return (int(item.id), "") if item.id.isdecimal() else (0, item.id)


def _phases(session: Session, patient_id: int) -> Phases | None:
    viewer = viewer_of(session)
    if viewer is not None and not viewer.grant(Module.CLINICAL).can_view:
        return None
    visits = session.execute(
        select(Visit.kind, Visit.started_at, Visit.ended_at).where(
            Visit.patient_id == patient_id, Visit.status != VisitStatus.WITHDRAWN
        )
    )
    return Phases(span_of(kind, started_at, ended_at) for kind, started_at, ended_at in visits)
