"""A rush of real calls of every kind: each answered one has one recording, which is what was said."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import func, select

from app.alarms.models import Alarm
from app.alarms.rules import AlarmKind
from app.calls.models import Call
from app.recordings.models import Recording
from app.recordings.rules import MarkerKind
from app.settings import Settings
from tests.live.conftest import Floor, Switch
from tests.live.desks import telephony_process
from tests.live.rush import Kind, Rush, kinds_of, number_of
from tests.live.rush_heard import Verdict, judge
from tests.servers import RedisServer

pytestmark = pytest.mark.live

# The long run: WARDLINE_TEST_CALLS=1000 takes a quarter of an hour, and is no part of the usual one.
_MANY = int(os.environ.get("WARDLINE_TEST_CALLS", "0"))


class Hospital:
    """A rush on an Asterisk of its own, with telephony in a process that can be killed."""

    def __init__(self, settings: Settings, start: Callable[..., Switch], *, agents: int, diallers: int) -> None:
        names = [f"agent{place}" for place in range(agents)]
        dialling = [f"dialler{place}" for place in range(diallers)]
        self.floor = Floor(settings, start(plain=(*names, *dialling)))
        self.floor.add_agents(*names, *dialling)
        self.rush = Rush(self.floor, names, dialling)
        self.floor.parts.bus.start()
        self.killed_at: list[datetime] = []
        self._telephony = contextlib.ExitStack()
        self._placed = 0

    def start_telephony(self) -> None:
        self._telephony.enter_context(telephony_process(self.floor, *self.rush.agents, *self.rush.diallers))

    def kill_telephony(self) -> None:
        self._telephony.close()
        self.start_telephony()

    def kill_asterisk(self) -> None:
        """Every call dies with it; whoever was about to call has not called yet."""
        self.killed_at.append(datetime.now(UTC))
        self.floor.switch.asterisk.kill()
        self.rush.hang_everybody_up()
        self.floor.switch.asterisk.start()

    def close(self) -> None:
        self.rush.hang_everybody_up()
        self._telephony.close()
        self.floor.stop()

    def receive(
        self,
        count: int,
        *,
        per_second: float,
        seconds: float,
        faults: dict[int, Callable[[], None]] | None = None,
    ) -> None:
        """So many calls, in the mix of `kinds_of`, until they have ended and their recordings are picked up."""
        rush = self.rush
        numbers = [(kind, number_of(kind, self._placed + place)) for place, kind in enumerate(kinds_of(count))]
        self._placed += count
        leave = [number for kind, number in numbers if kind is Kind.LEAVES]
        dialled = [number for kind, number in numbers if kind is Kind.OUTBOUND]
        stay = [number for kind, number in numbers if kind not in (Kind.LEAVES, Kind.OUTBOUND)]
        share = len(leave) / (len(leave) + len(stay))
        rush.start_phones()
        callers = [
            rush.start_callers(leave, per_second=per_second * share, leave=True),
            rush.start_callers(stay, per_second=per_second * (1 - share), leave=False),
        ]
        rush.attend(callers, dialled=dialled, seconds=seconds, faults=faults)
        rush.hang_everybody_up()
        rush.pick_up_the_rest()

    def judge(self) -> Verdict:
        return judge(self.rush, killed_at=self.killed_at)


@pytest.fixture
def start_hospital(settings: Settings, start_asterisk: Callable[..., Switch]) -> Iterator[Callable[..., Hospital]]:
    with contextlib.ExitStack() as stack:

        def start(*, agents: int, diallers: int) -> Hospital:
            bus = RedisServer()
            stack.callback(bus.stop)
            bus.start()
            own = settings.with_changes(redis_url=bus.url)
            hospital = Hospital(own, start_asterisk, agents=agents, diallers=diallers)
            stack.callback(hospital.close)
            hospital.start_telephony()
            hospital.rush.make_ready()
            return hospital

        yield start


def test_every_answered_call_has_one_recording_of_what_was_said_with_each_thing_where_it_happened(
    start_hospital: Callable[..., Hospital],
) -> None:
    hospital = start_hospital(agents=8, diallers=1)
    hospital.receive(14, per_second=2, seconds=90)
    verdict = hospital.judge()
    assert [*verdict.wrong, *verdict.misplaced] == []
    assert verdict.playable == verdict.answered == 14
    assert {kind.name for kind in Kind} - {Kind.LEAVES.name} <= set(hospital.rush.done)
    assert {MarkerKind.HOLD, MarkerKind.PAUSE, MarkerKind.TRANSFER, MarkerKind.CONFERENCE} <= set(verdict.marked)


@pytest.fixture
def small_store(settings: Settings) -> Iterator[Path]:
    """Where recordings are kept, as a disk of its own that can be filled."""
    if os.geteuid() != 0:
        pytest.skip("a disk of its own needs root")
    settings.recordings_dir.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1g", "tmpfs", str(settings.recordings_dir)], check=True)
    yield settings.recordings_dir
    subprocess.run(["umount", "-l", str(settings.recordings_dir)], check=True)


@pytest.mark.skipif(_MANY < 100, reason="takes long: WARDLINE_TEST_CALLS=1000")
@pytest.mark.timeout(3600)
def test_kills_and_a_full_disk_among_many_calls_cost_no_recording(
    small_store: Path, start_hospital: Callable[..., Hospital]
) -> None:
    hospital = start_hospital(agents=16, diallers=3)
    ballast = small_store / "ballast"

    def fill_the_disk() -> None:
        with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
            while True:
                file.write(bytes(1024 * 1024))

    def make_room() -> None:
        assert alarms_raised(hospital.floor)
        ballast.unlink()

    faults = {_MANY // 5: fill_the_disk, _MANY // 4: make_room, _MANY * 2 // 5: hospital.kill_telephony}
    hospital.receive(_MANY // 2, per_second=2, seconds=1500, faults=faults)
    for share in (3, 4):
        # With a score of calls in their middle.
        hospital.receive(
            _MANY // 4 + 24, per_second=2, seconds=900, faults={_MANY * share // 4: hospital.kill_asterisk}
        )
    verdict = hospital.judge()
    told = {kind.value: f"{len(away)} up to {max(away):.2f} s" for kind, away in verdict.marked.items()}
    print(f"\n{verdict.answered} answered, {verdict.playable} playable, {verdict.cut_off} of them cut off by a kill,")
    print(f"{verdict.unwritten} killed before Asterisk had written anything")
    print(f"{verdict.seconds:.0f} s heard, of the patients {verdict.missing_seconds:.2f} s missing, at most")
    print(
        f"{verdict.most_missing:.2f} s of one; a kill took at most {verdict.most_lost_by_kill:.2f} s; lengths at most"
    )
    print(f"{verdict.most_apart:.2f} s apart; markers away from the sound: {told}; done: {dict(hospital.rush.done)}")
    print(*verdict.misplaced, sep="\n")
    assert verdict.wrong == []
    # On a machine that is busy with the killing a moment may be noted late.
    assert len(verdict.misplaced) <= sum(map(len, verdict.marked.values())) // 200
    assert verdict.playable + verdict.unwritten == verdict.answered > _MANY * 0.9
    assert alarms_raised(hospital.floor)
    with hospital.floor.parts.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(Recording)) == verdict.answered
        assert session.scalar(select(func.count(Call.id)).where(Call.ended_at.is_(None))) == 0


def alarms_raised(floor: Floor) -> bool:
    with floor.parts.database.reading() as session:
        return session.scalar(select(Alarm.id).where(Alarm.kind == AlarmKind.RECORDINGS_UNSTORED)) is not None
