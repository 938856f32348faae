"""Consents, opt-outs and the reasons of the latest messages, on the patient page."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.contact_policy.routes.labels import channel_words, kind_words
from app.contact_policy.service import consents_of, opt_outs_of
from app.http import viewer
from app.messages.models import Message
from app.messages.routes.reasons import why_sentences
from app.messages.rules import Direction, MessageKind
from app.patients.models import Patient
from app.patients.routes.sections import Section, register
from app.texts import N_

_LATEST = 5
_CHANNELS = ("sms", "call", "email")


def _load(session: Session, patient: Patient) -> dict[str, Any]:
    consents = {(each.kind, each.channel): each for each in consents_of(session, patient.id)}
    kinds = kind_words()
    rows = [(kind.value, channel) for kind in (MessageKind.CARE, MessageKind.MARKETING) for channel in _CHANNELS]
    rows += [key for key in consents if key not in rows]
    by_kind = {kind: each for (kind, channel), each in consents.items() if channel == "sms"}
    opt_outs = opt_outs_of(session, patient.id)
    return {
        "kinds": kinds,
        "channels": channel_words(),
        "rows": [(kind, channel, consents.get((kind, channel))) for kind, channel in rows],
        "opt_outs": opt_outs,
        "is_stopped": any(each.withdrawn_at is None and each.kind == "all" for each in opt_outs),
        "latest": [(each, why_sentences(each, by_kind, kinds)) for each in _latest(session, patient.id)],
    }


def _latest(session: Session, patient_id: int) -> list[Message]:
    if not viewer().grant(Module.MESSAGES).can_view:
        return []
    query = select(Message).where(Message.patient_id == patient_id, Message.direction == Direction.OUT)
    return list(session.scalars(query.order_by(Message.created_at.desc(), Message.id.desc()).limit(_LATEST)))


def register_own() -> None:
    """Put this room's part on the patient page."""
    register(
        Section(
            name="contact-policy",
            title=N_("What we may send"),
            icon="shield-check",
            template="contact_policy/_section.html",
            load=_load,
            order=25,
        )
    )
