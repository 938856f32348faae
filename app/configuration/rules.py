"""The settings that a hospital may change without a restart, and the kinds of field that it may add to a record.

A setting exists once it stands in `SETTINGS`. Its value is read where it is needed, at the moment it is needed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, Generic, TypeVar

from app.calls.rules import USUAL_PREFIXES
from app.errors import InvalidInput
from app.texts import N_

Value = TypeVar("Value", int, bool, str)


class Group(StrEnum):
    """Under which heading a setting is shown."""

    HOSPITAL = "hospital"
    SIGN_IN = "sign_in"
    PRIVACY = "privacy"
    IMPORTS = "imports"
    MESSAGES = "messages"
    CALLS = "calls"
    QUESTIONNAIRES = "questionnaires"
    FOLLOWUPS = "followups"
    FLOOR = "floor"


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingKey(Generic[Value]):
    """One setting: its name in the database and in exported files, its default, its limits, and what it does.

    A number lies between `low` and `high`; a text has at most `high` characters. Title, unit and help are sentences of
    the catalogues.
    """

    name: str
    default: Value
    group: Group
    title: str
    help: str
    unit: str = ""
    low: int = 0
    high: int = 200


HOSPITAL_NAME: SettingKey[str] = SettingKey(
    name="hospital.name",
    default="",
    group=Group.HOSPITAL,
    title=N_("Name of the hospital"),
    help=N_("Stands on envelopes and printed pages."),
    high=60,
)
RETURN_ADDRESS: SettingKey[str] = SettingKey(
    name="hospital.return_address",
    default="",
    group=Group.HOSPITAL,
    title=N_("Return address"),
    help=N_("Stands on every envelope; letters that cannot be delivered come back to it."),
    high=200,
)
RETURN_POSTCODE: SettingKey[str] = SettingKey(
    name="hospital.return_postcode",
    default="",
    group=Group.HOSPITAL,
    title=N_("Postcode of the return address"),
    help=N_("Six digits in mainland China."),
    high=10,
)
IDLE_MINUTES: SettingKey[int] = SettingKey(
    name="sign_in.idle_minutes",
    default=120,
    group=Group.SIGN_IN,
    title=N_("A sign-in that nobody uses ends after"),
    help=N_("A connected desk counts as use, whatever the mouse does."),
    unit=N_("minutes"),
    low=5,
    high=720,
)
SESSION_HOURS: SettingKey[int] = SettingKey(
    name="sign_in.session_hours",
    default=12,
    group=Group.SIGN_IN,
    title=N_("A sign-in ends in any case after"),
    help=N_("Take the longest shift."),
    unit=N_("hours"),
    low=1,
    high=24,
)
SIGN_IN_TRIES: SettingKey[int] = SettingKey(
    name="sign_in.tries",
    default=5,
    group=Group.SIGN_IN,
    title=N_("Wrong passwords in a row before a sign-in must wait"),
    help=N_("The wait begins with 30 seconds and doubles up to 15 minutes."),
    unit=N_("tries"),
    low=3,
    high=20,
)
EMERGENCY_MINUTES: SettingKey[int] = SettingKey(
    name="privacy.emergency_minutes",
    default=60,
    group=Group.PRIVACY,
    title=N_("A record opened in an emergency stays open for"),
    help=N_("Somebody looks at every such opening afterwards."),
    unit=N_("minutes"),
    low=5,
    high=1440,
)
IMPORT_RETENTION_DAYS: SettingKey[int] = SettingKey(
    name="imports.retention_days",
    default=30,
    group=Group.IMPORTS,
    title=N_("Imported files are kept for"),
    help=N_("Afterwards the file is removed; what was imported and why rows were left out stays."),
    unit=N_("days"),
    low=1,
    high=3650,
)
HOSPITAL_PHONE: SettingKey[str] = SettingKey(
    name="hospital.phone",
    default="",
    group=Group.HOSPITAL,
    title=N_("Telephone for patients"),
    help=N_("Fills the field {phone} of messages."),
    high=30,
)
HOSPITAL_PLACE: SettingKey[str] = SettingKey(
    name="hospital.place",
    default="",
    group=Group.HOSPITAL,
    title=N_("Where patients come to"),
    help=N_("Fills the field {place} of messages that name no other place."),
    high=60,
)
OPT_OUT_WORDS: SettingKey[str] = SettingKey(
    name="messages.opt_out_words",
    default="",
    group=Group.MESSAGES,
    title=N_("Words for opting out"),
    help=N_(
        "Stand behind every promotion and count in its length. Left empty: 拒收请回复R, in the message's language."
    ),
    high=30,
)
PRICE_PER_PART: SettingKey[int] = SettingKey(
    name="messages.price_per_part",
    default=50,
    group=Group.MESSAGES,
    title=N_("Price of one part of a message"),
    help=N_("In thousandths of a yuan: 50 is 0.05 yuan. The cost of a mass send is reckoned with it."),
    unit=N_("thousandths of a yuan"),
    low=0,
    high=10_000,
)
APPROVE_EVERY_MASS_SEND: SettingKey[bool] = SettingKey(
    name="messages.approve_every_mass_send",
    default=False,
    group=Group.MESSAGES,
    title=N_("Every mass send needs somebody else's approval"),
    help=N_("Promotions always do."),
)
MARKETING_FROM: SettingKey[int] = SettingKey(
    name="messages.marketing_from",
    default=8,
    group=Group.MESSAGES,
    title=N_("Promotions leave from"),
    help=N_("By the hospital's clock. What is late waits for the next morning."),
    unit=N_("o'clock"),
    low=0,
    high=23,
)
MARKETING_UNTIL: SettingKey[int] = SettingKey(
    name="messages.marketing_until",
    default=21,
    group=Group.MESSAGES,
    title=N_("Promotions leave until"),
    help=N_("By the hospital's clock. It must be later than the hour from which they leave."),
    unit=N_("o'clock"),
    low=1,
    high=24,
)
NOTICES_FROM: SettingKey[int] = SettingKey(
    name="messages.notices_from",
    default=7,
    group=Group.MESSAGES,
    title=N_("Automatic notices leave from"),
    help=N_("What somebody writes to one person, and what is urgent, leaves at any hour."),
    unit=N_("o'clock"),
    low=0,
    high=23,
)
NOTICES_UNTIL: SettingKey[int] = SettingKey(
    name="messages.notices_until",
    default=21,
    group=Group.MESSAGES,
    title=N_("Automatic notices leave until"),
    help=N_("By the hospital's clock. It must be later than the hour from which they leave."),
    unit=N_("o'clock"),
    low=1,
    high=24,
)
CARE_PER_DAY: SettingKey[int] = SettingKey(
    name="messages.care_per_day",
    default=2,
    group=Group.MESSAGES,
    title=N_("Automatic notices to one person on a day"),
    help=N_("What is more is refused and told. Urgent notices are not counted."),
    unit=N_("messages"),
    low=0,
    high=50,
)
CARE_PER_WEEK: SettingKey[int] = SettingKey(
    name="messages.care_per_week",
    default=5,
    group=Group.MESSAGES,
    title=N_("Automatic notices to one person in a week"),
    help=N_("From Monday to Sunday. Urgent notices are not counted."),
    unit=N_("messages"),
    low=0,
    high=200,
)
MARKETING_PER_DAY: SettingKey[int] = SettingKey(
    name="messages.marketing_per_day",
    default=1,
    group=Group.MESSAGES,
    title=N_("Promotions to one person on a day"),
    help=N_("Whoever writes them. What is more is refused and told."),
    unit=N_("messages"),
    low=0,
    high=50,
)
MARKETING_PER_WEEK: SettingKey[int] = SettingKey(
    name="messages.marketing_per_week",
    default=2,
    group=Group.MESSAGES,
    title=N_("Promotions to one person in a week"),
    help=N_("From Monday to Sunday, whoever writes them."),
    unit=N_("messages"),
    low=0,
    high=200,
)
OPT_OUT_ANSWER: SettingKey[str] = SettingKey(
    name="messages.opt_out_answer",
    default="已为您退订，今后不再向您发送此类短信。",
    group=Group.MESSAGES,
    title=N_("Answer to a text that unsubscribes"),
    help=N_("Sent once, without the signature, which is put in front. Empty: nothing is sent."),
    high=150,
)
EXTENSION_DIGITS: SettingKey[int] = SettingKey(
    name="messages.extension_digits",
    default=0,
    group=Group.MESSAGES,
    title=N_("Digits put after our number so that a reply finds its message"),
    help=N_("The port extension that the operator allows. 0: none."),
    unit=N_("digits"),
    low=0,
    high=6,
)
UNCERTAIN_CARE_HOURS: SettingKey[int] = SettingKey(
    name="messages.uncertain_care_hours",
    default=2,
    group=Group.MESSAGES,
    title=N_("When nobody knows whether a text left, wait for its receipt"),
    help=N_("Afterwards it waits in the work list for somebody to decide."),
    unit=N_("hours"),
    low=1,
    high=168,
)
RESEND_UNCERTAIN_CARE: SettingKey[bool] = SettingKey(
    name="messages.resend_uncertain_care",
    default=False,
    group=Group.MESSAGES,
    title=N_("Then send it again without asking"),
    help=N_("It may arrive twice. Promotions have a setting of their own."),
)
UNCERTAIN_MARKETING_HOURS: SettingKey[int] = SettingKey(
    name="messages.uncertain_marketing_hours",
    default=24,
    group=Group.MESSAGES,
    title=N_("When nobody knows whether a promotion left, wait for its receipt"),
    help=N_("Afterwards it is given up."),
    unit=N_("hours"),
    low=1,
    high=168,
)
RESEND_UNCERTAIN_MARKETING: SettingKey[bool] = SettingKey(
    name="messages.resend_uncertain_marketing",
    default=False,
    group=Group.MESSAGES,
    title=N_("Then send the promotion again instead"),
    help=N_("It may arrive twice."),
)
DIAL_PREFIXES: SettingKey[str] = SettingKey(
    name="calls.dial_prefixes",
    default=USUAL_PREFIXES,
    group=Group.CALLS,
    title=N_("Numbers that may be dialled begin with"),
    help=N_("Plus allows what begins so, minus refuses it, the longest beginning counts. No other number is dialled."),
    high=500,
)
CALLS_FROM: SettingKey[int] = SettingKey(
    name="calls.calls_from",
    default=9,
    group=Group.CALLS,
    title=N_("Follow-up calls from"),
    help=N_("By the clock where the number is. An outbound list may have narrower hours."),
    unit=N_("o'clock"),
    low=0,
    high=23,
)
CALLS_UNTIL: SettingKey[int] = SettingKey(
    name="calls.calls_until",
    default=20,
    group=Group.CALLS,
    title=N_("Follow-up calls until"),
    help=N_("By the clock where the number is. It must be later than the hour from which calls are made."),
    unit=N_("o'clock"),
    low=1,
    high=24,
)
CALL_ATTEMPTS: SettingKey[int] = SettingKey(
    name="calls.attempts",
    default=3,
    group=Group.CALLS,
    title=N_("Calls to one person for one follow-up"),
    help=N_("Then the person counts as lost to contact. An outbound list may have its own number."),
    unit=N_("calls"),
    low=1,
    high=20,
)
CALLS_PER_DAY: SettingKey[int] = SettingKey(
    name="calls.per_day",
    default=3,
    group=Group.CALLS,
    title=N_("Follow-up calls to one person on a day"),
    help=N_("Over all follow-ups and lists together. What is more waits for the next day."),
    unit=N_("calls"),
    low=1,
    high=20,
)
CALL_NOTICE: SettingKey[str] = SettingKey(
    name="calls.notice",
    default="",
    group=Group.CALLS,
    title=N_("First words of an automatic call"),
    help=N_("They must say that the call is recorded. Left empty: a usual sentence, in the language of the call."),
    high=200,
)
CALL_THANKS: SettingKey[str] = SettingKey(
    name="calls.thanks",
    default="",
    group=Group.CALLS,
    title=N_("Last words of an automatic call"),
    help=N_("Left empty: a usual sentence, in the language of the call."),
    high=200,
)
PUBLIC_ADDRESS: SettingKey[str] = SettingKey(
    name="questionnaires.public_address",
    default="",
    group=Group.QUESTIONNAIRES,
    title=N_("Address under which patients reach our pages"),
    help=N_("Such as https://ask.hospital.example. Left empty: no questionnaire goes out as a link."),
    high=100,
)
LINK_DAYS: SettingKey[int] = SettingKey(
    name="questionnaires.link_days",
    default=14,
    group=Group.QUESTIONNAIRES,
    title=N_("A link to a questionnaire is good for"),
    help=N_("Afterwards its page says that it is over."),
    unit=N_("days"),
    low=1,
    high=180,
)
SMS_ANSWER_HOURS: SettingKey[int] = SettingKey(
    name="questionnaires.sms_answer_hours",
    default=72,
    group=Group.QUESTIONNAIRES,
    title=N_("A questionnaire by SMS waits for its answers"),
    help=N_("Afterwards no further question is sent, and what comes is for a person to read."),
    unit=N_("hours"),
    low=1,
    high=720,
)
SATISFIED_PERCENT: SettingKey[int] = SettingKey(
    name="questionnaires.satisfied_percent",
    default=80,
    group=Group.QUESTIONNAIRES,
    title=N_("Whoever gives so much of the points counts as satisfied"),
    help=N_("Of what the answered questions could bring. It changes the reports of the past, too."),
    unit=N_("percent"),
    low=1,
    high=100,
)
SURVEY_REFUSAL_MONTHS: SettingKey[int] = SettingKey(
    name="questionnaires.refusal_months",
    default=12,
    group=Group.QUESTIONNAIRES,
    title=N_("Who refused a survey gets no other for"),
    help=N_("Follow-ups about health go on. 0: a refusal counts for that one survey only."),
    unit=N_("months"),
    low=0,
    high=120,
)

FOLLOWUP_DECISIONS: SettingKey[bool] = SettingKey(
    name="followups.decisions",
    default=True,
    group=Group.FOLLOWUPS,
    title=N_("Each discharge waits for its doctor's decision"),
    help=N_("Follow-up or none, and which. Discharges from before it was switched on are not asked about."),
)
FOLLOWUP_DECISION_HOURS: SettingKey[int] = SettingKey(
    name="followups.decision_hours",
    default=24,
    group=Group.FOLLOWUPS,
    title=N_("A discharge that nobody decides goes to the department after"),
    help=N_("Its doctors and the supervisors see it in their work list then."),
    unit=N_("hours"),
    low=1,
    high=720,
)
FOLLOWUP_NOTES: SettingKey[bool] = SettingKey(
    name="followups.notes",
    default=True,
    group=Group.FOLLOWUPS,
    title=N_("The doctor writes condition, focus and cautions"),
    help=N_("All three are needed before a plan begins at discharge."),
)
CALLBACK_MINUTES: SettingKey[int] = SettingKey(
    name="floor.callback_minutes",
    default=30,
    group=Group.FLOOR,
    title=N_("A caller whom nobody answered is called back within"),
    help=N_("Afterwards the caller stands in the supervisors' work list. Taking a caller begins the time anew."),
    unit=N_("minutes"),
    low=1,
    high=1440,
)

SETTINGS: tuple[SettingKey[Any], ...] = (
    HOSPITAL_NAME,
    HOSPITAL_PHONE,
    HOSPITAL_PLACE,
    RETURN_ADDRESS,
    RETURN_POSTCODE,
    IDLE_MINUTES,
    SESSION_HOURS,
    SIGN_IN_TRIES,
    EMERGENCY_MINUTES,
    IMPORT_RETENTION_DAYS,
    OPT_OUT_WORDS,
    PRICE_PER_PART,
    APPROVE_EVERY_MASS_SEND,
    MARKETING_FROM,
    MARKETING_UNTIL,
    NOTICES_FROM,
    NOTICES_UNTIL,
    CARE_PER_DAY,
    CARE_PER_WEEK,
    MARKETING_PER_DAY,
    MARKETING_PER_WEEK,
    OPT_OUT_ANSWER,
    EXTENSION_DIGITS,
    UNCERTAIN_CARE_HOURS,
    RESEND_UNCERTAIN_CARE,
    UNCERTAIN_MARKETING_HOURS,
    RESEND_UNCERTAIN_MARKETING,
    DIAL_PREFIXES,
    CALLS_FROM,
    CALLS_UNTIL,
    CALL_ATTEMPTS,
    CALLS_PER_DAY,
    CALL_NOTICE,
    CALL_THANKS,
    PUBLIC_ADDRESS,
    LINK_DAYS,
    SMS_ANSWER_HOURS,
    SATISFIED_PERCENT,
    SURVEY_REFUSAL_MONTHS,
    FOLLOWUP_DECISIONS,
    FOLLOWUP_DECISION_HOURS,
    FOLLOWUP_NOTES,
    CALLBACK_MINUTES,
)
BY_NAME: Mapping[str, SettingKey[Any]] = {key.name: key for key in SETTINGS}
GROUP_TITLES: Mapping[Group, str] = {
    Group.HOSPITAL: N_("The hospital"),
    Group.SIGN_IN: N_("Signing in"),
    Group.PRIVACY: N_("Privacy"),
    Group.IMPORTS: N_("Imports"),
    Group.MESSAGES: N_("Messages and contact"),
    Group.CALLS: N_("Calls that we place"),
    Group.QUESTIONNAIRES: N_("Questionnaires"),
    Group.FOLLOWUPS: N_("Follow-ups"),
    Group.FLOOR: N_("The floor"),
}

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def check_value(key: SettingKey[Value], value: object) -> Value:
    """The value when this setting takes it. Raises InvalidInput that says what is allowed."""
    if isinstance(key.default, str):
        if isinstance(value, str) and len(value) <= key.high and not _CONTROL.search(value):
            return value.strip()
        raise InvalidInput(N_("At most %(high)s characters on one line."), field=key.name, high=key.high)
    if isinstance(key.default, bool):
        if isinstance(value, bool):
            return value
        raise InvalidInput(N_("Say yes or no."), field=key.name)
    if isinstance(value, int) and not isinstance(value, bool) and key.low <= value <= key.high:
        return value
    raise InvalidInput(N_("A whole number from %(low)s to %(high)s."), field=key.name, low=key.low, high=key.high)


def read_value(key: SettingKey[Value], text: str) -> Value:
    """The value that a form sends. Raises InvalidInput."""
    if isinstance(key.default, bool):
        return check_value(key, text == "1")
    if isinstance(key.default, str):
        return check_value(key, text)
    return check_value(key, int(text) if re.fullmatch(r"[0-9]{1,9}", text.strip()) else text)


class FieldKind(StrEnum):
    """What a field of the hospital's own holds."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    YES_NO = "yes_no"


KIND_TITLES: Mapping[FieldKind, str] = {
    FieldKind.TEXT: N_("Text"),
    FieldKind.NUMBER: N_("Number"),
    FieldKind.DATE: N_("Date"),
    FieldKind.CHOICE: N_("Choice"),
    FieldKind.YES_NO: N_("Yes or no"),
}
ENTITIES: Mapping[str, str] = {"patient": N_("Patient")}
"""What may have fields of the hospital's own, with its title."""
LONGEST_TEXT = 500
MOST_OPTIONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """One field that the hospital added. Values live in the record under `key`, as `read_field` returns them."""

    key: str
    label: str
    kind: FieldKind
    options: tuple[str, ...] = ()
    help: str = ""
    is_required: bool = False
    is_offered: bool = True


def read_field(field: Field, text: str) -> str | int | float | bool | None:
    """The value that somebody typed into this field; None for nothing. A date is kept as `2026-11-21`.

    Raises InvalidInput, which names the field as `custom-<key>`.
    """
    text = text.strip()
    if not text:
        if field.is_required:
            raise _wrong(field, N_("This field must be filled in."))
        return None
    match field.kind:
        case FieldKind.TEXT:
            return _read_text(field, text)
        case FieldKind.NUMBER:
            return _read_number(field, text)
        case FieldKind.DATE:
            return _read_date(field, text)
        case FieldKind.CHOICE:
            if text not in field.options:
                raise _wrong(field, N_("Choose one of the list."))
            return text
        case FieldKind.YES_NO:
            if text not in ("1", "0"):
                raise _wrong(field, N_("Say yes or no."))
            return text == "1"


def _read_text(field: Field, text: str) -> str:
    if len(text) > LONGEST_TEXT or "\x00" in text:
        raise _wrong(field, N_("This text is too long."))
    return text


def _read_number(field: Field, text: str) -> int | float:
    if re.fullmatch(r"-?[0-9]{1,15}", text):
        return int(text)
    if re.fullmatch(r"-?[0-9]{1,12}\.[0-9]{1,6}", text):
        return float(text)
    raise _wrong(field, N_("Write a number such as 12 or 3.5."))


def _read_date(field: Field, text: str) -> str:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = date.min
    if not 1850 <= day.year <= 2999:
        raise _wrong(field, N_("Write a date such as 2026-11-21."))
    return day.isoformat()


def _wrong(field: Field, sentence: str) -> InvalidInput:
    return InvalidInput(sentence, field=f"custom-{field.key}")
