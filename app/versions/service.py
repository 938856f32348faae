"""The moves of a document's versions, inside a caller's transaction. Who may make one is the room's own rule.

`versions` is always a document's own list, newest first, as its relationship loads it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.errors import Conflict, NotFound
from app.texts import N_
from app.versions.models import VersionColumns
from app.versions.rules import MOVES, VersionState

V = TypeVar("V", bound=VersionColumns)


def in_use(versions: Sequence[V]) -> V | None:
    """The version that holds, if any."""
    return next((each for each in versions if each.state == VersionState.APPROVED), None)


def of_number(versions: Sequence[V], number: int) -> V:
    """Raises NotFound."""
    found = next((each for each in versions if each.number == number), None)
    if found is None:
        raise NotFound(N_("There is no such version."))
    return found


def newest_locked(session: Session, versions: Sequence[V]) -> V:
    """Of two people who press at once the second waits here, and then sees what the first one did."""
    kind = type(versions[0])
    query = select(kind).where(kind.id == versions[0].id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def refuse_changed(versions: Sequence[V], row_version: int) -> None:
    """Raises Conflict when the newest version is not as its reader saw it: nothing of a colleague's is overwritten."""
    if versions[0].row_version != row_version:
        raise Conflict(_CHANGED)


def write_draft(session: Session, versions: list[V], *, begin: Callable[[int], V], change: Callable[[V], None]) -> V:
    """Change the newest draft, or begin the next version when the newest is none any more.

    `begin` makes a draft of a number, `change` writes into one. Raises Conflict for one that waits for approval.
    """
    newest = versions[0]
    if newest.state == VersionState.SUBMITTED:
        raise Conflict(N_("This version waits for approval. Take it back first, then change it."))
    if newest.state == VersionState.DRAFT and newest.used_at is None:
        change(newest)
    else:
        newest = begin(newest.number + 1)
        versions.insert(0, newest)
    flush(session)
    return newest


def move(session: Session, versions: Sequence[V], to: VersionState) -> V:
    """Bring the newest version to a state. Raises Conflict when it cannot come there from where it is."""
    version = newest_locked(session, versions)
    if to not in MOVES[VersionState(version.state)]:
        raise Conflict(N_("This version is no longer in the state that the page showed. Open it again."))
    version.state = to
    return version


def submit(session: Session, versions: Sequence[V], *, by: str, now: datetime) -> V:
    """Ask for the approval of the newest draft. Raises Conflict when it is none."""
    version = move(session, versions, VersionState.SUBMITTED)
    version.submitted_at, version.submitted_by = now, by
    return version


def take_back(session: Session, versions: Sequence[V]) -> V:
    """Make a submitted version a draft again; what was approved so far is void. Raises Conflict."""
    version = move(session, versions, VersionState.DRAFT)
    version.submitted_at = version.submitted_by = version.approved_at = version.approved_by = None
    flush(session)
    return version


def newest_waiting(session: Session, versions: Sequence[V]) -> V:
    """The version that waits for approval, locked. Raises Conflict when none does."""
    version = newest_locked(session, versions)
    if version.state != VersionState.SUBMITTED:
        raise Conflict(N_("This version does not wait for approval."))
    return version


def put_into_use(versions: Sequence[V], version: V, *, by: str, now: datetime) -> V | None:
    """Let this version hold; the one that held before, which is returned, no longer does."""
    before = in_use(versions)
    if before is not None:
        _retire(before, by, now)
    version.state = VersionState.APPROVED
    return before


def take_out_of_use(session: Session, versions: Sequence[V], *, by: str, now: datetime) -> V:
    """Raises Conflict when no version holds."""
    version = in_use(versions)
    if version is None:
        raise Conflict(N_("No version of this is in use."))
    _retire(version, by, now)
    flush(session)
    return version


def refuse_in_use(versions: Sequence[V]) -> None:
    """Raises Conflict for a document that holds: it is not taken off a list meanwhile."""
    if in_use(versions) is not None:
        raise Conflict(N_("Take this out of use first."))


def flush(session: Session) -> None:
    """Raises Conflict when a colleague was faster."""
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(_CHANGED) from None


def _retire(version: V, by: str, now: datetime) -> None:
    version.state, version.retired_at, version.retired_by = VersionState.RETIRED, now, by


_CHANGED = N_("Somebody changed this meanwhile. Open it again and repeat your change.")
