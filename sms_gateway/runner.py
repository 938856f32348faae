"""The gateway: every account in use, as the plan in the database says, for as long as the process runs.

The outbox in the database is the truth. The bus only pokes; a scan every few seconds finds what the pokes missed.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import SQLAlchemyError

from app import bus as bus_topics
from app.messages import service as messages
from app.messages.rules import LinkState
from app.parts import Parts
from app.settings import SMPPAddress
from app.smsc_accounts import service
from app.smsc_accounts.rules import DEFAULT, SMSCAccount
from sms_gateway.account import AccountInUse
from sms_gateway.connection import Waker
from sms_gateway.ledger import Ledger
from sms_gateway.switchboard import Switchboard
from sms_gateway.timers import GatewayTimers

log = structlog.get_logger()

_STOPPING_SECONDS = 0.05  # how often we look whether an account that stops has stopped


class Gateway:
    """Sends the outbox and keeps what the SMSCs bring. Build it before the bus starts.

    `address` is the account without a row. Accounts are started, stopped and made anew as their rows change; those that
    have not changed notice nothing of it.
    """

    def __init__(self, parts: Parts, address: SMPPAddress | None, timers: GatewayTimers | None = None) -> None:
        self._parts = parts
        self._default = _account_of(address) if address is not None else None
        self._timers = timers or GatewayTimers()
        self._switchboard = Switchboard(self._timers.failover_seconds)
        self._accounts: dict[str, AccountInUse] = {}
        self._leaving: list[AccountInUse] = []
        self._waker = Waker()
        self._stopping = threading.Event()
        self._replan = threading.Event()
        self._thread = threading.Thread(target=self._run, name="sms-gateway", daemon=True)
        now = time.monotonic()
        self._plan_at = self._sweep_at = self._figures_at = now
        parts.bus.subscribe(bus_topics.OUTBOX, self._poke)
        parts.bus.subscribe(bus_topics.SMSC_ACCOUNTS, self._note_change)

    def start(self) -> None:
        """Begin in threads of its own. Without an address and without a row the link is told to be off."""
        if self._default is None:
            Ledger(self._parts, DEFAULT).tell_link(LinkState.OFF, "")
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
        for account in list(self._accounts.values()):
            account.poke()

    def _note_change(self, _message: bus_topics.Message) -> None:
        self._replan.set()
        self._waker.wake()

    def _run(self) -> None:
        while not self._stopping.is_set() and not self._tried(self._hold_uncertain):
            self._waker.wait(self._timers.database_retry_seconds)
        while not self._stopping.is_set():
            try:
                wait = self._work()
            except Exception:
                # The outermost loop of the gateway: the binds go on meanwhile.
                log.exception("sms.gateway_failed")
                wait = self._timers.database_retry_seconds
            self._waker.wait(wait)
        self._end()

    def _work(self) -> float:
        """Everything that is due, and how long nothing is."""
        now = time.monotonic()
        leaving, self._leaving = self._leaving, [account for account in self._leaving if account.is_running]
        has_one_left = len(self._leaving) < len(leaving)
        if has_one_left or self._replan.is_set() or now >= self._plan_at:
            self._replan.clear()
            self._plan_at = now + self._timers.plan_seconds
            self._tried(self._follow_plan)
        if now >= self._sweep_at:
            self._sweep_at = now + self._timers.sweep_seconds
            self._sweep()
        if now >= self._figures_at:
            self._figures_at = now + self._timers.figures_seconds
            self._tried(self._write_figures)
        if self._leaving:
            return _STOPPING_SECONDS
        return max(0.0, min(self._plan_at, self._sweep_at, self._figures_at) - time.monotonic())

    def _tried(self, work: Callable[[], None]) -> bool:
        try:
            work()
        except SQLAlchemyError as error:
            log.error("sms.database_failed", error=type(error).__name__)
            return False
        return True

    def _hold_uncertain(self) -> None:
        """Before anything is sent: what an earlier gateway left half done."""
        with self._parts.database.writing() as session:
            held = messages.hold_uncertain(session, self._parts.bus, account=None, now=self._parts.now())
        log.info("sms.gateway_started", held_uncertain=held)

    def _follow_plan(self) -> None:
        with self._parts.database.reading() as session:
            plan = service.read_plan(session, self._default, self._parts.settings)
        wanted = {account.name: account for account in plan.accounts}
        for name, running in list(self._accounts.items()):
            if wanted.get(name) != running.account:
                log.info("sms.account_stopped", account=name)
                running.stop()
                self._leaving.append(self._accounts.pop(name))
        self._switchboard.follow(plan, time.monotonic())
        leaving = {account.account.name for account in self._leaving}
        for name, account in wanted.items():
            # The old binds end first: they still hold segments, and two of them would be two paces.
            if name not in self._accounts and name not in leaving:
                self._begin(account)
        for name in plan.unreadable:
            Ledger(self._parts, name).tell_link(LinkState.REFUSED, "the password cannot be read with this secret key")
        self._forget_links({*wanted, *leaving, *plan.unreadable})

    def _begin(self, account: SMSCAccount) -> None:
        ledger = Ledger(self._parts, account.name)
        ledger.hold_uncertain()
        usual = self._default.source_addr if self._default is not None else ""
        begun = AccountInUse(account, ledger, self._switchboard, self._timers, usual, self._parts.now)
        self._accounts[account.name] = begun
        begun.start()
        log.info("sms.account_started", account=account.name)

    def _forget_links(self, besides: set[str]) -> None:
        known = {*besides, DEFAULT} if self._default is not None or not besides else besides
        with self._parts.database.reading() as session:
            gone = service.links_besides(session, known)
        for name in gone:
            Ledger(self._parts, name).tell_alarm(is_down=False)
        if gone:
            with self._parts.database.writing() as session:
                service.forget_links(session, gone)

    def _sweep(self) -> None:
        """What time alone brings about: expiry, late receipts, long texts that stay incomplete, alarms."""
        self._tried(self._sweep_messages)
        for account in self._accounts.values():
            account.watch()
            self._tried(lambda ledger=account.ledger: ledger.settle_uncertain(self._timers.receipt_waits))  # type: ignore[misc]

    def _sweep_messages(self) -> None:
        now, bus, settings = self._parts.now(), self._parts.bus, self._parts.settings
        with self._parts.database.writing() as session:
            messages.expire_messages(session, bus, now=now)
            messages.end_uncertain(session, bus, settings=settings, now=now)
            messages.deliver_incomplete(session, bus, settings=settings, now=now, timeout=self._timers.reassembly)

    def _write_figures(self) -> None:
        reports = [report for account in self._accounts.values() for report in account.reports()]
        with self._parts.database.writing() as session:
            service.record_binds(session, reports)

    def _end(self) -> None:
        for account in self._accounts.values():
            account.stop()
        leaving = [*self._leaving, *self._accounts.values()]
        until = time.monotonic() + self._timers.stop_seconds
        while any(account.is_running for account in leaving) and time.monotonic() < until:
            time.sleep(_STOPPING_SECONDS)
        self._tried(self._write_figures)
        log.info("sms.gateway_stopped")


def _account_of(address: SMPPAddress) -> SMSCAccount:
    return SMSCAccount(
        name=DEFAULT,
        host=address.host,
        port=address.port,
        system_id=address.system_id,
        password=address.password,
        window=address.window,
        segments_per_second=address.segments_per_second,
        source_addr=address.source_addr,
    )
