"""A hundred callers who wait at once on a real Asterisk: a third ring off, a third ask to be called back, a third stay.

Then eight agents come. Nobody is lost or called twice, nobody on the line is passed, and there are never more callbacks
in flight than agents; the floor of the time is what the talks alone take.
"""

from __future__ import annotations

import contextlib
import os
import socket
import tempfile
from datetime import timedelta
from pathlib import Path

from sqlalchemy import update

from app.outbound_lists.service.prompts import make_prompts
from app.queues.models import Queue
from app.queues.rules.waiting import fixed_sounds
from app.schema import upgrade_schema
from app.settings import AMIAddress, Settings
from telephony.asterisk.config import QueuePlan
from tests.bench.adapter import Row
from tests.bench.cost import make_asterisk
from tests.crowd import watch
from tests.live.conftest import Floor, Switch
from tests.live.desks import Desks
from tests.ports import free_port
from tests.sip import phone_at, phone_hanging_up_at

_EACH = int(os.environ.get("WARDLINE_BENCH_CALLERS", "102")) // 3
_AGENTS = tuple(f"agent{number}" for number in range(1, 9))
_TALK_SECONDS, _WRAP_UP_SECONDS = 1.0, 0.5


def measure() -> list[Row]:
    """Everybody accounted for, callbacks in flight, and the time that serving them took."""
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        return _measure(Path(folder), stack)


def _measure(folder: Path, stack: contextlib.ExitStack) -> list[Row]:
    phones, patients = free_port(socket.SOCK_DGRAM), free_port(socket.SOCK_DGRAM)
    asterisk, config = make_asterisk(folder, list(_AGENTS), phones, trunk=f"127.0.0.1:{patients}")
    asterisk.start()
    stack.callback(asterisk.stop)
    sounds = {"zh_Hans": make_prompts(config.spool, fixed_sounds("zh_Hans"))}
    asterisk.take_over(queues=(QueuePlan(name="hotline", offers_callback=True, tells_wait=True),), queue_sounds=sounds)
    ami = AMIAddress(host="127.0.0.1", port=config.ami_port, username="bench", secret="bench")
    switch = Switch(asterisk, ami, config.sip_port, "", {}, patients, folder)
    settings = Settings.from_env(
        {"WARDLINE_DATA_DIR": str(folder), "WARDLINE_SECRET_KEY": "bench-secret-key-of-more-than-32-characters"}
    )
    upgrade_schema(settings.database_url)
    floor = Floor(settings.with_changes(wrap_up=timedelta(seconds=_WRAP_UP_SECONDS)), switch)
    floor.add_agents(*_AGENTS)
    with floor.parts.database.writing() as session:
        session.execute(update(Queue).values(offers_callback=True, tells_wait=True))
    floor.start()
    stack.callback(floor.stop)

    def agents_join() -> contextlib.ExitStack:
        joining = contextlib.ExitStack()
        joining.enter_context(phone_at(patients))
        joining.enter_context(phone_hanging_up_at(phones, after_seconds=_TALK_SECONDS))
        joining.enter_context(Desks(floor, *_AGENTS))
        return joining

    crowd = watch(floor.parts, folder / "crowd", config.sip_port, each=_EACH, agents_join=agents_join)
    served = crowd.outcomes["inbound answered"] + crowd.outcomes["outbound answered"]
    accounted = served + crowd.outcomes["inbound abandoned"]
    least = 2 * _EACH * (_TALK_SECONDS + _WRAP_UP_SECONDS) / len(_AGENTS)
    return [
        (
            f"{3 * _EACH} callers wait at once: served or a line on a list", f"{accounted}", f"{3 * _EACH}",
            f"{accounted / (3 * _EACH):.2f}", "1",
        ),
        (
            "… most callbacks in flight, with so many agents", f"{crowd.most_in_flight}", f"{len(_AGENTS)}",
            f"{crowd.most_in_flight / len(_AGENTS):.2f}", "≤ 1",
        ),
        (
            "… callbacks ordered; callers on the line passed", f"{crowd.orders}, {crowd.passed}", f"{_EACH}, 0",
            f"{crowd.orders / _EACH:.2f}", "1",
        ),
        (
            f"… time to serve {2 * _EACH}, agents' talks and wrap-ups as the floor", f"{crowd.seconds:.1f} s",
            f"{least:.1f} s", f"{crowd.seconds / least:.2f}", "≤ 3",
        ),
    ]  # fmt: skip
