"""Which adapter serves which channel in this process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

from app.channels.adapters.email import EmailAdapter
from app.channels.adapters.loopback import LoopbackAdapter, LoopbackEmail
from app.channels.rules import Adapter, AdapterKind, Channel
from app.channels.service import connections
from app.settings import Settings


def open_adapters(settings: Settings, now: Callable[[], datetime]) -> Mapping[Channel, Adapter]:
    """The adapters of the channels on which something can be sent. Nothing is connected yet."""
    found: dict[Channel, Adapter] = {}
    for connection in connections(settings):
        if connection.sends is AdapterKind.OFF:
            continue
        if connection.channel is not Channel.EMAIL:
            found[connection.channel] = LoopbackAdapter(connection.channel)
        elif settings.smtp is not None:
            found[Channel.EMAIL] = EmailAdapter(settings.smtp, sender_name=settings.signature, now=now)
        else:
            found[Channel.EMAIL] = LoopbackEmail()
    return found
