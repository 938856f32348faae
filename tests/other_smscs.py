"""SMPP peers that nobody here wrote: the server of the PyPI package smpp34, and Kannel's drive_smpp from Debian."""

from __future__ import annotations

import asyncio
import socket
import struct
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import smpp34

from tests.ports import free_port
from tests.waiting import wait_for

DRIVE_SMPP = Path("/usr/lib/kannel/test/drive_smpp")


@dataclass(kw_only=True)
class RustSMSC:
    """smpp34's server in a thread of its own. Each submit is answered with the next of `statuses`, then accepted."""

    statuses: list[int] = field(default_factory=list)
    receipts_come_first: bool = False
    receipt_id: Callable[[int], str] = str
    response_id: Callable[[int], str] = str
    port: int = field(default_factory=free_port)
    submitted: list[Any] = field(default_factory=list)  # SubmitSmEvent of smpp34
    binds: dict[str, Any] = field(default_factory=dict)  # Esme of smpp34, by its session
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)

    def bring(self, **fields: Any) -> None:
        """Deliver something on the bind that came last and may receive."""
        asyncio.run_coroutine_threadsafe(self._bring(fields), self.loop).result(10)

    async def _bring(self, fields: dict[str, Any]) -> None:
        await self._receiver().deliver_sm(**fields)

    async def serve(self) -> None:
        server = smpp34.Server(host="127.0.0.1", port=self.port, system_id="rust")
        await server.start()
        try:
            while True:
                await self._take(await server.next())
        finally:
            await server.stop()

    async def _take(self, event: Any) -> None:
        match event:
            case smpp34.Esme():
                self.binds[event.session_id] = event
            case smpp34.Unbound():
                self.binds.pop(event.session_id, None)
            case smpp34.SubmitSmEvent():
                await self._answer(event)

    async def _answer(self, event: Any) -> None:
        status = self.statuses.pop(0) if self.statuses else 0
        if status:
            event.reject(status)
            return
        self.submitted.append(event)
        number = 0xA0000 + len(self.submitted)
        if self.receipts_come_first:
            await self._report(event, number)
            event.accept(message_id=self.response_id(number))
        else:
            event.accept(message_id=self.response_id(number))
            await self._report(event, number)

    async def _report(self, event: Any, number: int) -> None:
        text = f"id:{self.receipt_id(number)} sub:001 dlvrd:001 stat:DELIVRD err:000 text:"
        await self._receiver().deliver_sm(
            source_addr=event.destination_addr,
            destination_addr=event.source_addr,
            esm_class=4,
            short_message=text.encode(),
        )

    def _receiver(self) -> Any:
        return [bind for bind in self.binds.values() if bind.can_receive][-1]


@contextmanager
def running_rust_smsc(**how: Any) -> Iterator[RustSMSC]:
    """smpp34's server on a free port."""
    smsc = RustSMSC(**how)
    task = smsc.loop.create_task(smsc.serve())
    thread = threading.Thread(target=lambda: _run(smsc.loop, task), daemon=True)
    thread.start()
    try:
        wait_for(lambda: _listens(smsc.port), what="smpp34's server")
        yield smsc
    finally:
        smsc.loop.call_soon_threadsafe(task.cancel)
        thread.join(10)
        smsc.loop.close()


@contextmanager
def running_kannel_smsc(texts: int) -> Iterator[int]:
    """drive_smpp, which brings so many texts to a receiver and takes what a transmitter submits; its port."""
    port = free_port()
    command = [str(DRIVE_SMPP), "-v", "4", "-p", str(port), "-m", str(texts)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(lambda: _is_taken(port), what="drive_smpp")
        yield port
    finally:
        process.kill()
        process.wait()


def _run(loop: asyncio.AbstractEventLoop, task: asyncio.Task[None]) -> None:
    asyncio.set_event_loop(loop)
    with suppress(asyncio.CancelledError):
        loop.run_until_complete(task)


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _is_taken(port: int) -> bool:
    # drive_smpp counts connections, so it is not asked by making one.
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def payload(text: str) -> Any:
    """The optional parameter message_payload with a text in UCS2."""
    return smpp34.Tlv(smpp34.TLV_MESSAGE_PAYLOAD, text.encode("utf-16-be"))


def sar(reference: int, total: int, position: int) -> list[Any]:
    """The three optional parameters of a part of a long text."""
    return [
        smpp34.Tlv(smpp34.TLV_SAR_MSG_REF_NUM, struct.pack(">H", reference)),
        smpp34.Tlv(smpp34.TLV_SAR_TOTAL_SEGMENTS, bytes([total])),
        smpp34.Tlv(smpp34.TLV_SAR_SEGMENT_SEQNUM, bytes([position])),
    ]
