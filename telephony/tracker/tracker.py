"""Asterisk's events and the desks' proofs in; facts about calls and agents, and orders to Asterisk, out.

No clock, no sockets, no database. Calls are keyed by Linkedid, legs by Uniqueid, never by time or number. Being told
the same thing twice changes nothing the second time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from app.agents.rules import AgentChanged, AgentRecord, AgentState, NotReadyReason
from app.calls.rules import CallRecord, LegRecord
from app.floor.rules import SupervisionRecord
from app.queues.rules import MAIN_QUEUE
from telephony.ami import events as ami
from telephony.tracker import inputs
from telephony.tracker.call_events import CallEvents
from telephony.tracker.consult_recovery import ConsultRecovery
from telephony.tracker.consultations import Consultations
from telephony.tracker.desks import IN_CALL, LOSS_PATIENCE, PROOF_LIFETIME, START_GRACE, Desk
from telephony.tracker.internal_calls import INTERNAL, InternalCalls
from telephony.tracker.keeping import Keeping
from telephony.tracker.live_calls import LiveCalls
from telephony.tracker.orders import Orders
from telephony.tracker.parking import Parking
from telephony.tracker.reconciliation import Reconciliation
from telephony.tracker.recording_pauses import RecordingPauses
from telephony.tracker.supervisions import Supervisions
from telephony.tracker.targets import Targets


@dataclass(frozen=True, slots=True, kw_only=True)
class TrackerRules:
    """`normalise` turns a signalled number into E.164 or ""; `call_id` makes our id from Asterisk's Linkedid.

    `may_dial` says whether an E.164 number is one that the hospital dials at all.
    """

    wrap_up: timedelta
    queues: frozenset[str]
    normalise: Callable[[str], str]
    call_id: Callable[[str], str]
    may_dial: Callable[[str], bool]


class Tracker:
    """Feed it with `receive`, and with `tick` when `next_wake` has come. Both return what follows, in order."""

    def __init__(
        self,
        rules: TrackerRules,
        *,
        at: datetime,
        calls: Iterable[CallRecord],
        agents: Iterable[AgentRecord],
        legs: Iterable[LegRecord] = (),
        supervisions: Iterable[SupervisionRecord] = (),
    ) -> None:
        self._rules = rules
        self._out: list[inputs.Output] = []
        self._desks = {agent.username: Desk(record=agent, told=agent, judged_from=at + START_GRACE) for agent in agents}
        self._calls = LiveCalls(self._desks, rules, self._out)
        self._events = CallEvents(self._desks, self._calls, self._out)
        self._supervisions = Supervisions(self._desks, self._calls, self._out)
        self._queues = set(rules.queues)
        self._members: dict[str, dict[str, int]] = {}
        targets = Targets(self._desks, self._queues, rules.may_dial)
        self._calls.queues = self._queues
        self._consultations = Consultations(self._desks, self._calls, targets, self._out)
        self._parking = Parking(self._desks, self._calls, self._out)
        self._pauses = RecordingPauses(self._calls, self._out)
        self._internal = InternalCalls(self._desks, self._calls, rules.call_id, self._out)
        self._orders = Orders(
            self._desks,
            self._calls,
            self._supervisions,
            self._consultations,
            self._parking,
            self._pauses,
            self._internal,
            targets,
            self._out,
            rules.may_dial,
        )
        recovery = ConsultRecovery(self._desks, self._calls, self._consultations, self._out)
        self._reconciliation = Reconciliation(self._desks, self._calls, recovery, rules, self._out)
        records = list(calls)
        self._calls.restore((record for record in records if record.direction != INTERNAL), legs)
        self._internal.restore(record for record in records if record.direction == INTERNAL)
        self._keeping = Keeping(self._desks, self._calls)
        self._supervisions.restore(supervisions)

    def receive(self, given: inputs.Input) -> list[inputs.Output]:
        """What follows from `given`. Fails on a kind it does not know."""
        match given:
            case ami.Event():
                self._on_asterisk(given)
            case inputs.DeskProved():
                self._on_proof(given)
            case inputs.DeskGone():
                self._on_gone(given)
            case inputs.ProofsSuspended():
                self._on_suspended(given)
            case inputs.CommandIssued():
                self._orders.carry_out(given)
            case inputs.EffectFailed(effect=inputs.SetMember(agent=agent, queue=queue)):
                # Ordered again with the next event or tick, and not at once: a link that is down fails at once, too.
                self._desks[agent].see_member(queue, None)
                return self._take(given.at)
            case inputs.EffectFailed():
                self._on_failure(given)
            case inputs.CallerAnswered():
                self._calls.confirm(given)
            case inputs.AgentAdded():
                self._add_agent(given)
            case inputs.QueuesPlanned():
                self._plan_queues(given)
            case inputs.PlacesKept():
                self._keeping.see(given.places, given.at)
            case inputs.Snapshot():
                self._see_phones(given)
                self._internal.reconcile(given)
                self._reconciliation.reconcile(self._without_internal(given))
                self._supervisions.reconcile(given)
                self._reconcile_desks(given)
            case _:
                raise TypeError(f"the tracker does not know {type(given).__name__}")
        return self._finish(given.at)

    def tick(self, at: datetime) -> list[inputs.Output]:
        """Time has passed: wrap-ups end, desks that stopped proving themselves are lost."""
        for desk in self._desks.values():
            self._judge(desk, at)
        self._parking.judge(at)
        self._pauses.judge(at)
        return self._finish(at)

    def next_wake(self, at: datetime) -> datetime:
        """When `tick` is due: each half second, sooner for an end of wrap-up or of a proof."""
        wake = at + timedelta(seconds=0.5)
        for desk in self._desks.values():
            if desk.record.wrap_up_until is not None:
                wake = min(wake, desk.record.wrap_up_until)
            if desk.lost_at is not None:
                wake = min(wake, desk.lost_at + LOSS_PATIENCE)
            if desk.proved_at is not None and at < desk.proved_at + PROOF_LIFETIME:
                wake = min(wake, desk.proved_at + PROOF_LIFETIME)
        return max(wake, at)

    @property
    def open_calls(self) -> list[CallRecord]:
        """The calls that have not ended."""
        return [*(call.record for call in self._calls), *self._internal.records]

    def _finish(self, at: datetime) -> list[inputs.Output]:
        self._supervisions.follow(at)
        self._keeping.hold(at)
        # Compared by identity first: with hundreds of desks, this is most of what an event costs.
        for name, desk in self._desks.items():
            if desk.record is not desk.told or not desk.is_settled:
                self._settle_members(name, desk)
        return self._take(at)

    def _settle_members(self, name: str, desk: Desk) -> None:
        for queue, wanted in desk.wanted_members().items():
            member = desk.members.get(queue)
            is_present, is_paused, penalty = wanted
            if member == wanted or (member is None and not is_present):
                continue
            desk.members[queue] = wanted
            is_new = member is None or not member[0]
            if is_new or not is_present or (member and member[1] != is_paused):
                self._out.append(
                    inputs.SetMember(
                        agent=name,
                        queue=queue,
                        is_new=is_new,
                        is_present=is_present,
                        is_paused=is_paused,
                        penalty=penalty,
                    )
                )
            if not is_new and is_present and member and member[2] != penalty:
                self._out.append(inputs.SetPenalty(agent=name, queue=queue, penalty=penalty))
        desk.is_settled = True

    def _take(self, at: datetime) -> list[inputs.Output]:
        for desk in self._desks.values():
            if desk.record is not desk.told:
                if desk.record != desk.told:
                    self._out.append(AgentChanged(at=at, agent=desk.record))
                desk.told = desk.record
        out = list(self._out)
        self._out.clear()
        return out

    def _on_asterisk(self, event: ami.Event) -> None:
        match event:
            case ami.ContactStatus():
                self._on_contact(event)
            case ami.QueueMemberPause():
                desk = self._desks.get(event.interface.removeprefix("PJSIP/"))
                # While it rings, Asterisk pauses a member by itself for a missed call; the end of the dial tells us.
                member = desk.members.get(event.queue) if desk is not None else None
                if desk is not None and member is not None and desk.record.state is not AgentState.RINGING:
                    desk.see_member(event.queue, (member[0], event.is_paused, member[2]))
            case ami.Shutdown():
                pass
            case _ if self._supervisions.receive(event) or self._internal.receive(event):
                pass
            case _:
                self._parking.receive(event)
                if not self._consultations.receive(event):
                    self._events.receive(event)

    def _on_contact(self, event: ami.ContactStatus) -> None:
        desk = self._desks.get(event.aor)
        if desk is None:
            return
        if event.status == "Removed":
            desk.contacts.discard(event.uri)
            self._phone_lost(desk, event.at)
        elif event.status == "Unreachable":
            desk.is_reachable = False
            self._phone_lost(desk, event.at)
        else:
            desk.contacts.add(event.uri)
            desk.is_reachable = True

    def _phone_lost(self, desk: Desk, at: datetime) -> None:
        if desk.record.state is AgentState.LISTENING and not desk.has_phone():
            self._supervisions.drop(desk.record.username)
            return
        if self._internal.of_agent(desk.record.username) is not None:
            if not desk.has_phone():
                self._internal.drop(desk.record.username)
            return
        call = self._calls.of_agent(desk.record.username)
        if call is None or call.record.rejoining_at is not None:
            return
        if desk.record.state is AgentState.RINGING:
            if not desk.has_phone():
                self._calls.drop_offer(call, desk.record.username)
        elif desk.record.state is AgentState.TALKING:
            desk.lost_at = at
            self._judge_loss(desk, at)

    def _judge_loss(self, desk: Desk, at: datetime) -> None:
        """The phone link of a talking agent broke: was it the page, or only the link?"""
        if desk.lost_at is None:
            return
        is_page_gone = desk.gone_at is not None
        if is_page_gone or at - desk.lost_at >= LOSS_PATIENCE:
            desk.lost_at = None
            self._lose(desk.record.username, at)

    def _lose(self, agent: str, at: datetime) -> None:
        """The phone of a talking agent is gone: the patient waits for it, unless somebody else has the patient."""
        call = self._calls.of_agent(agent)
        if call is not None and call.record.agent != agent:
            self._consultations.lose_colleague(call, agent)
        elif call is None or not self._consultations.lose_agent(call, at):
            self._calls.rejoin(agent, at)

    def _on_proof(self, proof: inputs.DeskProved) -> None:
        desk = self._desks.get(proof.agent)
        if desk is None:
            return
        is_other_page = desk.page not in ("", proof.page)
        desk.prove(at=proof.at, page=proof.page, is_registered=proof.is_registered, has_microphone=proof.has_microphone)
        if desk.lost_at is not None:
            if proof.in_call and not is_other_page:
                desk.lost_at = None  # The same page still hears the patient: only its link is new.
            elif is_other_page:
                desk.lost_at = None
                self._lose(proof.agent, proof.at)
        if desk.record.state is AgentState.OFFLINE:
            desk.become(AgentState.NOT_READY, proof.at, reason=NotReadyReason.SIGNED_IN)
        self._judge(desk, proof.at)

    def _on_gone(self, gone: inputs.DeskGone) -> None:
        desk = self._desks.get(gone.agent)
        if desk is not None:
            desk.leave(at=gone.at, page=gone.page)
            self._judge_loss(desk, gone.at)

    def _on_suspended(self, given: inputs.ProofsSuspended) -> None:
        for desk in self._desks.values():
            if desk.is_unheard and not given.is_suspended:
                desk.judged_from = max(desk.judged_from, given.at + PROOF_LIFETIME)
            desk.is_unheard = given.is_suspended

    def _on_failure(self, failed: inputs.EffectFailed) -> None:
        self._supervisions.fail(failed.effect, failed.at, is_certain=failed.is_certain)
        self._internal.fail(failed.effect, failed.at, is_certain=failed.is_certain)
        if failed.is_certain:
            self._consultations.fail(failed.effect, failed.at)
            self._pauses.fail(failed.effect, failed.at)
        match failed.effect:
            case inputs.Originate(uniqueid=uniqueid) | inputs.CallPatient(uniqueid=uniqueid) if failed.is_certain:
                self._calls.fail_originate(uniqueid, failed.at)
            case _:
                pass

    def _add_agent(self, given: inputs.AgentAdded) -> None:
        if given.agent not in self._desks:
            record = AgentRecord(username=given.agent, state=AgentState.OFFLINE, reason=None, since=given.at)
            desk = self._desks[given.agent] = Desk(record=record, judged_from=given.at)
            desk.serve(self._members.get(given.agent, desk.queues))
            for queue in desk.queues:
                desk.see_member(queue, (False, False, 0))

    def _plan_queues(self, plan: inputs.QueuesPlanned) -> None:
        self._queues.clear()
        self._queues.update(plan.wrap_ups)
        self._calls.wrap_ups = {queue: wrap for queue, wrap in plan.wrap_ups.items() if wrap is not None}
        self._parking.longest, self._pauses.longest = plan.longest_parking, plan.longest_pause
        self._members = {agent: dict(queues) for agent, queues in plan.members.items()}
        for name, desk in self._desks.items():
            desk.serve(self._members.get(name, {MAIN_QUEUE: 0}))

    def _without_internal(self, snapshot: inputs.Snapshot) -> inputs.Snapshot:
        """What is left for the calls with patients."""
        return replace(
            snapshot,
            channels=tuple(each for each in snapshot.channels if not self._internal.has(each.linkedid)),
            histories={key: each for key, each in snapshot.histories.items() if not self._internal.has(key)},
        )

    def _see_phones(self, snapshot: inputs.Snapshot) -> None:
        # First of all: whoever is let go below is ready again only with a phone.
        for name, desk in self._desks.items():
            desk.contacts = set(snapshot.contacts.get(name, frozenset()))
            desk.is_reachable = True

    def _reconcile_desks(self, snapshot: inputs.Snapshot) -> None:
        for name, desk in self._desks.items():
            desk.members = dict.fromkeys(desk.queues, (False, False, 0))
            for queue, members in snapshot.members.items():
                is_paused, penalty = members.get(name, (False, 0))
                if name in members or queue in desk.members:
                    desk.members[queue] = (name in members, is_paused, penalty)
            desk.is_settled = False
            is_in_call = self._calls.of_agent(name) is not None or self._internal.of_agent(name) is not None
            if desk.record.state in IN_CALL and not is_in_call:
                desk.rest(snapshot.at)

    def _judge(self, desk: Desk, at: datetime) -> None:
        record = desk.record
        self._judge_loss(desk, at)
        self._supervisions.judge(desk, at)
        if record.wrap_up_until is not None and at >= record.wrap_up_until:
            self._calls.finish_wrap_up(record.username, at)
        if desk.is_unheard or at < desk.judged_from:
            return
        record = desk.record
        if record.state is AgentState.READY and not self._is_held(desk, at):
            desk.lose(at)
        elif record.state is AgentState.RINGING and not desk.is_page_alive(at):
            call = self._calls.of_agent(record.username)
            if call is not None:
                self._calls.drop_offer(call, record.username)
            self._internal.drop(record.username)
        elif record.state is AgentState.NOT_READY and not desk.is_page_alive(at):
            desk.record = replace(desk.record, wants_ready=False)
            desk.become(AgentState.OFFLINE, at)

    def _is_held(self, desk: Desk, at: datetime) -> bool:
        """A Ready desk whose phone re-registers (a reload) keeps its state until PROOF_LIFETIME is over."""
        if not desk.is_page_alive(at):
            return False
        if desk.is_proved(at):
            desk.unproved_since = None
            return True
        if desk.unproved_since is None:
            desk.unproved_since = at
        return at - desk.unproved_since < PROOF_LIFETIME - timedelta(seconds=2)
