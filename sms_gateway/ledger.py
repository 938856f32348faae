"""What the gateway reads and writes in the database. No transaction is held over the network."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.contact_policy.service import may_leave_now
from app.messages import service
from app.messages.rules import ClaimedSegment, IncomingPart, LinkState, Receipt, SubmitOutcome
from app.parts import Parts

log = structlog.get_logger()


class Ledger:
    """The books of one SMSC account. Each method is one transaction, and raises SQLAlchemyError when it fails.

    The two that only tell something never raise: what they could not say now they are asked to say again in seconds.
    """

    def __init__(self, parts: Parts, account: str) -> None:
        self.account = account
        self._parts = parts

    def exchange(
        self, outcomes: Sequence[SubmitOutcome], limit: int, carriage: service.Carriage
    ) -> list[ClaimedSegment]:
        """Record what became of the last segments and claim up to `limit` new ones, in one commit."""
        now, bus = self._parts.now(), self._parts.bus
        with self._parts.database.writing() as session:
            service.record_outcomes(session, bus, outcomes, now=now)
            if limit <= 0:
                return []
            may_leave = may_leave_now(session, now=now, timezone=self._parts.settings.timezone)
            return service.claim_segments(
                session,
                bus,
                account=self.account,
                limit=limit,
                now=now,
                is_marketing_allowed=may_leave.marketing,
                are_notices_allowed=may_leave.notices,
                carriage=carriage,
            )

    def record(self, outcomes: Sequence[SubmitOutcome]) -> None:
        """Record what became of segments, and claim nothing."""
        if outcomes:
            with self._parts.database.writing() as session:
                service.record_outcomes(session, self._parts.bus, outcomes, now=self._parts.now())

    def has_waiting(self, carriage: service.Carriage) -> bool:
        """Whether there is anything to claim; spares an idle gateway the write lock."""
        with self._parts.database.reading() as session:
            return service.has_due_segment(session, self._parts.now(), account=self.account, carriage=carriage)

    def keep(self, contents: Sequence[IncomingPart | Receipt]) -> None:
        """Keep what the SMSC brought: all of it, or nothing."""
        now, bus = self._parts.now(), self._parts.bus
        with self._parts.database.writing() as session:
            receipts = [content for content in contents if isinstance(content, Receipt)]
            service.record_receipts(session, bus, receipts, account=self.account, now=now)
            for content in contents:
                if isinstance(content, IncomingPart):
                    service.receive_part(session, bus, content, settings=self._parts.settings, now=now)

    def hold_uncertain(self, besides: Collection[int] = ()) -> int:
        """What is marked as being sent and is not among `besides` becomes uncertain: nobody knows whether it left."""
        with self._parts.database.writing() as session:
            return service.hold_uncertain(
                session, self._parts.bus, account=self.account, now=self._parts.now(), besides=besides
            )

    def settle_uncertain(self, receipt_waits: timedelta) -> None:
        """Late receipts find the uncertain segments that they are for."""
        with self._parts.database.writing() as session:
            service.settle_uncertain(
                session, self._parts.bus, account=self.account, now=self._parts.now(), receipt_waits=receipt_waits
            )

    def tell_link(self, state: LinkState, detail: str) -> None:
        """Say how the account stands, and that this is true now."""
        try:
            with self._parts.database.writing() as session:
                service.record_link(
                    session, self._parts.bus, account=self.account, state=state, detail=detail, now=self._parts.now()
                )
        except SQLAlchemyError as error:
            log.error("sms.database_failed", account=self.account, error=type(error).__name__)

    def tell_alarm(self, *, is_down: bool) -> None:
        """Raise or clear the alarm that the account stays down."""
        try:
            with self._parts.database.writing() as session:
                service.record_alarm(session, account=self.account, is_down=is_down, now=self._parts.now())
        except SQLAlchemyError as error:
            log.error("sms.database_failed", account=self.account, error=type(error).__name__)
