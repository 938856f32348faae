"""Who may be written to or called, for what, and when. Every refusal has a sentence."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.messages.rules.states import MessageKind, Origin, Priority
from app.texts import N_

EVERYTHING = "all"
"""In an opt-out: every kind of message, or every channel."""
SMS, CALL = "sms", "call"
AUTOMATIC = frozenset({Origin.MASS_SEND, Origin.RULE, Origin.SURVEY, Origin.FOLLOWUP})
"""What nobody wrote for this one person."""


class Refusal(StrEnum):
    """Why the contact policy says no. The words are part of the API."""

    DECEASED = "deceased"
    WRONG_NUMBER = "wrong_number"
    DO_NOT_TEXT = "do_not_text"  # the person does not want texts on this number
    DO_NOT_CALL = "do_not_call"
    STOPPED = "stopped"  # the person wants nothing at all
    OPTED_OUT = "opted_out"  # the person wants no messages of this kind
    NO_CONSENT = "no_consent"
    DAY_CAP = "day_cap"
    WEEK_CAP = "week_cap"


REFUSAL_TEXT = {
    Refusal.DECEASED: N_("This person has died. Nothing is sent."),
    Refusal.NO_CONSENT: N_("This person has not agreed to promotions. Nothing is sent."),
    Refusal.WRONG_NUMBER: N_("This number was marked as wrong. Nothing is sent."),
    Refusal.DO_NOT_TEXT: N_("The person wants no texts on this number. Nothing is sent."),
    Refusal.DO_NOT_CALL: N_("The person does not want to be called on this number."),
    Refusal.STOPPED: N_("The person has told us to stop all messages. Nothing is sent."),
    Refusal.OPTED_OUT: N_("The person wants no more messages of this kind. Nothing is sent."),
    Refusal.DAY_CAP: N_("The person already gets as many such messages on that day as we allow. Nothing is sent."),
    Refusal.WEEK_CAP: N_("The person already gets as many such messages in that week as we allow. Nothing is sent."),
}
"""What the contact policy's refusals mean, as a sentence for the catalogues."""
CALL_REFUSAL_TEXT = {
    Refusal.DECEASED: N_("This person has died. Nobody is called."),
    Refusal.WRONG_NUMBER: N_("This number was marked as wrong. Nobody is called."),
    Refusal.STOPPED: N_("The person wants no contact at all. Nobody is called."),
}
"""The same for the telephone, where the words differ."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """The policy's answer: allowed when there is no refusal."""

    refusal: Refusal | None = None

    @property
    def is_granted(self) -> bool:
        return self.refusal is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hours:
    """From this full hour until that one, by the hospital's clock. 0 to 24 is always."""

    opens: int
    closes: int

    def is_open(self, now: datetime, timezone: ZoneInfo) -> bool:
        """Whether `now` lies within them."""
        return self.opens <= now.astimezone(timezone).hour < self.closes

    def next_open(self, now: datetime, timezone: ZoneInfo) -> datetime:
        """`now` when it lies within them, else when they begin again."""
        if self.is_open(now, timezone):
            return now
        local = now.astimezone(timezone)
        day = local.date() if local.hour < self.opens else local.date() + timedelta(days=1)
        return datetime.combine(day, time(self.opens), tzinfo=timezone)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """At most so many to one person on a day, and from Monday to Sunday."""

    per_day: int
    per_week: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What the hospital has set (guards 1 and 2)."""

    marketing_hours: Hours = field(default_factory=lambda: Hours(opens=8, closes=21))
    notice_hours: Hours = field(default_factory=lambda: Hours(opens=7, closes=21))
    marketing_cap: Cap = field(default_factory=lambda: Cap(per_day=1, per_week=2))
    care_cap: Cap = field(default_factory=lambda: Cap(per_day=2, per_week=5))


USUAL = Limits()
"""What holds where the hospital has set nothing."""


def permit(
    *,
    kind: MessageKind,
    is_deceased: bool,
    is_wrong_number: bool,
    has_consent: bool,
    is_unwanted: bool = False,
    is_stopped: bool = False,
    is_opted_out: bool = False,
    channel: str = SMS,
) -> Permission:
    """Decide whether this person may be written to, or called, for this.

    Death and a wrong number stop all kinds (guard 11), so does a number on which the person wants no texts or no calls
    (P-08), and so does a full stop. An opt-out stops its own kind.
    """
    if is_deceased:
        return Permission(refusal=Refusal.DECEASED)
    if is_wrong_number:
        return Permission(refusal=Refusal.WRONG_NUMBER)
    if is_unwanted:
        return Permission(refusal=Refusal.DO_NOT_CALL if channel == CALL else Refusal.DO_NOT_TEXT)
    if is_stopped:
        return Permission(refusal=Refusal.STOPPED)
    if is_opted_out:
        return Permission(refusal=Refusal.OPTED_OUT)
    if kind is MessageKind.MARKETING and not has_consent:
        return Permission(refusal=Refusal.NO_CONSENT)
    return Permission()


def cap_for(kind: MessageKind, origin: Origin, priority: Priority, limits: Limits) -> Cap | None:
    """How many such texts one person may get; nothing where they are not counted.

    Promotions count whoever wrote them, care only when it is automatic. Urgent care and what somebody wrote for this
    one person is never counted, nor are staff and partners, who are no patients.
    """
    if kind is MessageKind.MARKETING:
        return limits.marketing_cap
    if kind is MessageKind.CARE and origin in AUTOMATIC and priority is not Priority.URGENT:
        return limits.care_cap
    return None


def exceeds(cap: Cap, on_day: int, in_week: int) -> Refusal | None:
    """Which cap one more would break, after so many on its day and in its week."""
    if on_day >= cap.per_day:
        return Refusal.DAY_CAP
    return Refusal.WEEK_CAP if in_week >= cap.per_week else None


def week_of(day: date) -> tuple[date, date]:
    """Monday of this day's week, and the Monday after it."""
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=7)


def hours_for(kind: MessageKind, origin: Origin, priority: Priority, limits: Limits) -> Hours | None:
    """When such a message may leave; nothing means always."""
    if kind is MessageKind.MARKETING:
        return limits.marketing_hours
    if origin in AUTOMATIC and priority is not Priority.URGENT:
        return limits.notice_hours
    return None


def earliest_sending(
    kind: MessageKind,
    now: datetime,
    timezone: ZoneInfo,
    *,
    origin: Origin = Origin.PERSON,
    priority: Priority = Priority.NORMAL,
    limits: Limits = USUAL,
) -> datetime:
    """When a message of this kind may leave: now, or when its hours begin again."""
    hours = hours_for(kind, origin, priority, limits)
    return now if hours is None else hours.next_open(now, timezone)


def is_marketing_hour(now: datetime, timezone: ZoneInfo, limits: Limits = USUAL) -> bool:
    """Whether promotions may leave at this moment, by the hospital's clock."""
    return limits.marketing_hours.is_open(now, timezone)
