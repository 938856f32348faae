"""Use cases of messages. Import from here; the files below are grouped by subject.

`claiming`, `delivery` and `link` are for sms_gateway alone: message delivery has one writer.
"""

from app.messages.service.claiming import Carriage, claim_segments, expire_messages, has_due_segment
from app.messages.service.cutting import USUAL_FORM, TextForm
from app.messages.service.delivery import (
    RECEIPT_WAITS,
    UNCERTAIN,
    hold_uncertain,
    record_outcomes,
    record_receipts,
    settle_uncertain,
)
from app.messages.service.link import record_alarm, record_link
from app.messages.service.queueing import MOST_QUEUED, Outgoing, Queued, queue_many
from app.messages.service.reading import (
    Box,
    Filters,
    Link,
    gateway_link,
    get_message,
    inbox,
    list_messages,
    message_view,
    message_views,
    thread,
)
from app.messages.service.receiving import (
    deliver_incomplete,
    handle_message,
    link_message,
    read_message,
    receive_message,
    receive_part,
)
from app.messages.service.sending import cancel, queue_message, reply, resend, send_message

__all__ = [
    "MOST_QUEUED",
    "RECEIPT_WAITS",
    "UNCERTAIN",
    "USUAL_FORM",
    "Box",
    "Carriage",
    "Filters",
    "Link",
    "Outgoing",
    "Queued",
    "TextForm",
    "cancel",
    "claim_segments",
    "deliver_incomplete",
    "expire_messages",
    "gateway_link",
    "get_message",
    "handle_message",
    "has_due_segment",
    "hold_uncertain",
    "inbox",
    "link_message",
    "list_messages",
    "message_view",
    "message_views",
    "queue_many",
    "queue_message",
    "read_message",
    "receive_message",
    "receive_part",
    "record_alarm",
    "record_link",
    "record_outcomes",
    "record_receipts",
    "reply",
    "resend",
    "send_message",
    "settle_uncertain",
    "thread",
]
