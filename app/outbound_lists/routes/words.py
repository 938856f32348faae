"""The words of outbound lists in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.contact_policy.rules import REFUSAL_TEXT, Refusal
from app.errors import NotFound
from app.followups.routes import words as followup_words
from app.followups.service import DIALLER
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import (
    DIALLING_TEXT,
    LEFT_OUT_TEXT,
    PURPOSE_TEXT,
    STATE_TEXT,
    ListState,
    in_language,
)
from app.segments import service as segments

_ICONS = {
    ListState.DRAFT: ("pencil", "new"),
    ListState.PREPARING: ("hourglass-split", "queued"),
    ListState.RUNNING: ("telephone-outbound", "good"),
    ListState.PAUSED: ("pause-circle", "warn"),
    ListState.DONE: ("check2-circle", "off"),
    ListState.STOPPED: ("slash-circle", "off"),
}


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "list_word": {str(each): _(text) for each, text in STATE_TEXT.items()},
        "list_icon": {str(state): icon for state, (icon, _tone) in _ICONS.items()},
        "list_tone": {str(state): tone for state, (_icon, tone) in _ICONS.items()},
        "purpose_word": {str(each): _(text) for each, text in PURPOSE_TEXT.items()},
        "dialling_word": {str(each): _(text) for each, text in DIALLING_TEXT.items()},
        "dialler": DIALLER,
        "left_out_word": left_out_word,
        "task_word": followup_words.state_words(),
        "result_word": followup_words.result_words(),
        "reason_word": followup_words.reason_word,
        "outcome_word": followup_words.outcome_words(),
        "spoken": lambda texts: in_language(texts, str(get_locale())),
    }


def left_out_word(reason: str) -> str:
    """Why somebody is left out."""
    if reason in LEFT_OUT_TEXT:
        return str(_(LEFT_OUT_TEXT[reason]))
    return str(_(REFUSAL_TEXT[Refusal(reason)])) if reason in set(Refusal) else reason


def audience_sentence(session: Session, batch: OutboundList) -> str:
    """Whom a list is for, by name."""
    if batch.segment_id is None:
        return str(_("Chosen people"))
    try:
        return segments.get_segment(session, batch.segment_id).name
    except NotFound:
        return str(_("A segment that is no longer there"))
