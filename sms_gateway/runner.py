"""The gateway to one SMSC account: one thread, one bind at a time, for as long as the process runs.

The outbox in the database is the truth. The bus only pokes; a scan every few seconds finds what the pokes missed.
"""

from __future__ import annotations

import threading
import time

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import bus as bus_topics
from app.messages.rules import LinkState, SubmitOutcome
from app.parts import Parts
from app.settings import SMPPAddress
from sms_gateway.connection import Connection, ConnectionLost, Waker
from sms_gateway.conversation import Conversation
from sms_gateway.ledger import Ledger
from sms_gateway.smpp.pacing import ReconnectPolicy, TokenBucket
from sms_gateway.smpp.session import SessionClosed
from sms_gateway.smpp.statuses import is_bind_refused, status_code
from sms_gateway.timers import GatewayTimers

log = structlog.get_logger()


class Gateway:
    """Sends the outbox through one SMSC account and keeps what the SMSC brings. Build it before the bus starts."""

    def __init__(
        self,
        parts: Parts,
        address: SMPPAddress | None,
        account: str = "default",
        timers: GatewayTimers | None = None,
    ) -> None:
        self._address = address
        self._timers = timers or GatewayTimers()
        self._ledger = Ledger(parts, account)
        self._waker = Waker()
        self._stopping = threading.Event()
        self._poked = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"sms-{account}", daemon=True)
        self._policy = ReconnectPolicy(
            first_seconds=self._timers.first_reconnect_seconds, longest_seconds=self._timers.longest_reconnect_seconds
        )
        # The pace belongs to the account: a new connection does not begin with a full bucket.
        self._bucket = TokenBucket(address.segments_per_second if address else 1.0, time.monotonic())
        self._unrecorded: list[SubmitOutcome] = []
        self._alarm_at = time.monotonic() + self._timers.alarm_seconds
        self._is_refused = False
        parts.bus.subscribe(bus_topics.OUTBOX, self._poke)

    def start(self) -> None:
        """Begin in a thread of its own. Without an address the link is told to be off, and nothing runs."""
        if self._address is None:
            self._ledger.tell_link(LinkState.OFF, "")
            return
        self._thread.start()

    def stop(self, timeout_seconds: float = 8.0) -> None:
        """Unbind, read the last answers, end. Stopping twice is harmless."""
        self._stopping.set()
        self._waker.wake()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)
        if not self._thread.is_alive():
            self._waker.close()

    def _poke(self, _message: bus_topics.Message) -> None:
        self._poked.set()
        self._waker.wake()

    def _run(self) -> None:
        assert self._address is not None
        if not self._hold_uncertain():
            return
        while not self._stopping.is_set():
            try:
                closed = self._serve_one_connection(self._address)
            except Exception:
                # The outermost loop of the gateway's thread: count it as a lost link and go on.
                log.exception("sms.gateway_failed", account=self._ledger.account)
                closed = SessionClosed(reason="internal error")
            if not self._stopping.is_set():
                self._rest(closed)
        self._settle_books()
        self._ledger.tell_link(LinkState.DOWN, "stopped")
        log.info("sms.gateway_stopped", account=self._ledger.account)

    def _hold_uncertain(self) -> bool:
        """Before anything is sent: what an earlier gateway left half done. False when the gateway is to stop."""
        while not self._stopping.is_set():
            try:
                held = self._ledger.hold_uncertain()
            except SQLAlchemyError as error:
                log.error("sms.database_failed", account=self._ledger.account, error=type(error).__name__)
                self._waker.wait(self._timers.database_retry_seconds)
            else:
                log.info("sms.gateway_started", account=self._ledger.account, held_uncertain=held)
                return True
        return False

    def _serve_one_connection(self, address: SMPPAddress) -> SessionClosed:
        if not self._is_refused:
            self._ledger.tell_link(LinkState.CONNECTING, "")
        try:
            connection = Connection(address.host, address.port, self._timers.connect_seconds)
        except ConnectionLost as error:
            return SessionClosed(reason=str(error))
        conversation = Conversation(
            connection,
            address=address,
            ledger=self._ledger,
            bucket=self._bucket,
            timers=self._timers,
            unrecorded=self._unrecorded,
            stopping=self._stopping,
            poked=self._poked,
        )
        try:
            connection.listen_to(self._waker)
            return conversation.talk()
        finally:
            connection.close()
            if conversation.was_bound:
                self._policy.bound()
                self._alarm_at = time.monotonic() + self._timers.alarm_seconds

    def _rest(self, closed: SessionClosed) -> None:
        """Between two connections: tell how it stands, wait, and let time do its work."""
        status = closed.refused_status
        self._is_refused = status is not None and is_bind_refused(status)
        if status is not None and self._is_refused:
            state, detail, wait = LinkState.REFUSED, status_code(status), self._policy.wait_after_refusal()
            self._alarm_at = min(self._alarm_at, time.monotonic())
        else:
            state, detail, wait = LinkState.DOWN, closed.reason, self._policy.wait_after_loss()
        log.warning(
            "sms.link_lost",
            account=self._ledger.account,
            reason=closed.reason,
            state=state,
            wait_seconds=round(wait, 1),
        )
        until = time.monotonic() + wait
        while not self._stopping.is_set() and (now := time.monotonic()) < until:
            self._ledger.tell_link(state, detail)
            if now >= self._alarm_at:
                self._ledger.tell_alarm(is_down=True)
                self._alarm_at = float("inf")  # once for each outage
            self._settle_books()
            self._waker.wait(min(until - now, self._timers.sweep_seconds))

    def _settle_books(self) -> None:
        """Record what the last connection left, and what time alone brings about."""
        try:
            self._ledger.exchange(self._unrecorded, 0)
            self._unrecorded.clear()
            self._ledger.sweep(receipt_waits=self._timers.receipt_waits, reassembly=self._timers.reassembly)
        except SQLAlchemyError as error:
            log.error("sms.database_failed", account=self._ledger.account, error=type(error).__name__)
