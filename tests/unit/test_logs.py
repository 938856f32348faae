"""Whatever fails, and whoever logs it: where it failed is told, what it was about is not."""

from __future__ import annotations

import subprocess
import sys

import pytest

PRELUDE = """
import logging, sqlite3, structlog
from sqlalchemy.exc import IntegrityError
from app.logs import set_up_logs

set_up_logs(logging.INFO)

def save_the_patient():
    try:
        raise sqlite3.IntegrityError("Key (value)=(13800138000) already exists")
    except sqlite3.IntegrityError as error:
        raise IntegrityError("INSERT INTO patient", ("Grace Hopper", "13800138000"), error) from error

try:
    save_the_patient()
except IntegrityError as error:
    fault = error
    LOG
"""


def told_of(statement: str) -> str:
    """What a process prints that logs a failed statement in this way."""
    done = subprocess.run(
        [sys.executable, "-c", PRELUDE.replace("LOG", statement)], capture_output=True, text=True, check=True
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    "statement",
    [
        "structlog.get_logger().exception('export.failed', error=type(fault).__name__)",
        "structlog.get_logger().error('export.failed', exc_info=fault)",
        "logging.getLogger('app').exception('Exception on %s', '/patients?q=Grace Hopper')",
        "logging.getLogger('celery.app.trace').error('Task raised: %(exc)r', {'exc': fault}, exc_info=True)",
        "logging.getLogger('socketio.server').exception('in the handler: ' + '%s', fault)",
        "import threading; (thread := threading.Thread(target=save_the_patient)).start(); thread.join()",
    ],
)
def test_a_failure_tells_its_place_and_kind_and_no_word_of_a_patient(statement: str) -> None:
    printed = told_of(statement)
    assert "save_the_patient" in printed
    assert "sqlalchemy.exc.IntegrityError" in printed
    assert "Hopper" not in printed
    assert "13800138000" not in printed


def test_an_error_of_the_machine_tells_its_reason() -> None:
    assert "No space left on device" in told_of(
        "structlog.get_logger().error('x', exc_info=OSError(28, 'No space left on device'))"
    )
