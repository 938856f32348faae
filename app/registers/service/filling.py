"""Registers fill themselves: when data arrives, and as a whole when somebody asks (P-32)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.journal.models import JournalEntry
from app.patients.models import Patient
from app.registers.models import Register, RegisterCursor, RegisterMember
from app.registers.service.registers import join, rule_of
from app.segments import service as segments
from app.segments.rules import SegmentRule

ARRIVED = ("visit.received", "clinical.received")
"""The journal entries after which somebody may belong on a register; each carries `patient_id` or `patient_ids`."""
_CURSOR = 1
# One turn reads so many entries; an import of a million visits is worked off in turns of a second or two.
_ENTRIES = 2_000
_CHUNK = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a full run of a rule would do: how many it holds, and how many of them would join."""

    held: int
    joining: int


def preview(session: Session, register_id: int | None, rule: SegmentRule, *, now: datetime, zone: ZoneInfo) -> Preview:
    """What filling a register by this rule would do now; nothing is changed."""
    matching = segments.matching(rule, segments.clock_of(now, zone))
    joining = matching if register_id is None else _newcomers(matching, register_id)
    return Preview(held=_count(session, matching), joining=_count(session, joining))


def fill(session: Session, bus: Bus, register: Register, *, now: datetime, zone: ZoneInfo) -> int:
    """Put everybody on the register whom its rule holds, but who left it. Returns how many joined."""
    rule = rule_of(register)
    if rule is None:
        return 0
    matching = segments.matching(rule, segments.clock_of(now, zone))
    people = session.scalars(_newcomers(matching, register.id)).all()
    return join(session, bus, register, people, reason="", by=None, now=now)


def fill_for(session: Session, bus: Bus, people: Sequence[int], *, now: datetime, zone: ZoneInfo) -> int:
    """Look whether these people, of whom data has arrived, belong on any register. Returns how many joined."""
    joined = 0
    clock = segments.clock_of(now, zone)
    active = select(Register).where(Register.is_active, Register.rule.is_not(None)).order_by(Register.id)
    for register in session.scalars(active).all():
        rule = rule_of(register)
        if rule is None:
            continue
        for start in range(0, len(people), _CHUNK):
            among = Patient.id.in_(people[start : start + _CHUNK])
            matching = segments.matching(rule, clock).where(among)
            found = session.scalars(_newcomers(matching, register.id)).all()
            joined += join(session, bus, register, found, reason="", by=None, now=now)
    return joined


def has_arrived(session: Session) -> bool:
    """Whether the journal holds entries that no turn has looked at. One cheap read for the sweep."""
    return (session.scalar(select(func.max(JournalEntry.seq))) or 0) > _seen(session)


def fill_from_journal(session: Session, bus: Bus, *, now: datetime, zone: ZoneInfo) -> int:
    """Read the journal on from the last turn, and fill the registers for whom data has arrived.

    Returns how many entries were read. On the first turn the journal is taken as read: a full run finds those people.
    """
    cursor = session.get(RegisterCursor, _CURSOR, with_for_update=True)
    latest = session.scalar(select(func.max(JournalEntry.seq))) or 0
    if cursor is None:
        session.add(RegisterCursor(id=_CURSOR, seq=latest))
        return 0
    entries = session.execute(
        select(JournalEntry.seq, JournalEntry.kind, JournalEntry.payload)
        .where(JournalEntry.seq > cursor.seq)
        .order_by(JournalEntry.seq)
        .limit(_ENTRIES)
    ).all()
    if not entries:
        return 0
    cursor.seq = entries[-1].seq
    people = {each for _seq, kind, payload in entries if kind in ARRIVED for each in _people_in(payload)}
    fill_for(session, bus, sorted(people), now=now, zone=zone)
    return len(entries)


def _people_in(payload: dict[str, Any]) -> list[int]:
    """The patients of an entry: of one row that arrived, or of many."""
    return [payload["patient_id"]] if "patient_id" in payload else list(payload.get("patient_ids", ()))


def _seen(session: Session) -> int:
    return session.scalar(select(RegisterCursor.seq).where(RegisterCursor.id == _CURSOR)) or 0


def _newcomers(matching: Select[int], register_id: int) -> Select[int]:
    """Without who is on the register, and without who has left it: a person decided that, for a reason."""
    known = select(RegisterMember.patient_id).where(RegisterMember.register_id == register_id)
    return matching.where(Patient.id.not_in(known))


def _count(session: Session, people: Select[int]) -> int:
    return session.scalar(select(func.count()).select_from(Patient).where(Patient.id.in_(people))) or 0
