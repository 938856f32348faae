"""What the form for a new message holds: the channel, where it goes, the text. The same on every page (G-06)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import request
from sqlalchemy.orm import Session

from app.channels.models import Interaction
from app.channels.service import Letter, Recipient, preferred_channel, recipients
from app.channels.service.recipients import CALL, SMS, TYPED
from app.channels.service.writing import LONGEST_SUBJECT
from app.http import parts
from app.patients.models import Patient

_LONGEST_FIELD = 6000


@dataclass(frozen=True, slots=True, kw_only=True)
class FormValues:
    """One form, ready to be shown. `known` are the ways to reach the person on the chosen channel."""

    id: str
    channel: str
    channels: list[str]
    known: list[Recipient]
    to: str
    typed: str
    subject: str
    text: str
    patient_id: int | None
    answers_id: int | None
    may_type: bool
    preferred: str | None
    has_subject: bool

    @property
    def is_call(self) -> bool:
        return self.channel == CALL


def form_values(session: Session, patient: Patient | None, answered: Interaction | None) -> FormValues:
    """The form with what was typed so far; a new one opens on the channel that the person prefers."""
    given = request.form
    by_channel = recipients(session, patient, answered, parts().settings)
    channel = given.get("channel", "")
    if channel not in by_channel:
        channel = preferred_channel(patient, answered, by_channel)
    known = by_channel[channel]
    to = given.get("to", "")
    if to not in {TYPED, *(each.value for each in known)}:
        to = known[0].value if known else TYPED
    return FormValues(
        id=_form_id(),
        channel=channel,
        channels=list(by_channel),
        known=known,
        to=to,
        typed=given.get("typed", "")[:200],
        subject=given.get("subject", answer_subject(answered))[:LONGEST_SUBJECT],
        text=given.get("text", "")[:_LONGEST_FIELD],
        patient_id=patient.id if patient else None,
        answers_id=answered.id if answered else None,
        may_type=channel != CALL,
        preferred=patient.preferred_channel if patient else None,
        has_subject=channel not in (CALL, SMS),
    )


def letter_of(form: FormValues, *, is_held: bool) -> Letter:
    """What the form asks for."""
    return Letter(
        channel=form.channel,
        text=form.text,
        to=form.to,
        typed=form.typed,
        subject=form.subject,
        patient_id=form.patient_id,
        answers_id=form.answers_id,
        key=form.id,
        is_held=is_held,
    )


def answer_subject(answered: Interaction | None) -> str:
    """The subject of an answer, its "Re:" not repeated."""
    if answered is None or not answered.subject:
        return ""
    is_answer = answered.subject.lower().startswith(("re:", "re：", "回复:", "回复：", "回覆:", "回覆："))
    return answered.subject if is_answer else f"Re: {answered.subject}"


def _form_id() -> str:
    """The id in the form, which makes a double click one message."""
    try:
        return str(uuid.UUID(request.form.get("id", "")))
    except ValueError:
        return str(uuid.uuid4())
