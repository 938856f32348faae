"""Whose word a version needs before it is used (guard 13). Its states are those of message templates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.texts import N_


class Objection(StrEnum):
    """Why somebody may not approve a version."""

    NOT_A_CLINICIAN = "not_a_clinician"
    OWN_TEMPLATE = "own_template"
    OWN_SUBMISSION = "own_submission"
    DISEASE_NAMED = "disease_named"


OBJECTION_TEXT: Mapping[Objection, str] = {
    Objection.NOT_A_CLINICIAN: N_("A follow-up template is approved by a doctor."),
    Objection.OWN_TEMPLATE: N_("You wrote this version. Another doctor must approve it."),
    Objection.OWN_SUBMISSION: N_("A text names a disease: who submitted it must not approve it alone."),
    Objection.DISEASE_NAMED: N_("A text names a disease. Say expressly that you approve that."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is known of a version that waits. `author` is nothing for a shipped one, which needs a clinician too."""

    author: str | None
    submitted_by: str | None
    names_disease: bool


def object_to(subject: Subject, *, by: str, is_clinician: bool, accepts_disease_names: bool) -> Objection | None:
    """Why this person may not approve the version; nothing when they may."""
    if not is_clinician:
        return Objection.NOT_A_CLINICIAN
    if by == subject.author:
        return Objection.OWN_TEMPLATE
    if subject.names_disease and by == subject.submitted_by:
        return Objection.OWN_SUBMISSION
    if subject.names_disease and not accepts_disease_names:
        return Objection.DISEASE_NAMED
    return None
