"""A crowd of callers who wait at once: some ring off, some ask to be called back, some stay; what becomes of them."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import func, select

from app.calls.models import Call
from app.kept_places.models import KeptPlace
from app.missed_callers.models import CallbackRequest
from app.parts import Parts
from tests.ports import free_port
from tests.sip import CALLER_PRESS, SCENARIOS, Sipp
from tests.waiting import wait_for


@dataclass(slots=True)
class Crowd:
    """What happened to it."""

    outcomes: Counter[str] = field(default_factory=Counter)
    results: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    most_in_flight: int = 0
    missed: int = 0
    most_waiting: int = 0
    passed: int = 0
    """Callers on the line who were passed by a callback of somebody who came later."""
    seconds: float = 0.0


@contextlib.contextmanager
def callers(folder: Path, sip_port: int, first: int, count: int, *, presses: bool, seconds: float) -> Iterator[Sipp]:
    """So many callers at once, each with a number of their own from `first` on; they press 1 or wait."""
    folder.mkdir(exist_ok=True)
    numbers, scenario = folder / f"{first}.csv", folder / f"{first}.xml"
    numbers.write_text("SEQUENTIAL\n" + "".join(f"{first + place};\n" for place in range(count)))
    keys = CALLER_PRESS.replace("@AFTER@", "3000").replace("@KEY@", "1") if presses else ""
    text = (SCENARIOS / "caller.xml").read_text().replace("[number]", "[field0]").replace("<pause/>", keys + "<pause/>")
    scenario.write_text(text)
    arguments = ["-sf", str(scenario), "-inf", str(numbers), "-s", "4000", "-p", str(free_port()), "-m", str(count)]
    arguments += ["-r", "20", "-l", str(count), "-d", str(int(seconds * 1000)), f"127.0.0.1:{sip_port}"]
    sipp = Sipp(arguments)
    try:
        yield sipp
    finally:
        sipp.stop()


def watch(
    parts: Parts, folder: Path, sip_port: int, *, each: int, agents_join: Callable[[], contextlib.ExitStack]
) -> Crowd:
    """`each` callers ring off, as many ask to be called back, as many stay; then agents come and serve them all."""
    crowd, done = Crowd(), threading.Event()
    watcher = threading.Thread(target=_look, args=(parts, crowd, done))
    with contextlib.ExitStack() as stack:
        for first, presses, seconds in (
            (13_900_000_000, False, 4),
            (13_910_000_000, True, 60),
            (13_920_000_000, False, 600),
        ):
            stack.enter_context(callers(folder, sip_port, first, each, presses=presses, seconds=seconds))
        wait_for(lambda: _count(parts, KeptPlace.id) == each, seconds=60, what="the kept places")
        wait_for(lambda: _ended(parts, "abandoned") == each, seconds=60, what="those who ring off")
        watcher.start()
        began = time.monotonic()
        stack.enter_context(agents_join())
        wait_for(lambda: _ended(parts, "answered") >= 2 * each, seconds=600, what="everybody served")
        wait_for(lambda: _is_over(parts), seconds=60, what="the end of every call")
        crowd.seconds = time.monotonic() - began
    done.set()
    watcher.join()
    with parts.database.reading() as session:
        crowd.outcomes = Counter(f"{call.direction} {call.outcome}" for call in session.scalars(select(Call)))
        places = list(session.scalars(select(KeptPlace)))
        crowd.results = Counter(str(place.result) for place in places)
        crowd.orders = sum(place.orders for place in places)
        crowd.missed = session.scalar(select(func.count(CallbackRequest.id))) or 0
        crowd.passed = _passed(list(session.scalars(select(Call))), places)
    return crowd


def _look(parts: Parts, crowd: Crowd, done: threading.Event) -> None:
    while not done.wait(0.1):
        with parts.database.reading() as session:
            flying = select(func.count(KeptPlace.id)).where(
                KeptPlace.order_id.is_not(None), KeptPlace.ended_at.is_(None)
            )
            waiting = select(func.count(Call.id)).where(Call.ended_at.is_(None), Call.agent.is_(None))
            crowd.most_in_flight = max(crowd.most_in_flight, session.scalar(flying) or 0)
            crowd.most_waiting = max(crowd.most_waiting, session.scalar(waiting) or 0)


def _passed(calls: list[Call], places: list[KeptPlace]) -> int:
    """Each who was still on the line, with nobody ringing for them, when somebody who came later was dialled."""
    stayed = [call for call in calls if call.direction == "inbound" and call.outcome == "answered"]
    count = 0
    for place in places:
        for call in stayed:
            if place.ordered_at is None or call.queued_at is None or call.offered_at is None:
                continue
            count += call.queued_at < place.entered_at and call.offered_at > place.ordered_at
    return count


def _count(parts: Parts, column: object) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count(column))) or 0  # type: ignore[arg-type]


def _ended(parts: Parts, outcome: str) -> int:
    with parts.database.reading() as session:
        return session.scalar(select(func.count(Call.id)).where(Call.outcome == outcome)) or 0


def _is_over(parts: Parts) -> bool:
    with parts.database.reading() as session:
        return session.scalar(select(func.count(Call.id)).where(Call.ended_at.is_(None))) == 0
