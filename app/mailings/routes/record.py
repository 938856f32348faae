"""What this room shows on the patient page and on the timeline."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.mailings import service
from app.mailings.models import Mailing
from app.mailings.routes.pages import occasion_names, words
from app.mailings.rules import KIND_TEXT, STATE_TEXT, MailingKind, MailingState
from app.patients.models import Patient
from app.patients.routes.sections import Section, register
from app.patients.service.timeline_sources import TimelineItem, TimelineSource, add_timeline_source
from app.texts import N_


def _mailings(session: Session, patient: Patient) -> dict[str, Any]:
    found = service.mailings_of(session, patient.id)
    return {"mailings": found, "count": len(found), "occasions": occasion_names(session), **words()}


def _item(mailing: Mailing) -> TimelineItem:
    return TimelineItem(
        kind="mailing",
        at=mailing.created_at,
        id=str(mailing.id),
        direction="outbound",
        state=mailing.state,
        agent=mailing.sender,
        title=_(KIND_TEXT[MailingKind(mailing.kind)]),
        detail=_(STATE_TEXT[MailingState(mailing.state)]),
        text=mailing.item,
    )


register(
    Section(
        name="mailings",
        title=N_("Gifts and mailings"),
        icon="gift",
        template="mailings/_record.html",
        load=_mailings,
        order=700,
    )
)
add_timeline_source(
    TimelineSource(
        name="mailing",
        title=N_("Mailings"),
        icon="envelope",
        module=Module.CONTACT,
        rows=select(Mailing),
        patient=Mailing.patient_id,
        at=Mailing.created_at,
        key=Mailing.id,
        item=_item,
    )
)
