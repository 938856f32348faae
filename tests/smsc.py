"""A real SMSC, a gateway that is in a hurry, and a wire that can be cut: for every test of messages."""

from __future__ import annotations

import socket
import struct
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.cli.node import find_node
from app.messages import service
from app.messages.models import GatewayLink, Message
from app.messages.rules import MessageKind, Origin, Priority
from app.parts import Parts
from app.settings import SMPPAddress
from app.smsc_accounts import service as accounts
from app.smsc_accounts.rules import SMSCAccount
from sms_gateway.demo import PASSWORD, SYSTEM_ID, DemoSMSC
from sms_gateway.runner import Gateway
from sms_gateway.smpp.session import SessionTimers
from sms_gateway.timers import GatewayTimers
from tests.waiting import wait_for

HURRY = GatewayTimers(
    session=SessionTimers(bind_seconds=2, response_seconds=2, enquire_seconds=0.3, unbind_seconds=1),
    scan_seconds=0.1,
    sweep_seconds=0.2,
    alarm_seconds=0.3,
    first_reconnect_seconds=0.02,
    longest_reconnect_seconds=0.2,
    receipt_waits=timedelta(seconds=1),
    plan_seconds=0.3,
    figures_seconds=0.2,
    failover_seconds=0.5,
    reassembly=timedelta(seconds=1),
)


@contextmanager
def running_smsc(*, tls: tuple[Path, Path] | None = None, **behaviour: Any) -> Iterator[DemoSMSC]:
    """The demo SMSC on free ports; receipts come at once unless `behaviour` says otherwise."""
    smsc = DemoSMSC(find_node(), tls=tls)
    smsc.start()
    try:
        smsc.control("behave", {"receipt_delay_ms": 20, **behaviour})
        yield smsc
    finally:
        smsc.stop()


@contextmanager
def running_gateway(parts: Parts, address: SMPPAddress | None, timers: GatewayTimers = HURRY) -> Iterator[Gateway]:
    """A gateway on these parts, bound when the block begins. Its bus is this process's own."""
    gateway = Gateway(parts, address, timers=timers)
    parts.bus.start()
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()


def fast(address: SMPPAddress, port: int | None = None, window: int = 10) -> SMPPAddress:
    """The same account without a noticeable limit of pace, perhaps through another port."""
    return replace(address, segments_per_second=5_000.0, window=window, port=port or address.port)


def account_fields(name: str, **fields: Any) -> SMSCAccount:
    """An account without a noticeable limit of pace."""
    given = {
        "host": "127.0.0.1",
        "port": 2775,
        "system_id": SYSTEM_ID,
        "password": PASSWORD,
        "segments_per_second": 5_000.0,
        "source_addr": "1069001",
    }
    return SMSCAccount(name=name, **(given | fields))


def account_at(smsc: DemoSMSC, name: str, **fields: Any) -> SMSCAccount:
    """The same with this SMSC."""
    return account_fields(name, port=smsc.port, **fields)


def keep_account(
    parts: Parts, account: SMSCAccount, *, account_id: int | None = None, is_active: bool = True, classes: str = ""
) -> int:
    """Write the account as an administrator does, new or over the one with this id; its id."""
    form = accounts.AccountForm(
        account=account, password=account.password, error_table_id=None, error_classes=classes, is_active=is_active
    )
    how: dict[str, Any] = {"settings": parts.settings, "by": "adam", "now": parts.now()}
    with parts.database.writing() as session:
        if account_id is None:
            return accounts.add_account(session, parts.bus, form, **how).id
        return accounts.save_account(session, parts.bus, account_id, form, **how).id


def keep_route(parts: Parts, account: str, *, prefix: str = "", kind: str = "", place: int = 10) -> None:
    """Write a route as an administrator does."""
    with parts.database.writing() as session:
        accounts.add_route(session, parts.bus, account=account, prefix=prefix, kind=kind, place=place)


def links_of(parts: Parts) -> dict[str, str]:
    """How each account stands."""
    with parts.database.reading() as session:
        return {row.account: row.state for row in session.scalars(select(GatewayLink))}


def queue_texts(
    parts: Parts, numbers: Iterable[str], text: str = "您好", kind: MessageKind = MessageKind.CARE
) -> list[int]:
    """One message to each number; the ids."""
    with parts.database.writing() as session:
        return [
            service.send_message(
                session,
                parts.bus,
                settings=parts.settings,
                number=number,
                text=text,
                kind=kind,
                created_by="bob",
                now=parts.now(),
            ).id
            for number in numbers
        ]


def queue_mass(parts: Parts, numbers: Sequence[str], text: str = "您好") -> None:
    """One care message to each number, as a mass send queues them, and ready to leave at any hour."""
    for first in range(0, len(numbers), service.MOST_QUEUED):
        outgoing = [
            service.Outgoing(number=number, patient_id=None, text=text, dedup_key=f"mass:{number}")
            for number in numbers[first : first + service.MOST_QUEUED]
        ]
        with parts.database.writing() as session:
            service.queue_many(
                session,
                parts.bus,
                settings=parts.settings,
                outgoing=outgoing,
                kind=MessageKind.CARE,
                origin=Origin.PROGRAM,
                origin_id=None,
                priority=Priority.NORMAL,
                created_by="bob",
                now=parts.now(),
            )


def numbers(count: int) -> list[str]:
    """That many different mobile numbers in E.164."""
    return [f"+86138{index:08d}" for index in range(1, count + 1)]


def messages_of(parts: Parts, direction: str = "out") -> list[Message]:
    """All messages, oldest first."""
    with parts.database.reading() as session:
        return list(session.scalars(select(Message).where(Message.direction == direction).order_by(Message.id)))


def states_of(parts: Parts) -> Counter[str]:
    """How many outgoing messages are in each state; those that nobody can be sure of are "uncertain"."""
    return Counter(
        "uncertain" if message.error_code == service.UNCERTAIN else message.state for message in messages_of(parts)
    )


def wait_for_states(parts: Parts, seconds: float = 15.0, **expected: int) -> None:
    """Until exactly so many messages are in these states, and none in another."""
    wait_for(lambda: states_of(parts) == Counter(expected), seconds=seconds, what=f"states {expected}")


def submits_by_number(smsc: DemoSMSC) -> Counter[str]:
    """How often the SMSC was given each number, in E.164."""
    return Counter("+" + str(entry["to"]) for entry in smsc.control("submitted"))


class CuttableWire:
    """A TCP relay to an SMSC that cuts both ways at a chosen octet of a chosen PDU, once."""

    def __init__(self, port: int) -> None:
        self._target = port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._cut: tuple[int, int] | None = None
        self._is_deaf = False
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def cut(self, command_id: int, at: int) -> None:
        """Of the next PDU with this command, pass `at` octets on, and then cut."""
        self._cut = (command_id, at)

    @property
    def is_cut(self) -> bool:
        """True once the planned cut was made."""
        return self._cut is None

    def fall_silent(self) -> None:
        """Keep connections open and pass nothing on: a half-open link."""
        self._is_deaf = True

    def recover(self) -> None:
        """Pass octets on again, for new connections."""
        self._is_deaf = False

    def close(self) -> None:
        self._listener.close()
        self._close_pairs()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
                server = socket.create_connection(("127.0.0.1", self._target))
            except OSError:
                return
            self._pairs.append((client, server))
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._relay, args=(source, sink), daemon=True).start()

    def _relay(self, source: socket.socket, sink: socket.socket) -> None:
        waiting = b""
        try:
            while octets := source.recv(65_536):
                if self._is_deaf:
                    continue
                waiting += octets
                while len(waiting) >= 16 and len(waiting) >= (length := struct.unpack(">L", waiting[:4])[0]):
                    if self._passes(waiting[:length], sink):
                        self._close_pairs()
                        return
                    waiting = waiting[length:]
        except OSError:
            pass
        source.close()
        sink.close()

    def _passes(self, frame: bytes, sink: socket.socket) -> bool:
        """Pass the frame on, or its beginning; true when that was the planned cut."""
        (command_id,) = struct.unpack(">L", frame[4:8])
        if self._cut is None or self._cut[0] != command_id or self._cut[1] > len(frame):
            sink.sendall(frame)
            return False
        sink.sendall(frame[: self._cut[1]])
        self._cut = None
        return True

    def _close_pairs(self) -> None:
        pairs, self._pairs = self._pairs, []
        for pair in pairs:
            for end in pair:
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
                end.close()
