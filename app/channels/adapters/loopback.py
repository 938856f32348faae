"""A stand-in for a channel that no hospital has connected: what is sent stays here, what comes in is a JSON document.

It keeps the same contract as a real adapter, so that a real one is a matter of one class. Only a demonstration uses it.
"""

from __future__ import annotations

import json
from collections import deque

from app.channels.rules import Channel, Incoming, Outgoing, Permanent, Unreadable, dedup_key
from app.channels.rules.mail import read_mail
from app.messages.rules import clean_foreign_text
from app.patients.rules import clean_text

# What a test or a demonstration looks at afterwards; older ones are forgotten.
_KEPT = 100
_REFUSES = "refused"
_LONGEST = 200


class LoopbackAdapter:
    """Accepts everything but what goes to the address "refused"; `sent` can be asked afterwards."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.sent: deque[Outgoing] = deque(maxlen=_KEPT)

    @property
    def channel(self) -> Channel:
        return self._channel

    def send(self, outgoing: Outgoing) -> str:
        if outgoing.address.partition("@")[0] == _REFUSES:
            raise Permanent(_REFUSES)
        self.sent.append(outgoing)
        return f"loopback-{outgoing.id}"

    def receive(self, raw: bytes) -> Incoming:
        """`{"id", "address", "text", "name"?, "subject"?}`: the id tells a repeated contact from a new one."""
        try:
            given = json.loads(raw)
        except (ValueError, RecursionError):
            raise Unreadable("no JSON document") from None
        if not isinstance(given, dict):
            raise Unreadable("no JSON object")
        words = {name: _word(given, name) for name in ("id", "address", "text", "name", "subject")}
        if not words["id"] or not words["address"] or not words["text"]:
            raise Unreadable("id, address and text are needed")
        return Incoming(
            channel=self._channel,
            key=dedup_key(self._channel, words["id"]),
            address=clean_text(words["address"])[:_LONGEST],
            name=clean_text(words["name"])[:120],
            subject=clean_text(words["subject"])[:_LONGEST],
            text=clean_foreign_text(words["text"]).strip(),
            reference=clean_text(words["id"])[:_LONGEST],
        )


class LoopbackEmail(LoopbackAdapter):
    """The same for mail, which is read as mail."""

    def __init__(self) -> None:
        super().__init__(Channel.EMAIL)

    def receive(self, raw: bytes) -> Incoming:
        return read_mail(raw, envelope_sender=None)


def _word(given: dict[str, object], name: str) -> str:
    value = given.get(name, "")
    if not isinstance(value, str):
        raise Unreadable(f"{name} is no text")
    return value
