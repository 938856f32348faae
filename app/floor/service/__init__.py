"""The supervisors' floor: who is in whose call, messages to agents, the live view, its alarms."""

from app.floor.service.alarms import present_alarms, tell_alarms
from app.floor.service.notices import LONGEST_NOTICE, read_notice, send_notice, unread_notices
from app.floor.service.supervision import (
    open_supervisions,
    order_supervision,
    order_take_over,
    record_supervisions,
    stop_supervision,
    supervision_orders,
    told_to_agent,
)
from app.floor.service.view import floor_figures, floor_people

__all__ = [
    "LONGEST_NOTICE",
    "floor_figures",
    "floor_people",
    "open_supervisions",
    "order_supervision",
    "order_take_over",
    "present_alarms",
    "read_notice",
    "record_supervisions",
    "send_notice",
    "stop_supervision",
    "supervision_orders",
    "tell_alarms",
    "told_to_agent",
    "unread_notices",
]
