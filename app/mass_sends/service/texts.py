"""The text of a mass send, and filling it for one recipient."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.mass_sends.models import MassSend
from app.mass_sends.rules import Exclusion
from app.message_templates import service as templates
from app.message_templates.rules import is_valid_on
from app.message_templates.service import Addressee, HouseValues
from app.messages.rules import MessageKind, cut_text, sign_text
from app.settings import Settings
from app.versions.rules import VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class SendText:
    """What is sent and from when: the texts by language, and the values that are the same for everybody."""

    texts: Mapping[str, str]
    kind: MessageKind
    language: str | None
    values: Mapping[str, str]
    house: HouseValues
    signature: str
    due_at: datetime | None
    timezone: ZoneInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text for one recipient, without the signature, and its parts; or why it cannot be sent."""

    text: str
    parts: int
    exclusion: Exclusion | None = None


def text_of(session: Session, send: MassSend, settings: Settings) -> SendText:
    """The text of a mass send: a template's version, or what was written for it."""
    house = templates.house_values(session, settings)
    if send.template_version_id is None:
        texts = {send.language or house.default_language: send.text}
    else:
        texts = templates.get_version(session, send.template_version_id).texts
    return SendText(
        texts=texts,
        kind=MessageKind(send.message_kind),
        language=send.language,
        values={key: str(value) for key, value in send.field_values.items()},
        house=house,
        signature=settings.signature,
        due_at=send.due_at,
        timezone=settings.timezone,
    )


def write(text: SendText, who: Addressee, number: str, own: Mapping[str, str]) -> Written:
    """The text for one recipient; `own` are the values that a list brought for them."""
    extra = {**text.values, **{key: value for key, value in own.items() if value}}
    filled, _language = templates.fill_variant(
        text.texts, text.kind, who, number=number, house=text.house, extra=extra, language=text.language
    )
    if filled.missing:
        return Written(text=filled.text, parts=0, exclusion=Exclusion.EMPTY_FIELD)
    signed = sign_text(filled.text, text.signature)
    if signed.fault is not None:
        return Written(text=filled.text, parts=0, exclusion=Exclusion.BAD_TEXT)
    return Written(text=filled.text, parts=len(cut_text(signed.text).pieces))


def is_usable(session: Session, send: MassSend, today: date) -> bool:
    """Whether the text may still be sent: a template may have gone out of use since the mass send was written."""
    if send.template_version_id is None:
        return True
    version = templates.get_version(session, send.template_version_id)
    return (
        version.state == VersionState.APPROVED
        and version.template.removed_at is None
        and is_valid_on(version.valid_until, today)
    )
