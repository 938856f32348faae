"""What the dialplan asks of us, each for half a second: who calls, at which place they enter, who is rung first.

An answer that is late or missing holds nobody up: the dialplan goes on by itself.
"""

from __future__ import annotations

import asyncio

import structlog
from sqlalchemy.exc import DBAPIError

from app.call_flows import service as call_flows
from app.call_flows.rules import Urgency, Waiting, place_of
from app.errors import Unavailable
from app.outbound_lists.service.prompts import make_prompts
from app.parts import Parts
from app.patients.phones import parse_number
from app.queues import service as queues
from telephony.ami.connection import ActionRefused, LinkLost
from telephony.ami.link import AMILink
from telephony.snapshot import read_entries
from telephony.tracker import inputs

log = structlog.get_logger()

# Ten times what the busiest hospital has waiting at once.
MOST_URGENT = 1000


class Answers:
    """Each method answers one question by a variable of the channel that asks, or leaves it unanswered."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._urgent: dict[str, Urgency] = {}  # by the channel's uniqueid; the oldest are forgotten

    async def introduce(self, link: AMILink, channel: str, signalled: str) -> None:
        """In which language to greet, who stands back, whether the number may be called back and is one person's."""
        try:
            caller = await asyncio.to_thread(self._known_caller, signalled)
            flags = (caller.is_key, caller.may_be_called_back, caller.is_one_person)
            value = ":".join([caller.language, *(str(int(flag)) for flag in flags)])
            await _set(link, channel, "WARDLINE_CALLER", value)
            if caller.appointment:
                # It is spoken while the greeting is heard; the folder's name says nothing of the person.
                spool = self._parts.settings.spool_dir
                folder = await asyncio.to_thread(make_prompts, spool, {"say": caller.appointment})
                await _set(link, channel, "WARDLINE_APPOINTMENT", folder)
        except (LinkLost, ActionRefused, DBAPIError, Unavailable, OSError) as error:
            # Who cannot be introduced is greeted like everybody.
            log.info("telephony.not_introduced", error=type(error).__name__)

    async def place(self, link: AMILink, asked: inputs.PlaceCaller) -> None:
        """At which place this caller enters the queue."""
        try:
            listed = await read_entries(link.collect, asked.queue)
            waiting = [
                Waiting(waited_seconds=seconds, urgency=self._urgent.get(uniqueid, Urgency.USUAL))
                for uniqueid, seconds in listed
            ]
            while len(self._urgent) >= MOST_URGENT:
                self._urgent.pop(next(iter(self._urgent)))
            self._urgent[asked.linkedid] = asked.urgency
            waited = (self._parts.now() - asked.queued_at).total_seconds() if asked.queued_at else 0
            place = place_of(waiting, asked.urgency, waited_seconds=waited)
            await _set(link, asked.channel, "WARDLINE_PLACE", str(place))
        except (LinkLost, ActionRefused) as error:
            log.info("telephony.not_placed", error=type(error).__name__)

    async def find_agent(self, link: AMILink, asked: inputs.FindAgent) -> None:
        """Who is to be rung before the queue is; a dash for nobody."""
        try:
            agent = await asyncio.to_thread(self._agent_for, asked)
            await _set(link, asked.channel, "WARDLINE_AGENT", agent or "-")
        except (LinkLost, ActionRefused, DBAPIError) as error:
            log.info("telephony.no_agent_found", error=type(error).__name__)

    def _known_caller(self, signalled: str) -> call_flows.KnownCaller:
        settings = self._parts.settings
        number = parse_number(signalled, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
        if number is None:
            return call_flows.KnownCaller()
        with self._parts.database.reading() as session:
            now = self._parts.now().astimezone(settings.timezone)
            return call_flows.known_caller(session, number.e164, now=now)

    def _agent_for(self, asked: inputs.FindAgent) -> str | None:
        with self._parts.database.reading() as session:
            return queues.agent_who_knows(session, asked.linkedid, asked.queue, now=self._parts.now())


async def _set(link: AMILink, channel: str, variable: str, value: str) -> None:
    await link.send({"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value})
