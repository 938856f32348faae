"""Use cases of queues. Import from here."""

from app.queues.rules import MAIN_QUEUE
from app.queues.service.board import (
    board,
    link_view,
    queue_figures,
    queue_labels,
    seconds_between,
    waiting_by_queue,
    was_abandoned,
    was_answered,
    was_in_time,
    was_offered,
)
from app.queues.service.knowing import agent_who_knows, handle_seconds, serving
from app.queues.service.managing import (
    QueueData,
    add_queue,
    ensure_queues,
    get_queue,
    install_queues,
    list_queues,
    members_of,
    memberships,
    queue_names,
    save_queue,
    serve_queues,
)

HOTLINE_QUEUE = MAIN_QUEUE

__all__ = [
    "HOTLINE_QUEUE",
    "QueueData",
    "add_queue",
    "agent_who_knows",
    "board",
    "ensure_queues",
    "get_queue",
    "handle_seconds",
    "install_queues",
    "link_view",
    "list_queues",
    "members_of",
    "memberships",
    "queue_figures",
    "queue_labels",
    "queue_names",
    "save_queue",
    "seconds_between",
    "serve_queues",
    "serving",
    "waiting_by_queue",
    "was_abandoned",
    "was_answered",
    "was_in_time",
    "was_offered",
]
