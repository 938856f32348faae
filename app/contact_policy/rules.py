"""Who may be written to, for what, and when."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.messages.rules.states import MessageKind
from app.texts import N_

_MARKETING_FROM = time(8)
_MARKETING_UNTIL = time(21)


class Refusal(StrEnum):
    """Why the contact policy says no. The words are part of the API."""

    DECEASED = "deceased"
    NO_CONSENT = "no_consent"
    WRONG_NUMBER = "wrong_number"
    DO_NOT_TEXT = "do_not_text"  # the person does not want texts on this number


REFUSAL_TEXT = {
    Refusal.DECEASED: N_("This person has died. Nothing is sent."),
    Refusal.NO_CONSENT: N_("This person has not agreed to promotions. Nothing is sent."),
    Refusal.WRONG_NUMBER: N_("This number was marked as wrong. Nothing is sent."),
    Refusal.DO_NOT_TEXT: N_("The person wants no texts on this number. Nothing is sent."),
}
"""What the contact policy's refusals mean, as a sentence for the catalogues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The policy's answer: allowed when there is no refusal."""

    refusal: Refusal | None = None

    @property
    def is_granted(self) -> bool:
        return self.refusal is None


def permit(
    *, kind: MessageKind, is_deceased: bool, is_wrong_number: bool, has_consent: bool, is_unwanted: bool = False
) -> Permission:
    """Decide whether this person may get a message of this kind.

    Death and a wrong number stop all kinds (guard 11), and so does a number on which the person wants no texts (P-08).
    """
    if is_deceased:
        return Permission(refusal=Refusal.DECEASED)
    if is_wrong_number:
        return Permission(refusal=Refusal.WRONG_NUMBER)
    if is_unwanted:
        return Permission(refusal=Refusal.DO_NOT_TEXT)
    if kind is MessageKind.MARKETING and not has_consent:
        return Permission(refusal=Refusal.NO_CONSENT)
    return Permission()


def earliest_sending(kind: MessageKind, now: datetime, timezone: ZoneInfo) -> datetime:
    """When a message of this kind may leave: now, or for marketing when the hours from 8 to 21 begin again."""
    if kind is not MessageKind.MARKETING or is_marketing_hour(now, timezone):
        return now
    local = now.astimezone(timezone)
    day = local.date() if local.time() < _MARKETING_FROM else local.date() + timedelta(days=1)
    return datetime.combine(day, _MARKETING_FROM, tzinfo=timezone)


def is_marketing_hour(now: datetime, timezone: ZoneInfo) -> bool:
    """Whether promotions may leave at this moment, by the hospital's clock."""
    return _MARKETING_FROM <= now.astimezone(timezone).time() < _MARKETING_UNTIL
