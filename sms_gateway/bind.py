"""One bind of an account, for as long as the account is in use: a thread that connects, talks, and connects again."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app.messages.rules import LinkState, SubmitOutcome
from app.smsc_accounts.rules import BindRole
from sms_gateway.connection import Connection, ConnectionLost
from sms_gateway.conversation import Conversation
from sms_gateway.desk import AccountDesk, Signals
from sms_gateway.meter import Meter
from sms_gateway.smpp.pacing import ReconnectPolicy
from sms_gateway.smpp.session import SessionClosed
from sms_gateway.smpp.statuses import is_bind_refused, status_code
from sms_gateway.timers import GatewayTimers

log = structlog.get_logger()


class Bind:
    """`tell` is called from the bind's thread with each state and with each proof that the state still holds."""

    def __init__(
        self,
        desk: AccountDesk,
        number: int,
        role: BindRole,
        timers: GatewayTimers,
        tell: Callable[[int, LinkState, str], None],
    ) -> None:
        self.number = number
        self.role = role
        self.meter = Meter()
        self.signals = Signals()
        self._desk = desk
        self._timers = timers
        self._tell_account = tell
        self._policy = ReconnectPolicy(
            first_seconds=timers.first_reconnect_seconds, longest_seconds=timers.longest_reconnect_seconds
        )
        self._unrecorded: list[SubmitOutcome] = []
        self._is_refused = False
        self._conversation: Conversation | None = None
        self._thread = threading.Thread(target=self._run, name=f"sms-{desk.account.name}-{number}", daemon=True)

    def start(self) -> None:
        """Begin in a thread of its own."""
        self._thread.start()

    @property
    def is_running(self) -> bool:
        return self._thread.is_alive()

    @property
    def in_flight(self) -> int:
        """How many submits wait for their answer."""
        conversation = self._conversation
        return conversation.in_flight if conversation is not None else 0

    def _run(self) -> None:
        stopping = self.signals.stopping
        while not stopping.is_set():
            try:
                closed = self._serve_one_connection()
            except Exception:
                # The outermost loop of the bind's thread: count it as a lost link and go on.
                log.exception("sms.bind_failed", account=self._desk.account.name, bind=self.number)
                closed = SessionClosed(reason="internal error")
            if not stopping.is_set():
                self._rest(closed)
        self._settle_books()
        self._tell(LinkState.DOWN, "stopped")
        self.signals.waker.close()

    def _serve_one_connection(self) -> SessionClosed:
        account = self._desk.account
        if not self._is_refused:
            self._tell(LinkState.CONNECTING, "")
        server_name = (account.server_name or account.host) if account.is_tls else ""
        try:
            connection = Connection(account.host, account.port, self._timers.connect_seconds, server_name)
        except ConnectionLost as error:
            return SessionClosed(reason=str(error))
        conversation = self._conversation = Conversation(
            connection,
            self._desk,
            role=self.role,
            timers=self._timers,
            meter=self.meter,
            unrecorded=self._unrecorded,
            signals=self.signals,
            tell=self._tell,
        )
        try:
            connection.listen_to(self.signals.waker)
            return conversation.talk()
        finally:
            self._conversation = None
            connection.close()
            if conversation.was_bound:
                self._policy.bound()

    def _rest(self, closed: SessionClosed) -> None:
        """Between two connections: tell how it stands, and wait."""
        status = closed.refused_status
        self._is_refused = status is not None and is_bind_refused(status)
        if status is not None and self._is_refused:
            state, detail, wait = LinkState.REFUSED, status_code(status), self._policy.wait_after_refusal()
        else:
            state, detail, wait = LinkState.DOWN, closed.reason, self._policy.wait_after_loss()
        log.warning(
            "sms.link_lost",
            account=self._desk.account.name,
            bind=self.number,
            reason=closed.reason,
            state=state,
            wait_seconds=round(wait, 1),
        )
        until = time.monotonic() + wait
        while not self.signals.stopping.is_set() and (now := time.monotonic()) < until:
            self._tell(state, detail)
            self._settle_books()
            self.signals.waker.wait(min(until - now, self._timers.sweep_seconds))

    def _settle_books(self) -> None:
        """Record what the last connection left."""
        try:
            self._desk.settle(self._unrecorded)
            self._unrecorded.clear()
        except SQLAlchemyError as error:
            log.error("sms.database_failed", account=self._desk.account.name, error=type(error).__name__)

    def _tell(self, state: LinkState, detail: str) -> None:
        self._tell_account(self.number, state, detail)
