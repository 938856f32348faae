"""A manager peer that says what a queue call says, at a given pace, and notes when each pop was due."""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field


@dataclass(slots=True)
class ManagerPeer:
    """Serves one client. `ring` offers a call to an agent; `sent` tells when that event left, by number."""

    listener: socket.socket = field(default_factory=lambda: socket.create_server(("127.0.0.1", 0)))
    sent: dict[str, float] = field(default_factory=dict)
    _link: socket.socket | None = None
    _numbers: dict[str, str] = field(default_factory=dict)
    _serial: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def port(self) -> int:
        return int(self.listener.getsockname()[1])

    def start(self) -> None:
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def is_connected(self) -> bool:
        return self._link is not None

    def ring(self, agent: str, number: str) -> str:
        """A caller rings at `agent`. Returns the call's Linkedid."""
        self._serial += 1
        call, leg = f"bench-{self._serial}.0", f"bench-{self._serial}.1"
        trunk, phone = f"PJSIP/trunk-{self._serial:08x}", f"PJSIP/{agent}-{self._serial:08x}"
        self._numbers[trunk] = number
        caller = f"Channel: {trunk}\r\nUniqueid: {call}\r\nLinkedid: {call}\r\n"
        self._send(
            f"Event: Newchannel\r\n{self._at()}{caller}CallerIDNum: {number}\r\nExten: 4000\r\nContext: from-trunk"
        )
        self._send(f"Event: QueueCallerJoin\r\n{self._at()}{caller}Queue: hotline\r\nPosition: 1")
        dial = f"DestChannel: {phone}\r\nDestUniqueid: {leg}\r\nDestLinkedid: {call}"
        event = f"Event: DialBegin\r\n{self._at()}Uniqueid: {call}\r\n{dial}"
        self.sent[number] = time.time()
        self._send(event)
        return call

    def give_up(self, call: str, agent: str) -> None:
        """The caller hangs up while it rings."""
        serial = int(call.partition("-")[2].partition(".")[0])
        trunk, phone, leg = f"PJSIP/trunk-{serial:08x}", f"PJSIP/{agent}-{serial:08x}", f"bench-{serial}.1"
        dial = f"DestChannel: {phone}\r\nDestUniqueid: {leg}\r\nDestLinkedid: {call}"
        self._send(f"Event: DialEnd\r\n{self._at()}{dial}\r\nDialStatus: CANCEL")
        for channel, uniqueid in ((phone, leg), (trunk, call)):
            ids = f"Channel: {channel}\r\nUniqueid: {uniqueid}\r\nLinkedid: {call}"
            self._send(f"Event: Hangup\r\n{self._at()}{ids}\r\nCause: 16")

    def _at(self) -> str:
        return f"Timestamp: {time.time():.6f}\r\n"

    def _send(self, frame: str) -> None:
        assert self._link is not None
        with self._lock:
            self._link.sendall(frame.encode() + b"\r\n\r\n")

    def _serve(self) -> None:
        link, _ = self.listener.accept()
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        link.sendall(b"Asterisk Call Manager/11.0.0\r\n")
        rest = b""
        while data := link.recv(65536):
            *actions, rest = (rest + data).split(b"\r\n\r\n")
            for action in actions:
                headers = dict(line.split(": ", 1) for line in action.decode().split("\r\n") if ": " in line)
                with self._lock:
                    link.sendall(self._answer(headers).encode())
                if headers["Action"] == "CoreStatus":
                    self._link = link

    def _answer(self, headers: dict[str, str]) -> str:
        id = f"ActionID: {headers['ActionID']}\r\n"
        ends = {
            "CoreShowChannels": "CoreShowChannelsComplete",
            "QueueStatus": "QueueStatusComplete",
            "PJSIPShowContacts": "ContactListComplete",
            "PJSIPShowAors": "AorListComplete",
            "Status": "StatusComplete",
        }
        action = headers["Action"]
        if action not in ends:
            booted = "Event: FullyBooted\r\nStatus: Fully Booted\r\n\r\n" if action == "Login" else ""
            return f"Response: Success\r\n{id}Message: ok\r\n\r\n{booted}"
        items = ""
        if action == "Status":
            channel = headers["Channel"]
            linkedid = f"bench-{int(channel.rpartition('-')[2], 16)}.0"
            number = self._numbers[channel]
            items = f"Event: Status\r\n{id}Channel: {channel}\r\nCallerIDNum: {number}\r\nLinkedid: {linkedid}\r\n\r\n"
        start = f"Response: Success\r\n{id}EventList: start\r\nMessage: will follow\r\n\r\n"
        return f"{start}{items}Event: {ends[action]}\r\n{id}EventList: Complete\r\nListItems: 1\r\n\r\n"
