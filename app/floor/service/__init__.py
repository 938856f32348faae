"""The supervisors' floor: who is in whose call, help, messages to agents, the live view, its alarms."""

from app.floor.service.alarms import tell_alarms
from app.floor.service.board import FloorBoard
from app.floor.service.help import ask_help, help_of, see_help, withdraw_help
from app.floor.service.history import day_history
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
from app.floor.service.view import FloorPeople

__all__ = [
    "LONGEST_NOTICE",
    "FloorBoard",
    "FloorPeople",
    "ask_help",
    "day_history",
    "help_of",
    "open_supervisions",
    "order_supervision",
    "order_take_over",
    "read_notice",
    "record_supervisions",
    "see_help",
    "send_notice",
    "stop_supervision",
    "supervision_orders",
    "tell_alarms",
    "told_to_agent",
    "unread_notices",
    "withdraw_help",
]
