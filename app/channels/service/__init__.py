"""Use cases of contacts on every channel. Import from here; the files below are grouped by subject."""

from app.channels.service import timeline as _timeline  # noqa: F401  puts contacts on every patient's timeline
from app.channels.service.answering import Letter, Sent, send
from app.channels.service.connections import Connection, connections, is_usable
from app.channels.service.delivery import (
    claim_due,
    has_work,
    hold_uncertain,
    record_failed,
    record_sent,
    record_uncertain,
)
from app.channels.service.handling import change_state, close, link, mark_read, take
from app.channels.service.positions import advance, begin_round
from app.channels.service.reading import Filters, count_open, get_interaction, history, list_interactions
from app.channels.service.receiving import candidate_ids, is_too_many_from, receive
from app.channels.service.recipients import Recipient, preferred_channel, recipients
from app.channels.service.writing import Draft, own_email, write

__all__ = [
    "Connection",
    "Draft",
    "Filters",
    "Letter",
    "Recipient",
    "Sent",
    "advance",
    "begin_round",
    "candidate_ids",
    "change_state",
    "claim_due",
    "close",
    "connections",
    "count_open",
    "get_interaction",
    "has_work",
    "history",
    "hold_uncertain",
    "is_too_many_from",
    "is_usable",
    "link",
    "list_interactions",
    "mark_read",
    "own_email",
    "preferred_channel",
    "receive",
    "recipients",
    "record_failed",
    "record_sent",
    "record_uncertain",
    "send",
    "take",
    "write",
]
