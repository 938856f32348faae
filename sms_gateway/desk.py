"""What the binds of one account share: its books, its pace, and what is in its hands at this moment."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from app.messages.rules import ClaimedSegment, IncomingPart, Receipt, SubmitOutcome
from app.smsc_accounts.rules import SMSCAccount, error_table, source_for
from sms_gateway.connection import Waker
from sms_gateway.ledger import Ledger
from sms_gateway.smpp.pacing import TokenBucket
from sms_gateway.switchboard import Switchboard


@dataclass(frozen=True, slots=True)
class Signals:
    """How others reach the thread of one bind."""

    stopping: threading.Event = field(default_factory=threading.Event)
    poked: threading.Event = field(default_factory=threading.Event)
    waker: Waker = field(default_factory=Waker)

    def poke(self) -> None:
        """There may be something to claim."""
        self.poked.set()
        self.waker.wake()

    def stop(self) -> None:
        """Unbind, and end."""
        self.stopping.set()
        self.waker.wake()


@dataclass(frozen=True, slots=True)
class Exchanged:
    """What was asked for within pace and window, and what the books gave."""

    asked: int
    claimed: Sequence[ClaimedSegment]


class AccountDesk:
    """One per account; used by the threads of all its binds. `exchange` and `has_waiting` raise SQLAlchemyError."""

    def __init__(
        self, account: SMSCAccount, ledger: Ledger, switchboard: Switchboard, usual_source: str, now: float
    ) -> None:
        self.account = account
        self.ledger = ledger
        self.error_table = error_table(dict(account.error_classes))
        # The pace belongs to the account: neither a new connection nor a second one begins with a full bucket.
        self.bucket = TokenBucket(account.segments_per_second, now)
        self._switchboard = switchboard
        self._usual_source = usual_source
        self._lock = threading.Lock()
        self._in_hand: set[int] = set()  # claimed, and what became of them is not in the books yet
        self._are_claims_doubtful = False

    def has_waiting(self, now: float) -> bool:
        """Whether this account may claim anything."""
        return self.ledger.has_waiting(self._switchboard.carriage_of(self.account.name, now))

    def exchange(self, outcomes: Sequence[SubmitOutcome], most: int, now: float) -> Exchanged:
        """Record what is known and claim up to `most` within the pace, in one commit. One bind at a time."""
        with self._lock:
            if self._are_claims_doubtful:
                # A commit that failed may have succeeded after all: what it claimed was never submitted.
                self.ledger.hold_uncertain(besides=self._in_hand)
                self._are_claims_doubtful = False
            asked = min(most, self.bucket.available(now)) if most else 0
            if asked == 0 and not outcomes:
                return Exchanged(0, ())
            self._are_claims_doubtful = asked > 0
            carriage = self._switchboard.carriage_of(self.account.name, now)
            claimed = self.ledger.exchange(outcomes, asked, carriage)
            self._are_claims_doubtful = False
            self._in_hand.difference_update(outcome.segment_id for outcome in outcomes)
            self._in_hand.update(segment.segment_id for segment in claimed)
            self.bucket.take(len(claimed), now)
        return Exchanged(asked, claimed)

    def settle(self, outcomes: Sequence[SubmitOutcome]) -> None:
        """Record what a connection left behind, and claim nothing."""
        with self._lock:
            self.ledger.record(outcomes)
            self._in_hand.difference_update(outcome.segment_id for outcome in outcomes)

    def keep(self, contents: Sequence[IncomingPart | Receipt]) -> None:
        """Keep what the SMSC brought: all of it, or nothing.

        A text to this account's number is kept as one to the usual number: the extension behind it finds the thread.
        """
        self.ledger.keep([self._as_usual(each) if isinstance(each, IncomingPart) else each for each in contents])

    def _as_usual(self, part: IncomingPart) -> IncomingPart:
        own = self.account.source_addr
        if not own or not self._usual_source or not part.destination.startswith(own):
            return part
        return replace(part, destination=source_for(part.destination, own, self._usual_source))

    def source_of(self, segment: ClaimedSegment) -> str:
        """The number that the segment comes from."""
        return source_for(segment.service_number, self._usual_source, self.account.source_addr)
