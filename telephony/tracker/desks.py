"""One agent's desk: state, proofs, phone registration. Told by the tracker, answers with the new record.

The law. A desk is proved while (a) its page answered within the last PROOF_LIFETIME and says that it is registered and
hears its microphone, and (b) Asterisk holds a reachable contact for it. An agent is Ready only at a proved desk; one
that stops proving itself is Not ready when PROOF_LIFETIME is over, and Asterisk stops offering it calls at once, for a
contact that is gone or does not answer is no device to ring.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from app.agents.rules import OCCUPIED, AgentRecord, AgentState, NotReadyReason
from app.queues.rules import MAIN_QUEUE
from app.texts import N_

PROOF_LIFETIME = timedelta(seconds=5)
# After a restart of ours the pages need a moment to find the new process; nobody is judged before.
START_GRACE = timedelta(seconds=10)
# A page whose phone link broke and which does not answer within this is taken for reloaded or dead.
LOSS_PATIENCE = timedelta(milliseconds=600)

Membership = tuple[bool, bool, int]
"""(is present, is paused, penalty) of an agent in one of Asterisk's queues."""
_ABSENT: Membership = (False, False, 0)

IN_CALL = frozenset({AgentState.RINGING, AgentState.TALKING})


@dataclass(slots=True)
class Desk:
    """Mutable, owned by the tracker. `record` is what is stored and shown."""

    record: AgentRecord
    judged_from: datetime
    told: AgentRecord | None = None  # the record that the facts last told
    is_unheard: bool = False  # the bus is away: no proof can arrive, and nobody is judged for that
    page: str = ""
    proved_at: datetime | None = None
    is_registered: bool = False
    has_microphone: bool = False
    gone_at: datetime | None = None
    contacts: set[str] = field(default_factory=set)
    is_reachable: bool = True
    lost_at: datetime | None = None  # when the phone link of a talking agent broke
    unproved_since: datetime | None = None
    queues: Mapping[str, int] = field(default_factory=lambda: {MAIN_QUEUE: 0})  # which the agent serves, with penalties
    members: dict[str, Membership | None] = field(default_factory=dict)  # as last ordered or seen; nothing when unknown
    is_held_back: bool = False  # for a caller who keeps a place: rung for nobody else
    is_settled: bool = False  # the members were compared with what is wanted

    def prove(self, *, at: datetime, page: str, is_registered: bool, has_microphone: bool) -> None:
        self.page, self.proved_at, self.gone_at = page, at, None
        self.judged_from = min(self.judged_from, at)  # It has found us: no grace is needed any more.
        self.is_registered, self.has_microphone = is_registered, has_microphone

    def leave(self, *, at: datetime, page: str) -> None:
        # An older page of the same agent that closes says nothing about the one that proved itself last.
        if page == self.page:
            self.gone_at = at

    def has_phone(self) -> bool:
        return bool(self.contacts) and self.is_reachable

    def is_page_alive(self, at: datetime) -> bool:
        if self.is_unheard or at < self.judged_from:
            return True
        return self.proved_at is not None and at - self.proved_at < PROOF_LIFETIME

    def is_proved(self, at: datetime) -> bool:
        if at < self.judged_from and self.proved_at is None:
            return True
        return self.is_page_alive(at) and self.is_registered and self.has_microphone and self.has_phone()

    def why_not_proved(self, at: datetime) -> str:
        """A sentence for the agent, for the first thing that is missing."""
        if not self.is_page_alive(at):
            return N_("The desk has not answered for 5 seconds. Reload the page.")
        if not self.has_microphone:
            return N_("The browser has no microphone. Allow it in the address bar and press Ready again.")
        if not self.is_registered or not self.contacts:
            return N_("The phone is not registered yet. Wait a moment and press Ready again.")
        return N_("The phone does not answer. Reload the page.")

    def wanted_members(self) -> dict[str, Membership]:
        """What the agent should be in each queue that they serve, or are still a member of."""
        wanted = dict.fromkeys(self.members, _ABSENT)
        state = self.record.state
        if state is not AgentState.OFFLINE:
            is_paused = state not in (AgentState.READY, AgentState.RINGING)
            is_paused = is_paused or (self.is_held_back and state is AgentState.READY)
            wanted |= {queue: (True, is_paused, penalty) for queue, penalty in self.queues.items()}
        return wanted

    def see_member(self, queue: str, member: Membership | None) -> None:
        """What Asterisk says of the agent in this queue; nothing when nobody knows."""
        self.members[queue] = member
        self.is_settled = False

    def hold_back(self, *, is_held_back: bool) -> None:
        self.is_held_back = is_held_back
        self.is_settled = False

    def serve(self, queues: Mapping[str, int]) -> None:
        """The agent serves these from now on."""
        self.queues = queues
        self.is_settled = False

    def become(self, state: AgentState, at: datetime, **changes: object) -> None:
        """Move to `state`. Reason, call and wrap-up end are forgotten unless given.

        What the agent was, and chose to be next, outlives the states that end by themselves.
        """
        values: dict[str, object] = {"reason": None, "call_id": None, "wrap_up_until": None} | changes
        if state not in OCCUPIED:
            values |= {"rest_reason": values["reason"], "next_status": None}
        since = self.record.since if state is self.record.state and not changes else at
        self.record = replace(self.record, state=state, since=since, **values)  # type: ignore[arg-type]

    def plan(self, status: str | None) -> None:
        """What follows the present call, "ready" or a reason; nothing, or what the agent was before: as it was."""
        record = self.record
        before = AgentState.READY if record.wants_ready else record.rest_reason
        self.record = replace(record, next_status=None if status == before else status)

    def rest(self, at: datetime) -> None:
        """After a call or an offer: what was chosen meanwhile, else what the agent was before; Ready if proved."""
        chosen = self.record.next_status
        if chosen is not None:
            is_ready = chosen == AgentState.READY
            reason = None if is_ready else chosen
            self.record = replace(self.record, wants_ready=is_ready, rest_reason=reason, next_status=None)
        if self.record.wants_ready and self.is_proved(at):
            self.become(AgentState.READY, at)
        elif self.record.wants_ready:
            self.lose(at)
        else:
            self.become(AgentState.NOT_READY, at, reason=self.record.rest_reason or NotReadyReason.OTHER)

    def lose(self, at: datetime) -> None:
        """The desk stopped proving itself."""
        self.record = replace(self.record, wants_ready=False)
        self.become(AgentState.NOT_READY, at, reason=NotReadyReason.DESK_LOST)
