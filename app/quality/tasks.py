"""Sampling plans whose period is over are drawn. app/jobs.py says how often they are looked for."""

from __future__ import annotations

import structlog

from app.parts import Parts
from app.quality import service

log = structlog.get_logger()


def due_plans(parts: Parts) -> list[int]:
    """The ids of plans that are to be drawn now."""
    with parts.database.reading() as session:
        return service.due_plans(session, parts.now())


def draw_plan(parts: Parts, plan_id: int) -> None:
    """Draw the last finished period of a plan. Twice changes nothing."""
    with parts.database.writing() as session:
        made = service.draw_plan(session, parts.bus, plan_id, now=parts.now(), zone=parts.settings.timezone)
        drawn = made.drawn if made is not None else 0
    if made is not None:
        log.info("quality.drawn", plan=plan_id, drawn=drawn)
