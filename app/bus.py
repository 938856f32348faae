"""The bus: small JSON hints between threads and processes. The database is the truth; a lost hint loses nothing."""

from __future__ import annotations

import contextlib
import json
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any, Protocol

import redis
import structlog
from redis.backoff import NoBackoff
from redis.retry import Retry

Message = dict[str, Any]
Receiver = Callable[[Message], None]

JOURNAL = "journal"
"""An entry of the event journal was committed. The message is the entry itself, with `seq`."""
COMMANDS = "commands"
"""A row in `telephony_command` waits. {"id": …}"""
PROOFS = "proofs"
"""A desk proved that it is alive. {"agent": …, "page": …, "registered": bool, "microphone": bool}"""
OUTBOX = "outbox"
"""A row in `message` waits to be sent. {"id": …}"""
SMSC_ACCOUNTS = "smsc_accounts"
"""Accounts with SMS centres, their routes or error codes were changed. {}"""

# Desks prove themselves each 1.5 s and are lost after 5 s. Telephony looks at the bus each second, so a Redis that fell
# silent is known after 1.5 + 0.5 + 1 s at most: before anyone is taken for lost because of it.
_PING_SECONDS = 0.5
_SILENT_SECONDS = 1.5
_RECONNECT_SECONDS = 0.5
# What could not be sent within this is dropped: a proof that arrives late would prove a desk that may be gone by now.
_HINT_LIVES_SECONDS = 2.0
# Every process listens to this, so that one without receivers knows too whether Redis is there.
_ALIVE = "alive"

log = structlog.get_logger()


class Bus(Protocol):
    """Publish never blocks and never raises; a receiver is called in the bus's own thread, in order of arrival."""

    def publish(self, topic: str, message: Message) -> None: ...
    def subscribe(self, topic: str, receiver: Receiver) -> None: ...
    def start(self) -> None: ...
    def close(self) -> None: ...
    @property
    def is_healthy(self) -> bool:
        """Whether hints arrive now. Never blocks."""


class _Receivers:
    def __init__(self) -> None:
        self._by_topic: dict[str, list[Receiver]] = defaultdict(list)

    def add(self, topic: str, receiver: Receiver) -> None:
        self._by_topic[topic].append(receiver)

    @property
    def topics(self) -> list[str]:
        return list(self._by_topic)

    def deliver(self, topic: str, message: Message) -> None:
        for receiver in self._by_topic.get(topic, ()):
            try:
                receiver(message)
            except Exception:
                # The outermost loop of the bus thread: one broken receiver must not silence the others.
                log.exception("bus.receiver_failed", topic=topic)


class LocalBus:
    """The bus of the embedded shape: one thread, one queue, inside this process."""

    def __init__(self) -> None:
        self._receivers = _Receivers()
        self._queue: queue.SimpleQueue[tuple[str, Message] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="bus", daemon=True)

    def publish(self, topic: str, message: Message) -> None:
        self._queue.put((topic, message))

    def subscribe(self, topic: str, receiver: Receiver) -> None:
        self._receivers.add(topic, receiver)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._queue.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    @property
    def is_healthy(self) -> bool:
        return self._thread.is_alive()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            self._receivers.deliver(*item)


class RedisBus:
    """The bus of the production shape, over Redis pub/sub. Subscribe before start; it reconnects by itself."""

    def __init__(self, url: str) -> None:
        # One try: redis-py's own retries take 6 s, and the hints behind would come too late.
        self._redis = redis.Redis.from_url(
            url, socket_timeout=1, socket_connect_timeout=1, retry=Retry(NoBackoff(), 0), health_check_interval=0
        )
        # Pub/sub knows no database numbers, and two Wardlines may share a server.
        self._prefix = f"wardline:{self._redis.connection_pool.connection_kwargs.get('db', 0)}:"
        self._receivers = _Receivers()
        self._stop = threading.Event()
        self._heard_at = float("-inf")
        # Ten times what 500 desks prove in the time that a hint lives.
        self._outgoing: queue.Queue[tuple[float, str, Message] | None] = queue.Queue(maxsize=10_000)
        self._threads = [
            threading.Thread(target=self._listen, name="bus-listen", daemon=True),
            threading.Thread(target=self._send, name="bus-send", daemon=True),
        ]

    def publish(self, topic: str, message: Message) -> None:
        try:
            self._outgoing.put_nowait((time.monotonic(), topic, message))
        except queue.Full:
            log.warning("bus.full", topic=topic)

    def subscribe(self, topic: str, receiver: Receiver) -> None:
        self._receivers.add(topic, receiver)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        self._stop.set()
        with contextlib.suppress(queue.Full):
            self._outgoing.put(None, timeout=1)
        for thread in self._threads:
            if thread.is_alive():
                thread.join(timeout=5)
        self._redis.close()

    @property
    def is_healthy(self) -> bool:
        return time.monotonic() - self._heard_at < _SILENT_SECONDS

    def _send(self) -> None:
        is_away = False
        while (item := self._outgoing.get()) is not None:
            put_at, topic, message = item
            if time.monotonic() - put_at > _HINT_LIVES_SECONDS:
                continue
            try:
                self._redis.publish(f"{self._prefix}{topic}", json.dumps(message))
                is_away = False
            except redis.RedisError as error:
                if not is_away:
                    log.warning("bus.publish_failed", topic=topic, error=type(error).__name__)
                is_away = True

    def _listen(self) -> None:
        is_away = False
        while not self._stop.is_set():
            listened_at = time.monotonic()
            try:
                self._listen_once()
            except (redis.RedisError, OSError) as error:
                is_new = not is_away or self._heard_at > listened_at
                self._heard_at, is_away = float("-inf"), True
                if is_new:
                    log.warning("bus.link_lost", error=type(error).__name__)
                self._stop.wait(_RECONNECT_SECONDS)

    def _listen_once(self) -> None:
        with self._redis.pubsub() as pubsub:
            pubsub.subscribe(f"{self._prefix}{_ALIVE}", *(f"{self._prefix}{topic}" for topic in self._receivers.topics))
            asked_at: float | None = time.monotonic()
            while not self._stop.is_set():
                received = pubsub.get_message(timeout=_PING_SECONDS)
                now = time.monotonic()
                if received is not None:
                    self._heard_at, asked_at = now, None
                    self._take(received)
                elif asked_at is None:
                    pubsub.ping()
                    asked_at = now
                elif now - asked_at > _SILENT_SECONDS:
                    raise redis.TimeoutError("Redis is silent")

    def _take(self, received: dict[str, Any]) -> None:
        if received["type"] != "message":
            return
        try:
            message = json.loads(received["data"])
        except ValueError:
            log.warning("bus.not_ours", size=len(received["data"]))
            return
        self._receivers.deliver(received["channel"].decode().removeprefix(self._prefix), message)


def open_bus(redis_url: str) -> Bus:
    """The bus that the settings ask for: Redis when there is an address, else inside the process."""
    return RedisBus(redis_url) if redis_url else LocalBus()
