"""What a template is for, what becomes of its versions, and whose word it needs (S-18, guards 3, 4 and 13)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from app.texts import N_


class TemplateKind(StrEnum):
    HOLIDAY = "holiday"
    CAUTION = "caution"
    TIP = "tip"
    RECHECK = "recheck"
    SEASONAL = "seasonal"
    PROMOTION = "promotion"
    NOTICE = "notice"


KIND_TEXT: Mapping[TemplateKind, str] = {
    TemplateKind.HOLIDAY: N_("Holiday greeting"),
    TemplateKind.CAUTION: N_("Caution"),
    TemplateKind.TIP: N_("Health tip"),
    TemplateKind.RECHECK: N_("Recheck reminder"),
    TemplateKind.SEASONAL: N_("Seasonal reminder"),
    TemplateKind.PROMOTION: N_("Promotion"),
    TemplateKind.NOTICE: N_("Notice"),
}
CLINICAL_KINDS = frozenset({TemplateKind.CAUTION, TemplateKind.TIP, TemplateKind.SEASONAL})
"""What these say about health is a draft until a clinician of the hospital has approved it (guard 13)."""


class Approval(StrEnum):
    """Whose word a version needs before it is used."""

    GENERAL = "general"
    CLINICAL = "clinical"  # of a clinician, for what is said about health and for names of diseases


APPROVAL_TEXT: Mapping[Approval, str] = {
    Approval.GENERAL: N_("Approval"),
    Approval.CLINICAL: N_("Approval by a clinician"),
}


class Objection(StrEnum):
    """Why somebody may not give an approval."""

    NOT_A_CLINICIAN = "not_a_clinician"
    OWN_TEXT = "own_text"
    BOTH_BY_ONE = "both_by_one"
    NOT_NEEDED = "not_needed"


OBJECTION_TEXT: Mapping[Objection, str] = {
    Objection.NOT_A_CLINICIAN: N_("This approval is a clinician's to give."),
    Objection.OWN_TEXT: N_("You wrote this text. Somebody else must approve it."),
    Objection.BOTH_BY_ONE: N_("You gave the other approval. A text that names a disease needs two people."),
    Objection.NOT_NEEDED: N_("This approval is not needed, or was given already."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a version that waits for approval. `given` says who gave which approval."""

    kind: TemplateKind
    author: str | None
    names_disease: bool
    given: Mapping[Approval, str] = field(default_factory=dict)


def needed_approvals(subject: Subject) -> tuple[Approval, ...]:
    """The approvals that are still missing."""
    needed = [Approval.GENERAL]
    if subject.names_disease or subject.kind in CLINICAL_KINDS:
        needed.append(Approval.CLINICAL)
    return tuple(each for each in needed if each not in subject.given)


def object_to(subject: Subject, approval: Approval, *, by: str, is_clinician: bool) -> Objection | None:
    """Why this person may not give this approval; nothing when they may.

    A promotion and a text that names a disease need somebody besides the author, and the disease two people who are
    not the same. A clinician may give both for another text on health.
    """
    if approval not in needed_approvals(subject):
        return Objection.NOT_NEEDED
    if approval is Approval.CLINICAL and not is_clinician:
        return Objection.NOT_A_CLINICIAN
    needs_another = subject.names_disease or subject.kind is TemplateKind.PROMOTION
    if needs_another and by == subject.author:
        return Objection.OWN_TEXT
    if subject.names_disease and by in subject.given.values():
        return Objection.BOTH_BY_ONE
    return None


def is_valid_on(valid_until: date | None, today: date) -> bool:
    """Whether a text may still be used on that day: the review of a promotion ends (guard 4)."""
    return valid_until is None or today <= valid_until
