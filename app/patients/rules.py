"""What a patient record may hold, and in which order people are proposed for a number. Plain values and the time."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from app.texts import N_

LONGEST_NAME = 120
RECENT = timedelta(days=30)
# The desk offers one number key for each person; a clinic's own number that was typed for everyone must not fill it.
MOST_CANDIDATES = 9


class Sex(StrEnum):
    MALE = "M"
    FEMALE = "F"
    UNKNOWN = "U"


class PhoneKind(StrEnum):
    MOBILE = "mobile"
    LANDLINE = "landline"
    OTHER = "other"


class Relation(StrEnum):
    """What a contact person is to the patient: `child` is the patient's son or daughter."""

    SPOUSE = "spouse"
    CHILD = "child"
    PARENT = "parent"
    SIBLING = "sibling"
    GUARDIAN = "guardian"
    FRIEND = "friend"
    OTHER = "other"


class IdentifierType(StrEnum):
    """The types we know by name; other systems may bring their own words."""

    ID_CARD = "id_card"
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    CARD = "card"
    MEDICAL_RECORD = "medical_record"
    OTHER = "other"


class MatchState(StrEnum):
    """How sure we are who is calling; `confirmed` is an agent's word."""

    NONE = "none"
    SINGLE = "single"
    SEVERAL = "several"
    CONFIRMED = "confirmed"


class ReasonCode(StrEnum):
    """Why a person is proposed for a number, or proposed late."""

    OWN_MOBILE = "own_mobile"
    OWN_LANDLINE = "own_landline"
    OWN_NUMBER = "own_number"
    CONTACT_PERSON = "contact_person"
    SHARED_LINE = "shared_line"
    RECENT_CONTACT = "recent_contact"
    PROVISIONAL = "provisional"
    MARKED_WRONG = "marked_wrong"
    DECEASED = "deceased"


_REASON_TEXT = {
    ReasonCode.OWN_MOBILE: N_("Own mobile number"),
    ReasonCode.OWN_LANDLINE: N_("Own landline number"),
    ReasonCode.OWN_NUMBER: N_("Own number"),
    ReasonCode.CONTACT_PERSON: N_("Number of a contact person"),
    ReasonCode.SHARED_LINE: N_("Switchboard with an extension"),
    ReasonCode.RECENT_CONTACT: N_("In contact within 30 days"),
    ReasonCode.PROVISIONAL: N_("Record not completed yet"),
    ReasonCode.MARKED_WRONG: N_("Marked as a wrong number"),
    ReasonCode.DECEASED: N_("Deceased"),
}
_RELATION_REASON = {
    Relation.SPOUSE: N_("Number of the patient's spouse"),
    Relation.CHILD: N_("Number of the patient's child"),
    Relation.PARENT: N_("Number of the patient's parent"),
    Relation.SIBLING: N_("Number of the patient's sibling"),
    Relation.GUARDIAN: N_("Number of the patient's guardian"),
    Relation.FRIEND: N_("Number of the patient's friend"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class PhoneNumber:
    """One telephone number, normalised. `e164` is what is stored and matched; `display` is for people."""

    e164: str
    extension: str = ""
    kind: PhoneKind
    display: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedCell:
    """What a cell of a list held: numbers in order without repeats, remarks, and pieces that are no number."""

    numbers: tuple[PhoneNumber, ...]
    notes: tuple[str, ...]
    rejected: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchFact:
    """One row of the number book that bears the number in question."""

    patient_id: int
    phone_id: int
    kind: str
    extension: str
    is_valid: bool
    contact_person_id: int | None
    relation: str | None
    is_provisional: bool
    is_deceased: bool
    last_contact_at: datetime | None
    is_unnamed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    code: ReasonCode
    relation: str | None = None

    @property
    def text(self) -> str:
        """The reason as an English sentence, which is also its key in the catalogues."""
        if self.code is ReasonCode.CONTACT_PERSON and self.relation in _RELATION_REASON:
            return _RELATION_REASON[Relation(self.relation)]
        return _REASON_TEXT[self.code]


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """A person who may be calling, or for whom `contact_person_id` may be calling."""

    patient_id: int
    phone_id: int
    contact_person_id: int | None
    relation: str | None
    reasons: tuple[Reason, ...]

    @property
    def is_strong(self) -> bool:
        """False for a number that somebody called wrong and for the dead: an agent must look first."""
        return not {ReasonCode.MARKED_WRONG, ReasonCode.DECEASED} & {reason.code for reason in self.reasons}


def rank_candidates(facts: Iterable[MatchFact], now: datetime) -> list[Candidate]:
    """One candidate for each person, likeliest first (T-03).

    The living before the dead, numbers that hold before those marked wrong, own numbers before a contact person's,
    mobiles before landlines, direct lines before extensions, recent contacts before others, completed records before
    provisional ones; then the latest contact, then the id, so that the same facts always give the same order. A
    record that only has the number says nobody's name and is no candidate.
    """
    ranked: dict[int, Candidate] = {}
    named = (fact for fact in facts if not fact.is_unnamed)
    for fact in sorted(named, key=lambda fact: _rank(fact, now)):
        if fact.patient_id not in ranked:
            ranked[fact.patient_id] = _candidate(fact, now)
    return list(ranked.values())


def match_state(candidates: list[Candidate]) -> MatchState:
    """How the desk must treat these candidates: a number of several people is always the agent's choice (T-03)."""
    if not candidates:
        return MatchState.NONE
    return MatchState.SINGLE if len(candidates) == 1 and candidates[0].is_strong else MatchState.SEVERAL


def name_of_stranger(number: str) -> str:
    """What the record of an unknown number is called: as much of the number as every mask shows."""
    return f"…{number[-4:]}"


def is_unnamed(name: str, *, is_provisional: bool) -> bool:
    """True for the record of a first contact that nobody has given a name yet (P-05)."""
    return is_provisional and not any(char.isalpha() for char in name)


def clean_text(text: str) -> str:
    """One line of text without control characters, direction marks and doubled spaces."""
    spaced = re.sub(r"\s", " ", text)
    visible = "".join(char for char in spaced if unicodedata.category(char) not in ("Cc", "Cf", "Cs", "Co"))
    return " ".join(visible.split())


def clean_paragraphs(text: str) -> str:
    """Several lines, each cleaned."""
    return "\n".join(clean_text(line) for line in text.splitlines()).strip()


def read_date(text: str) -> date | None:
    """A day written as 1972-03-01, 1972/3/1, 19720301 or 1972年3月1日, a time after it ignored; nothing for no text.

    Raises ValueError for anything else.
    """
    written = unicodedata.normalize("NFKC", text).strip()
    if not written:
        return None
    found = re.fullmatch(r"(\d{4})(\D?)(\d{1,2})\2?\D?(\d{1,2})日?(\s.*|T.*)?", written)
    if found is None or (not found[2] and len(found[3] + found[4]) != 4):
        raise ValueError("not a day")
    return date(int(found[1]), int(found[3]), int(found[4]))


def age_on(birth_date: date | None, today: date) -> int | None:
    """Full years on that day (P-07), nothing for an unknown birth date."""
    if birth_date is None or birth_date > today:
        return None
    had_birthday = (today.month, today.day) >= (birth_date.month, birth_date.day)
    return today.year - birth_date.year - (not had_birthday)


def is_plausible_birth_date(birth_date: date, today: date) -> bool:
    """True for a day on which somebody now living or lately deceased can have been born."""
    return today - timedelta(days=366 * 130) < birth_date <= today


def read_id_card(value: str) -> tuple[date, Sex] | None:
    """Birth date and sex out of a mainland id card number, nothing when it is wrong (P-07; GB 11643-1999).

    The old form of 15 digits has no check digit and is taken when its date exists.
    """
    if re.fullmatch(r"[1-9][0-9]{16}[0-9X]", value):
        weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
        total = sum(int(digit) * weight for digit, weight in zip(value, weights, strict=False))
        if "10X98765432"[total % 11] != value[17]:
            return None
        born, order = value[6:14], int(value[16])
    elif re.fullmatch(r"[1-9][0-9]{14}", value):
        born, order = f"19{value[6:12]}", int(value[14])
    else:
        return None
    try:
        return datetime.strptime(born, "%Y%m%d").date(), Sex.MALE if order % 2 else Sex.FEMALE
    except ValueError:
        return None


def _rank(fact: MatchFact, now: datetime) -> tuple[object, ...]:
    kinds = (PhoneKind.MOBILE, PhoneKind.LANDLINE, PhoneKind.OTHER)
    last = fact.last_contact_at
    return (
        fact.is_deceased,
        not fact.is_valid,
        fact.contact_person_id is not None,
        kinds.index(PhoneKind(fact.kind)),
        bool(fact.extension),
        not _is_recent(last, now),
        fact.is_provisional,
        -last.timestamp() if last else 0.0,
        fact.patient_id,
        fact.phone_id,
    )


def _is_recent(last: datetime | None, now: datetime) -> bool:
    return last is not None and now - last <= RECENT


def _candidate(fact: MatchFact, now: datetime) -> Candidate:
    own = {PhoneKind.MOBILE: ReasonCode.OWN_MOBILE, PhoneKind.LANDLINE: ReasonCode.OWN_LANDLINE}
    if fact.contact_person_id is not None:
        reasons = [Reason(code=ReasonCode.CONTACT_PERSON, relation=fact.relation)]
    else:
        reasons = [Reason(code=own.get(PhoneKind(fact.kind), ReasonCode.OWN_NUMBER))]
    more = (
        (bool(fact.extension), ReasonCode.SHARED_LINE),
        (_is_recent(fact.last_contact_at, now), ReasonCode.RECENT_CONTACT),
        (fact.is_provisional, ReasonCode.PROVISIONAL),
        (not fact.is_valid, ReasonCode.MARKED_WRONG),
        (fact.is_deceased, ReasonCode.DECEASED),
    )
    reasons += [Reason(code=code) for holds, code in more if holds]
    return Candidate(
        patient_id=fact.patient_id,
        phone_id=fact.phone_id,
        contact_person_id=fact.contact_person_id,
        relation=fact.relation,
        reasons=tuple(reasons),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedDate:
    """When somebody is expected, in the hospital's zone; the time where it is known."""

    on: date
    at: time | None = None

    def sorts(self) -> datetime:
        """By what the next one is found: a day without a time comes before its times."""
        return datetime.combine(self.on, self.at or time())
