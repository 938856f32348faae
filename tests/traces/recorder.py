"""Records what a real Asterisk says on its manager interface, byte by byte, without a filter."""

from __future__ import annotations

import socket
import threading
from pathlib import Path
from types import TracebackType

from tests.live.conftest import Switch
from tests.waiting import wait_for

_USER = """
[recorder]
secret = secret
permit = 127.0.0.1/255.255.255.255
read = system,call,agent
write = system
"""


class Recording:
    """Listens as a manager user of its own while it is open; then `data` is the whole stream."""

    def __init__(self, switch: Switch) -> None:
        self._switch = switch
        self._socket: socket.socket | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self.data = b""

    def __enter__(self) -> Recording:
        with (self._switch.folder / "etc/manager.conf").open("a") as file:
            file.write(_USER)
        self._switch.asterisk.console("manager reload")
        self._socket = socket.create_connection((self._switch.ami.host, self._switch.ami.port))
        self._thread.start()
        self._socket.sendall(b"Action: Login\r\nUsername: recorder\r\nSecret: secret\r\n\r\n")
        wait_for(lambda: b"FullyBooted" in self.data, what="the recorder's login")
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._socket is not None
        self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    def save(self, path: Path) -> None:
        """Keep the stream up to the end of its last whole frame."""
        path.write_bytes(self.data[: self.data.rfind(b"\r\n\r\n") + 4])

    def _listen(self) -> None:
        assert self._socket is not None
        while data := self._socket.recv(65536):
            self.data += data
