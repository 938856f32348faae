"""Manager events as frozen values in Asterisk's own words. A missing header is an error here, never a default."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

Headers = dict[str, str]


class MalformedEvent(Exception):
    """An event without a header that Asterisk always sends: truncated by forged text, or not Asterisk at all."""

    def __init__(self, event: str, header: str) -> None:
        super().__init__(f"{event} without {header}")
        self.event = event
        self.header = header


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """`at` is Asterisk's own time of the event (timestampevents=yes)."""

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelEvent(Event):
    channel: str
    uniqueid: str
    linkedid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Newchannel(ChannelEvent):
    caller_number: str
    exten: str
    context: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Hangup(ChannelEvent):
    cause: int


@dataclass(frozen=True, slots=True, kw_only=True)
class HangupRequest(ChannelEvent):
    """The far end of this channel asked for the end, or refused the call. `cause` is in Q.850, where it was told."""

    cause: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SoftHangupRequest(ChannelEvent):
    """Somebody inside Asterisk asked for the end of this channel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(ChannelEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Unhold(ChannelEvent):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCallerJoin(ChannelEvent):
    queue: str
    position: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DialBegin(Event):
    """`uniqueid` is empty when nobody dials but an Originate."""

    uniqueid: str
    dest_channel: str
    dest_uniqueid: str
    dest_linkedid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DialEnd(Event):
    dest_channel: str
    dest_uniqueid: str
    dest_linkedid: str
    dial_status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindTransfer(Event):
    result: str
    transferer_channel: str
    transferer_uniqueid: str
    transferer_linkedid: str
    exten: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactStatus(Event):
    uri: str
    aor: str
    status: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueMemberPause(Event):
    queue: str
    interface: str
    is_paused: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class OriginateResponse(Event):
    """How an Originate went. `uniqueid` is that of the channel, or the one that was asked for."""

    uniqueid: str
    is_success: bool
    reason: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Told(ChannelEvent):
    """What our own dialplan tells of an automatic call, by UserEvent: `what` with the question's place and the keys."""

    what: str
    question: int
    given: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FullyBooted(Event):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Shutdown(Event):
    pass


def parse_event(headers: Headers) -> Event | None:
    """The event that these headers say, or nothing for a name we do not follow. Raises MalformedEvent."""
    name = headers.get("Event", "")
    form = _FORMS.get(name)
    if form is None:
        return None
    try:
        return form[0](headers)
    except KeyError as missing:
        raise MalformedEvent(name, str(missing.args[0])) from None
    except (ValueError, OverflowError):
        raise MalformedEvent(name, "a number") from None


def event_time(headers: Headers) -> datetime:
    """Asterisk's time of an event. Raises KeyError, ValueError."""
    return datetime.fromtimestamp(float(headers["Timestamp"]), UTC)


def _newchannel(h: Headers) -> Event:
    return Newchannel(
        at=event_time(h),
        channel=h["Channel"],
        uniqueid=h["Uniqueid"],
        linkedid=h["Linkedid"],
        caller_number=known(h["CallerIDNum"]),
        exten=h["Exten"],
        context=h["Context"],
    )


def _hangup(h: Headers) -> Event:
    return Hangup(
        at=event_time(h),
        channel=h["Channel"],
        uniqueid=h["Uniqueid"],
        linkedid=h["Linkedid"],
        cause=int(h["Cause"]),
    )


def _hangup_request(h: Headers) -> Event:
    return HangupRequest(
        at=event_time(h),
        channel=h["Channel"],
        uniqueid=h["Uniqueid"],
        linkedid=h["Linkedid"],
        cause=int(h["Cause"]) if "Cause" in h else None,
    )


def _join(h: Headers) -> Event:
    return QueueCallerJoin(
        at=event_time(h),
        channel=h["Channel"],
        uniqueid=h["Uniqueid"],
        linkedid=h["Linkedid"],
        queue=h["Queue"],
        position=int(h["Position"]),
    )


def _dial_begin(h: Headers) -> Event:
    return DialBegin(
        at=event_time(h),
        uniqueid=h.get("Uniqueid", ""),
        dest_channel=h["DestChannel"],
        dest_uniqueid=h["DestUniqueid"],
        dest_linkedid=h["DestLinkedid"],
    )


def _dial_end(h: Headers) -> Event:
    return DialEnd(
        at=event_time(h),
        dest_channel=h["DestChannel"],
        dest_uniqueid=h["DestUniqueid"],
        dest_linkedid=h["DestLinkedid"],
        dial_status=h["DialStatus"],
    )


def _blind_transfer(h: Headers) -> Event:
    return BlindTransfer(
        at=event_time(h),
        result=h["Result"],
        transferer_channel=h["TransfererChannel"],
        transferer_uniqueid=h["TransfererUniqueid"],
        transferer_linkedid=h["TransfererLinkedid"],
        exten=h["Extension"],
    )


def _originate_response(h: Headers) -> Event:
    return OriginateResponse(
        at=event_time(h), uniqueid=h["Uniqueid"], is_success=h["Response"] == "Success", reason=int(h["Reason"])
    )


def _told(h: Headers) -> Event:
    return Told(
        at=event_time(h),
        channel=h["Channel"],
        uniqueid=h["Uniqueid"],
        linkedid=h["Linkedid"],
        what=h["What"],
        question=int(h["Question"]),
        given=h["Given"],
    )


def _fully_booted(h: Headers) -> Event:
    # Told at a login to an Asterisk that has long been up, it carries no time; nobody asks for it either.
    return FullyBooted(at=event_time(h) if "Timestamp" in h else datetime.fromtimestamp(0, UTC))


def _on_channel(kind: type[ChannelEvent]) -> Callable[[Headers], Event]:
    def build(h: Headers) -> Event:
        return kind(at=event_time(h), channel=h["Channel"], uniqueid=h["Uniqueid"], linkedid=h["Linkedid"])

    return build


def _contact_status(h: Headers) -> Event:
    return ContactStatus(at=event_time(h), uri=h["URI"], aor=h["AOR"], status=h["ContactStatus"])


def _member_pause(h: Headers) -> Event:
    return QueueMemberPause(at=event_time(h), queue=h["Queue"], interface=h["Interface"], is_paused=h["Paused"] == "1")


def known(value: str) -> str:
    """Asterisk writes `<unknown>` for what it does not know."""
    return "" if value == "<unknown>" else value


_CHANNEL = ("Timestamp", "Channel", "Uniqueid", "Linkedid")
_FORMS: dict[str, tuple[Callable[[Headers], Event], tuple[str, ...]]] = {
    "Newchannel": (_newchannel, (*_CHANNEL, "CallerIDNum", "Exten", "Context")),
    "Hangup": (_hangup, (*_CHANNEL, "Cause")),
    "HangupRequest": (_hangup_request, (*_CHANNEL, "Cause")),
    "SoftHangupRequest": (_on_channel(SoftHangupRequest), _CHANNEL),
    "Hold": (_on_channel(Hold), _CHANNEL),
    "Unhold": (_on_channel(Unhold), _CHANNEL),
    "QueueCallerJoin": (_join, (*_CHANNEL, "Queue", "Position")),
    "DialBegin": (_dial_begin, ("Timestamp", "Uniqueid", "DestChannel", "DestUniqueid", "DestLinkedid")),
    "DialEnd": (_dial_end, ("Timestamp", "DestChannel", "DestUniqueid", "DestLinkedid", "DialStatus")),
    "BlindTransfer": (
        _blind_transfer,
        ("Timestamp", "Result", "TransfererChannel", "TransfererUniqueid", "TransfererLinkedid", "Extension"),
    ),
    "ContactStatus": (_contact_status, ("Timestamp", "URI", "AOR", "ContactStatus")),
    "QueueMemberPause": (_member_pause, ("Timestamp", "Queue", "Interface", "Paused")),
    "OriginateResponse": (_originate_response, ("Timestamp", "Uniqueid", "Response", "Reason")),
    # Our dialplan is the only one that tells any.
    "UserEvent": (_told, (*_CHANNEL, "What", "Question", "Given")),
    "FullyBooted": (_fully_booted, ("Timestamp",)),
    "Shutdown": (lambda h: Shutdown(at=event_time(h)), ("Timestamp",)),
}

FOLLOWED = {name: headers for name, (_, headers) in _FORMS.items()}
"""The events that are followed, for the manager user's filter; and the headers that are read of each."""
