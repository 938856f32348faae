"""The recorded traces: bytes to events, and what Asterisk's whole state was after each of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from app.queues.rules import MAIN_QUEUE
from telephony.ami.events import FOLLOWED, Event, FullyBooted, known, parse_event
from telephony.ami.frames import FrameParser
from telephony.tracker.inputs import ChannelInfo, Snapshot

DIAL_ID = "3b0f1c52-7a5e-4d0c-9c38-52f0a4c0e001"
DIALLED = "+8613800138000"
AGENTS = ("alice", "bob", "carol")

EPOCH = datetime.fromtimestamp(0, UTC)

_FOLDER = Path(__file__).parent
NAMES = sorted(path.stem for path in _FOLDER.glob("*.ami"))

Headers = dict[str, str]


def bytes_of(name: str) -> bytes:
    return (_FOLDER / f"{name}.ami").read_bytes()


def events_of(pieces: Iterable[bytes]) -> list[Event]:
    """What the tracker is told when the stream arrives in these pieces."""
    parser = FrameParser(FOLLOWED)
    frames = [frame for piece in pieces for frame in parser.feed(piece)]
    events = [parse_event(frame.headers) for frame in frames if not frame.is_answer]
    return [event for event in events if event is not None and not isinstance(event, FullyBooted)]


@dataclass(slots=True)
class Asterisk:
    """Asterisk's state as its own unfiltered stream tells it."""

    at: datetime = EPOCH
    channels: dict[str, ChannelInfo] = field(default_factory=dict)
    began: dict[str, datetime] = field(default_factory=dict)
    members: dict[str, bool] = field(default_factory=dict)
    contacts: dict[str, frozenset[str]] = field(default_factory=dict)
    waiting: dict[str, str] = field(default_factory=dict)

    def take(self, h: Headers) -> None:
        """Follow one frame."""
        self.at = datetime.fromtimestamp(float(h.get("Timestamp", 0)), UTC)
        member, channel = h.get("MemberName", ""), h.get("Uniqueid", "")
        match h.get("Event"):
            case "Newchannel":
                self.began[channel] = self.at
                self.channels[channel] = ChannelInfo(
                    channel=h["Channel"], uniqueid=channel, linkedid=h["Linkedid"], is_up=False, bridge="",
                    caller_number=known(h["CallerIDNum"]), exten=h["Exten"], context=h["Context"], age=timedelta(),
                )  # fmt: skip
            case "Newstate" if h["ChannelStateDesc"] == "Up":
                self.channels[channel] = replace(self.channels[channel], is_up=True)
            case "BridgeEnter":
                self.channels[channel] = replace(self.channels[channel], bridge=h["BridgeUniqueid"])
            case "BridgeLeave":
                self.channels[channel] = replace(self.channels[channel], bridge="")
            case "Hangup":
                del self.channels[channel]
            case "QueueCallerJoin":
                self.waiting[channel] = h["Queue"]
            case "QueueCallerLeave":
                del self.waiting[channel]
            case "QueueMemberAdded" | "QueueMemberPause":
                self.members[member] = h["Paused"] == "1"
            case "ContactStatus":
                left = self.contacts.get(h["AOR"], frozenset()) - {h["URI"]}
                alive = h["ContactStatus"] not in ("Removed", "Unreachable")
                self.contacts[h["AOR"]] = left | ({h["URI"]} if alive else set())

    def snapshot(self) -> Snapshot:
        fixed = {name: frozenset({f"sip:{name}@127.0.0.1"}) for name in AGENTS}
        return Snapshot(
            at=self.at,
            is_restarted=False,
            channels=tuple(
                replace(channel, age=self.at - self.began[uniqueid]) for uniqueid, channel in self.channels.items()
            ),
            members={MAIN_QUEUE: {agent: (is_paused, 0) for agent, is_paused in self.members.items()}},
            contacts=fixed | self.contacts,
            waiting={uniqueid: queue for uniqueid, queue in self.waiting.items() if queue == MAIN_QUEUE},
        )


@dataclass(frozen=True, slots=True)
class Step:
    """One frame of a trace: the events that the tracker is told of it (one or none), and the state after it."""

    events: list[Event]
    after: Snapshot


def steps_of(name: str) -> list[Step]:
    banner, _, rest = bytes_of(name).partition(b"\r\n")
    parser = FrameParser(FOLLOWED)
    parser.feed(banner + b"\r\n")
    asterisk = Asterisk()
    steps = []
    for chunk in rest.split(b"\r\n\r\n"):
        headers = dict(line.partition(": ")[::2] for line in chunk.decode().split("\r\n"))
        if "Timestamp" not in headers:
            continue
        asterisk.take(headers)
        frames = parser.feed(chunk + b"\r\n\r\n")
        events = [event for frame in frames if (event := parse_event(frame.headers)) is not None]
        steps.append(Step(events, asterisk.snapshot()))
    return steps
