"""A contact as it comes in from outside and as it goes out, before any row is made of it."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from enum import StrEnum

from app.channels.rules.states import Channel

_LONGEST_EMAIL = 200
# What SMTP carries without an extension (RFC 5321, 4.1.2, atoms only): quoted local parts are refused, nobody has one.
_EMAIL = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+")
_LONGEST_ATTACHMENT_NAME = 120


class Writer(StrEnum):
    """Who wrote an incoming contact. Only a person is answered."""

    PERSON = "person"
    AUTO_REPLY = "auto_reply"
    DELAY = "delay"  # a mail server still tries to deliver one of ours
    BOUNCE = "bounce"  # a mail server has given one of ours up


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """What hung on a contact. Its content is not kept."""

    name: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """One contact from outside, parsed and bounded. `key` is the same when the same contact comes again.

    `address` is the other side on this channel, `number` a telephone number (E.164) that the person left besides.
    `answers` are the references of contacts of ours that this one refers to, most likely first.
    """

    channel: Channel
    key: str
    address: str
    name: str = ""
    number: str | None = None
    subject: str = ""
    text: str = ""
    reference: str = ""
    attachments: tuple[Attachment, ...] = ()
    writer: Writer = Writer.PERSON
    answers: tuple[str, ...] = ()
    status: str = ""  # of a bounce: the code of RFC 3463, "5.1.1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """One contact on its way out. `reference` is ours and names it for ever; `answers` is the other side's."""

    id: int
    channel: Channel
    address: str
    subject: str
    text: str
    reference: str
    answers: str = ""


def clean_email(text: str) -> str | None:
    """The address in the form that addresses are compared in; nothing when no mail can go there."""
    folded = unicodedata.normalize("NFKC", text).strip().lower()
    return folded if len(folded) <= _LONGEST_EMAIL and _EMAIL.fullmatch(folded) else None


def clean_attachment_name(name: str) -> str:
    """A file name that can be shown: without folders, control and direction characters, and bounded."""
    plain = "".join(char for char in name if unicodedata.category(char) not in ("Cc", "Cf", "Cs"))
    return plain.replace("\\", "/").rpartition("/")[2].strip()[:_LONGEST_ATTACHMENT_NAME]


def dedup_key(channel: Channel, *parts: str) -> str:
    """A key of bounded length for a contact that these parts tell from all others."""
    digest = hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
    return f"{channel}:{digest}"


def web_reference(interaction_id: int) -> str:
    """The number under which a person asks about a message from the contact page: `W000123`."""
    return f"W{interaction_id:06}"


def web_reference_id(text: str) -> int | None:
    """The id in such a number, however it is written; nothing when it is none."""
    found = re.fullmatch(r"[Ww]\s*([0-9]{6,9})", unicodedata.normalize("NFKC", text).strip())
    return int(found[1]) if found else None
