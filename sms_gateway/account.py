"""One account in use: its binds, and how it stands as a whole."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.messages.rules import LinkState
from app.smsc_accounts.rules import SENDING_ROLES, BindRole, SMSCAccount
from app.smsc_accounts.service import BindReport
from sms_gateway.bind import Bind
from sms_gateway.desk import AccountDesk
from sms_gateway.ledger import Ledger
from sms_gateway.switchboard import Switchboard
from sms_gateway.timers import GatewayTimers

_RECEIVING_ROLES = frozenset({BindRole.TRANSCEIVER, BindRole.RECEIVER})


@dataclass(slots=True)
class _Standing:
    """How one bind stands. `as_of` is the last moment at which it was seen to be so."""

    state: LinkState
    detail: str
    since: datetime
    as_of: datetime


class AccountInUse:
    """Started once, stopped once; a changed account is another one. Its binds tell it how they stand."""

    def __init__(
        self,
        account: SMSCAccount,
        ledger: Ledger,
        switchboard: Switchboard,
        timers: GatewayTimers,
        usual_source: str,
        now: Callable[[], datetime],
    ) -> None:
        self.account = account
        self.ledger = ledger
        self._switchboard = switchboard
        self._timers = timers
        self._now = now
        self._lock = threading.Lock()
        desk = AccountDesk(account, ledger, switchboard, usual_source, time.monotonic())
        self._binds = [Bind(desk, number, role, timers, self._note) for number, role in enumerate(account.roles, 1)]
        begin = now()
        self._standings = [_Standing(LinkState.CONNECTING, "", begin, begin) for _ in self._binds]
        self._told: tuple[LinkState, str] | None = None
        self._down_since = time.monotonic()
        self._is_alarm_raised = False

    def start(self) -> None:
        """Begin to bind."""
        for bind in self._binds:
            bind.start()

    def stop(self) -> None:
        """Let every bind unbind and end. `is_running` says when all have."""
        for bind in self._binds:
            bind.signals.stop()

    @property
    def is_running(self) -> bool:
        return any(bind.is_running for bind in self._binds)

    def poke(self) -> None:
        """There may be something to claim."""
        for bind in self._binds:
            if bind.role in SENDING_ROLES:
                bind.signals.poke()

    def watch(self) -> None:
        """Raise the alarm when the account has been down for long, or refused; once for each outage."""
        with self._lock:
            state, _ = self._state()
            is_long = time.monotonic() - self._down_since >= self._timers.alarm_seconds
            is_due = state is LinkState.REFUSED or (state is not LinkState.BOUND and is_long)
            if not is_due or self._is_alarm_raised:
                return
            self._is_alarm_raised = True
        self.ledger.tell_alarm(is_down=True)

    def reports(self) -> list[BindReport]:
        """Every bind as it is now."""
        now = time.monotonic()
        with self._lock:
            standings = [(each.state, each.detail, each.since, each.as_of) for each in self._standings]
        reports = []
        for bind, (state, detail, since, as_of) in zip(self._binds, standings, strict=True):
            read = bind.meter.read(now)
            reports.append(
                BindReport(
                    account=self.account.name,
                    number=bind.number,
                    role=bind.role,
                    state=state,
                    since=since,
                    as_of=as_of,
                    detail=detail,
                    window=self.account.window if bind.role in SENDING_ROLES else 0,
                    in_flight=bind.in_flight,
                    rate=read.rate,
                    latency_p50_ms=read.latency_p50_ms,
                    latency_p95_ms=read.latency_p95_ms,
                    accepted=read.accepted,
                    receipts=read.receipts,
                    errors=read.errors,
                )
            )
        return reports

    def _note(self, number: int, state: LinkState, detail: str) -> None:
        """One bind says how it stands; also that it still does."""
        now = self._now()
        with self._lock:
            standing = self._standings[number - 1]
            if standing.state is not state:
                standing.since = now
            standing.state, standing.detail, standing.as_of = state, detail, now
            is_sending = any(self._is_bound(SENDING_ROLES))
            whole = self._state()
            has_risen = whole[0] is LinkState.BOUND and (self._told is None or self._told[0] is not LinkState.BOUND)
            if self._told is not None and self._told[0] is LinkState.BOUND and whole[0] is not LinkState.BOUND:
                self._down_since = time.monotonic()
            self._told = whole
            if has_risen:
                self._is_alarm_raised = False
        self._switchboard.tell(self.account.name, is_sending=is_sending, now=time.monotonic())
        self.ledger.tell_link(*whole)
        if has_risen:
            self.ledger.tell_alarm(is_down=False)

    def _state(self) -> tuple[LinkState, str]:
        """An account is bound when some bind of it sends and some receives."""
        if any(self._is_bound(SENDING_ROLES)) and any(self._is_bound(_RECEIVING_ROLES)):
            return LinkState.BOUND, ""
        for state in (LinkState.REFUSED, LinkState.DOWN):
            for each in self._standings:
                if each.state is state:
                    return state, each.detail
        return LinkState.CONNECTING, ""

    def _is_bound(self, roles: frozenset[BindRole]) -> Sequence[bool]:
        return [
            each.state is LinkState.BOUND
            for bind, each in zip(self._binds, self._standings, strict=True)
            if bind.role in roles
        ]
