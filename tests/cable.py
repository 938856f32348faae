"""A cable between a client and a TCP server that can be cut, stopped up, or made slow."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from types import TracebackType


class Cable:
    """Carries bytes between its own port and `port` until it is told otherwise."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._lock = threading.Lock()
        self._is_ended = False
        self._flows = threading.Event()
        self._flows.set()
        self.connections = 0
        self.is_plugged = True
        self.delay_seconds = 0.0
        self.cut_every_bytes = 0

    @property
    def port(self) -> int:
        return int(self._listener.getsockname()[1])

    def __enter__(self) -> Cable:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_ended = True
        self._flows.set()
        self._listener.close()
        self.cut()

    def cut(self) -> None:
        """End every connection now. New ones are carried while the cable is plugged."""
        with self._lock:
            ended, self._open = self._open, []
        for end in ended:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def unplug(self) -> None:
        """Cut, and refuse new connections until `plug`."""
        self.is_plugged = False
        self.cut()

    def plug(self) -> None:
        self.is_plugged = True

    def stop_up(self) -> None:
        """Half-open: connections stay, and nothing gets through any more, not even an end."""
        self._flows.clear()

    def free(self) -> None:
        """Carry again; connections that were stopped up are lost."""
        self.cut()
        self._flows.set()

    def _accept(self) -> None:
        while not self._is_ended:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if not self.is_plugged:
                client.close()
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self._port))
            except OSError:
                client.close()
                continue
            self.connections += 1
            with self._lock:
                self._open += [client, server]
            threading.Thread(target=self._carry, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._carry, args=(server, client, True), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, is_from_server: bool) -> None:
        left = self.cut_every_bytes
        with contextlib.suppress(OSError):
            while data := source.recv(4096):
                self._flows.wait()
                time.sleep(self.delay_seconds)
                if is_from_server and left and len(data) >= left:
                    target.sendall(data[:left])
                    break
                left -= len(data) if is_from_server and left else 0
                target.sendall(data)
        self._flows.wait()
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
