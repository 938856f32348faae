"""What Asterisk is to know besides phones: queues and the ways in that are live, with their prompts spoken."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from app.call_flows import service as call_flows
from app.call_flows.rules import Flow, languages_of, sounds_of
from app.db import Database
from app.errors import Unavailable
from app.outbound_lists.service.prompts import make_prompts
from app.queues import service as queues
from app.queues.rules import Strategy
from app.settings import Settings
from telephony.asterisk.config import QueuePlan
from telephony.asterisk.way_in import FlowPlan

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorPlan:
    """Two of them are equal when Asterisk's files would be."""

    queues: tuple[QueuePlan, ...] = ()
    flows: tuple[FlowPlan, ...] = ()


class FloorReader:
    """Reads the plan each time anew; what is said is spoken once and then found again."""

    def __init__(self, database: Database, settings: Settings) -> None:
        self._database = database
        self._settings = settings
        self._unspoken: dict[int, Flow] = {}

    def read(self) -> FloorPlan:
        """A flow that cannot be spoken here is left out: its callers go straight to the queue. Raises DBAPIError."""
        with self._database.reading() as session:
            rows, flows = queues.list_queues(session), call_flows.live_flows(session)
        plans = tuple(
            QueuePlan(
                name=row.name,
                strategy=Strategy(row.strategy),
                service_level_seconds=row.service_level_seconds,
                max_wait_seconds=row.max_wait_seconds,
                overflow=row.overflow,
            )
            for row in rows
        )
        spoken = (self._speak(flow_id, flow) for flow_id, flow in flows.items())
        return FloorPlan(queues=plans, flows=tuple(plan for plan in spoken if plan is not None))

    def _speak(self, flow_id: int, flow: Flow) -> FlowPlan | None:
        if self._unspoken.get(flow_id) == flow:
            return None
        try:
            spool = self._settings.spool_dir
            sounds = {language: make_prompts(spool, sounds_of(flow, language)) for language in languages_of(flow)}
        except (Unavailable, OSError) as error:
            # Told once for each version, not each second.
            self._unspoken[flow_id] = flow
            log.warning("call_flow.not_spoken", flow=flow_id, error=str(error)[:200])
            return None
        return FlowPlan(number=flow_id, flow=flow, sounds=sounds)
