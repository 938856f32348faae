"""What Asterisk is to know besides phones: queues and the ways in that are live, with their prompts spoken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial

import structlog

from app.call_flows import service as call_flows
from app.call_flows.rules import LANGUAGES, Flow, languages_of, recordings_of, sounds_of
from app.db import Database
from app.errors import Unavailable
from app.outbound_lists.service.prompts import Recorded, make_prompts
from app.queues import service as queues
from app.queues.rules import Strategy, WhenEmpty
from app.queues.rules.waiting import fixed_sounds
from app.settings import Settings
from app.sounds import service as sounds
from telephony.asterisk.config import QueuePlan
from telephony.asterisk.way_in import FlowPlan

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorPlan:
    """Two of them are equal when Asterisk's files would be."""

    queues: tuple[QueuePlan, ...] = ()
    flows: tuple[FlowPlan, ...] = ()
    queue_sounds: Mapping[str, str] = field(default_factory=dict)


class FloorReader:
    """Reads the plan each time anew; what is said is spoken once and then found again."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._unspoken: dict[int, Flow] = {}
        self._digests: Mapping[int, str] = {}
        self._queue_sounds: Mapping[str, str] | None = None
        self._has_read = False

    def read(self) -> FloorPlan:
        """A flow that cannot be spoken here is left out: its callers go straight to the queue. Raises DBAPIError."""
        with self._database.reading() as session:
            rows, flows = queues.list_queues(session), call_flows.live_flows(session)
            # What can be heard never changes any more: only the digests are read each time.
            self._digests = sounds.digests(session)
        plans = tuple(
            QueuePlan(
                name=row.name,
                strategy=Strategy(row.strategy),
                service_level_seconds=row.service_level_seconds,
                max_wait_seconds=row.max_wait_seconds,
                overflow=row.overflow,
                offers_callback=row.offers_callback,
                tells_wait=row.tells_wait,
                knows_callers=row.known_days is not None,
                tells_empty=row.when_empty == WhenEmpty.TELL,
                music=self._music(row.music_id),
            )
            for row in rows
        )
        spoken = (self._speak(flow_id, flow) for flow_id, flow in flows.items())
        flows_spoken = tuple(plan for plan in spoken if plan is not None)
        needs_sounds = any(plan.offers_callback or plan.tells_empty for plan in plans)
        return FloorPlan(
            queues=plans, flows=flows_spoken, queue_sounds=self._speak_for_queues() if needs_sounds else {}
        )

    def _speak_for_queues(self) -> Mapping[str, str]:
        """Without a voice nobody is offered to be called back, nor told that nobody is there.

        Not at the first reading, for which a starting Asterisk waits: speaking takes seconds, and the next reading
        follows within three.
        """
        if not self._has_read:
            self._has_read = True
            return {}
        if self._queue_sounds is None:
            spool = self._settings.spool_dir
            try:
                self._queue_sounds = {each: make_prompts(spool, fixed_sounds(each)) for each in LANGUAGES}
            except (Unavailable, OSError) as error:
                self._queue_sounds = {}
                log.warning("queue.not_spoken", error=str(error)[:200])
        return self._queue_sounds

    def _speak(self, flow_id: int, flow: Flow) -> FlowPlan | None:
        if self._unspoken.get(flow_id) == flow:
            return None
        try:
            spool = self._settings.spool_dir
            prompts = {
                each: make_prompts(spool, sounds_of(flow, each), self._recorded(recordings_of(flow, each)))
                for each in languages_of(flow)
            }
        except (Unavailable, OSError) as error:
            # Told once for each version, not each second.
            self._unspoken[flow_id] = flow
            log.warning("call_flow.not_spoken", flow=flow_id, error=str(error)[:200])
            return None
        return FlowPlan(number=flow_id, flow=flow, sounds=prompts)

    def _recorded(self, recordings: Mapping[str, int]) -> dict[str, Recorded]:
        missing = [each for each in recordings.values() if each not in self._digests]
        if missing:
            raise Unavailable(f"the recordings {missing} are not there")
        return {
            name: Recorded(sha256=self._digests[each], load=partial(self._load, each))
            for name, each in recordings.items()
        }

    def _load(self, sound_id: int) -> bytes:
        with self._database.reading() as session:
            return sounds.audio(session, sound_id)

    def _music(self, sound_id: int | None) -> str:
        """The folder of a queue's music; the packaged one where it cannot be laid out."""
        digest = self._digests.get(sound_id or 0)
        if sound_id is None or digest is None:
            return ""
        try:
            return sounds.lay_out_music(self._settings.spool_dir, digest, partial(self._load, sound_id))
        except OSError as error:
            log.warning("queue.no_music", sound=sound_id, error=type(error).__name__)
            return ""
