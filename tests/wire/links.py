"""A connection and a link to the misbehaving manager, which remember what they were told."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from telephony.ami.connection import AMIConnection, SuspiciousFrame
from telephony.ami.events import Event
from telephony.ami.link import AMILink, LinkState
from telephony.ami.times import LinkTimes
from tests.wire.ami_peer import AMIPeer, frame

T = TypeVar("T")

# The proportions of the real times, twenty times as fast.
QUICK = LinkTimes(
    answer_seconds=0.3,
    boot_seconds=1.0,
    ping_seconds=0.05,
    first_retry_seconds=0.02,
    longest_retry_seconds=0.1,
    refused_retry_seconds=1.5,
)


def run(work: Coroutine[Any, Any, T]) -> T:
    async def bounded() -> T:
        async with asyncio.timeout(20):
            return await work

    return asyncio.run(bounded())


def pending() -> tuple[int, int]:
    """How many tasks and timers the running loop has."""
    loop = asyncio.get_running_loop()
    timers = [timer for timer in loop._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
    return len(asyncio.all_tasks()), len(timers)


async def until(condition: Callable[[], Any], *, what: str = "the condition") -> None:
    try:
        async with asyncio.timeout(5):
            while not condition():
                await asyncio.sleep(0.005)
    except TimeoutError:
        raise AssertionError(f"{what} did not come within 5 s") from None


def counts(items: list[Any], expected: int, *, of: object = None) -> Callable[[], bool]:
    """Whether there are so many items, or so many that equal `of`."""
    return lambda: (len(items) if of is None else items.count(of)) == expected


@dataclass(slots=True)
class Heard:
    """Everything that came from the link, in order."""

    events: list[Event] = field(default_factory=list)
    suspicions: list[SuspiciousFrame] = field(default_factory=list)
    losses: list[None] = field(default_factory=list)
    states: list[LinkState] = field(default_factory=list)
    details: list[str] = field(default_factory=list)
    proofs: list[None] = field(default_factory=list)

    def state_changed(self, state: LinkState, detail: str) -> None:
        self.states.append(state)
        self.details.append(detail)


@asynccontextmanager
async def connected(
    peer: AMIPeer, *, on_event: Callable[[Event], None] | None = None
) -> AsyncIterator[tuple[AMIConnection, Heard]]:
    heard = Heard()
    connection = AMIConnection(
        peer.address,
        on_event=on_event or heard.events.append,
        on_suspicion=heard.suspicions.append,
        on_lost=lambda: heard.losses.append(None),
        times=QUICK,
    )
    await connection.open()
    try:
        yield connection, heard
    finally:
        connection.close()


@asynccontextmanager
async def linked(
    peer: AMIPeer,
    *,
    reconcile: Callable[[], Coroutine[Any, Any, None]] | None = None,
    on_event: Callable[[Event], None] | None = None,
) -> AsyncIterator[tuple[AMILink, Heard]]:
    heard = Heard()

    async def nothing() -> None:
        pass

    link = AMILink(
        peer.address,
        reconcile=reconcile or nothing,
        on_event=on_event or heard.events.append,
        on_suspicion=heard.suspicions.append,
        on_state=heard.state_changed,
        on_proof=lambda: heard.proofs.append(None),
        times=QUICK,
    )
    running = asyncio.create_task(link.run())
    try:
        yield link, heard
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def hangup(uniqueid: str, *, channel: str = "PJSIP/trunk-00000001", cause: str = "16") -> bytes:
    return frame(
        Event="Hangup", Timestamp="1700000000.5", Channel=channel, Uniqueid=uniqueid, Linkedid=uniqueid, Cause=cause
    )
