"""One connection with the SMSC from bind to end: what arrives goes to the books, what the books ask for leaves.

Claim, commit, submit, record: between two commits at most one window of segments is on its way.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.messages.rules import FINAL_SEGMENT_STATES, IncomingPart, LinkState, Receipt, SubmitOutcome, Verdict
from app.smsc_accounts.rules import SENDING_ROLES, BindRole
from sms_gateway.connection import Connection, ConnectionLost
from sms_gateway.desk import AccountDesk, Signals
from sms_gateway.meter import Meter
from sms_gateway.smpp.outgoing import submit_of
from sms_gateway.smpp.session import (
    BindAccepted,
    Delivered,
    LinkProved,
    OctetsToSend,
    Result,
    SessionClosed,
    SessionState,
    SMPPSession,
    SubmitAnswered,
    SubmitImpossible,
    SubmitUnanswered,
)
from sms_gateway.smpp.statuses import StatusClass, classify, status_code
from sms_gateway.timers import GatewayTimers

log = structlog.get_logger()

# One commit per 50 messages instead of one each is 13 to 37 times faster on SQLite; more gains little.
_BATCH = 50
_VERDICTS = {
    StatusClass.THROTTLED: Verdict.NOT_SENT,
    StatusClass.FATAL: Verdict.NOT_SENT,
    StatusClass.TEMPORARY: Verdict.TEMPORARY,
    StatusClass.UNEXPLAINED: Verdict.UNEXPLAINED,
    StatusClass.PERMANENT: Verdict.PERMANENT,
}


class Conversation:
    """Used once, then thrown away. `unrecorded` is the bind's and outlives it: outcomes that the books lack."""

    def __init__(
        self,
        connection: Connection,
        desk: AccountDesk,
        *,
        role: BindRole,
        timers: GatewayTimers,
        meter: Meter,
        unrecorded: list[SubmitOutcome],
        signals: Signals,
        tell: Callable[[LinkState, str], None],
    ) -> None:
        self.was_bound = False
        self._connection = connection
        self._desk = desk
        self._session = SMPPSession(
            system_id=desk.account.system_id,
            password=desk.account.password,
            window=desk.account.window,
            timers=timers.session,
            role=role,
        )
        self._timers = timers
        self._meter = meter
        self._outcomes = unrecorded
        self._signals = signals
        self._tell = tell
        self._deliveries: list[Delivered] = []
        self._scan_at = self._database_again_at = time.monotonic()
        self._is_draining = role in SENDING_ROLES
        self._can_send = role in SENDING_ROLES
        self._fatal_status: int | None = None

    @property
    def in_flight(self) -> int:
        """How many submits wait for their answer. For any thread."""
        return self._session.in_flight

    def talk(self) -> SessionClosed:
        """Bind and work until the link ends; why it ended. Then each submit without an answer is among the outcomes."""
        try:
            return self._talk()
        except ConnectionLost as error:
            return self._close(str(error))
        finally:
            self._close("ended")

    def _talk(self) -> SessionClosed:
        results = self._session.start(time.monotonic())
        while True:
            closed = self._carry_out(results)
            if closed is not None:
                return closed
            if self._fatal_status is not None:
                return self._close("refused", self._fatal_status)
            results = self._work()
            if results:
                continue
            octets = self._connection.wait(self._next_moment() - time.monotonic())
            now = time.monotonic()
            results = self._session.receive(octets, now) + self._session.tick(now)
            if self._signals.stopping.is_set() and self._session.state in (SessionState.BINDING, SessionState.BOUND):
                results += self._session.unbind(now)

    def _close(self, reason: str, refused_status: int | None = None) -> SessionClosed:
        closed = self._note(self._session.close(reason, refused_status))
        return closed or SessionClosed(reason=reason)

    def _carry_out(self, results: Sequence[Result]) -> SessionClosed | None:
        closed = self._note(results)
        octets = b"".join(result.octets for result in results if isinstance(result, OctetsToSend))
        if octets:
            try:
                self._connection.write(octets)
            except ConnectionLost:
                if closed is None:
                    raise
        return closed

    def _note(self, results: Sequence[Result]) -> SessionClosed | None:
        """Put each result in its place; one branch per kind."""
        closed = None
        for result in results:
            match result:
                case OctetsToSend():
                    pass  # written by _carry_out, all in one piece
                case BindAccepted():
                    self._on_bound()
                case SubmitAnswered():
                    self._outcomes.append(self._judge(result))
                case SubmitUnanswered(key=key):
                    self._outcomes.append(SubmitOutcome(segment_id=key, verdict=Verdict.UNANSWERED))
                case SubmitImpossible(key=key, field=field):
                    code = f"invalid_{field}"[:20]
                    self._outcomes.append(SubmitOutcome(segment_id=key, verdict=Verdict.PERMANENT, error_code=code))
                case Delivered():
                    self._deliveries.append(result)
                case LinkProved():
                    self._tell(LinkState.BOUND, "")
                case SessionClosed():
                    closed = result
        return closed

    def _on_bound(self) -> None:
        self.was_bound = True
        self._tell(LinkState.BOUND, "")
        log.info("sms.bound", account=self._desk.account.name)

    def _judge(self, answer: SubmitAnswered) -> SubmitOutcome:
        now = time.monotonic()
        if answer.status == 0:
            self._desk.bucket.accepted()
            self._meter.accepted(answer.seconds, now)
            return SubmitOutcome(segment_id=answer.key, verdict=Verdict.ACCEPTED, smsc_message_id=answer.message_id)
        kind = classify(answer.status, self._desk.error_table)
        if kind is StatusClass.THROTTLED:
            self._desk.bucket.pause(now)
        if kind is StatusClass.FATAL:
            self._fatal_status = answer.status
        code = status_code(answer.status)
        self._meter.refused(code, now)
        log.info("sms.submit_refused", account=self._desk.account.name, segment_id=answer.key, code=code)
        verdict = _VERDICTS[kind]
        return SubmitOutcome(
            segment_id=answer.key, verdict=verdict, error_code="" if verdict is Verdict.NOT_SENT else code
        )

    def _work(self) -> list[Result]:
        """Everything that the books ask for now. What it returns must be carried out before waiting."""
        now = time.monotonic()
        if now < self._database_again_at:
            return self._refuse_deliveries()
        results: list[Result] = []
        try:
            results += self._exchange(now)
            results += self._keep_deliveries()
        except SQLAlchemyError as error:
            self._database_again_at = now + self._timers.database_retry_seconds
            log.error("sms.database_failed", account=self._desk.account.name, error=type(error).__name__)
            results += self._refuse_deliveries()
        return results

    def _exchange(self, now: float) -> list[Result]:
        """Record what is known and claim what may leave, in one commit."""
        if self._can_send and (self._signals.poked.is_set() or now >= self._scan_at):
            self._signals.poked.clear()
            self._scan_at = now + self._timers.scan_seconds
            self._is_draining = self._is_draining or self._desk.has_waiting(now)
        most = min(self._session.free_slots, _BATCH) if self._is_draining else 0
        if not self._outcomes and most == 0:
            return []
        exchanged = self._desk.exchange(self._outcomes, most, now)
        has_returned = any(outcome.verdict is Verdict.NOT_SENT for outcome in self._outcomes)
        is_done = exchanged.asked > 0 and not exchanged.claimed
        self._is_draining = self._can_send and (has_returned or (self._is_draining and not is_done))
        self._outcomes.clear()
        results: list[Result] = []
        for segment in exchanged.claimed:
            results += self._session.submit(submit_of(segment, self._desk.source_of(segment)), now)
        return results

    def _keep_deliveries(self) -> list[Result]:
        """Keep what the SMSC brought, commit, and only then acknowledge it."""
        results: list[Result] = []
        deliveries = self._deliveries[:_BATCH]
        if deliveries:
            kept = self._keep_all([delivered.content for delivered in deliveries])
            self._meter.receipts(_final_receipts(deliveries, kept), time.monotonic())
            for delivered, is_kept in zip(deliveries, kept, strict=True):
                results += self._session.acknowledge(delivered, is_kept=is_kept)
            del self._deliveries[: len(deliveries)]
        return results

    def _keep_all(self, contents: Sequence[IncomingPart | Receipt]) -> list[bool]:
        try:
            self._desk.keep(contents)
        except SQLAlchemyError:
            # One text that the database will not take must not hold up the others: each on its own.
            return [self._keep_one(content) for content in contents]
        return [True] * len(contents)

    def _keep_one(self, content: IncomingPart | Receipt) -> bool:
        try:
            self._desk.keep([content])
        except SQLAlchemyError as error:
            log.error("sms.delivery_not_kept", account=self._desk.account.name, error=type(error).__name__)
            return False
        return True

    def _refuse_deliveries(self) -> list[Result]:
        """The books are closed: the SMSC shall bring these again later."""
        results: list[Result] = []
        for delivered in self._deliveries:
            results += self._session.acknowledge(delivered, is_kept=False)
        self._deliveries.clear()
        return results

    def _next_moment(self) -> float:
        now = time.monotonic()
        work = [self._scan_at] if self._can_send else []
        if self._outcomes or self._deliveries:
            work.append(now)
        if self._is_draining and self._session.free_slots > 0:
            work.append(self._desk.bucket.ready_at(now))
        return min(self._session.wake_at, max(min(work, default=float("inf")), self._database_again_at))


def _final_receipts(deliveries: Sequence[Delivered], kept: Sequence[bool]) -> int:
    contents = [delivered.content for delivered, is_kept in zip(deliveries, kept, strict=True) if is_kept]
    return sum(isinstance(each, Receipt) and each.state in FINAL_SEGMENT_STATES for each in contents)
