"""PostgreSQL and Redis as Debian packages them, each of a test's own, to be stopped and started in mid-work."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

import redis

from app.children import Child
from tests.ports import free_port
from tests.waiting import wait_for


class PostgreSQLServer:
    """A cluster without fsync on a free port, which stays the same over restarts."""

    def __init__(self) -> None:
        self._port = free_port()
        self._folder = Path(tempfile.mkdtemp(prefix="wardline-pg-"))
        self._as_user: list[str] = []
        if os.geteuid() == 0:
            shutil.chown(self._folder, "postgres")
            self._as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self._run("initdb", "-U", "wardline", "-A", "trust", "-E", "UTF8", "--no-sync")

    @property
    def url(self) -> str:
        """Without a database's name."""
        return f"postgresql+psycopg://wardline@127.0.0.1:{self._port}"

    def start(self) -> None:
        options = "-c listen_addresses=127.0.0.1 -c fsync=off -c max_connections=200"
        log = str(self._folder / "log")
        self._run("pg_ctl", "-w", "-l", log, "-o", f"-p {self._port} -k {self._folder} {options}", "start")

    def stop(self) -> None:
        """At once, as a crash would: connections break, what was committed stays."""
        self._run("pg_ctl", "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_user, str(_postgresql_bin() / program), "-D", str(self._folder / "data"), *arguments]
        subprocess.run(command, check=True, capture_output=True, cwd=self._folder)


class RedisServer:
    """A Redis that keeps nothing on disk: what it held is lost when it stops, as in a crash."""

    def __init__(self) -> None:
        self._port = free_port()
        self._child: Child | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> None:
        program = shutil.which("redis-server")
        assert program is not None, "Redis is missing: run make test, which installs it"
        options = ["--port", str(self._port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self._child = Child([program, *options, "--logfile", os.devnull, "--dir", tempfile.gettempdir()])
        wait_for(self._answers, what="Redis")

    def stop(self) -> None:
        """At once, as a crash would. Stopping twice is harmless."""
        if self._child is not None:
            self._child.kill()
            self._child = None

    def freeze(self) -> None:
        """Keep every connection and answer none."""
        assert self._child is not None
        self._child.process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._child is not None
        self._child.process.send_signal(signal.SIGCONT)

    def _answers(self) -> bool:
        with redis.Redis.from_url(self.url) as client:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False


def _postgresql_bin() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    assert found, "PostgreSQL is missing: run make test, which installs it"
    return found[-1]
