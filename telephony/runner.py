"""The one place with a clock and sockets: carries Asterisk's events to the tracker, and its orders to Asterisk."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import threading
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app import bus as bus_topics
from app.accounts import service as accounts
from app.agents import service as agents
from app.agents.rules import AgentChanged, AgentRecord, AgentState
from app.alarms.rules import AlarmKind
from app.calls import service as calls
from app.calls.rules import CommandKind
from app.configuration.rules import PARKING_MINUTES, PAUSE_SECONDS
from app.configuration.service import settings as configuration
from app.floor import service as floor
from app.kept_places import service as kept_places
from app.organisation import service as organisation
from app.outbound_lists import service as outbound_lists
from app.parts import Parts
from app.patients import service as patients
from app.patients.phones import parse_number
from app.queues import service as queues
from app.queues.rules import MAIN_QUEUE
from app.settings import AMIAddress
from app.texts import N_
from telephony.ami.connection import ActionRefused, Headers, LinkLost, SuspiciousFrame
from telephony.ami.link import AMILink, LinkState
from telephony.announcing import Announcer
from telephony.answering import Answers
from telephony.effects import action_for
from telephony.past import Past, read_past
from telephony.snapshot import read_channels, read_contacts, read_queues, started_at
from telephony.tracker import inputs
from telephony.tracker.tracker import Tracker, TrackerRules
from telephony.writer import AlarmRaised, CELRead, LinkSeen, Writer

log = structlog.get_logger()

# Asterisk rings every registered phone by itself when it has not heard of us for 30 s (see extensions.conf).
HEARTBEAT_SECONDS = 5.0
# What a lost hint left behind is found this soon; a command lives for 5 s.
SCAN_SECONDS = 1.0
# An agent who becomes free is in the next call of a list within a second.
DIAL_SECONDS = 0.3
# CEL is the truth: what the events did not tell is taken from it this often.
SWEEP_SECONDS = 30.0
# After a frame that somebody may have forged, the state is read anew this soon.
DOUBT_SECONDS = 1.0
# A writer that has not caught up after this long waits for its database.
FLUSH_SECONDS = 5.0
DUTY_RETRY_SECONDS = 1.0


class Telephony:
    """`start` runs everything in a thread of its own; `stop` ends it and leaves Asterisk as it is."""

    def __init__(self, parts: Parts, address: AMIAddress) -> None:
        self._parts = parts
        self._writer = Writer(parts)
        self._address = address
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._run, name="telephony", daemon=True)
        self._tracker: Tracker | None = None
        self._link: AMILink | None = None
        self._main: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._doubt = asyncio.Event()
        self._has_kept_places = False
        self._announcer = Announcer(parts)
        self._answers = Answers(parts)
        # Nothing may be dialled before the list of what may be has been read; it is read anew with each order.
        self._may_dial: Callable[[str], bool] = lambda _number: False
        self._is_ready = threading.Event()
        parts.bus.subscribe(bus_topics.PROOFS, lambda message: self._hand_over(self._on_proof, message))
        parts.bus.subscribe(bus_topics.COMMANDS, lambda message: self._hand_over(self._on_command, message))

    def start(self) -> None:
        """Subscribe before the bus starts: construct first, then start the bus, then this."""
        self._writer.start()
        self._thread.start()
        self._is_ready.wait(10)

    def stop(self) -> None:
        """End within 5 s. Calls go on; a later start takes them over. Stopping twice is harmless."""
        if self._loop is not None and self._main is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._main.cancel)
        if self._thread.is_alive():
            self._thread.join(timeout=5)
        self._writer.close()

    def _run(self) -> None:
        asyncio.run(self._live())

    async def _live(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._main = asyncio.current_task()
        self._tracker = self._build_tracker()
        self._link = AMILink(
            self._address,
            reconcile=self._reconcile,
            on_event=self._receive,
            on_suspicion=self._on_suspicion,
            on_state=self._on_link_state,
            on_proof=self._on_link_proof,
        )
        self._writer.put(LinkSeen(at=self._parts.now(), state=LinkState.DOWN.value, detail="starting"))
        self._is_ready.set()
        duties = [self._tick, self._beat, self._scan, self._sweep, self._watch_bus, self._dial_lists, self._announce]
        with contextlib.suppress(asyncio.CancelledError):
            async with asyncio.TaskGroup() as group:
                group.create_task(self._link.run())
                for duty in duties:
                    group.create_task(self._keep_doing(duty))

    def _build_tracker(self) -> Tracker:
        settings = self._parts.settings
        with self._parts.database.reading() as session:
            open_calls, open_legs = calls.open_calls(session), calls.open_legs(session)
            records = agents.all_records(session)
            supervisions = floor.open_supervisions(session)
            self._plan = _plan_of(session, self._parts.now())
        key = settings.secret_key.encode()

        def call_id(linkedid: str) -> str:
            # Uniqueids are predictable; a call's id stands in addresses. The same Linkedid gives the same id again.
            return str(uuid.UUID(bytes=hmac.digest(key, f"call:{linkedid}".encode(), hashlib.sha256)[:16], version=4))

        def normalise(signalled: str) -> str:
            number = parse_number(signalled, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
            return number.e164 if number else ""

        rules = TrackerRules(
            wrap_up=settings.wrap_up,
            queues=frozenset(self._plan.wrap_ups),
            normalise=normalise,
            call_id=call_id,
            may_dial=lambda number: self._may_dial(number),
        )
        now = self._parts.now()
        tracker = Tracker(rules, at=now, calls=open_calls, legs=open_legs, agents=records, supervisions=supervisions)
        # Before anything is heard: nobody is made a member of a queue that is not theirs.
        tracker.receive(self._plan)
        return tracker

    # What comes in.

    def _hand_over(self, receiver: Any, message: dict[str, Any]) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(receiver, message)

    def _receive(self, given: inputs.Input) -> None:
        assert self._tracker is not None
        self._carry_out(self._tracker.receive(given))

    def _on_proof(self, message: dict[str, Any]) -> None:
        now = self._parts.now()
        agent, page = str(message["agent"]), str(message["page"])
        if message.get("gone"):
            self._receive(inputs.DeskGone(at=now, agent=agent, page=page))
            return
        self._receive(
            inputs.DeskProved(
                at=now,
                agent=agent,
                page=page,
                is_registered=bool(message.get("registered")),
                has_microphone=bool(message.get("microphone")),
                in_call=bool(message.get("in_call")),
            )
        )

    def _on_suspicion(self, frame: SuspiciousFrame) -> None:
        log.warning("ami.forged_frame", ami_event=frame.event[:40], detail=frame.detail[:80])
        self._writer.put(AlarmRaised(at=self._parts.now(), kind=AlarmKind.FORGED_EVENTS, subject="asterisk"))
        # What the dropped frame would have told is read from Asterisk itself.
        self._doubt.set()

    def _on_link_state(self, state: LinkState, detail: str) -> None:
        log.info("telephony.link", state=state.value, detail=detail)
        now = self._parts.now()
        self._writer.put(LinkSeen(at=now, state=state.value, detail=detail))
        if state is LinkState.DOWN:
            self._writer.put(AlarmRaised(at=now, kind=AlarmKind.TELEPHONY_DOWN, subject="asterisk"))

    def _on_link_proof(self) -> None:
        self._writer.put(LinkSeen(at=self._parts.now(), state=LinkState.UP.value, is_proof=True))

    def _on_command(self, message: dict[str, Any]) -> None:
        self._start(self._do_command(str(message["id"])))

    async def _do_command(self, id: str) -> None:
        assert self._link is not None
        if self._link.state is not LinkState.UP:
            return  # It stays in its row until it is too late; who issued it is told then.
        claimed = await asyncio.to_thread(self._claim, id)
        if claimed is not None:
            self._receive(replace(claimed, at=self._parts.now()))

    def _claim(self, id: str) -> inputs.CommandIssued | None:
        with self._parts.database.writing() as session:
            row = calls.claim_command(session, id, self._parts.now())
            if row is None:
                return None
            args = dict(row.args) | {"caller": self._parts.settings.hotline}
            self._may_dial = calls.allowed_numbers(session)
            if "phone_id" in args:
                # The page names a number by its id, so that a call needs no number to be shown.
                args["number"] = patients.number_to_dial(
                    session, int(args.get("patient_id") or 0), int(args["phone_id"])
                )
            if "department_id" in args:
                args["number"] = organisation.get_department(session, int(args["department_id"])).phone or "-"
            return inputs.CommandIssued(
                at=row.created_at,
                id=row.id,
                kind=CommandKind(row.kind),
                agent=row.agent,
                issued_by=row.issued_by,
                args=args,
            )

    # What goes out.

    def _carry_out(self, outputs: list[inputs.Output]) -> None:
        assert self._link is not None
        for output in outputs:
            match output:
                case inputs.ConfirmCaller():
                    self._start(self._confirm(output))
                case inputs.PlaceCaller():
                    self._start(self._answers.place(self._link, output))
                case inputs.FindAgent():
                    self._start(self._answers.find_agent(self._link, output))
                case inputs.Effect():
                    self._start(self._do_effect(output))
                case AgentChanged(agent=AgentRecord(state=AgentState.READY)):
                    self._writer.put(output)
                    self._start(self._hush())
                case _:
                    self._writer.put(output)

    async def _confirm(self, effect: inputs.ConfirmCaller) -> None:
        assert self._link is not None
        number = None
        with contextlib.suppress(LinkLost, ActionRefused):
            for item in await self._link.collect({"Action": "Status", "Channel": effect.channel}):
                if item.get("Linkedid") == effect.linkedid:
                    number = item.get("CallerIDNum", "")
        self._receive(inputs.CallerAnswered(at=self._parts.now(), linkedid=effect.linkedid, number=number))
        if number is not None:
            await self._answers.introduce(self._link, effect.channel, number)

    async def _do_effect(self, effect: inputs.Effect) -> None:
        assert self._link is not None
        error, is_certain = None, False
        try:
            await self._link.send(action_for(effect))
        except ActionRefused as refused:
            is_certain = True
            match effect:
                case inputs.SetMember(is_present=True, is_new=True):
                    # Asterisk knows the member from before: only its pause may differ.
                    await self._do_effect(replace(effect, is_new=False))
                    await self._do_effect(
                        inputs.SetPenalty(agent=effect.agent, queue=effect.queue, penalty=effect.penalty)
                    )
                case inputs.SetMember(is_present=False):
                    pass
                case _:
                    error = f"Asterisk refused: {refused}"
        except LinkLost:
            error = N_("The telephone link broke. It is not known whether this was done; look before you try again.")
        if error is not None:
            self._receive(inputs.EffectFailed(at=self._parts.now(), effect=effect, reason=error, is_certain=is_certain))
        if effect.command_id is not None:
            self._writer.put(inputs.CommandDone(id=effect.command_id, error=error))

    def _start(self, work: Any) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("telephony.work_failed", exc_info=error)

    # What happens by itself.

    async def _reconcile(self) -> None:
        assert self._link is not None
        link = self._link
        at = self._parts.now()
        await self._send_heartbeat()
        started = await started_at(link.send)
        channels = await read_channels(link.collect)
        members, waiting = await read_queues(link.collect)
        contacts = await read_contacts(link.collect)
        past = await asyncio.to_thread(self._read_past)
        snapshot = inputs.Snapshot(
            at=at,
            is_restarted=bool(past.asterisk_started_at) and past.asterisk_started_at != started,
            channels=channels,
            members=members,
            contacts=contacts,
            waiting=waiting,
            histories=past.histories,
            last_seen_at=past.last_seen_at,
        )
        self._receive(snapshot)
        self._writer.put(CELRead(inode=past.inode, offset=past.resume_at(snapshot), asterisk_started_at=started))

    def _read_past(self) -> Past:
        # A call whose end still waits to be written would be told a second time.
        if not self._writer.flush(FLUSH_SECONDS):
            raise LinkLost("the database does not answer")
        try:
            return read_past(self._parts.database, self._parts.settings.cel_file)
        except DBAPIError:
            raise LinkLost("the database does not answer") from None

    async def _keep_doing(self, duty: Callable[[], Awaitable[None]]) -> None:
        """What goes wrong in one round is logged, and the duty goes on."""
        while True:
            try:
                await duty()
            except (LinkLost, ActionRefused, DBAPIError) as error:
                log.warning("telephony.duty_failed", duty=duty.__name__, error=type(error).__name__)
                await asyncio.sleep(DUTY_RETRY_SECONDS)
            except Exception:
                log.exception("telephony.duty_failed", duty=duty.__name__)
                await asyncio.sleep(DUTY_RETRY_SECONDS)

    async def _tick(self) -> None:
        assert self._tracker is not None
        now = self._parts.now()
        self._carry_out(self._tracker.tick(now))
        wake = self._tracker.next_wake(now)
        await asyncio.sleep(max(0.02, (wake - self._parts.now()).total_seconds()))

    async def _beat(self) -> None:
        assert self._link is not None
        await asyncio.sleep(HEARTBEAT_SECONDS)
        if self._link.state is LinkState.UP:
            await self._send_heartbeat()

    async def _send_heartbeat(self) -> None:
        assert self._link is not None
        value = str(int(self._parts.now().timestamp()))
        heartbeat: Headers = {"Action": "Setvar", "Variable": "WARDLINE_HEARTBEAT", "Value": value}
        await self._link.send(heartbeat)

    async def _scan(self) -> None:
        await asyncio.sleep(SCAN_SECONDS)
        waiting, names, plan = await asyncio.to_thread(self._look)
        for id in waiting:
            await self._do_command(id)
        for name in names:
            self._receive(inputs.AgentAdded(at=self._parts.now(), agent=name))
        await self._follow_plan(plan)

    def _look(self) -> tuple[list[str], list[str], inputs.QueuesPlanned]:
        """Commands whose hint was lost; every account that has a phone; who serves which queue."""
        with self._parts.database.reading() as session:
            plan = _plan_of(session, self._parts.now())
            return calls.waiting_commands(session), accounts.phone_usernames(session), plan

    async def _follow_plan(self, plan: inputs.QueuesPlanned) -> None:
        """Take a changed plan over once Asterisk has its queues, which are read from the same tables."""
        assert self._link is not None
        if replace(plan, at=self._plan.at) == self._plan or self._link.state is not LinkState.UP:
            return
        there, _waiting = await read_queues(self._link.collect)
        if plan.wrap_ups.keys() <= there.keys():
            self._plan = plan
            self._receive(plan)

    async def _sweep(self) -> None:
        assert self._link is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(SWEEP_SECONDS):
                await self._doubt.wait()
        # A burst of forged events must not become a burst of readings.
        await asyncio.sleep(DOUBT_SECONDS)
        self._doubt.clear()
        await self._link.reconcile_again()

    async def _dial_lists(self) -> None:
        assert self._link is not None
        await asyncio.sleep(DIAL_SECONDS)
        if self._link.state is LinkState.UP:
            places = await asyncio.to_thread(kept_places.call_and_see, self._parts)
            if places or self._has_kept_places:
                self._has_kept_places = bool(places)
                self._receive(inputs.PlacesKept(at=self._parts.now(), places=places))
            await asyncio.to_thread(outbound_lists.dial_for_free_agents, self._parts)
            await asyncio.to_thread(outbound_lists.call_patients, self._parts)

    async def _announce(self) -> None:
        """Tell those who wait where they stand."""
        assert self._link is not None and self._tracker is not None
        await asyncio.sleep(SCAN_SECONDS)
        is_somebody_waiting = any(call.queued_at and call.agent is None for call in self._tracker.open_calls)
        if is_somebody_waiting and self._link.state is LinkState.UP:
            await self._announcer.tell(self._link)

    async def _hush(self) -> None:
        assert self._link is not None and self._tracker is not None
        waiting = [call.linkedid for call in self._tracker.open_calls if call.agent is None and not call.answered_at]
        with contextlib.suppress(LinkLost):
            await self._announcer.hush(self._link, waiting)

    async def _watch_bus(self) -> None:
        is_healthy = await asyncio.to_thread(lambda: self._parts.bus.is_healthy)
        self._receive(inputs.ProofsSuspended(at=self._parts.now(), is_suspended=not is_healthy))
        await asyncio.sleep(1.0)


def _plan_of(session: Session, now: datetime) -> inputs.QueuesPlanned:
    wrap_ups = {
        row.name: None if row.wrap_up_seconds is None else timedelta(seconds=row.wrap_up_seconds)
        for row in queues.list_queues(session)
    }
    minutes, seconds = configuration.values(session, PARKING_MINUTES, PAUSE_SECONDS)
    return inputs.QueuesPlanned(
        at=now,
        wrap_ups=wrap_ups or {MAIN_QUEUE: None},
        members=queues.memberships(session),
        longest_parking=timedelta(minutes=minutes),
        longest_pause=timedelta(seconds=seconds),
    )
