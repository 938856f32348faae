"""The words of messages in the reader's language, each state with its icon."""

from __future__ import annotations

import re
from typing import Any

from flask_babel import gettext as _

from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.messages.models import Message
from app.messages.routes.reasons import why_sentences
from app.messages.rules import NO_ANSWER, InState, LinkState, MessageKind, OutState, SegmentState
from app.messages.service import UNCERTAIN, Box

_ICONS: dict[str, str] = {
    InState.NEW: "envelope",
    InState.READ: "envelope-open",
    InState.ANSWERED: "reply",
    InState.LINKED: "link-45deg",
    InState.IGNORED: "archive",
    OutState.DRAFT: "pencil",
    OutState.APPROVED: "check",
    OutState.QUEUED: "hourglass-split",
    OutState.SENT: "send",
    OutState.DELIVERED: "check2-all",
    OutState.UNDELIVERED: "x-octagon",
    OutState.EXPIRED: "clock-history",
    OutState.CANCELLED: "slash-circle",
    OutState.FAILED: "exclamation-triangle",
    UNCERTAIN: "question-circle",
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "state_word": state_word,
        "state_icon": lambda message: _ICONS[shown_state(message)],
        "shown_state": shown_state,
        "error_sentence": error_sentence,
        "box_word": box_words(),
        "kind_word": kind_words(),
        "why": lambda message, consents: why_sentences(message, consents, kind_words()),
        "state_choices": state_choices,
        "link_sentence": link_sentence,
    }


def shown_state(message: Message) -> str:
    """The state, with "uncertain" as one of its own: a person must look at it."""
    is_uncertain = message.state == OutState.QUEUED and message.error_code == UNCERTAIN
    return UNCERTAIN if is_uncertain else message.state


def state_word(message: Message) -> str:
    """One or two words for the state."""
    return message_state_words()[shown_state(message)]


def state_choices(box: Box) -> list[tuple[str, str]]:
    """The states that can be met in this box, as options of a filter."""
    states: dict[Box, tuple[str, ...]] = {
        Box.INBOX: tuple(InState),
        Box.OUTBOX: (OutState.QUEUED, OutState.FAILED, OutState.EXPIRED, OutState.CANCELLED),
        Box.SENT: (OutState.SENT, OutState.DELIVERED, OutState.UNDELIVERED, OutState.EXPIRED),
        Box.DELETED: (),
    }
    words = message_state_words()
    return [("", _("Every state")), *((str(state), words[state]) for state in states[box])]


def box_words() -> dict[str, str]:
    """The names of the boxes."""
    return {
        Box.INBOX.value: _("Inbox"),
        Box.OUTBOX.value: _("Outbox"),
        Box.SENT.value: _("Sent messages"),
        Box.DELETED.value: _("Deleted"),
    }


def kind_words() -> dict[str, str]:
    """The kinds of message."""
    return {
        MessageKind.CARE.value: _("Care"),
        MessageKind.MARKETING.value: _("Promotion"),
        MessageKind.STAFF.value: _("Staff"),
        MessageKind.PARTNER.value: _("Referral partner"),
    }


def error_sentence(message: Message) -> str:
    """What went wrong, and what follows from it; nothing when all is well."""
    code = message.error_code
    return "" if code is None else str(_error_sentence(code))


def link_sentence(state: LinkState) -> str:
    """What the state of the bind means for the person who sends; nothing while it stands."""
    sentences = {
        LinkState.CONNECTING: _("Connecting to the SMS centre. Messages wait in the outbox."),
        LinkState.REFUSED: _(
            "The SMS centre refuses our account. Messages wait in the outbox; call the administrator."
        ),
        LinkState.DOWN: _("The SMS centre cannot be reached; we keep trying. Messages wait in the outbox."),
        LinkState.OFF: _("No SMS centre is set up. Messages wait in the outbox."),
    }
    return str(sentences.get(state, ""))


def _error_sentence(code: str) -> Any:
    if code == UNCERTAIN:
        return _("The SMS centre may have taken it; its answer never came. It is not sent again by itself.")
    if code == NO_ANSWER:
        return _("Neither an answer nor a receipt ever came; nobody knows whether it arrived. It was given up.")
    if code in set(Refusal):
        return _(REFUSAL_TEXT[Refusal(code)])
    if code.startswith("invalid_"):
        return _("The number does not fit the operator's format.")
    if re.fullmatch(r"smpp-0x[0-9a-f]+", code):
        return _("The SMS centre refused it (code %(code)s).", code=code.removeprefix("smpp-"))
    return _("The network reports code %(code)s.", code=code)


def message_state_words() -> dict[str, str]:
    """The word for each state of a message, in both directions."""
    return {
        InState.NEW: _("New"),
        InState.READ: _("Read"),
        InState.ANSWERED: _("Replied"),
        InState.LINKED: _("Linked"),
        InState.IGNORED: _("Ignored"),
        OutState.DRAFT: _("Draft"),
        OutState.APPROVED: _("Approved"),
        OutState.QUEUED: _("Waiting to be sent"),
        OutState.SENT: _("Sent"),
        OutState.DELIVERED: _("Delivered"),
        OutState.UNDELIVERED: _("Not delivered"),
        OutState.EXPIRED: _("Expired"),
        OutState.CANCELLED: _("Cancelled"),
        OutState.FAILED: _("Failed"),
        SegmentState.UNCERTAIN: _("Uncertain"),
    }
