"""Queues as supervisors keep them: what each promises, how it rings, and who serves it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.accounts.service import phone_usernames
from app.errors import Conflict, InvalidInput, NotFound
from app.queues.models import Queue, QueueMember
from app.queues.rules import MAIN_QUEUE, MOST_PENALTY, Strategy, WhenEmpty
from app.settings import Settings
from app.sounds import service as sounds
from app.texts import N_

# The public target of call centres, 80 % within 20 s.
_DEFAULT_TARGET = 0.8
_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
# Asterisk's own: the queue that rings without us, and its sections for everything.
_TAKEN = frozenset({"fallback", "general", "default"})
_CHANGED = N_("Somebody else has changed this queue. Open it again.")


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueData:
    """What the form says. `members` are penalties by username; who is not named does not serve it."""

    label: str
    service_level_seconds: int
    service_level_target: float
    strategy: Strategy
    wrap_up_seconds: int | None
    max_wait_seconds: int | None
    overflow: str | None
    members: Mapping[str, int]
    offers_callback: bool = False
    tells_wait: bool = False
    known_days: int | None = None
    when_empty: WhenEmpty = WhenEmpty.WAIT
    music_id: int | None = None


def install_queues(session: Session, settings: Settings, label: str) -> None:
    """As ensure_queues, for a hospital that begins: its callers are told where they stand, and may be called back."""
    is_new = session.get(Queue, MAIN_QUEUE) is None
    ensure_queues(session, settings, label)
    if is_new:
        table = Queue.__table__
        session.connection().execute(
            table.update().where(table.c.name == MAIN_QUEUE).values(offers_callback=True, tells_wait=True)  # type: ignore[attr-defined]
        )
        session.expire_all()


def ensure_queues(session: Session, settings: Settings, label: str) -> None:
    """Make the hotline's queue when it is not there; until somebody changes it, its service level is the settings'."""
    seconds = int(settings.service_level.total_seconds())
    queue = session.get(Queue, MAIN_QUEUE)
    if queue is None:
        session.add(
            Queue(name=MAIN_QUEUE, label=label, service_level_seconds=seconds, service_level_target=_DEFAULT_TARGET)
        )
        session.flush()
    elif queue.service_level_seconds != seconds and queue.row_version == 1:
        # Past the version, which counts what people change.
        table = Queue.__table__
        session.connection().execute(
            table.update().where(table.c.name == MAIN_QUEUE).values(service_level_seconds=seconds)  # type: ignore[attr-defined]
        )
        session.expire(queue)


def list_queues(session: Session) -> list[Queue]:
    """Every queue, by name."""
    return list(session.scalars(select(Queue).order_by(Queue.name)))


def queue_names(session: Session) -> frozenset[str]:
    return frozenset(session.scalars(select(Queue.name)))


def get_queue(session: Session, name: str) -> Queue:
    """Raises NotFound."""
    row = session.get(Queue, name)
    if row is None:
        raise NotFound(N_("There is no such queue."))
    return row


def memberships(session: Session) -> dict[str, dict[str, int]]:
    """Which queues each agent serves, with penalties; whoever serves the main queue only, at once, is left out."""
    found: dict[str, dict[str, int]] = {}
    for row in session.scalars(select(QueueMember)):
        found.setdefault(row.username, {})[row.queue] = row.penalty
    return found


def members_of(session: Session, queue: str) -> dict[str, int]:
    """Who serves this queue now, with penalties."""
    known = memberships(session)
    served = {name: known.get(name, {MAIN_QUEUE: 0}) for name in phone_usernames(session)}
    return {name: queues[queue] for name, queues in served.items() if queue in queues}


def add_queue(session: Session, name: str, data: QueueData) -> Queue:
    """A new queue, which Asterisk has within seconds. Raises InvalidInput, Conflict when there is one of that name."""
    if not _NAME.fullmatch(name) or name in _TAKEN:
        raise InvalidInput(N_("Write a short name of small letters, figures and _, such as ward3."), field="code")
    if session.get(Queue, name) is not None or name in phone_usernames(session):
        raise Conflict(N_("This short name is taken. Choose another one."), field="code")
    row = Queue(name=name)
    _set(session, row, data)
    session.add(row)
    session.flush()
    _set_members(session, name, data.members)
    return row


def save_queue(session: Session, name: str, data: QueueData, *, row_version: int) -> Queue:
    """Raises Conflict when somebody else has changed it since, InvalidInput, NotFound."""
    row = get_queue(session, name)
    if row.row_version != row_version:
        raise Conflict(_CHANGED)
    _set(session, row, data)
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(_CHANGED) from None
    _set_members(session, name, data.members)
    return row


def serve_queues(session: Session, username: str, served: Mapping[str, int]) -> None:
    """Let this agent serve exactly these queues, with these penalties; in none, the main queue again."""
    session.execute(delete(QueueMember).where(QueueMember.username == username))
    if served != {MAIN_QUEUE: 0}:
        session.add_all(QueueMember(queue=name, username=username, penalty=penalty) for name, penalty in served.items())


def _set(session: Session, row: Queue, data: QueueData) -> None:
    label = " ".join(data.label.split())
    if not label or len(label) > 80:
        raise InvalidInput(N_("Write a name of at most 80 characters."), field="label")
    _within(data.service_level_seconds, 5, 600, "service_level_seconds")
    _within(round(data.service_level_target * 100), 1, 100, "target")
    if data.wrap_up_seconds is not None:
        _within(data.wrap_up_seconds, 5, 3600, "wrap_up_seconds")
    if data.max_wait_seconds is not None:
        _within(data.max_wait_seconds, 10, 3600, "max_wait_seconds")
    if (data.overflow is None) != (data.max_wait_seconds is None):
        raise InvalidInput(N_("Say both: after how long callers go on, and to which queue."), field="overflow")
    if data.overflow is not None and (data.overflow == row.name or session.get(Queue, data.overflow) is None):
        raise InvalidInput(N_("Callers go on to another queue that is there."), field="overflow")
    if data.known_days is not None:
        _within(data.known_days, 1, 365, "known_days")
    if data.music_id is not None and data.music_id not in sounds.digests(session, [data.music_id]):
        raise InvalidInput(N_("This music is not ready, or cannot be used."), field="music")
    row.offers_callback, row.tells_wait, row.when_empty = data.offers_callback, data.tells_wait, data.when_empty
    row.known_days, row.music_id = data.known_days, data.music_id
    row.label, row.strategy = label, data.strategy
    row.service_level_seconds, row.service_level_target = data.service_level_seconds, data.service_level_target
    row.wrap_up_seconds, row.max_wait_seconds, row.overflow = data.wrap_up_seconds, data.max_wait_seconds, data.overflow


def _within(value: int, low: int, high: int, field: str) -> None:
    if not low <= value <= high:
        raise InvalidInput(N_("This number is outside its limits."), field=field)


def _set_members(session: Session, queue: str, members: Mapping[str, int]) -> None:
    """Who is in no queue afterwards serves the main queue again."""
    known = memberships(session)
    for username in phone_usernames(session):
        before = known.get(username, {MAIN_QUEUE: 0})
        after = {name: penalty for name, penalty in before.items() if name != queue}
        if username in members:
            after[queue] = min(max(members[username], 0), MOST_PENALTY)
        if after != before:
            serve_queues(session, username, after)
    session.flush()
