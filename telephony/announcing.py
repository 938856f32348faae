"""Tell callers who wait their place, about how long it takes, and that they may be called back.

Asterisk plays, every half minute, the file of the queue's announcement that belongs to the channel's language. Each
sentence is a folder of its own, and its name is what the channel's language is set to: so every caller hears their own
sentence, Asterisk waits for nobody, and whoever has none hears music only.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from app.call_flows.rules import Urgency
from app.errors import Unavailable
from app.kept_places import service as kept_places
from app.kept_places.rules import Place, places_before, standing
from app.outbound_lists.service.prompts import make_prompts
from app.parts import Parts
from app.queues import service as queues
from app.queues.rules.waiting import estimate_minutes, sentence
from telephony.ami.connection import ActionRefused
from telephony.ami.link import AMILink
from telephony.snapshot import read_waiting

log = structlog.get_logger()

# Figures that change by the minute are read anew this often; the places each time.
_FIGURES = timedelta(seconds=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is told of one queue, and from what."""

    tells_wait: bool
    offers_callback: bool
    agents: int = 0
    handle_seconds: float | None = None


@dataclass(slots=True)
class _Heard:
    """A caller in a queue: how they are spoken to, and which sentence is theirs now."""

    language: str
    may_be_called_back: bool
    said: str = ""


class Announcer:
    """`tell` once a second while somebody waits. What is lost with the process is asked of Asterisk anew."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._heard: dict[str, _Heard] = {}
        self._heads: dict[str, str] = {}  # channels of those who are next, by uniqueid
        self._figures: Mapping[str, Figures] = {}
        self._places: Collection[Place] = ()
        self._read_at: datetime | None = None
        self._is_mute = False

    async def tell(self, link: AMILink) -> None:
        """Give every caller in a queue that tells something the sentence that is true now. Raises LinkLost."""
        if self._is_mute:
            return
        now = self._parts.now()
        if self._read_at is None or now - self._read_at >= _FIGURES:
            self._figures, self._places = await asyncio.to_thread(self._read, now)
            self._read_at = now
        if not self._figures:
            return
        waiting = [each for each in await read_waiting(link.collect) if each.queue in self._figures]
        self._heard = {each.uniqueid: self._heard[each.uniqueid] for each in waiting if each.uniqueid in self._heard}
        self._heads = {each.uniqueid: each.channel for each in waiting if each.position == 1}
        for each in waiting:
            try:
                heard = self._heard.get(each.uniqueid)
                if heard is None:
                    heard = self._heard[each.uniqueid] = await self._meet(link, each.channel)
                entered = now - timedelta(seconds=each.waited_seconds)
                before = places_before(self._places, each.queue, standing(entered, Urgency.USUAL))
                text = self._sentence(heard, self._figures[each.queue], each.position + before)
                if text and text != heard.said:
                    folder = await asyncio.to_thread(make_prompts, self._parts.settings.spool_dir, {"say": text})
                    await link.send(_setvar(each.channel, "CHANNEL(language)", folder))
                    heard.said = text
            except ActionRefused:
                continue  # The caller has gone.
            except (Unavailable, OSError) as error:
                # Nothing can be said on this machine until somebody installs what is missing and starts anew.
                self._is_mute = True
                log.warning("queue.not_spoken", error=type(error).__name__)
                return

    async def hush(self, link: AMILink, on_the_line: Collection[str]) -> None:
        """Somebody has become free: whoever is next and still listens to a sentence is cut short.

        Asterisk rings nobody for the head of a queue while it speaks to them. A key that leads nowhere ends the
        sentence, as if the caller had pressed it. `on_the_line` are the uniqueids of those who wait at this moment.
        """
        for uniqueid, channel in self._heads.items():
            if uniqueid in on_the_line:
                with contextlib.suppress(ActionRefused):
                    await link.send({"Action": "PlayDTMF", "Channel": channel, "Digit": "*", "Receive": "true"})

    async def _meet(self, link: AMILink, channel: str) -> _Heard:
        """How this caller is spoken to, as the way in has found it."""
        values = []
        for name in ("WARDLINE_SPOKEN", "WARDLINE_CALLER"):
            answer = await link.send({"Action": "Getvar", "Channel": channel, "Variable": name})
            values.append(answer.get("Value", ""))
        spoken, flags = values[0], values[1].split(":")
        return _Heard(
            language=spoken or flags[0] or self._parts.settings.locale,
            may_be_called_back=len(flags) > 2 and flags[2] == "1",
        )

    def _sentence(self, heard: _Heard, figures: Figures, place: int) -> str:
        minutes = estimate_minutes(place, agents=figures.agents, handle_seconds=figures.handle_seconds)
        return sentence(
            heard.language,
            place=place if figures.tells_wait else None,
            minutes=minutes,
            offers_callback=figures.offers_callback and heard.may_be_called_back,
        )

    def _read(self, now: datetime) -> tuple[dict[str, Figures], Collection[Place]]:
        with self._parts.database.reading() as session:
            rows = [row for row in queues.list_queues(session) if row.tells_wait or row.offers_callback]
            serving = queues.serving(session) if rows else {}
            figures = {
                row.name: Figures(
                    tells_wait=row.tells_wait,
                    offers_callback=row.offers_callback,
                    agents=serving.get(row.name, 0),
                    handle_seconds=queues.handle_seconds(session, row.name, now) if row.tells_wait else None,
                )
                for row in rows
            }
            return figures, kept_places.callable_places(session, now) if rows else ()


def _setvar(channel: str, variable: str, value: str) -> dict[str, str]:
    return {"Action": "Setvar", "Channel": channel, "Variable": variable, "Value": value}
