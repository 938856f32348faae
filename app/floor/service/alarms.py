"""Alarms of the floor: what is beyond the hospital's limits now, and who is told by SMS, at most once an hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
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
from app.patients.phones import parse_number
from app.queues.service import board
from app.settings import Settings

log = structlog.get_logger()

# Sent without a page, and so without its catalogues.
_TEXTS = {
    "zh_Hans": {
        FloorAlarmKind.WAITING: "{label}：现有 {value} 人等待接听，超过 {limit} 人。",
        FloorAlarmKind.LONGEST_WAIT: "{label}：最长等待 {value} 秒，超过 {limit} 秒。",
        FloorAlarmKind.SERVICE_LEVEL: "{label}：今日接听及时率 {value}%，低于目标 {limit}%。",
    },
    "zh_Hant": {
        FloorAlarmKind.WAITING: "{label}：目前有 {value} 人等候接聽，超過 {limit} 人。",
        FloorAlarmKind.LONGEST_WAIT: "{label}：最長等候 {value} 秒，超過 {limit} 秒。",
        FloorAlarmKind.SERVICE_LEVEL: "{label}：今日及時接聽率 {value}%，低於目標 {limit}%。",
    },
    "en": {
        FloorAlarmKind.WAITING: "{label}: {value} callers wait, more than {limit}.",
        FloorAlarmKind.LONGEST_WAIT: "{label}: somebody has waited for {value} s, more than {limit} s.",
        FloorAlarmKind.SERVICE_LEVEL: "{label}: {value}% of today's calls answered in time, target {limit}%.",
    },
}


def alarm_limits(session: Session) -> FloorLimits:
    """What the hospital has set."""
    waiting, seconds = configuration.values(session, ALARM_WAITING, ALARM_WAIT_SECONDS)
    watches = configuration.value(session, ALARM_SERVICE_LEVEL)
    return FloorLimits(waiting=waiting, wait_seconds=seconds, watches_service_level=watches)


def present_alarms(queues: Sequence[dict[str, Any]], limits: FloorLimits, now: datetime) -> list[dict[str, Any]]:
    """What is beyond a limit, of queues as the board has them."""
    return [
        {"kind": each.kind.value, "queue": each.queue, "label": each.label, "value": each.value, "limit": each.limit}
        for each in _alarms(queues, limits, now)
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
    for kind, alarm in {
        each.kind: each for each in reversed(_alarms(seen["queues"], alarm_limits(session), now))
    }.items():
        if is_told_again(_last_told_at(session, kind), now):
            told += _tell(session, bus, settings, alarm, number, now)
    return told


def _alarms(queues: Sequence[dict[str, Any]], limits: FloorLimits, now: datetime) -> list[FloorAlarm]:
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


def _language_of(session: Session, settings: Settings, number: str) -> str:
    """The language of the colleague whose mobile it is; of a number that is nobody's, the hospital's."""
    parsed = parse_number(number, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    whose = User.mobile == (parsed.e164 if parsed is not None else number)
    locale = session.scalar(
        select(User.locale).where(whose, User.is_active.is_(True), User.locale.is_not(None)).limit(1)
    )
    return locale if locale in _TEXTS else settings.locale


def _tell(session: Session, bus: Bus, settings: Settings, alarm: FloorAlarm, number: str, now: datetime) -> int:
    text = _TEXTS[_language_of(session, settings, number)][alarm.kind].format(
        label=alarm.label, value=alarm.value, limit=alarm.limit
    )
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
