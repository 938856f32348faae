"""Composition roots: which parts live in which process, in both shapes. The only place that wires them."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator

import app.questionnaires.service  # noqa: F401  what is done with replies to its questions
from app.channels.post import Post
from app.cli.preflight import check_transcription
from app.errors import SettingsError
from app.jobs import make_celery, run_scheduler, run_worker, start_embedded
from app.parts import Parts
from app.settings import Settings
from app.web.server import run_web
from sms_gateway.runner import Gateway
from telephony.runner import Telephony

# Python lets a busy thread keep the interpreter for 5 ms. A pop passes through five threads on its way to the desk.
_SWITCH_SECONDS = 0.0005


def serve_everything(settings: Settings) -> None:
    """The embedded shape: web server, telephony, SMS gateway and jobs as threads of one process."""

    def build() -> tuple[Parts, Callable[[], None]]:
        sys.setswitchinterval(_SWITCH_SECONDS)
        parts = Parts.open(settings)
        telephony = Telephony(parts, settings.ami) if settings.ami else None
        gateway = Gateway(parts, settings.smpp)
        post = Post(parts)
        stop_jobs = start_embedded(make_celery(parts), parts)
        gateway.start()
        post.start()
        if telephony is not None:
            telephony.start()

        def stop() -> None:
            if telephony is not None:
                telephony.stop()
            post.stop()
            gateway.stop()
            stop_jobs()
            parts.close()

        return parts, stop

    run_web(build, settings.port)


def serve_web(settings: Settings) -> None:
    """Pages, API and live pages; any number of these may run."""

    def build() -> tuple[Parts, Callable[[], None]]:
        sys.setswitchinterval(_SWITCH_SECONDS)
        parts = Parts.open(settings)
        return parts, parts.close

    run_web(build, settings.port)


def serve_telephony(settings: Settings) -> None:
    """The one link to Asterisk."""
    if settings.ami is None:
        raise SettingsError("WARDLINE_AMI_URL: say where Asterisk's manager listens")
    with _open(settings) as parts:
        telephony = Telephony(parts, settings.ami)
        parts.bus.start()
        telephony.start()
        _wait_for_signal()
        telephony.stop()


def serve_sms(settings: Settings) -> None:
    """The one bind to the SMSC."""
    if settings.smpp is None:
        raise SettingsError("WARDLINE_SMPP_URL: say where the SMSC listens")
    with _open(settings) as parts:
        gateway = Gateway(parts, settings.smpp)
        parts.bus.start()
        gateway.start()
        _wait_for_signal()
        gateway.stop()


def serve_mail(settings: Settings) -> None:
    """Mail out to the hospital's mail server and in from it, and whatever other channel is connected."""
    if settings.smtp is None and settings.mail_port is None and settings.imap is None:
        raise SettingsError(
            "WARDLINE_SMTP_URL, WARDLINE_IMAP_URL, WARDLINE_MAIL_PORT: say where mail goes to, or where it comes in"
        )
    with _open(settings) as parts:
        post = Post(parts)
        parts.bus.start()
        post.start()
        _wait_for_signal()
        post.stop()


def serve_worker(settings: Settings) -> None:
    """Background jobs; any number of these may run."""
    check_transcription(settings)
    with _open(settings) as parts:
        parts.bus.start()
        run_worker(make_celery(parts))


def serve_scheduler(settings: Settings) -> None:
    """Finds due work and queues it."""
    with _open(settings) as parts:
        parts.bus.start()
        stopping = threading.Event()
        _on_signal(stopping.set)
        run_scheduler(make_celery(parts), parts, stopping)


@contextlib.contextmanager
def _open(settings: Settings) -> Iterator[Parts]:
    parts = Parts.open(settings)
    try:
        yield parts
    finally:
        parts.close()


def _wait_for_signal() -> None:
    stopping = threading.Event()
    _on_signal(stopping.set)
    stopping.wait()


def _on_signal(react: Callable[[], None]) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: react())
