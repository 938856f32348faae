"""The words of mass sends in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.errors import NotFound
from app.groups import service as groups
from app.mass_sends.models import MassSend
from app.mass_sends.rules import AUDIENCE_TEXT, EXCLUSION_TEXT, STATE_TEXT, Audience, SendState, cost_cents
from app.message_templates.routes.words import language_words, message_kinds
from app.messages.rules import OutState
from app.organisation import service as organisation
from app.segments import service as segments

_ICONS = {
    SendState.PREPARING: "hourglass-split",
    SendState.READY: "card-checklist",
    SendState.APPROVED: "clock",
    SendState.QUEUEING: "send",
    SendState.PAUSED: "pause-circle",
    SendState.QUEUED: "check2-circle",
    SendState.STOPPED: "slash-circle",
    SendState.FAILED: "exclamation-triangle",
}
_TONES = {
    SendState.READY: "new",
    SendState.PAUSED: "warn",
    SendState.QUEUED: "good",
    SendState.FAILED: "bad",
    SendState.STOPPED: "off",
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "audience_word": {str(each): _(text) for each, text in AUDIENCE_TEXT.items()},
        "state_word": {str(each): _(text) for each, text in STATE_TEXT.items()},
        "state_icon": {str(each): icon for each, icon in _ICONS.items()},
        "state_tone": {str(each): _TONES.get(each, "queued") for each in SendState},
        "exclusion_word": exclusion_word,
        "message_state_word": message_state_words(),
        "message_kind_word": message_kinds(),
        "language_word": language_words(),
        "cost": cost,
    }


def exclusion_word(reason: str) -> str:
    """Why somebody is left out, or why a message failed: in words where we have them, else the network's code."""
    if reason in set(Refusal):
        return str(_(EXCLUSION_TEXT.get(reason) or REFUSAL_TEXT[Refusal(reason)]))
    return str(_(EXCLUSION_TEXT[reason])) if reason in EXCLUSION_TEXT else reason


def message_state_words() -> dict[str, str]:
    """The states that the messages of a mass send can be in."""
    return {
        OutState.QUEUED.value: _("Waiting to be sent"),
        OutState.APPROVED.value: _("Held"),
        OutState.SENT.value: _("Sent"),
        OutState.DELIVERED.value: _("Delivered"),
        OutState.UNDELIVERED.value: _("Not delivered"),
        OutState.EXPIRED.value: _("Expired"),
        OutState.CANCELLED.value: _("Cancelled"),
        OutState.FAILED.value: _("Failed"),
    }


def cost(parts: int, price: int) -> str:
    """`¥12.35` for so many parts at that price."""
    cents = cost_cents(parts, price)
    return f"¥{cents // 100:,}.{cents % 100:02}"


def audience_sentence(session: Session, send: MassSend) -> str:
    """Whom a mass send is for, by name."""
    wanted, audience = send.wanted, Audience(send.audience)
    kind: str = _(AUDIENCE_TEXT[audience])
    try:
        name = _name(session, audience, wanted)
    except NotFound:
        name = _("no longer there")
    return f"{kind}: {name}" if name else kind


def _name(session: Session, audience: Audience, wanted: dict[str, Any]) -> str:
    if audience is Audience.SEGMENT:
        return segments.get_segment(session, wanted["segment"]).name
    if audience is Audience.GROUP:
        return groups.get_group(session, wanted["group"]).name
    if audience is Audience.FILE:
        return str(wanted.get("file_name", ""))
    if audience is Audience.STAFF:
        department = organisation.department_names(session).get(wanted.get("department") or 0, "")
        listed = ", ".join(wanted.get("usernames", ()))
        return " · ".join(each for each in (department, wanted.get("role", ""), listed) if each)
    return ""
