"""What the tracker is told besides Asterisk's events, and what it orders to be done. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from app.agents.rules import AgentChanged
from app.call_flows.rules import Urgency
from app.calls.rules import CallChanged, CallerConfirmed, CallOutcome, CommandKind, PatientTold
from app.floor.rules import SupervisionChanged, SupervisionMode
from app.kept_places.rules import Place
from app.queues.rules import MAIN_QUEUE
from telephony.ami import events as ami

# CEL is written within milliseconds. A call that has no channel and of which nothing more was written for this long
# was killed with its Asterisk.
CEL_DELAY = timedelta(seconds=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskProved:
    """A page answered the server's question: its socket and its event loop live, and so it says does its phone."""

    at: datetime
    agent: str
    page: str
    is_registered: bool
    has_microphone: bool
    in_call: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskGone:
    """A page's socket closed."""

    at: datetime
    agent: str
    page: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProofsSuspended:
    """The bus that carries the proofs is down (or up again): missing proofs say nothing about the desks."""

    at: datetime
    is_suspended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandIssued:
    """A command that this process has claimed. `args` are those of docs/desk-protocol.md."""

    at: datetime
    id: str
    kind: CommandKind
    agent: str
    issued_by: str
    args: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectFailed:
    """Asterisk refused (`is_certain`: it was not done), or the link broke before it answered: nobody knows."""

    at: datetime
    effect: Effect
    reason: str
    is_certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerAnswered:
    """Asterisk's answer to ConfirmCaller: the number it holds, nothing when there is no such channel."""

    at: datetime
    linkedid: str
    number: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentAdded:
    """An account with a desk was made."""

    at: datetime
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuesPlanned:
    """The queues that Asterisk has, each with its own wrap-up where it has one; and who serves which, with penalties.

    Agents who are not named serve the main queue. A patient is parked, and a recording paused, for so long at most.
    """

    at: datetime
    wrap_ups: dict[str, timedelta | None]
    members: dict[str, dict[str, int]]
    longest_parking: timedelta = timedelta(minutes=5)
    longest_pause: timedelta = timedelta(minutes=2)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacesKept:
    """Callers who rang off and may be called back now, as soon as somebody is free."""

    at: datetime
    places: tuple[Place, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelInfo:
    channel: str
    uniqueid: str
    linkedid: str
    caller_number: str
    exten: str
    context: str
    is_up: bool
    bridge: str
    age: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class CallHistory:
    """One call as Asterisk's CEL tells it, last at `told_at`. `is_complete`: its last channel is gone."""

    linkedid: str
    direction: str
    number: str
    dialled: str
    started_at: datetime
    told_at: datetime
    queue: str | None = None
    queued_at: datetime | None = None
    agent: str | None = None
    agent_uniqueid: str = ""
    """Of the agent's channel in the talk; empty until there is one."""
    answered_at: datetime | None = None
    ended_at: datetime | None = None
    ended_by: str | None = None
    outcome: CallOutcome | None = None
    is_complete: bool = False
    is_automatic: bool = False
    """We called the patient without an agent."""
    told: tuple[PatientTold, ...] = ()
    notice_at: datetime | None = None
    closed_at: datetime | None = None
    voicemail_at: datetime | None = None
    callback_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Asterisk's whole state, as it was at `at` or later. `members`: (is paused, penalty) by queue and agent."""

    at: datetime
    is_restarted: bool
    channels: tuple[ChannelInfo, ...]
    members: dict[str, dict[str, tuple[bool, int]]]
    contacts: dict[str, frozenset[str]]
    waiting: dict[str, str] = field(default_factory=dict)
    """Queue name by uniqueid of the waiting channel."""
    histories: dict[str, CallHistory] = field(default_factory=dict)
    last_seen_at: datetime | None = None
    """When Asterisk last answered before the link that this was read over; of a restart it is all that is known."""

    def is_present(self, linkedid: str) -> bool:
        """Whether Asterisk has a channel of this call."""
        return any(channel.linkedid == linkedid for channel in self.channels)

    def is_over(self, linkedid: str) -> bool:
        """Whether this call has ended, by its own history or because its Asterisk was killed under it."""
        if self.is_present(linkedid):
            return False
        history = self.histories[linkedid]
        return history.is_complete or self.is_restarted or self.at - history.told_at > CEL_DELAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """Something to be done in Asterisk. `command_id`: whose outcome this is, if it came from a command."""

    command_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfirmCaller(Effect):
    """Ask Asterisk what number the channel has: events alone can be forged by a caller."""

    channel: str
    linkedid: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceCaller(Effect):
    """A caller is about to enter the queue and waits, for half a second, to be told the place.

    It is an urgent caller, or one who has waited in it since `queued_at`.
    """

    channel: str
    linkedid: str
    queue: str
    urgency: Urgency
    queued_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FindAgent(Effect):
    """A known caller is about to enter the queue and waits, for half a second, to be told who is rung first."""

    channel: str
    linkedid: str
    queue: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Originate(Effect):
    """Ring the agent's phone, then dial `digits` from it. `uniqueid` makes a second one fail while the call lives."""

    uniqueid: str
    agent: str
    digits: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CallPatient(Effect):
    """Dial `digits` without an agent; the dialplan speaks and asks, as `variables` say. `caller` is shown to them."""

    uniqueid: str
    digits: str
    caller: str
    variables: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class HangUpChannel(Effect):
    channel: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RejoinPatient(Effect):
    """Take the patient to the comfort tone, until the agent's phone is back."""

    channel: str
    agent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferCall(Effect):
    """Lead the patient, whose `channel` it is, to an agent, to a queue or to a number outside.

    `answers_itself`: the target ordered it, and is not asked again.
    """

    channel: str
    target: str
    answers_itself: bool = False
    is_outside: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """Where in the dialplan a channel goes on."""

    context: str
    exten: str = "s"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveChannels(Effect):
    """Lead a channel, and perhaps a second one in the same moment, to another place. Nobody is hung up by it."""

    channel: str
    to: Extension
    other_channel: str = ""
    other_to: Extension | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MuteRecording(Effect):
    """The recording of this channel holds silence from now on, or sound again."""

    channel: str
    is_muted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CallColleague(Effect):
    """Ring the agent's own phone, which answers by itself, and then the colleague's."""

    uniqueid: str
    agent: str
    colleague: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Supervise(Effect):
    """Ring the supervisor's phone, which answers by itself, and let it into the call of the channel `spied`."""

    uniqueid: str
    supervisor: str
    spied: str
    mode: SupervisionMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeSupervision(Effect):
    """The supervisor who is on `channel` is heard by others from now on. `before` holds when this is refused."""

    channel: str
    supervisor: str
    mode: SupervisionMode
    before: SupervisionMode


@dataclass(frozen=True, slots=True, kw_only=True)
class SetSpied(Effect):
    """The agent of whom the supervisor on `channel` hears is on another channel now; a ChangeSupervision follows."""

    channel: str
    spied: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetMember(Effect):
    """Make the agent a member of the queue, paused or not, or none of it. `is_new`: was none before."""

    agent: str
    is_new: bool
    is_present: bool
    is_paused: bool
    queue: str = MAIN_QUEUE
    penalty: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPenalty(Effect):
    """Ring this member of the queue only when nobody with a lower penalty is free."""

    agent: str
    queue: str
    penalty: int


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandDone:
    """The command needs nothing from Asterisk (`error` is None), or was refused."""

    id: str
    error: str | None = None


Input = (
    ami.Event
    | DeskProved
    | DeskGone
    | ProofsSuspended
    | CommandIssued
    | EffectFailed
    | CallerAnswered
    | AgentAdded
    | QueuesPlanned
    | PlacesKept
    | Snapshot
)
Fact = CallChanged | CallerConfirmed | AgentChanged | PatientTold | SupervisionChanged
Output = Fact | Effect | CommandDone
