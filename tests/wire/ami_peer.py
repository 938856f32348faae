"""A manager interface over real TCP that answers as it is told to, and remembers what was asked of it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections import defaultdict
from collections.abc import Callable
from types import TracebackType

from app.settings import AMIAddress
from tests.waiting import wait_for

Action = dict[str, str]
Reply = Callable[[Action], bytes]

BANNER = b"Asterisk Call Manager/9.0.0\r\n"
# Told at a login to an Asterisk that has long been up.
BOOTED = b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n"


def success(action: Action, **headers: str) -> bytes:
    return frame(Response="Success", ActionID=action["ActionID"], **headers)


def error(action: Action, message: str) -> bytes:
    return frame(Response="Error", ActionID=action["ActionID"], Message=message)


def listing(action: Action, *items: dict[str, str], end: str = "ListComplete") -> bytes:
    """A whole answer that is a list."""
    start = frame(Response="Success", ActionID=action["ActionID"], EventList="start", Message="will follow")
    told = [frame(**{"Event": "Item", "ActionID": action["ActionID"]} | item) for item in items]
    return start + b"".join(told) + frame(Event=end, ActionID=action["ActionID"], EventList="Complete")


def silence(_: Action) -> bytes:
    return b""


def frame(**headers: str) -> bytes:
    lines = [f"{key}: {value}\r\n" for key, value in headers.items()]
    return "".join(lines).encode() + b"\r\n"


_LISTS = ("CoreShowChannels", "QueueStatus", "PJSIPShowContacts", "PJSIPShowAors", "Status")


class AMIPeer:
    """Serves one port until it is left. `replies` may be changed at any time, per action's name.

    Unless told otherwise it accepts every login and every action, and has no channels, members or phones.
    """

    def __init__(self) -> None:
        self.actions: list[Action] = []
        self.logins = 0
        self.ended = 0
        self.replies: dict[str, Reply] = defaultdict(lambda: success)
        self.replies |= dict.fromkeys(_LISTS, listing)
        self.replies["Login"] = lambda action: success(action, Message="Authentication accepted") + BOOTED
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._clients: list[socket.socket] = []
        self._is_deaf = threading.Event()
        self._is_open = True

    @property
    def address(self) -> AMIAddress:
        port = self._listener.getsockname()[1]
        return AMIAddress(host="127.0.0.1", port=port, username="wardline", secret="secret")

    def __enter__(self) -> AMIPeer:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._is_open = False
        self._listener.close()
        self.drop()

    def asked(self, name: str) -> list[Action]:
        """The actions of this name that arrived, oldest first."""
        return [action for action in self.actions if action["Action"] == name]

    def wait_until_asked(self, name: str, times: int = 1) -> Action:
        return wait_for(lambda: self.asked(name)[times - 1 :], what=f"{name} number {times}")[0]

    def say(self, data: bytes) -> None:
        """Send these bytes on the newest connection."""
        self._clients[-1].sendall(data)

    def say_in_pieces(self, pieces: list[bytes]) -> None:
        """Send each piece as a segment of its own."""
        self._clients[-1].setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in pieces:
            self.say(piece)

    def drop(self) -> None:
        """Cut every connection."""
        while self._clients:
            client = self._clients.pop()
            # Closing alone would wait for the thread that reads.
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
            client.close()

    def go_deaf(self) -> None:
        """Half-open: the connection stays, but nothing is read or answered any more."""
        self._is_deaf.set()

    def hear_again(self) -> None:
        self._is_deaf.clear()

    def _accept(self) -> None:
        while self._is_open:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        rest = b""
        try:
            client.sendall(BANNER)
            while data := client.recv(65536):
                *whole, rest = (rest + data).split(b"\r\n\r\n")
                for chunk in whole:
                    self._answer(client, _parse(chunk))
        except OSError:
            pass
        self.ended += 1

    def _answer(self, client: socket.socket, action: Action) -> None:
        if self._is_deaf.is_set():
            return
        self.actions.append(action)
        self.logins += action["Action"] == "Login"
        client.sendall(self.replies[action["Action"]](action))


def _parse(chunk: bytes) -> Action:
    pairs = [line.partition(": ") for line in chunk.decode().split("\r\n")]
    return {key: value for key, _, value in pairs}
