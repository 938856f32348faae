"""The floor of a pop: an asyncio parser behind a socket, a bare websocket, a page that writes a number down."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import socket
import struct
import threading
import time

from tests.bench.floor_parser import FloorParser

_PAGE = b"""<!doctype html><p id=number></p><script>
new WebSocket(`ws://${location.host}/socket`).onmessage = given => {
  document.getElementById("number").textContent = given.data;
};
</script>"""
_MAGIC = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class FloorServer:
    """Page and websocket on `port`; `ring` sends a manager event to its own parser over loopback."""

    def __init__(self) -> None:
        self.sent: dict[str, float] = {}
        self.port = 0
        self._page: asyncio.StreamWriter | None = None
        self._manager: socket.socket | None = None
        self._ready = threading.Event()

    @property
    def is_connected(self) -> bool:
        return self._page is not None

    def start(self) -> None:
        threading.Thread(target=lambda: asyncio.run(self._run()), daemon=True).start()
        self._ready.wait(5)

    def ring(self, number: str, *, to_page: bool) -> None:
        assert self._manager is not None
        frame = f"Event: DialBegin\r\nCallerIDNum: {number}\r\nToPage: {int(to_page)}\r\n\r\n"
        self.sent[number] = time.time()
        self._manager.sendall(frame.encode())

    async def _run(self) -> None:
        listener = socket.create_server(("127.0.0.1", 0))
        self._manager = socket.create_connection(listener.getsockname())
        self._manager.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        accepted, _ = listener.accept()
        loop = asyncio.get_running_loop()
        await loop.connect_accepted_socket(lambda: FloorParser(self._pop, lambda: None), accepted)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        await asyncio.Event().wait()

    def _pop(self, event: dict[str, str]) -> None:
        if event["ToPage"] == "1" and self._page is not None:
            text = event["CallerIDNum"].encode()
            self._page.write(struct.pack("!BB", 0x81, len(text)) + text)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = (await reader.readuntil(b"\r\n\r\n")).split(b"\r\n")
        if not request[0].startswith(b"GET /socket"):
            head = f"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {len(_PAGE)}\r\n\r\n"
            writer.write(head.encode() + _PAGE)
            return
        key = next(line.split(b": ")[1] for line in request if line.lower().startswith(b"sec-websocket-key"))
        accept = base64.b64encode(hashlib.sha1(key + _MAGIC, usedforsecurity=False).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        self._page = writer
