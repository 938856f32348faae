"""Background jobs: Celery, its worker and the sweeper, in both shapes.

Due work lives in database rows. A task is only a hint with an id: it may get lost or run twice. The sweeper finds what
is due and queues it. Embedded, broker and worker are threads of this process; in production the broker is Redis.
"""

from __future__ import annotations

import secrets
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog
from celery import Celery
from celery.signals import setup_logging
from celery.worker import WorkController
from celery.worker import state as worker_state
from kombu.exceptions import OperationalError
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from app.audit import tasks as audit
from app.duplicates import tasks as duplicates
from app.exports import tasks as exports
from app.floor import tasks as floor
from app.followup_plans import tasks as followup_plans
from app.followups import tasks as followups
from app.health.models import HealthProbe
from app.imports import tasks as imports
from app.mass_sends import tasks as mass_sends
from app.outbound_lists import tasks as outbound_lists
from app.parts import Parts
from app.patients import tasks as patients
from app.quality import tasks as quality
from app.recordings import tasks as recordings
from app.registers import tasks as registers
from app.sending_rules import tasks as sending_rules
from app.sounds import service as sounds
from recordings import manifests, pickup, transcripts, upkeep, uploads, watch

log = structlog.get_logger()

PROCESS_RECORDING = "recordings.process"
MAKE_TRANSCRIPT = "recordings.transcribe"
CONVERT_SOUND = "recordings.convert_sound"
WORK_ON_IMPORT = "imports.work_on"
MAKE_EXPORT = "exports.make"
WORK_ON_MASS_SEND = "mass_sends.work_on"
WORK_ON_OUTBOUND_LIST = "outbound_lists.work_on"
INDEX_NAMES = "patients.index_names"
LOOK_AT_PLANS = "followup_plans.look_again"
DRAW_SAMPLE = "quality.draw"
PING = "jobs.ping"
WAKE = "jobs.wake"

# Conversions wait for a child process, so more threads than cores keep the pings and short calls moving behind an
# hour-long one; four are still within SQLite's one writer.
_THREADS = 4
# kombu's in-memory transport polls, by default once a second, which a user would feel. 20 ms cost 1.3 % of a core here
# with everything idle, the sweeper included.
_POLL_SECONDS = 0.02
_PING_POLL_SECONDS = 0.01
_SWEEP_TICK_SECONDS = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class Sweep:
    """Work that is looked for again and again. `run` queues tasks or does something short itself."""

    name: str
    every: timedelta
    run: Callable[[Celery, Parts], object]


def _each(task: str, due: Callable[[Parts], Iterable[str | int]]) -> Callable[[Celery, Parts], None]:
    """A sweep that queues `task` once for each id that is due."""

    def queue(celery: Celery, parts: Parts) -> None:
        for found in due(parts):
            celery.send_task(task, args=[found])

    return queue


SWEEPS: Sequence[Sweep] = (
    Sweep(name="recordings.due", every=timedelta(seconds=1), run=_each(PROCESS_RECORDING, recordings.due_recordings)),
    Sweep(
        name="recordings.transcribe",
        every=timedelta(seconds=5),
        run=_each(MAKE_TRANSCRIPT, recordings.due_transcripts),
    ),
    Sweep(name="recordings.sounds", every=timedelta(seconds=1), run=_each(CONVERT_SOUND, sounds.due_sounds)),
    Sweep(
        name="recordings.unrecorded",
        every=timedelta(minutes=1),
        run=lambda _celery, parts: recordings.adopt_unrecorded_calls(parts),
    ),
    Sweep(name="recordings.watch", every=timedelta(seconds=2), run=lambda _celery, parts: watch.watch_live(parts)),
    Sweep(name="recordings.check", every=timedelta(minutes=1), run=lambda _celery, parts: upkeep.check_stored(parts)),
    Sweep(name="recordings.archive", every=timedelta(seconds=30), run=lambda _celery, parts: upkeep.archive_old(parts)),
    Sweep(
        name="recordings.remove", every=timedelta(minutes=1), run=lambda _celery, parts: upkeep.remove_ordered(parts)
    ),
    Sweep(
        name="recordings.manifests",
        every=timedelta(minutes=10),
        run=lambda _celery, parts: manifests.keep_up(parts),
    ),
    Sweep(
        name="recordings.leftovers",
        every=timedelta(hours=1),
        run=lambda _celery, parts: pickup.remove_leftovers(parts),
    ),
    Sweep(
        name="audit.anchor",
        every=timedelta(minutes=1),
        run=lambda _celery, parts: audit.write_due_anchor(parts),
    ),
    Sweep(name="imports.due", every=timedelta(seconds=1), run=_each(WORK_ON_IMPORT, imports.due_runs)),
    Sweep(
        name="imports.leftovers",
        every=timedelta(hours=1),
        run=lambda _celery, parts: imports.delete_old_files(parts),
    ),
    Sweep(name="duplicates.search", every=timedelta(seconds=2), run=lambda _celery, parts: duplicates.search(parts)),
    Sweep(name="exports.due", every=timedelta(seconds=1), run=_each(MAKE_EXPORT, exports.due_exports)),
    Sweep(name="exports.expired", every=timedelta(hours=1), run=lambda _celery, parts: exports.remove_expired(parts)),
    Sweep(name="mass_sends.due", every=timedelta(seconds=1), run=_each(WORK_ON_MASS_SEND, mass_sends.due_sends)),
    Sweep(
        name="registers.fill", every=timedelta(seconds=2), run=lambda _celery, parts: registers.fill_registers(parts)
    ),
    # A record that HIS moves an hour before its reminder is still in time; what is due is not looked for in records.
    Sweep(
        name="sending_rules.plan",
        every=timedelta(minutes=5),
        run=lambda _celery, parts: sending_rules.plan_all(parts),
    ),
    Sweep(
        name="sending_rules.send",
        every=timedelta(seconds=15),
        run=lambda _celery, parts: sending_rules.send_due(parts),
    ),
    Sweep(name="followups.due", every=timedelta(seconds=2), run=lambda _celery, parts: followups.make_due(parts)),
    Sweep(
        name="followups.attempts",
        every=timedelta(seconds=0.5),
        run=lambda _celery, parts: followups.settle_attempts(parts),
    ),
    Sweep(
        name="outbound_lists.due",
        every=timedelta(seconds=1),
        run=_each(WORK_ON_OUTBOUND_LIST, outbound_lists.due_lists),
    ),
    Sweep(
        name="outbound_lists.tidy", every=timedelta(seconds=2), run=lambda _celery, parts: outbound_lists.tidy(parts)
    ),
    Sweep(
        name="followup_plans.start",
        every=timedelta(seconds=2),
        run=lambda _celery, parts: followup_plans.start(parts),
    ),
    Sweep(
        name="followup_plans.look_again",
        every=timedelta(minutes=5),
        run=lambda celery, _parts: celery.send_task(LOOK_AT_PLANS),
    ),
    Sweep(
        name="followup_plans.starts",
        every=timedelta(seconds=1),
        run=lambda _celery, parts: followup_plans.work_on_starts(parts),
    ),
    Sweep(
        name="followup_plans.escalate",
        every=timedelta(minutes=1),
        run=lambda _celery, parts: followup_plans.escalate(parts),
    ),
    Sweep(
        name="followups.send_due",
        every=timedelta(seconds=5),
        run=lambda _celery, parts: followup_plans.send_texts(parts),
    ),
    Sweep(name="quality.draw", every=timedelta(seconds=5), run=_each(DRAW_SAMPLE, quality.due_plans)),
    Sweep(name="floor.alarms", every=timedelta(seconds=10), run=lambda _celery, parts: floor.tell_alarms(parts)),
    Sweep(
        name="patients.unindexed",
        every=timedelta(hours=1),
        run=lambda celery, _parts: celery.send_task(INDEX_NAMES),
    ),
)
"""Every sweep of the product. A room with due rows adds its line here."""


def make_celery(parts: Parts) -> Celery:
    """The Celery application of this process: queues tasks, and runs them in a process that has a worker."""
    celery = Celery("wardline", broker=parts.settings.redis_url or "memory://localhost", set_as_current=False)
    celery.conf.update(
        task_ignore_result=True,
        task_acks_late=True,
        # A worker that dies with a task in hand has it queued again; every task may run twice.
        task_reject_on_worker_lost=True,
        worker_prefetch_multiplier=1,
        worker_hijack_root_logger=False,
        worker_redirect_stdouts=False,
        broker_connection_retry_on_startup=True,
        # Celery would give up after 100 tries, which is less than a night.
        broker_connection_max_retries=None,
        # Who queues a task waits at most this long for a broker that is away; the sweeper queues it again.
        task_publish_retry=False,
        broker_transport_options=_transport_options(parts),
    )

    # Not shared: Celery would give a second application of this process the tasks, and so the parts, of the first.
    @celery.task(name=PROCESS_RECORDING, shared=False)  # type: ignore[untyped-decorator]
    def process_recording(recording_id: str) -> None:
        pickup.process_recording(parts, recording_id)

    @celery.task(name=MAKE_TRANSCRIPT, shared=False)  # type: ignore[untyped-decorator]
    def make_transcript(recording_id: str) -> None:
        transcripts.make_transcript(parts, recording_id)

    @celery.task(name=CONVERT_SOUND, shared=False)  # type: ignore[untyped-decorator]
    def convert_sound(sound_id: int) -> None:
        uploads.process_upload(parts, sound_id)

    @celery.task(name=WORK_ON_IMPORT, shared=False)  # type: ignore[untyped-decorator]
    def work_on_import(run_id: int) -> None:
        imports.work_on(parts, run_id)

    @celery.task(name=MAKE_EXPORT, shared=False)  # type: ignore[untyped-decorator]
    def make_export(export_id: str) -> None:
        exports.run_export(parts, export_id)

    @celery.task(name=WORK_ON_MASS_SEND, shared=False)  # type: ignore[untyped-decorator]
    def work_on_mass_send(send_id: int) -> None:
        mass_sends.work_on(parts, send_id)

    @celery.task(name=WORK_ON_OUTBOUND_LIST, shared=False)  # type: ignore[untyped-decorator]
    def work_on_outbound_list(list_id: int) -> None:
        outbound_lists.work_on(parts, list_id)

    @celery.task(name=INDEX_NAMES, shared=False)  # type: ignore[untyped-decorator]
    def index_names() -> None:
        patients.index_unindexed(parts)

    @celery.task(name=LOOK_AT_PLANS, shared=False)  # type: ignore[untyped-decorator]
    def look_at_plans() -> None:
        followup_plans.look_again(parts)

    @celery.task(name=DRAW_SAMPLE, shared=False)  # type: ignore[untyped-decorator]
    def draw_sample(plan_id: int) -> None:
        quality.draw_plan(parts, plan_id)

    @celery.task(name=PING, shared=False)  # type: ignore[untyped-decorator]
    def answer_ping(nonce: str) -> None:
        with parts.database.writing() as session:
            session.merge(HealthProbe(process=_probe(nonce), nonce=nonce, at=parts.now()))

    @celery.task(name=WAKE, shared=False)  # type: ignore[untyped-decorator]
    def wake() -> None:
        """Nothing: its arrival is what counts."""

    return celery


def ping(celery: Celery, parts: Parts, timeout: float = 2.0) -> bool:
    """Whether a task that is queued now is done within `timeout` seconds: broker, worker and database in one."""
    nonce = secrets.token_hex(16)
    # In a thread, because redis-py itself tries for 6 s when the broker is away, whatever Celery is told.
    threading.Thread(target=_send_ping, args=(celery, nonce, timeout), name="jobs-ping", daemon=True).start()
    deadline = time.monotonic() + timeout
    while time.monotonic() < deadline:
        with parts.database.reading() as session:
            answered = session.scalar(select(HealthProbe.at).where(HealthProbe.process == _probe(nonce)))
        if answered is not None:
            with parts.database.writing() as session:
                session.execute(delete(HealthProbe).where(HealthProbe.process == _probe(nonce)))
            return True
        time.sleep(_PING_POLL_SECONDS)
    return False


def start_embedded(celery: Celery, parts: Parts) -> Callable[[], None]:
    """Run a worker and the sweeper in threads of this process. Returns what stops both; stopping twice is harmless."""
    stopping = threading.Event()
    # The pool's threads look their tasks up in the default application, which is an empty one until somebody sets it.
    celery.set_default()
    worker = _worker(celery)
    threads = [
        threading.Thread(target=worker.start, name="jobs-worker", daemon=True),
        threading.Thread(target=run_scheduler, args=(celery, parts, stopping), name="jobs-sweeper", daemon=True),
    ]
    # Celery keeps this flag from an earlier worker of the process.
    worker_state.should_terminate = worker_state.should_stop = None
    for thread in threads:
        thread.start()

    def stop() -> None:
        stopping.set()
        # The flag is how Celery's loop is ended from another thread; it looks at it after each task, or every 2 s, and
        # having seen it waits for one task more.
        worker_state.should_stop = 0
        if threads[0].is_alive():
            for _ in range(2):
                celery.send_task(WAKE)
        for thread in threads:
            thread.join(timeout=5)

    return stop


def run_worker(celery: Celery) -> None:
    """Run a worker in this process until SIGTERM or SIGINT, which Celery handles: the tasks in hand are finished."""
    # With somebody connected here Celery leaves the logs as they are.
    setup_logging.connect(_keep_logs)
    celery.worker_main(["worker", "--pool=threads", f"--concurrency={_THREADS}", "--loglevel=WARNING"])


def _keep_logs(**_: object) -> None:
    """Ours are set up already."""


def run_scheduler(celery: Celery, parts: Parts, stopping: threading.Event) -> None:
    """Look for due work until `stopping` is set. Several schedulers at once do no harm."""
    next_at = {sweep.name: 0.0 for sweep in SWEEPS}
    while not stopping.wait(_SWEEP_TICK_SECONDS):
        for sweep in SWEEPS:
            if time.monotonic() < next_at[sweep.name]:
                continue
            next_at[sweep.name] = time.monotonic() + sweep.every.total_seconds()
            try:
                sweep.run(celery, parts)
            except (OperationalError, DBAPIError) as error:
                # A broker or database that is away now is asked again at the next turn.
                log.warning("jobs.sweep_failed", sweep=sweep.name, error=type(error).__name__)
            except Exception:
                # The outermost loop: one sweep that fails must not end the others.
                log.exception("jobs.sweep_failed", sweep=sweep.name)


def _send_ping(celery: Celery, nonce: str, expires: float) -> None:
    try:
        celery.send_task(PING, args=[nonce], expires=expires)
    except (OperationalError, OSError) as error:
        log.warning("jobs.broker_away", error=type(error).__name__)


def _worker(celery: Celery) -> WorkController:
    return celery.WorkController(
        hostname=f"wardline@{secrets.token_hex(4)}",
        pool_cls="threads",
        concurrency=_THREADS,
        without_heartbeat=True,
        without_mingle=True,
        without_gossip=True,
    )


def _transport_options(parts: Parts) -> dict[str, float]:
    if parts.settings.is_embedded:
        return {"polling_interval": _POLL_SECONDS}
    # A task that nobody has finished after an hour is given to another worker.
    return {"visibility_timeout": 3600, "socket_timeout": 5, "socket_connect_timeout": 2}


def _probe(nonce: str) -> str:
    return f"jobs:{nonce}"
