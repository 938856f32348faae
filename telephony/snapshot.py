"""Read Asterisk's whole state over the link, as the tracker wants it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import structlog

from telephony.ami.connection import ActionRefused, Headers
from telephony.ami.events import known
from telephony.tracker.inputs import ChannelInfo

log = structlog.get_logger()

Collect = Callable[[Headers], Awaitable[list[Headers]]]


async def read_channels(collect: Collect) -> tuple[ChannelInfo, ...]:
    """Every channel that Asterisk has now."""
    channels = []
    for item in await collect({"Action": "CoreShowChannels"}):
        try:
            channels.append(_channel(item))
        except (KeyError, ValueError):
            # A caller's line break cut the item; the dialplan cleans the number at once, so the next reading has it.
            log.warning("ami.damaged_channel", uniqueid=item.get("Uniqueid", "")[:40])
    return tuple(channels)


async def read_queues(collect: Collect) -> tuple[dict[str, dict[str, tuple[bool, int]]], dict[str, str]]:
    """Members (queue → agent → is paused, penalty) and waiting channels (uniqueid → queue) of every queue.

    The queue that rings without us has members of its own, whom nobody makes and nobody pauses.
    """
    members: dict[str, dict[str, tuple[bool, int]]] = {}
    waiting = {}
    for item in await collect({"Action": "QueueStatus"}):
        match item.get("Event"):
            case "QueueParams":
                members.setdefault(item["Queue"], {})
            case "QueueMember" if item.get("Membership") != "static":
                agent = item["Location"].removeprefix("PJSIP/")
                members.setdefault(item["Queue"], {})[agent] = (item.get("Paused") == "1", int(item["Penalty"]))
            case "QueueEntry":
                waiting[item["Uniqueid"]] = item["Queue"]
    return members, waiting


async def read_entries(collect: Collect, queue: str) -> list[tuple[str, float]]:
    """Who waits in this queue, the head first: the channel's uniqueid and for how many seconds."""
    items = await collect({"Action": "QueueStatus", "Queue": queue})
    entries = [item for item in items if item.get("Event") == "QueueEntry"]
    return [(item["Uniqueid"], float(item["Wait"])) for item in sorted(entries, key=lambda item: int(item["Position"]))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """A caller in a queue of Asterisk's; the head has position 1."""

    channel: str
    uniqueid: str
    queue: str
    position: int
    waited_seconds: float


async def read_waiting(collect: Collect) -> list[Waits]:
    """Everybody who waits in any queue."""
    return [
        Waits(
            channel=item["Channel"],
            uniqueid=item["Uniqueid"],
            queue=item["Queue"],
            position=int(item["Position"]),
            waited_seconds=float(item["Wait"]),
        )
        for item in await collect({"Action": "QueueStatus"})
        if item.get("Event") == "QueueEntry"
    ]


async def read_contacts(collect: Collect) -> dict[str, frozenset[str]]:
    """The contacts of every agent's phone, registered or fixed, but for those that answer no OPTIONS."""
    try:
        listed = await collect({"Action": "PJSIPShowContacts"})
    except ActionRefused:
        listed = []  # Asterisk refuses to list none.
    dead = {item["Uri"] for item in listed if item.get("Status") == "Unreachable"}
    contacts = {}
    for item in await collect({"Action": "PJSIPShowAors"}):
        prefix = f"{item['ObjectName']}/"
        uris = {entry.strip().removeprefix(prefix) for entry in item["Contacts"].split(",") if entry.strip()}
        contacts[item["ObjectName"]] = frozenset(uris - dead)
    return contacts


async def started_at(send: Callable[[Headers], Awaitable[Headers]]) -> str:
    """When this Asterisk was started, in its own words: another value means that it was restarted."""
    answer = await send({"Action": "CoreStatus"})
    return f"{answer.get('CoreStartupDate', '')} {answer.get('CoreStartupTime', '')}"


def _channel(item: Headers) -> ChannelInfo:
    hours, minutes, seconds = (int(part) for part in item["Duration"].split(":"))
    return ChannelInfo(
        channel=item["Channel"],
        uniqueid=item["Uniqueid"],
        linkedid=item["Linkedid"],
        caller_number=known(item["CallerIDNum"]),
        exten=item["Exten"],
        context=item["Context"],
        is_up=item["ChannelState"] == "6",
        bridge=item["BridgeId"],
        age=timedelta(hours=hours, minutes=minutes, seconds=seconds),
    )
