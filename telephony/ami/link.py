"""Keep a connection to Asterisk: connect, prove it alive each second, back off, connect anew. Nothing is replayed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from enum import Enum

import structlog

from app.settings import AMIAddress
from telephony.ami.connection import ActionRefused, AMIConnection, Headers, LinkLost, LinkRefused, SuspiciousFrame
from telephony.ami.events import Event
from telephony.ami.times import DEFAULT_TIMES, LinkTimes, Retry

log = structlog.get_logger()


class LinkState(Enum):
    DOWN = "down"  # no connection; a retry is due
    RECONCILING = "reconciling"  # logged in; the snapshot is being read, events wait
    UP = "up"  # in step with Asterisk, proved within the last seconds


class AMILink:
    """The one link of this process to Asterisk.

    `reconcile` is awaited after each login with events held back; it reads the whole state. When it returns, the held
    events are delivered in order, and then all later ones as they come. So it is with `reconcile_again`.
    """

    def __init__(
        self,
        address: AMIAddress,
        *,
        reconcile: Callable[[], Awaitable[None]],
        on_event: Callable[[Event], None],
        on_suspicion: Callable[[SuspiciousFrame], None],
        on_state: Callable[[LinkState, str], None],
        on_proof: Callable[[], None],
        times: LinkTimes = DEFAULT_TIMES,
    ) -> None:
        self._address = address
        self._times = times
        self._retry = Retry(times)
        self._reconcile = reconcile
        self._on_event = on_event
        self._on_suspicion = on_suspicion
        self._on_state = on_state
        self._on_proof = on_proof
        self._connection: AMIConnection | None = None
        self._held: list[Event] | None = None
        self._reconciling = asyncio.Lock()
        self._lost = asyncio.Event()
        self.state = LinkState.DOWN

    async def run(self) -> None:
        """Keep the link until cancelled."""
        while True:
            wait: float | None = None
            try:
                await self._live_once()
                detail = "the link broke"
            except LinkRefused:
                wait = self._retry.after_refusal()
                detail = "Asterisk refused the user or the secret"
            except LinkLost as error:
                detail = str(error)
            except OSError as error:
                detail = f"cannot connect ({error.strerror or type(error).__name__})"
            except ActionRefused as error:
                detail = f"Asterisk refused to tell its state ({error})"
            except Exception:
                # The link is the outermost loop: whatever one connection brings, the next one is tried.
                log.exception("telephony.link_failed")
                detail = "Asterisk's state could not be read"
            finally:
                if self._connection is not None:
                    self._connection.close()
                    self._connection = None
            self._set(LinkState.DOWN, detail)
            await asyncio.sleep(self._retry.after_loss() if wait is None else wait)

    async def reconcile_again(self) -> None:
        """Read the whole state once more. Does nothing unless the link is up. Raises what `reconcile` raises."""
        if self.state is LinkState.UP:
            await self._reconcile_with_events_held([])

    async def send(self, action: Headers) -> Headers:
        """One action over the present connection. Raises LinkLost when there is none: nothing waits for the next."""
        if self._connection is None:
            raise LinkLost("the link is down")
        return await self._connection.send(action)

    async def collect(self, action: Headers) -> list[Headers]:
        """One action whose answer is a list."""
        if self._connection is None:
            raise LinkLost("the link is down")
        return await self._connection.collect(action)

    async def _live_once(self) -> None:
        self._lost.clear()
        held = self._held = []
        connection = AMIConnection(
            self._address,
            on_event=self._event,
            on_suspicion=self._on_suspicion,
            on_lost=self._lost.set,
            times=self._times,
        )
        self._connection = connection
        await connection.open()
        self._set(LinkState.RECONCILING, "")
        await self._reconcile_with_events_held(held)
        self._set(LinkState.UP, "")
        self._retry.reset()
        while not self._lost.is_set():
            await connection.send({"Action": "Ping"})
            self._on_proof()
            try:
                async with asyncio.timeout(self._times.ping_seconds):
                    await self._lost.wait()
            except TimeoutError:
                continue

    async def _reconcile_with_events_held(self, held: list[Event]) -> None:
        """Without the hold, a call that begins while the state is being read would be taken for one that is gone.

        One at a time: a reading that began on the last connection ends before one on the next may be believed.
        """
        self._held = held
        try:
            async with self._reconciling:
                await self._reconcile()
        finally:
            # A newer connection holds events of its own; those wait for its own reading.
            if self._held is held:
                self._held = None
            for event in held:
                self._deliver(event)

    def _event(self, event: Event) -> None:
        if self._held is not None:
            self._held.append(event)
        else:
            self._deliver(event)

    def _deliver(self, event: Event) -> None:
        try:
            self._on_event(event)
        except Exception:
            # One event that breaks our own code must not take those behind it, or the link, with it.
            log.exception("ami.event_failed", ami_event=type(event).__name__)

    def _set(self, state: LinkState, detail: str) -> None:
        if state is not self.state or detail:
            self.state = state
            self._on_state(state, detail)
