"""Supervision of calls, and when a figure of the floor is an alarm. Import from here."""

from app.floor.rules.alarms import (
    QUIET,
    FloorAlarm,
    FloorAlarmKind,
    FloorLimits,
    QueueFigures,
    alarms_of,
    is_told_again,
)
from app.floor.rules.supervision import SupervisionChanged, SupervisionMode, SupervisionRecord

__all__ = [
    "QUIET",
    "FloorAlarm",
    "FloorAlarmKind",
    "FloorLimits",
    "QueueFigures",
    "SupervisionChanged",
    "SupervisionMode",
    "SupervisionRecord",
    "alarms_of",
    "is_told_again",
]
