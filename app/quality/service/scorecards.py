"""Scorecards and their versions: written, approved by somebody else, found for a call."""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.calls.models import Call
from app.errors import InvalidInput, NotAllowed, NotFound
from app.followups.models import FollowupAttempt, FollowupTask
from app.journal.service import Entry, append
from app.patients.rules import clean_text
from app.quality.models import Scorecard, ScorecardVersion
from app.quality.rules import (
    Applies,
    CallFacts,
    Card,
    Fault,
    check_card,
    fit,
    in_language,
    read_applies,
    read_sections,
    write_applies,
    write_sections,
)
from app.texts import N_
from app.versions import service as versions
from app.versions.rules import VersionState

_SHIPPED = Path(__file__).parent.parent / "shipped" / "scorecards.json"
LONGEST_NAME = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class CardData:
    """What a user writes: the scorecard itself and its draft."""

    name: str
    applies: Applies
    card: Card


class FaultyCard(InvalidInput):
    """A draft that cannot be saved; `faults` says for each place why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].sentence, field=faults[0].field)
        self.faults = tuple(faults)


def get_card(session: Session, card_id: int) -> Scorecard:
    """A scorecard with its versions, newest first. Raises NotFound, also for one that was removed."""
    # Beyond what PostgreSQL can compare an id with.
    found = session.get(Scorecard, card_id) if 0 < card_id < 2**31 else None
    if found is None or found.removed_at is not None:
        raise NotFound(N_("There is no such scorecard."))
    return found


def list_cards(session: Session) -> Sequence[Scorecard]:
    """All scorecards, by name."""
    query = select(Scorecard).where(Scorecard.removed_at.is_(None)).order_by(Scorecard.name, Scorecard.id)
    return session.scalars(query.options(selectinload(Scorecard.versions))).all()


def get_version(session: Session, version_id: int) -> ScorecardVersion:
    """One version, whatever became of its scorecard."""
    return session.get_one(ScorecardVersion, version_id)


def card_of(version: ScorecardVersion) -> Card:
    """A version as values."""
    return Card(sections=read_sections(version.sections), fatal_cap=version.fatal_cap)


def name_of(card: Scorecard, language: str) -> str:
    """The scorecard's name in that language."""
    return in_language(card.names, language) or card.name


def cards_in_use(session: Session) -> list[tuple[Scorecard, ScorecardVersion]]:
    """Every scorecard with the version that holds."""
    found = [(card, versions.in_use(card.versions)) for card in list_cards(session)]
    return [(card, version) for card, version in found if version is not None]


def facts_of(session: Session, call: Call) -> CallFacts:
    """What decides which scorecard a call is judged by."""
    kind = session.scalar(
        select(FollowupTask.kind)
        .join(FollowupAttempt, FollowupAttempt.task_id == FollowupTask.id)
        .where(FollowupAttempt.call_id == call.id)
        .limit(1)
    )
    return CallFacts(direction=call.direction, queue=call.queue, followup_kind=kind)


def cards_for(session: Session, call: Call) -> list[tuple[Scorecard, ScorecardVersion]]:
    """The scorecards in use that are for this call, the one that is meant most closely first."""
    facts = facts_of(session, call)
    fitting = [
        (closeness, card, version)
        for card, version in cards_in_use(session)
        if (closeness := fit(read_applies(card.applies), facts)) is not None
    ]
    return [(card, version) for _closeness, card, version in sorted(fitting, key=lambda each: (-each[0], each[1].id))]


def create_card(session: Session, data: CardData, *, by: str, now: datetime) -> Scorecard:
    """Make a scorecard with its first draft. Raises FaultyCard, NotAllowed."""
    access.need_write(session, Module.QUALITY)
    _check(data)
    made = Scorecard(
        code=f"own.{secrets.token_hex(6)}", name="", names={}, created_at=now, created_by=by, is_shipped=False
    )
    _write_head(made, data)
    made.versions = [_draft(data, 1, by, now)]
    session.add(made)
    session.flush()
    return made


def change_card(
    session: Session, card_id: int, data: CardData, *, row_version: int, by: str, now: datetime
) -> ScorecardVersion:
    """Change the draft, or begin the next version. Raises FaultyCard, NotFound, NotAllowed, Conflict."""
    access.need_write(session, Module.QUALITY)
    _check(data)
    card = get_card(session, card_id)
    versions.refuse_changed(card.versions, row_version)
    _write_head(card, data)
    return versions.write_draft(
        session,
        card.versions,
        begin=lambda number: _draft(data, number, by, now),
        change=lambda draft: _write_draft(draft, data, by, now),
    )


def submit_card(session: Session, card_id: int, *, by: str, now: datetime) -> ScorecardVersion:
    """Ask for the approval of the newest draft. Raises Conflict when it is none."""
    access.need_write(session, Module.QUALITY)
    version = versions.submit(session, get_card(session, card_id).versions, by=by, now=now)
    versions.flush(session)
    return version


def take_back_card(session: Session, card_id: int) -> ScorecardVersion:
    """Make a submitted version a draft again. Raises Conflict."""
    access.need_write(session, Module.QUALITY)
    return versions.take_back(session, get_card(session, card_id).versions)


def approve_card(
    session: Session, bus: Bus, card_id: int, *, by: str, is_supervisor: bool, now: datetime
) -> ScorecardVersion:
    """Let the version that waits hold: a supervisor's word, who did not write it. Raises Conflict, NotAllowed."""
    access.need_write(session, Module.QUALITY)
    version = versions.newest_waiting(session, get_card(session, card_id).versions)
    if not is_supervisor:
        raise NotAllowed(N_("A scorecard is approved by a supervisor."))
    if by == version.author:
        raise NotAllowed(N_("You wrote this version. Somebody else must approve it."))
    version.approved_at, version.approved_by = now, by
    versions.put_into_use(version.scorecard.versions, version, by=by, now=now)
    versions.flush(session)
    payload = {"scorecard_id": card_id, "version": version.number}
    append(session, bus, [Entry(kind="scorecard.approved", at=now, agent=by, payload=payload)])
    return version


def retire_card(session: Session, card_id: int, *, by: str, now: datetime) -> ScorecardVersion:
    """Take the version in use out of use; evaluations keep it. Raises Conflict."""
    access.need_write(session, Module.QUALITY)
    return versions.take_out_of_use(session, get_card(session, card_id).versions, by=by, now=now)


def remove_card(session: Session, card_id: int, *, now: datetime) -> None:
    """Take a scorecard off the list; an upgrade does not bring it back. Raises Conflict for one that is in use."""
    access.need_write(session, Module.QUALITY)
    card = get_card(session, card_id)
    versions.refuse_in_use(card.versions)
    card.removed_at = now


def install_shipped(session: Session, now: datetime) -> int:
    """Add the scorecards of the product that this database has never had, as drafts; returns how many."""
    known = set(session.scalars(select(Scorecard.code).where(Scorecard.is_shipped)))
    missing = [row for row in shipped_cards() if row["code"] not in known]
    for row in missing:
        version = ScorecardVersion(
            number=1, state=VersionState.DRAFT, changed_at=now, sections=row["sections"], fatal_cap=row["fatal_cap"]
        )
        card = Scorecard(
            code=row["code"], name=row["names"]["zh_Hans"], names=row["names"], applies=row["applies"],
            is_shipped=True, created_at=now, versions=[version],
        )  # fmt: skip
        session.add(card)
    session.flush()
    return len(missing)


@cache
def shipped_cards() -> tuple[dict[str, Any], ...]:
    """The scorecards of the product, as they stand in the file."""
    return tuple(json.loads(_SHIPPED.read_text(encoding="utf-8")))


def _check(data: CardData) -> None:
    faults = check_card(data.card)
    if not clean_text(data.name):
        faults.insert(0, Fault(sentence=N_("Give the scorecard a name."), field="name"))
    if faults:
        raise FaultyCard(faults)


def _write_head(card: Scorecard, data: CardData) -> None:
    name = clean_text(data.name)[:LONGEST_NAME]
    if name != card.name and name not in card.names.values():
        card.names = {}  # a name of the hospital's own is the name in every language
    if not card.names:
        card.name = name
    card.applies = write_applies(data.applies)


def _draft(data: CardData, number: int, by: str, now: datetime) -> ScorecardVersion:
    version = ScorecardVersion(number=number, state=VersionState.DRAFT)
    _write_draft(version, data, by, now)
    return version


def _write_draft(version: ScorecardVersion, data: CardData, by: str, now: datetime) -> None:
    version.sections, version.fatal_cap = write_sections(data.card), data.card.fatal_cap
    version.author, version.changed_at = by, now
