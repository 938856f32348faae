"""The words of the patient record in the reader's language."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.calls.rules import OUTCOME_TEXT
from app.calls.service import disposition_names
from app.http import reading
from app.messages.routes.labels import message_state_words
from app.patients.kinds import Channel, Kind, LinkRelation, NoteKind, TieKind
from app.patients.rules import IdentifierType, PhoneKind, Relation, Sex
from app.visits.rules import Phase, VisitKind


def labels() -> dict[str, dict[str, str]]:
    """Code to word, by kind of code; what is not in a table is shown as its code."""
    return {
        "sex": {Sex.FEMALE: _("Female"), Sex.MALE: _("Male"), Sex.UNKNOWN: _("Sex unknown")},
        "phone": {
            PhoneKind.MOBILE: _("Mobile"),
            PhoneKind.LANDLINE: _("Landline"),
            PhoneKind.OTHER: _("Other number"),
        },
        "relation": {
            Relation.SPOUSE: _("Spouse"),
            Relation.CHILD: _("Son or daughter"),
            Relation.PARENT: _("Parent"),
            Relation.SIBLING: _("Brother or sister"),
            Relation.GUARDIAN: _("Guardian"),
            Relation.FRIEND: _("Friend"),
            Relation.OTHER: _("Other relation"),
        },
        "identifier": {
            IdentifierType.ID_CARD: _("National id card no."),
            IdentifierType.OUTPATIENT: _("Outpatient no."),
            IdentifierType.INPATIENT: _("Inpatient no."),
            IdentifierType.CARD: _("All-in-one card no."),
            IdentifierType.MEDICAL_RECORD: _("Medical record no."),
            IdentifierType.OTHER: _("Other number"),
        },
        "outcome": {code.value: _(text) for code, text in OUTCOME_TEXT.items()},
        "language": language_choices(),
        "kind": {
            Kind.PATIENT: _("Patient"),
            Kind.FAMILY: _("Family member"),
            Kind.FRIEND: _("Friend"),
            Kind.PROSPECT: _("Prospect"),
            Kind.GROUP: _("Member of a group customer"),
            Kind.PAYER: _("Third-party payer"),
            Kind.COMMUNITY: _("Community"),
            Kind.PARTNER: _("Referral partner"),
            Kind.STAFF: _("Staff"),
        },
        "channel": {
            "": _("Not known"),
            Channel.CALL: _("By telephone"),
            Channel.SMS: _("By text message"),
            Channel.EMAIL: _("By e-mail"),
            Channel.WEB: _("By web message"),
        },
        "link": {
            LinkRelation.SPOUSE: _("Spouse"),
            LinkRelation.CHILD: _("Son or daughter"),
            LinkRelation.PARENT: _("Parent"),
            LinkRelation.SIBLING: _("Brother or sister"),
            LinkRelation.GUARDIAN: _("Guardian"),
            LinkRelation.WARD: _("In this person's care"),
            LinkRelation.FRIEND: _("Friend"),
            LinkRelation.INTRODUCED_BY: _("Was introduced by this person"),
            LinkRelation.INTRODUCED: _("Introduced this person"),
            LinkRelation.OTHER: _("Other relation"),
        },
        "tie": {
            TieKind.DEPARTMENT: _("Department"),
            TieKind.DOCTOR: _("Doctor"),
            TieKind.UNIT: _("Contract unit"),
            TieKind.SCHEME: _("Insurance scheme"),
        },
        "note": {
            NoteKind.WISH: _("Wish"),
            NoteKind.OPINION: _("Opinion"),
            NoteKind.SUGGESTION: _("Suggestion"),
            NoteKind.PROBLEM: _("Problem"),
        },
        "phase": {
            Phase.PRE: _("Before the visit"),
            Phase.IN: _("During the visit"),
            Phase.POST: _("After the visit"),
        },
        "visit": visit_labels(),
        "message": message_state_words(),
    }


def visit_labels() -> dict[str, str]:
    """The kinds of visit."""
    return {
        VisitKind.OUTPATIENT: _("Outpatient visit"),
        VisitKind.INPATIENT: _("Inpatient stay"),
        VisitKind.EMERGENCY: _("Emergency visit"),
        VisitKind.EXAM: _("Exam visit"),
    }


def language_choices() -> dict[str, str]:
    """The languages and dialects that agents are asked for, by code."""
    return {
        "": _("Not known"),
        "zh": _("Mandarin"),
        "yue": _("Cantonese"),
        "wuu": _("Wu dialect"),
        "nan": _("Southern Min"),
        "ug": _("Uyghur"),
        "bo": _("Tibetan"),
        "mn": _("Mongolian"),
        "en": _("English"),
    }


def choices(kind: str) -> list[tuple[str, str]]:
    """The options of a select field for this kind of code."""
    return [(str(code), word) for code, word in labels()[kind].items()]


def page_words() -> dict[str, Any]:
    """What every template of this room gets: the words, and `choices` as above, both looked up once a page."""
    with reading() as session:
        named = disposition_names(session, translate=_)
    words = labels() | {"disposition": named}
    return {"labels": words, "choices": lambda kind: [(str(code), word) for code, word in words[kind].items()]}
