"""The bus over a real Redis that stops, freezes and comes back."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest
import redis

from app.bus import JOURNAL, PROOFS, Message, RedisBus
from tests.servers import RedisServer
from tests.waiting import wait_for

OpenBus = Callable[..., RedisBus]


@pytest.fixture
def server() -> Iterator[RedisServer]:
    server = RedisServer()
    server.start()
    yield server
    server.stop()


@pytest.fixture
def open_bus(server: RedisServer) -> Iterator[OpenBus]:
    """Opens the bus of one process, whose receiver puts what it gets into `into`."""
    opened: list[RedisBus] = []

    def open_one(*topics: str, into: SimpleQueue[Message] | None = None, url: str = "") -> RedisBus:
        bus = RedisBus(url or server.url)
        for topic in topics:
            assert into is not None
            bus.subscribe(topic, into.put)
        bus.start()
        opened.append(bus)
        wait_for(lambda: bus.is_healthy, what="the bus")
        return bus

    yield open_one
    for bus in opened:
        bus.close()


def test_a_hint_of_one_process_reaches_another_in_order(open_bus: OpenBus) -> None:
    heard: SimpleQueue[Message] = SimpleQueue()
    open_bus(JOURNAL, into=heard)
    sender = open_bus()
    for seq in range(100):
        sender.publish(JOURNAL, {"seq": seq})
    assert [heard.get(timeout=5)["seq"] for _ in range(100)] == list(range(100))


def test_a_stopped_redis_is_known_at_once_and_hints_flow_again_when_it_is_back(
    server: RedisServer, open_bus: OpenBus
) -> None:
    heard: SimpleQueue[Message] = SimpleQueue()
    listener, sender = open_bus(JOURNAL, into=heard), open_bus()
    server.stop()
    wait_for(lambda: not listener.is_healthy and not sender.is_healthy, seconds=2, what="the news")
    sender.publish(JOURNAL, {"seq": 1})
    server.start()
    wait_for(lambda: listener.is_healthy and sender.is_healthy, what="the bus")
    sender.publish(JOURNAL, {"seq": 2})
    wait_for(lambda: not heard.empty() and heard.get()["seq"] == 2, what="the hint after the outage")


def test_a_frozen_redis_is_known_before_a_desk_is_taken_for_lost(server: RedisServer, open_bus: OpenBus) -> None:
    bus = open_bus()
    server.freeze()
    wait_for(lambda: not bus.is_healthy, seconds=2.5, what="the news")
    server.thaw()
    wait_for(lambda: bus.is_healthy, what="the bus")


def test_a_proof_that_waited_for_a_frozen_redis_is_not_delivered_late(server: RedisServer, open_bus: OpenBus) -> None:
    heard: SimpleQueue[Message] = SimpleQueue()
    listener, sender = open_bus(PROOFS, into=heard), open_bus()
    server.freeze()
    frozen_at = time.monotonic()
    for number in range(20):
        sender.publish(PROOFS, {"number": number})
    wait_for(lambda: time.monotonic() - frozen_at > 4, what="the age of the proofs")
    server.thaw()
    wait_for(lambda: listener.is_healthy and sender.is_healthy, what="the bus")
    sender.publish(PROOFS, {"number": 99})
    numbers: list[int] = []

    def has_come() -> bool:
        numbers.append(heard.get(timeout=5)["number"])
        return numbers[-1] == 99

    wait_for(has_come, what="the fresh proof")
    # What was on its way into the frozen server may come; what waited behind it must not.
    assert len(numbers) <= 5


def test_publishing_never_waits_for_a_frozen_redis(server: RedisServer, open_bus: OpenBus) -> None:
    sender = open_bus()
    server.freeze()
    began = time.monotonic()
    for number in range(1000):
        sender.publish(PROOFS, {"number": number})
    assert time.monotonic() - began < 0.5
    server.thaw()


def test_what_others_say_on_our_channel_does_not_deafen_the_bus(server: RedisServer, open_bus: OpenBus) -> None:
    heard: SimpleQueue[Message] = SimpleQueue()
    bus = open_bus(JOURNAL, into=heard)
    with redis.Redis.from_url(server.url) as stranger:
        stranger.publish("wardline:0:journal", b"\xff{")
    bus.publish(JOURNAL, {"seq": 7})
    assert heard.get(timeout=5) == {"seq": 7}


def test_two_products_on_one_server_do_not_hear_each_other(server: RedisServer, open_bus: OpenBus) -> None:
    heard: SimpleQueue[Message] = SimpleQueue()
    heard_by_other: SimpleQueue[Message] = SimpleQueue()
    own = open_bus(JOURNAL, into=heard)
    other = open_bus(JOURNAL, into=heard_by_other, url=server.url.removesuffix("0") + "1")
    other.publish(JOURNAL, {"seq": 1})
    assert heard_by_other.get(timeout=5) == {"seq": 1}
    own.publish(JOURNAL, {"seq": 2})
    assert heard.get(timeout=5) == {"seq": 2}
