"""One bind to an SMSC, without a socket and without a clock: octets and moments in, results out, used once.

The law: at most `window` submits are unanswered; every request of ours has a deadline; every request of the SMSC is
answered once, a delivery only after the caller says that it is safe. When the session is closed, each submit that has
no answer is reported as unanswered, because nobody can know whether the SMSC took it (SMPP has no idempotency key).

A late answer counts as long as the connection lasts: a submit that missed its deadline is reported as unanswered and
remembered, and when the answer comes after all it is reported too. The caller must accept the second report.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

import structlog

from app.messages.rules import IncomingPart, Receipt
from app.smsc_accounts.rules import BindRole
from sms_gateway.smpp import codec
from sms_gateway.smpp.incoming import read_delivery
from sms_gateway.smpp.parser import PDUParser
from sms_gateway.smpp.pdus import PDU, Answer, Command, Delivery, FramingLost, Malformed, Request, Unknown

log = structlog.get_logger()

_BINDS = {
    BindRole.TRANSCEIVER: (Command.BIND_TRANSCEIVER, Command.BIND_TRANSCEIVER_RESP),
    BindRole.TRANSMITTER: (Command.BIND_TRANSMITTER, Command.BIND_TRANSMITTER_RESP),
    BindRole.RECEIVER: (Command.BIND_RECEIVER, Command.BIND_RECEIVER_RESP),
}
_MOST_LATE = 1_000  # submits past their deadline whose answer we would still recognise; one full window
_LAST_SEQUENCE = 0x7FFFFFFF
_INVALID_COMMAND = 0x03
_TEMPORARY_ERROR = 0x64  # ESME_RX_T_APPN: deliver it again later


class SessionState(Enum):
    """Where the bind stands."""

    NEW = "new"  # nothing was sent
    BINDING = "binding"  # the bind was sent and is not answered
    BOUND = "bound"  # the SMSC accepted the bind; submits may leave
    UNBINDING = "unbinding"  # an unbind was sent; answers are still read, no submit leaves
    CLOSED = "closed"  # the connection is to be closed, or has been; nothing more happens


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionTimers:
    """All in seconds."""

    bind_seconds: float = 10.0
    response_seconds: float = 10.0
    enquire_seconds: float = 5.0
    most_missed_enquiries: int = 2
    unbind_seconds: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """One segment to submit. `key` comes back with the answer; `source_addr` may be empty.

    `tlvs` are optional parameters as tag and value; with message_payload among them `short_message` is empty.
    """

    key: int
    source_addr: str
    destination_addr: str
    data_coding: int
    short_message: bytes
    has_header: bool
    validity_period: str = ""
    tlvs: tuple[tuple[int, bytes], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class OctetsToSend:
    """Write these to the connection, in order."""

    octets: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class BindAccepted:
    """Submits may leave from now on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitAnswered:
    """The SMSC answered a submit, after so many seconds: status 0 and its id for the message, or an error."""

    key: int
    status: int
    message_id: str
    seconds: float = field(default=0.0, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitUnanswered:
    """No answer came in time, or none can come any more."""

    key: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitImpossible:
    """It never left: a number or text does not fit its field."""

    key: int
    field: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivered:
    """The SMSC brings a text or a receipt. Keep it, commit, then call `acknowledge` with this value."""

    command: Command
    sequence: int
    content: IncomingPart | Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkProved:
    """The SMSC answered an enquire_link: the link is alive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionClosed:
    """Close the connection. `refused_status` is set when the bind was refused."""

    reason: str
    refused_status: int | None = None


Result = (
    OctetsToSend
    | BindAccepted
    | SubmitAnswered
    | SubmitUnanswered
    | SubmitImpossible
    | Delivered
    | LinkProved
    | SessionClosed
)


class SMPPSession:
    """One bind (SMPP 3.4, section 2.2). `now` is any clock that only grows, in seconds.

    A receiver never has a free slot. What an SMSC brings to a transmitter, where it has no business, is answered too.
    """

    def __init__(
        self,
        *,
        system_id: str,
        password: str,
        window: int,
        timers: SessionTimers,
        role: BindRole = BindRole.TRANSCEIVER,
    ) -> None:
        self.state = SessionState.NEW
        self._role = role
        self._system_id = system_id
        self._password = password
        self._window = window
        self._timers = timers
        self._parser = PDUParser()
        self._sequence = 0
        self._pending: dict[int, tuple[int, float]] = {}  # sequence → key, deadline; in order of both
        self._late: dict[int, int] = {}
        self._enquiries: list[int] = []
        self._deadline = float("inf")  # of the bind or the unbind
        self._enquire_at = float("inf")

    def start(self, now: float) -> list[Result]:
        """The connection stands: bind."""
        octets = codec.encode_bind(
            _BINDS[self._role][0], sequence=self._next_sequence(), system_id=self._system_id, password=self._password
        )
        self.state = SessionState.BINDING
        self._deadline = now + self._timers.bind_seconds
        return [OctetsToSend(octets=octets)]

    @property
    def free_slots(self) -> int:
        """How many submits may leave now."""
        if self.state is not SessionState.BOUND or self._role is BindRole.RECEIVER:
            return 0
        return self._window - len(self._pending)

    @property
    def in_flight(self) -> int:
        """How many submits wait for their answer."""
        return len(self._pending)

    @property
    def wake_at(self) -> float:
        """When `tick` must be called, if nothing happens before."""
        first = next(iter(self._pending.values()), (0, float("inf")))[1]
        return min(first, self._deadline, self._enquire_at)

    def submit(self, request: Submit, now: float) -> list[Result]:
        """Send one segment. Only when there are free slots."""
        if self.free_slots <= 0:
            raise RuntimeError("the window is full, or the session is not bound")
        sequence = self._next_sequence()
        try:
            octets = codec.encode_submit(
                sequence=sequence,
                source_addr=request.source_addr,
                destination_addr=request.destination_addr,
                data_coding=request.data_coding,
                short_message=request.short_message,
                has_header=request.has_header,
                validity_period=request.validity_period,
                tlvs=request.tlvs,
            )
        except codec.CannotEncode as error:
            return [SubmitImpossible(key=request.key, field=str(error))]
        self._pending[sequence] = (request.key, now + self._timers.response_seconds)
        return [OctetsToSend(octets=octets)]

    def receive(self, octets: bytes, now: float) -> list[Result]:
        """Octets came from the SMSC."""
        results: list[Result] = []
        for pdu in self._parser.feed(octets):
            if self.state is SessionState.CLOSED:
                break
            results += self._on_pdu(pdu, now)
        return results

    def acknowledge(self, delivered: Delivered, *, is_kept: bool) -> list[Result]:
        """Tell the SMSC that its delivery is safe with us, or that it must bring it again later."""
        if self.state is SessionState.CLOSED:
            return []
        answer = Command.DELIVER_SM_RESP if delivered.command is Command.DELIVER_SM else Command.DATA_SM_RESP
        return self._answer(answer, delivered.sequence, status=0 if is_kept else _TEMPORARY_ERROR)

    def tick(self, now: float) -> list[Result]:
        """Time has passed."""
        results: list[Result] = []
        if self.state is SessionState.CLOSED:
            return results
        if now >= self._deadline:
            reason = "bind not answered" if self.state is SessionState.BINDING else "unbound"
            return self.close(reason)
        for sequence, (key, deadline) in list(self._pending.items()):
            if deadline > now:
                break
            del self._pending[sequence]
            self._remember_late(sequence, key)
            results.append(SubmitUnanswered(key=key))
        if now >= self._enquire_at:
            results += self._enquire(now)
        return results

    def unbind(self, now: float) -> list[Result]:
        """Begin to leave: no new submits; what is under way may still be answered."""
        if self.state is not SessionState.BOUND:
            return self.close("stopped")
        self.state = SessionState.UNBINDING
        self._deadline = now + self._timers.unbind_seconds
        return [OctetsToSend(octets=codec.encode_request(Command.UNBIND, sequence=self._next_sequence()))]

    def close(self, reason: str, refused_status: int | None = None) -> list[Result]:
        """End now; also for a connection that broke. Closing twice is harmless."""
        if self.state is SessionState.CLOSED:
            return []
        self.state = SessionState.CLOSED
        unanswered: list[Result] = [SubmitUnanswered(key=key) for key, _ in self._pending.values()]
        self._pending.clear()
        self._deadline = self._enquire_at = float("inf")
        return [*unanswered, SessionClosed(reason=reason, refused_status=refused_status)]

    def _on_pdu(self, pdu: PDU, now: float) -> list[Result]:
        match pdu:
            case Answer():
                return self._on_answer(pdu, now)
            case Request():
                return self._on_request(pdu)
            case Delivery():
                return self._on_delivery(pdu)
            case Unknown() | Malformed():
                return self._on_unreadable(pdu)
            case FramingLost():
                log.warning("smpp.framing_lost", length=pdu.length)
                return self.close("framing lost")

    def _on_answer(self, answer: Answer, now: float) -> list[Result]:
        if answer.command is _BINDS[self._role][1] and self.state is SessionState.BINDING:
            return self._on_bind_answer(answer, now)
        if answer.command is Command.UNBIND_RESP:
            return self.close("unbound")
        if answer.command is Command.ENQUIRE_LINK_RESP:
            self._enquiries.clear()
            return [LinkProved()]
        if self.state is SessionState.BINDING:  # a generic_nack to the bind
            return self.close("refused", answer.status)
        if answer.sequence in self._enquiries:  # an SMSC that does not know enquire_link is alive all the same
            self._enquiries.clear()
            return [LinkProved()]
        _, deadline = self._pending.get(answer.sequence, (0, now + self._timers.response_seconds))
        key = self._take_pending(answer.sequence)
        if key is None:
            log.info("smpp.unexpected_answer", command=answer.command.name, status=answer.status)
            return []
        status = answer.status
        if answer.command is Command.GENERIC_NACK and status == 0:
            status = 0xFF
        seconds = now - deadline + self._timers.response_seconds
        return [SubmitAnswered(key=key, status=status, message_id=answer.message_id, seconds=seconds)]

    def _on_bind_answer(self, answer: Answer, now: float) -> list[Result]:
        if answer.status != 0:
            return self.close("refused", answer.status)
        self.state = SessionState.BOUND
        self._deadline = float("inf")
        self._enquire_at = now + self._timers.enquire_seconds
        return [BindAccepted()]

    def _on_request(self, request: Request) -> list[Result]:
        if request.command is Command.ENQUIRE_LINK:
            return self._answer(Command.ENQUIRE_LINK_RESP, request.sequence)
        if request.command is Command.UNBIND:
            return [*self._answer(Command.UNBIND_RESP, request.sequence), *self.close("unbound by the SMSC")]
        return []  # alert_notification has no answer and nothing for us

    def _on_delivery(self, delivery: Delivery) -> list[Result]:
        content = read_delivery(delivery)
        if content is not None:
            return [Delivered(command=delivery.command, sequence=delivery.sequence, content=content)]
        log.info("smpp.delivery_ignored", esm_class=delivery.esm_class)
        answer = Command.DELIVER_SM_RESP if delivery.command is Command.DELIVER_SM else Command.DATA_SM_RESP
        return self._answer(answer, delivery.sequence)

    def _on_unreadable(self, pdu: Unknown | Malformed) -> list[Result]:
        reason = pdu.reason if isinstance(pdu, Malformed) else "unknown command"
        log.warning("smpp.unreadable_pdu", command_id=pdu.command_id, reason=reason)
        if pdu.command_id & 0x80000000:
            key = self._take_pending(pdu.sequence)
            return [] if key is None else [SubmitUnanswered(key=key)]
        return self._answer(Command.GENERIC_NACK, pdu.sequence, status=_INVALID_COMMAND)

    def _enquire(self, now: float) -> list[Result]:
        if len(self._enquiries) >= self._timers.most_missed_enquiries:
            return self.close("the SMSC does not answer")
        sequence = self._next_sequence()
        self._enquiries.append(sequence)
        self._enquire_at = now + self._timers.enquire_seconds
        return [OctetsToSend(octets=codec.encode_request(Command.ENQUIRE_LINK, sequence=sequence))]

    def _answer(self, command: Command, sequence: int, status: int = 0) -> list[Result]:
        return [OctetsToSend(octets=codec.encode_answer(command, sequence=sequence, status=status))]

    def _take_pending(self, sequence: int) -> int | None:
        if sequence in self._pending:
            return self._pending.pop(sequence)[0]
        return self._late.pop(sequence, None)

    def _remember_late(self, sequence: int, key: int) -> None:
        self._late[sequence] = key
        if len(self._late) > _MOST_LATE:
            del self._late[next(iter(self._late))]

    def _next_sequence(self) -> int:
        self._sequence = self._sequence % _LAST_SEQUENCE + 1
        return self._sequence
