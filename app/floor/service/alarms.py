"""Alarms of the floor: what is beyond the hospital's limits now, and who is told by SMS, at most once an hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.configuration import service as configuration
from app.configuration.rules import (
    ALARM_NUMBER,
    ALARM_SERVICE_LEVEL,
    ALARM_WAIT_SECONDS,
    ALARM_WAITING,
)
from app.errors import WardlineError
from app.floor.rules import FloorAlarm, FloorAlarmKind, FloorLimits, QueueFigures, alarms_of, is_told_again
from app.messages.models import Message
from app.messages.rules import MessageKind, Origin, Priority
from app.messages.service import queue_message
from app.queues.service import board
from app.settings import Settings

log = structlog.get_logger()

# One language, as staff of one hospital read it: an alarm has no reader whose language we knew.
_TEXTS = {
    FloorAlarmKind.WAITING: "{label}：现有 {value} 人等待接听，超过 {limit} 人。",
    FloorAlarmKind.LONGEST_WAIT: "{label}：最长等待 {value} 秒，超过 {limit} 秒。",
    FloorAlarmKind.SERVICE_LEVEL: "{label}：今日接听及时率 {value}%，低于目标 {limit}%。",
}


def present_alarms(session: Session, queues: Sequence[dict[str, Any]], now: datetime) -> list[dict[str, Any]]:
    """What is beyond a limit, of queues as the board has them."""
    return [
        {"kind": each.kind.value, "queue": each.queue, "label": each.label, "value": each.value, "limit": each.limit}
        for each in _alarms(session, queues, now)
    ]


def tell_alarms(session: Session, bus: Bus, settings: Settings, now: datetime) -> int:
    """Text the alarms to the number of the settings, each kind at most once an hour. Returns how many left.

    A text that cannot be sent is logged: the page shows the alarm all the same.
    """
    number = configuration.value(session, ALARM_NUMBER)
    if not number:
        return 0
    told = 0
    seen = board(session, settings, now)
    if seen["link"]["state"] != "up":
        return 0  # Nobody knows who waits.
    for kind, alarm in {each.kind: each for each in reversed(_alarms(session, seen["queues"], now))}.items():
        if is_told_again(_last_told_at(session, kind), now):
            told += _tell(session, bus, settings, alarm, number, now)
    return told


def _alarms(session: Session, queues: Sequence[dict[str, Any]], now: datetime) -> list[FloorAlarm]:
    waiting, seconds = configuration.values(session, ALARM_WAITING, ALARM_WAIT_SECONDS)
    watches = configuration.value(session, ALARM_SERVICE_LEVEL)
    limits = FloorLimits(waiting=waiting, wait_seconds=seconds, watches_service_level=watches)
    return alarms_of([_figures(queue) for queue in queues], limits, now)


def _figures(queue: dict[str, Any]) -> QueueFigures:
    since = queue["longest_wait_since"]
    return QueueFigures(
        name=queue["name"],
        label=queue["label"],
        waiting=queue["waiting"],
        longest_since=datetime.fromisoformat(since) if since else None,
        service_level=queue["service_level"],
        target=queue["service_level_target"],
    )


def _key(kind: FloorAlarmKind) -> str:
    return f"floor-alarm:{kind.value}:"


def _last_told_at(session: Session, kind: FloorAlarmKind) -> datetime | None:
    return session.scalar(
        select(func.max(Message.created_at)).where(
            Message.origin == Origin.ALARM.value, Message.dedup_key.startswith(_key(kind))
        )
    )


def _tell(session: Session, bus: Bus, settings: Settings, alarm: FloorAlarm, number: str, now: datetime) -> int:
    text = _TEXTS[alarm.kind].format(label=alarm.label, value=alarm.value, limit=alarm.limit)
    try:
        # The minute in the key: two who look at the same time tell it once.
        _message, is_new = queue_message(
            session,
            bus,
            settings=settings,
            text=text,
            kind=MessageKind.STAFF,
            created_by=None,
            now=now,
            number=number,
            dedup_key=f"{_key(alarm.kind)}{now:%Y%m%d%H%M}",
            origin=Origin.ALARM,
            priority=Priority.URGENT,
        )
    except WardlineError as error:
        log.warning("floor.alarm_not_told", kind=alarm.kind.value, code=error.code)
        return 0
    return int(is_new)
