"""What every channel's adapter does, and the few errors it may raise. A new channel is one more adapter."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from app.channels.rules.contacts import Incoming, Outgoing
from app.channels.rules.states import Channel


class AdapterKind(StrEnum):
    """Whether a channel leads out of the house."""

    CONNECTED = "connected"
    LOOPBACK = "loopback"  # a stand-in for demonstrations: what is sent stays here
    OFF = "off"  # nothing is set up: it cannot be chosen


class Adapter(Protocol):
    """One outside world. Its calls block; the one thread that sends owns it."""

    @property
    def channel(self) -> Channel: ...

    def send(self, outgoing: Outgoing) -> str:
        """Hand the contact over and return the id under which it was accepted.

        Raises Permanent, Temporary or Uncertain, and nothing else.
        """

    def receive(self, raw: bytes) -> Incoming:
        """Parse what the outside world brought, whatever it is. Raises Unreadable."""


class Temporary(Exception):
    """It was certainly not accepted; later it may be. The text is a short code, never a number or an address."""


class Permanent(Exception):
    """It was refused for good. The text is a short code."""


class Uncertain(Exception):
    """It may have been accepted: the answer was not read. It must not be sent again by itself."""


class Unreadable(Exception):
    """Nothing can be made of what came."""
