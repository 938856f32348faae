"""The supervisors' floor: who is in whose call, messages to agents, the live view."""

from app.floor.service.supervision import (
    open_supervisions,
    order_supervision,
    order_take_over,
    record_supervisions,
    stop_supervision,
    supervision_orders,
)

__all__ = [
    "open_supervisions",
    "order_supervision",
    "order_take_over",
    "record_supervisions",
    "stop_supervision",
    "supervision_orders",
]
