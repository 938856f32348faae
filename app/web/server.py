"""The web server of a process: gunicorn with one worker whose threads serve pages and sockets."""

from __future__ import annotations

import errno
import os
import socket
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import structlog
from gunicorn.app.base import BaseApplication
from gunicorn.errors import AppImportError
from gunicorn.glogging import Logger as GunicornLogger
from gunicorn.workers.gthread import ThreadWorker

from app.children import die_with_parent
from app.errors import SettingsError, WardlineError
from app.parts import Parts
from app.web.app import create_app, live_of
from app.web.live.sockets import Live

log = structlog.get_logger()

Build = Callable[[], tuple[Parts, Callable[[], None]]]

# Each live page holds a thread for as long as it is open; with 40 threads, 45 pages starved all others.
_THREADS = 300
# Opening the parts may mean waiting for Asterisk to come up.
_BOOT_SECONDS = 120
# What a stopping worker gives to requests under way, and what the master gives to the whole worker.
_DRAIN_SECONDS = 1
_STOP_SECONDS = 8


def run_web(build: Build, port: int) -> None:
    """Serve the web application on all interfaces until SIGTERM or SIGINT; then end within 3 s.

    `build` is called once in the worker process, after the fork, so that threads live where they are used. It opens the
    Parts, subscribes and starts whatever else lives in this process, and returns them with a function that stops it
    all; it must not start the bus, which is done here when all have subscribed. A worker that dies is replaced, and
    `build` called again. Raises SettingsError when the port is taken.
    """
    server, master = _Server(build, _listen(port)), os.getpid()
    try:
        server.run()
    except SystemExit as end:
        if os.getpid() != master:
            # The worker is a fork in the middle of our caller: it must not run what the caller does at its own end.
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(end.code if isinstance(end.code, int) else 1)
        if end.code:
            raise


def _listen(port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind(("0.0.0.0", port))  # noqa: S104  agents' browsers are on other machines
        listener.listen(512)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            raise SettingsError(f"WARDLINE_PORT: port {port} is taken by another program") from None
        raise SettingsError(f"WARDLINE_PORT: port {port} cannot be used ({error.strerror})") from None
    return listener


class _Logger(GunicornLogger):  # type: ignore[misc]
    """Leaves the printing to our own logs, which tell no words of a failure: those may be a patient's."""

    def setup(self, cfg: object) -> None:
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True


class _Worker(ThreadWorker):  # type: ignore[misc]
    """Ends the same way at SIGTERM, SIGINT and SIGQUIT: hangs up on live pages first, which would hold it for hours."""

    live: Live | None = None

    def init_process(self) -> None:
        self.cfg.set("graceful_timeout", _DRAIN_SECONDS)
        super().init_process()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if self.alive and self.live is not None:
            # Not in the signal handler itself: the interrupted code may hold the lock that closing needs.
            threading.Thread(target=self.live.close_sockets, name="hang-up", daemon=True).start()
        super().handle_exit(sig, frame)

    def handle_quit(self, sig: int, frame: FrameType | None) -> None:
        self.handle_exit(sig, frame)


class _Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, configured in code. `load` runs in the worker."""

    def __init__(self, build: Build, listener: socket.socket) -> None:
        self._build = build
        self._listener = listener
        self._stop: Callable[[], None] | None = None
        super().__init__()

    def load_config(self) -> None:
        for name, value in {
            # gunicorn takes the open socket over and closes it at its end.
            "bind": [f"fd://{self._listener.detach()}"],
            "workers": 1,
            "threads": _THREADS,
            "worker_class": _Worker,
            "timeout": _BOOT_SECONDS,
            "graceful_timeout": _STOP_SECONDS,
            "keepalive": 5,
            "loglevel": "warning",
            "logger_class": _Logger,
            "control_socket_disable": True,
            "post_fork": lambda _server, worker: die_with_parent(worker.ppid),
            "post_worker_init": self._tell_worker,
            "worker_exit": self._leave,
        }.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        try:
            parts, stop = self._build()
        except WardlineError as error:
            # gunicorn prints this kind as one line, and gives up instead of trying again for ever.
            raise AppImportError(error.detail) from error
        try:
            app = create_app(parts)
        except WardlineError as error:
            stop()
            raise AppImportError(error.detail) from error
        live = live_of(app)

        def stop_all() -> None:
            live.stop()
            stop()

        self._stop, self._live = stop_all, live
        parts.bus.start()
        live.start()
        log.info("web.started")
        return app

    def _tell_worker(self, worker: _Worker) -> None:
        worker.live = self._live

    def _leave(self, server: object, worker: object) -> None:
        """gunicorn calls this in the ending worker, and in the master for one that was killed: there, nothing runs."""
        stop, self._stop = self._stop, None
        if stop is not None:
            stop()
            log.info("web.stopped")
