"""What a condition offers to choose from, in the reader's language."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from app.codes import service as codes
from app.configuration import service as configuration
from app.groups.models import CustomerGroup
from app.organisation import service as organisation
from app.patients.models import Patient, PatientTag
from app.patients.routes.labels import language_choices
from app.registers.models import Register
from app.segments import service
from app.segments.rules import KINDS, Condition, KindSpec

# More than a screen of boxes is searched by typing instead.
MOST_BOXES = 24
_SUGGESTIONS = 20
_MOST_WORDS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One thing to choose. `depth` is its level in a tree."""

    code: str
    label: str
    depth: int = 0


def choices_of(session: Session, spec: KindSpec) -> tuple[Choice, ...]:
    """Everything that a condition of this kind offers, in reading order."""
    if spec.list in _WORDS:
        return tuple(Choice(code=code, label=label) for code, label in _WORDS[spec.list]().items())
    if spec.list in _ROWS:
        return _ROWS[spec.list](session)
    return tuple(Choice(code=code.code, label=code.name, depth=code.depth) for code in codes.items(session, spec.list))


def visit_kinds() -> dict[str, str]:
    """The kinds of visit, by code."""
    return {
        "outpatient": _("Outpatient"),
        "inpatient": _("Inpatient"),
        "emergency": _("Emergency"),
        "exam": _("Exam"),
    }


def suggest(choices: tuple[Choice, ...], typed: str) -> list[Choice]:
    """The first choices whose code or name holds what was typed."""
    wanted = typed.casefold().strip()
    return [each for each in choices if wanted in each.label.casefold() or wanted in each.code.casefold()][
        :_SUGGESTIONS
    ]


def resolve(choices: tuple[Choice, ...], typed: str) -> str | None:
    """The code that was typed: as "code name" from the suggestions, as a code, or as a name that is the only one."""
    first = typed.strip().partition(" ")[0]
    for choice in choices:
        if typed.strip() in (choice.code, f"{choice.code} {choice.label}"):
            return choice.code
    named = [each.code for each in choices if each.label.casefold() == typed.casefold().strip()]
    if len(named) == 1:
        return named[0]
    return first if any(each.code == first for each in choices) else None


def labels_of(session: Session, condition: Condition) -> list[str]:
    """The names of a condition's codes; a code that is offered no longer is its own name."""
    spec = KINDS[condition.kind]
    names = {choice.code: choice.label for choice in choices_of(session, spec)}
    return [names.get(code, code) for code in condition.codes]


def _values(
    column: InstrumentedAttribute[str] | InstrumentedAttribute[str | None],
) -> Callable[..., tuple[Choice, ...]]:
    def load(session: Session) -> tuple[Choice, ...]:
        found = session.scalars(
            select(column).where(column.is_not(None)).distinct().order_by(column).limit(_MOST_WORDS)
        )
        return tuple(Choice(code=word, label=word) for word in found if word)

    return load


def _departments(session: Session) -> tuple[Choice, ...]:
    return tuple(
        Choice(code=str(each.id), label=each.name, depth=max(0, each.path.count("/") - 2))
        for each in sorted(organisation.departments(session), key=lambda each: each.path)
    )


def _named(table: type[Register] | type[CustomerGroup]) -> Callable[[Session], tuple[Choice, ...]]:
    def load(session: Session) -> tuple[Choice, ...]:
        rows = session.execute(select(table.id, table.name).order_by(table.name))
        return tuple(Choice(code=str(row_id), label=name) for row_id, name in rows)

    return load


def _frozen_segments(session: Session) -> tuple[Choice, ...]:
    frozen = (each for each in service.list_segments(session) if each.frozen_at is not None)
    return tuple(Choice(code=str(each.id), label=each.name) for each in frozen)


def _fields(session: Session) -> tuple[Choice, ...]:
    return tuple(Choice(code=each.key, label=each.label) for each in configuration.fields(session, "patient"))


_ROWS: dict[str, Callable[[Session], tuple[Choice, ...]]] = {
    "tag": _values(PatientTag.tag),
    "credit_rating": _values(Patient.credit_rating),
    "department": _departments,
    "register": _named(Register),
    "group": _named(CustomerGroup),
    "segment": _frozen_segments,
    "custom": _fields,
}
_WORDS: dict[str, Callable[[], dict[str, str]]] = {
    "": dict,
    "sex": lambda: {"F": _("Female"), "M": _("Male"), "U": _("Sex unknown")},
    "month": lambda: {
        "1": _("January"), "2": _("February"), "3": _("March"), "4": _("April"), "5": _("May"), "6": _("June"),
        "7": _("July"), "8": _("August"), "9": _("September"), "10": _("October"), "11": _("November"),
        "12": _("December"),
    },
    "language": lambda: {code: word for code, word in language_choices().items() if code},
    "channel": lambda: {"call": _("Call"), "sms": _("Text message"), "email": _("Email"), "web": _("Web message")},
    "patient_kind": lambda: {
        "patient": _("Patient"),
        "family": _("Family of a patient"),
        "friend": _("Friend of a patient"),
        "prospect": _("Prospect"),
        "group": _("Member of a group customer"),
        "payer": _("Payer"),
        "community": _("Community"),
        "partner": _("Referral partner"),
        "staff": _("Staff"),
    },
    "consent": lambda: {"care": _("Care and service"), "marketing": _("Marketing")},
    "result_flag": lambda: {"high": _("Too high"), "low": _("Too low"), "abnormal": _("Abnormal")},
    "contact": lambda: {"call": _("Call"), "message": _("Text message")},
}  # fmt: skip
