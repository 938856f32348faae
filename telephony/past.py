"""What happened before this moment: how far CEL was taken over, and what it has told since."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from app.accounts import service as accounts
from app.calls import service as calls
from app.db import Database
from app.floor import service as floor
from app.followups import service as followups
from app.queues.models import TelephonyLink
from telephony.cel import fold, read_cel
from telephony.tracker.channels import digits_to_dial
from telephony.tracker.inputs import CallHistory, Snapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """`histories` are those of the calls that the database does not know as ended."""

    asterisk_started_at: str
    last_seen_at: datetime | None
    """When Asterisk last answered the process that listened before."""
    histories: dict[str, CallHistory]
    begins: dict[str, int]
    """Where in the file each of the histories begins."""
    inode: int
    offset: int

    def resume_at(self, snapshot: Snapshot) -> int:
        """From where to read the next time: the first line of the oldest call that is not over yet."""
        return min(
            (self.begins[linkedid] for linkedid in self.histories if not snapshot.is_over(linkedid)),
            default=self.offset,
        )


def read_past(database: Database, cel_file: Path) -> Past:
    """Read CEL from where the last reading said. Raises DBAPIError."""
    with database.reading() as session:
        row = session.get(TelephonyLink, 1)
        inode, offset, started = (row.cel_inode, row.cel_offset, row.asterisk_started_at) if row else (0, 0, "")
        last_seen_at = row.as_of if row else None
        usernames = frozenset(accounts.phone_usernames(session))
    rows, inode, offset = read_cel(cel_file, inode=inode, offset=offset)
    histories = fold(rows, usernames)
    with database.reading() as session:
        # A supervisor's own channel is no call; of a call among colleagues CEL tells nothing that is kept.
        told = list(histories)
        ended = calls.ended_linkedids(session, told) | calls.internal_orders(session, told)
        ended |= floor.supervision_orders(session, told)
        # CEL does not say whom we called without an agent; the attempt does.
        numbers = followups.dialled_numbers(
            session, [each.linkedid for each in histories.values() if each.is_automatic]
        )
    for linkedid, number in numbers.items():
        histories[linkedid] = replace(histories[linkedid], dialled=digits_to_dial(number))
    begins: dict[str, int] = {}
    for row_read in rows:
        begins.setdefault(row_read.linkedid, row_read.offset)
    return Past(
        asterisk_started_at=started,
        last_seen_at=last_seen_at,
        histories={linkedid: history for linkedid, history in histories.items() if linkedid not in ended},
        begins=begins,
        inode=inode,
        offset=offset,
    )
