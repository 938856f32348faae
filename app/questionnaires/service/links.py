"""A questionnaire on the patient's own telephone: a link with a secret in it (Q-08)."""

from __future__ import annotations

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bus import Bus
from app.configuration import service as configuration
from app.configuration.rules import LINK_DAYS, PUBLIC_ADDRESS
from app.contact_policy.rules import REFUSAL_TEXT
from app.errors import Conflict, NotFound, Refused
from app.message_templates.rules import language_for
from app.messages import service as messages
from app.messages.models import Message
from app.messages.rules import MessageKind, Origin, Priority
from app.patients.models import Patient
from app.questionnaires.models import QuestionnaireResponse
from app.questionnaires.rules import LINK_TEXT, ResponseWay
from app.questionnaires.service.answering import About, start_response
from app.questionnaires.service.texting import check_askable
from app.settings import Settings
from app.texts import N_

_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The response that waits, and the address that leads to it; nothing for one that was sent before."""

    response: QuestionnaireResponse
    address: str | None


def offers_links(session: Session) -> bool:
    """Whether the hospital has said under which address patients reach its pages."""
    return bool(configuration.value(session, PUBLIC_ADDRESS))


def send_link(
    session: Session,
    bus: Bus,
    settings: Settings,
    version_id: int,
    *,
    patient_id: int,
    task_id: int | None = None,
    about: About | None = None,
    by: str | None,
    now: datetime,
) -> Link:
    """Queue a text with an address of 128 random bits, of which only the hash is kept.

    Raises Conflict while no public address is set, InvalidInput without a mobile, Refused with the reason where the
    contact policy or an earlier refusal forbids it; then there is no response either.
    """
    number = check_askable(session, version_id, patient_id, now)
    base = configuration.value(session, PUBLIC_ADDRESS).rstrip("/")
    if not base:
        raise Conflict(
            N_("No address for patients is set, so no link can be sent. An administrator sets it in the settings.")
        )
    token = secrets.token_urlsafe(16)
    until = now + timedelta(days=configuration.value(session, LINK_DAYS))
    token_hash = hash_of(token)
    response = start_response(
        session,
        bus,
        version_id,
        patient_id=patient_id,
        way=ResponseWay.LINK,
        task_id=task_id,
        about=about,
        by=by,
        now=now,
        expires_at=until,
        token_hash=token_hash,
    )
    if response.token_hash != token_hash:
        return Link(response=response, address=None)
    address = f"{base}/q/{token}"
    spoken = session.scalar(select(Patient.language).where(Patient.id == patient_id))
    language = language_for(spoken, number, settings.locale)
    day = until.astimezone(settings.timezone).strftime("%Y-%m-%d")
    queued = messages.queue_many(
        session,
        bus,
        settings=settings,
        outgoing=[
            messages.Outgoing(
                number=number,
                patient_id=patient_id,
                text=LINK_TEXT[language].format(until=day, address=address),
                dedup_key=f"survey:{response.id}:link",
                expires_at=until,
            )
        ],
        kind=MessageKind.CARE,
        origin=Origin.SURVEY,
        origin_id=response.id,
        priority=Priority.NORMAL,
        created_by=by,
        now=now,
    )[0]
    if queued.refusal is not None:
        raise Refused(REFUSAL_TEXT[queued.refusal], reason=str(queued.refusal))
    return Link(response=response, address=address)


def response_of_link(session: Session, token: str) -> QuestionnaireResponse:
    """The response that this link leads to, whether it is still open or not. Raises NotFound."""
    found = None
    if _TOKEN.fullmatch(token):
        query = select(QuestionnaireResponse).where(QuestionnaireResponse.token_hash == hash_of(token))
        found = session.scalar(query)
    if found is None:
        raise NotFound(N_("This address leads to no questionnaire. Please check it, or call us."))
    return found


def language_of_link(session: Session, response: QuestionnaireResponse, settings: Settings) -> str:
    """The language in which the person is written to."""
    spoken = session.scalar(select(Patient.language).where(Patient.id == response.patient_id))
    number = session.scalar(select(Message.number).where(Message.dedup_key == f"survey:{response.id}:link"))
    return language_for(spoken, number or "", settings.locale)


def hash_of(token: str) -> str:
    """What is kept of a link's secret."""
    return hashlib.sha256(token.encode()).hexdigest()
