"""Use cases of messages. Import from here; the files below are grouped by subject.

`claiming`, `delivery` and `link` are for sms_gateway alone: message delivery has one writer.
"""

from app.messages.service.answers import (
    SYSTEM,
    Question,
    Reply,
    ask,
    on_answer,
    on_reply,
    open_question,
    withdraw_questions,
)
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
from app.messages.service.holding import Batch, cancel_waiting, hold_waiting, release_held
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
    replies_since,
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
from app.messages.service.recipients import mobiles_of
from app.messages.service.sending import cancel, queue_message, reply, resend, send_message
from app.messages.service.uncertain import count_uncertain, end_uncertain, give_up_uncertain, list_uncertain
from app.messages.service.verbs import Done, delete, forward, handle_many, resend_many, restore, split_numbers

__all__ = [
    "MOST_QUEUED",
    "RECEIPT_WAITS",
    "SYSTEM",
    "UNCERTAIN",
    "USUAL_FORM",
    "Batch",
    "Box",
    "Carriage",
    "Done",
    "Filters",
    "Link",
    "Outgoing",
    "Question",
    "Queued",
    "Reply",
    "TextForm",
    "ask",
    "cancel",
    "cancel_waiting",
    "claim_segments",
    "count_uncertain",
    "delete",
    "deliver_incomplete",
    "end_uncertain",
    "expire_messages",
    "forward",
    "gateway_link",
    "get_message",
    "give_up_uncertain",
    "handle_many",
    "handle_message",
    "has_due_segment",
    "hold_uncertain",
    "hold_waiting",
    "inbox",
    "link_message",
    "list_messages",
    "list_uncertain",
    "message_view",
    "message_views",
    "mobiles_of",
    "on_answer",
    "on_reply",
    "open_question",
    "queue_many",
    "queue_message",
    "read_message",
    "receive_message",
    "receive_part",
    "record_alarm",
    "record_link",
    "record_outcomes",
    "record_receipts",
    "release_held",
    "replies_since",
    "reply",
    "resend",
    "resend_many",
    "restore",
    "send_message",
    "settle_uncertain",
    "split_numbers",
    "thread",
    "withdraw_questions",
]
