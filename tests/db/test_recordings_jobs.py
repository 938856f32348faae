"""Background jobs in the embedded shape: what is due gets done, whoever forgot to say so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from celery import Celery

from app import jobs
from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.rules import RecordingState
from tests.two_sided import add_ended_call, write_raw
from tests.waiting import wait_for

# A broken task is logged by Celery's own worker thread; the product's warnings are errors all the same.
pytestmark = pytest.mark.filterwarnings("default::DeprecationWarning:celery")


@pytest.fixture
def celery(parts: Parts) -> Celery:
    return jobs.make_celery(parts)


@pytest.fixture
def worker(celery: Celery, parts: Parts) -> Iterator[Callable[[], None]]:
    """A running worker and sweeper; the value stops them."""
    stop = jobs.start_embedded(celery, parts)
    yield stop
    stop()


def test_ping_is_answered_by_a_worker(celery: Celery, parts: Parts, worker: Callable[[], None]) -> None:
    assert jobs.ping(celery, parts, timeout=10)


def test_any_part_of_the_process_may_queue_tasks(parts: Parts, worker: Callable[[], None]) -> None:
    assert jobs.ping(jobs.make_celery(parts), parts, timeout=10)


def test_ping_fails_in_time_without_a_worker(celery: Celery, parts: Parts) -> None:
    assert not jobs.ping(celery, parts, timeout=0.2)


def test_worker_stops_and_may_be_stopped_again(celery: Celery, parts: Parts, worker: Callable[[], None]) -> None:
    assert jobs.ping(celery, parts, timeout=10)
    worker()
    worker()
    assert not jobs.ping(celery, parts, timeout=0.2)


def test_due_recording_is_picked_up_without_anybody_asking(parts: Parts, worker: Callable[[], None]) -> None:
    at = parts.now() - timedelta(seconds=30)
    write_raw(parts.settings.spool_dir, "31.1", written_at=at)
    _, recording_id = add_ended_call(parts, "31.1", answered_at=at)

    def state() -> str:
        with parts.database.reading() as session:
            return recordings.get(session, recording_id).state

    wait_for(lambda: state() == RecordingState.READY, what="the recording")


def test_broken_task_does_not_stop_the_others(parts: Parts, celery: Celery, worker: Callable[[], None]) -> None:
    celery.send_task(jobs.PROCESS_RECORDING, args=[])
    celery.send_task("no.such.task")
    assert jobs.ping(celery, parts, timeout=10)
