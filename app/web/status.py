"""What machines ask about this process: /healthz and /metrics."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime

import structlog
from flask import Blueprint, Flask, Response, current_app, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from app import jobs
from app.health import service as health
from app.http import PUBLIC, allow
from app.journal.service import latest_seq
from app.messages.models import Message
from app.parts import Parts
from app.queues import service as queues
from app.smsc_accounts import service as smsc_accounts
from app.smsc_accounts.models import BindFigures

log = structlog.get_logger()
pages = Blueprint("status", __name__)

_DEADLINE_SECONDS = 3.0
# Anyone may ask, and each answer costs a write: one exercise per second is enough for every monitor together.
_REMEMBER_SECONDS = 1.0


class HealthChecks:
    """Exercises all parts at once, with a deadline. A part that hangs holds one thread, not one per request."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._celery = jobs.make_celery(parts)
        self._pool = ThreadPoolExecutor(max_workers=4, thread_name_prefix="health")
        self._lock = threading.Lock()
        self._running: dict[str, Future[str]] = {}
        self._answer: tuple[float, dict[str, str]] = (float("-inf"), {})
        self._process = f"{socket.gethostname()[:24]}:{os.getpid()}"

    def run(self) -> dict[str, str]:
        """Each part's state in one word or sentence."""
        with self._lock:
            return self._run()

    def _run(self) -> dict[str, str]:
        asked_at, answer = self._answer
        if time.monotonic() - asked_at < _REMEMBER_SECONDS:
            return answer
        checks: dict[str, Callable[[], str]] = {
            "database": self._database,
            "telephony": self._telephony,
            "sms": self._sms,
            "jobs": self._jobs,
        }
        for name, check in checks.items():
            if name not in self._running:
                self._running[name] = self._pool.submit(check)
        running = dict(self._running)
        wait(running.values(), timeout=_DEADLINE_SECONDS)
        answer = {name: self._result(name, future) for name, future in running.items()}
        self._answer = (time.monotonic(), answer)
        return answer

    def _result(self, name: str, future: Future[str]) -> str:
        if not future.done():
            return f"down: no answer within {_DEADLINE_SECONDS:.0f} s"
        self._running.pop(name, None)
        error = future.exception()
        if error is not None:
            log.error("health.check_failed", part=name, error=type(error).__name__)
            return f"down: {type(error).__name__}"
        return future.result()

    def _database(self) -> str:
        return health.check_database(self._parts.database, self._process, self._parts.now())

    def _telephony(self) -> str:
        with self._parts.database.reading() as session:
            return health.check_telephony(session, self._parts.now())

    def _sms(self) -> str:
        with self._parts.database.reading() as session:
            return health.check_sms(session, self._parts.settings, self._parts.now())

    def _jobs(self) -> str:
        return (
            health.OK if jobs.ping(self._celery, self._parts, timeout=2.0) else "down: no worker ran a task within 2 s"
        )


class Metrics:
    """This process's counters, and figures read from the database when somebody asks."""

    def __init__(self, parts: Parts, live_sockets: Callable[[], int]) -> None:
        self._parts = parts
        self._live_sockets = live_sockets
        self.registry = CollectorRegistry()
        labels = ("method", "route", "status")
        self.requests = Counter("wardline_http_requests", "Requests answered.", labels, registry=self.registry)
        self.seconds = Histogram(
            "wardline_http_request_seconds", "Time to answer.", ("method", "route"), registry=self.registry
        )
        self.registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """What Prometheus calls a custom collector: the figures of this moment."""
        yield GaugeMetricFamily("wardline_live_sockets", "Browsers connected here.", value=self._live_sockets())
        try:
            with self._parts.database.reading() as session:
                seq = latest_seq(session)
                waiting = queues.waiting_by_queue(session)
                states = session.execute(
                    select(Message.direction, Message.state, func.count()).group_by(Message.direction, Message.state)
                ).all()
                gateway = smsc_accounts.gateway_view(session, self._parts.now())
        except SQLAlchemyError as error:
            log.warning("metrics.database_failed", error=type(error).__name__)
            return
        yield GaugeMetricFamily("wardline_journal_seq", "Newest entry of the event journal.", value=seq)
        family = GaugeMetricFamily("wardline_queue_waiting", "Callers waiting.", labels=["queue"])
        for name, count in waiting.items():
            family.add_metric([name], count)
        yield family
        family = GaugeMetricFamily("wardline_messages", "Messages by state.", labels=["direction", "state"])
        for direction, state, count in states:
            family.add_metric([direction, state], count)
        yield family
        yield from _gateway_metrics(gateway, self._parts.now())


def _gateway_metrics(view: smsc_accounts.GatewayView, now: datetime) -> Iterator[GaugeMetricFamily]:
    """What the gateway page shows; a rate or a latency that is not known is left out."""
    age = (now - view.oldest_due_at).total_seconds() if view.oldest_due_at is not None else 0.0
    yield GaugeMetricFamily("wardline_sms_oldest_waiting_seconds", "Age of the oldest text that waits.", value=age)
    yield GaugeMetricFamily("wardline_sms_uncertain_segments", "Without an answer or receipt.", value=view.uncertain)
    yield GaugeMetricFamily("wardline_sms_figures_stale", "1: the gateway tells nothing.", value=int(view.is_stale))
    labels = ["account", "bind", "role"]
    for name, about, read in _BIND_METRICS:
        family = GaugeMetricFamily(f"wardline_sms_bind_{name}", about, labels=labels)
        for bind in view.binds:
            value = read(bind)
            if value is not None:
                family.add_metric([bind.account, str(bind.number), bind.role], value)
        yield family
    family = GaugeMetricFamily("wardline_sms_refused", "Last hour, by code.", labels=["account", "code"])
    for account, code, count in view.errors:
        family.add_metric([account, code], count)
    yield family


_BIND_METRICS: tuple[tuple[str, str, Callable[[BindFigures], float | None]], ...] = (
    ("up", "1 while the bind stands.", lambda bind: int(bind.state == "bound")),
    ("window", "Submits that may wait for their answer.", lambda bind: bind.window),
    ("in_flight", "Submits that wait for their answer.", lambda bind: bind.in_flight),
    ("segments_per_second", "Accepted, of the last ten seconds.", lambda bind: bind.rate),
    ("latency_p50_ms", "Half of the answers came within this.", lambda bind: bind.latency_p50_ms),
    ("latency_p95_ms", "95 of 100 answers came within this.", lambda bind: bind.latency_p95_ms),
    ("accepted", "Segments accepted in the last hour.", lambda bind: bind.accepted),
    ("receipts", "Final receipts in the last hour.", lambda bind: bind.receipts),
)


def register(app: Flask, parts: Parts, live_sockets: Callable[[], int]) -> None:
    """Serve /healthz and /metrics, and count every request."""
    metrics = Metrics(parts, live_sockets)
    app.extensions["wardline.health"] = HealthChecks(parts)
    app.extensions["wardline.metrics"] = metrics
    app.register_blueprint(pages)

    def start_watch() -> None:
        g.started_at = time.perf_counter()

    def count(response: Response) -> Response:
        # The rule, not the path: paths hold ids, and each label value lives for ever.
        route = request.url_rule.rule if request.url_rule else "none"
        metrics.requests.labels(request.method, route, str(response.status_code)).inc()
        metrics.seconds.labels(request.method, route).observe(time.perf_counter() - g.started_at)
        return response

    app.before_request(start_watch)
    app.after_request(count)


@pages.get("/healthz")
@allow(PUBLIC)
def show_health() -> tuple[Response, int]:
    answer = current_app.extensions["wardline.health"].run()
    is_well = all(state in (health.OK, health.OFF) for state in answer.values())
    return jsonify({"status": "ok" if is_well else "down", "parts": answer}), 200 if is_well else 503


@pages.get("/metrics")
@allow(PUBLIC)
def show_metrics() -> Response:
    registry = current_app.extensions["wardline.metrics"].registry
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
