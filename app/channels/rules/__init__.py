"""Decisions about contacts on every channel but call and SMS. Import from here."""

from app.channels.rules.adapter import (
    Adapter,
    AdapterKind,
    Permanent,
    Temporary,
    Uncertain,
    Unreadable,
)
from app.channels.rules.contacts import (
    Attachment,
    Incoming,
    Outgoing,
    Writer,
    clean_attachment_name,
    clean_email,
    dedup_key,
    web_reference,
    web_reference_id,
)
from app.channels.rules.delivery import CLAIM_LIVES, GIVEN_UP, retry_at
from app.channels.rules.matching import Found, Matched, decide_owner
from app.channels.rules.states import (
    OPEN_IN_STATES,
    Channel,
    InState,
    Outcome,
    OutState,
    may_move,
)

__all__ = [
    "CLAIM_LIVES",
    "GIVEN_UP",
    "OPEN_IN_STATES",
    "Adapter",
    "AdapterKind",
    "Attachment",
    "Channel",
    "Found",
    "InState",
    "Incoming",
    "Matched",
    "OutState",
    "Outcome",
    "Outgoing",
    "Permanent",
    "Temporary",
    "Uncertain",
    "Unreadable",
    "Writer",
    "clean_attachment_name",
    "clean_email",
    "decide_owner",
    "dedup_key",
    "may_move",
    "retry_at",
    "web_reference",
    "web_reference_id",
]
