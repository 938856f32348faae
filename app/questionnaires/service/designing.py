"""Compose questionnaires from the bank, approve them, replace them. A version that was used never changes (Q-01)."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.errors import Conflict, InvalidInput, NotAllowed
from app.patients.rules import clean_text
from app.questionnaires.models import Questionnaire, QuestionnaireVersion
from app.questionnaires.rules import (
    LANGUAGES,
    Purpose,
    check_questionnaire,
    may_approve,
    question_from_json,
    question_to_json,
)
from app.questionnaires.service.bank import as_question, in_order
from app.questionnaires.service.reading import get_questionnaire
from app.texts import N_
from app.versions import service as versions
from app.versions.rules import VersionState

LONGEST_INTRO = 300
VISIT_KINDS = ("outpatient", "inpatient", "emergency", "exam", "operation", "discharge", "wound", "call")
"""After what a questionnaire can be proposed: kinds of visit, and occasions that are none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnaireData:
    """What a user composes: the questions by their codes in order, and which of them must be answered."""

    name: str
    purpose: Purpose
    questions: Sequence[str]
    required: Collection[str] = ()
    intro: Mapping[str, str] = field(default_factory=dict)
    visit_kinds: Collection[str] = ()
    diseases: Collection[str] = ()


def create_questionnaire(session: Session, data: QuestionnaireData, *, by: str, now: datetime) -> Questionnaire:
    """Make a questionnaire with its first draft. Raises InvalidInput, NotAllowed."""
    access.need_write(session, Module.FOLLOWUPS)
    questions = _questions(session, data, ())
    made = Questionnaire(
        code=f"own.{secrets.token_hex(6)}", names={}, is_shipped=False, created_at=now, created_by=by, versions=[]
    )
    _write_head(made, data)
    made.versions = [_draft(1, questions, data, by, now)]
    session.add(made)
    session.flush()
    return made


def change_questionnaire(
    session: Session, questionnaire_id: int, data: QuestionnaireData, *, row_version: int, by: str, now: datetime
) -> QuestionnaireVersion:
    """Change the draft, or begin the next one when the newest version is approved or retired.

    A question that stood in the newest version keeps its wording there when the bank no longer offers it.
    Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    access.need_write(session, Module.FOLLOWUPS)
    questionnaire = get_questionnaire(session, questionnaire_id)
    versions.refuse_changed(questionnaire.versions, row_version)
    questions = _questions(session, data, questionnaire.versions[0].questions)
    _write_head(questionnaire, data)

    def change(draft: QuestionnaireVersion) -> None:
        draft.questions, draft.intro = questions, _intro(data)
        draft.author, draft.changed_at = by, now

    return versions.write_draft(
        session,
        questionnaire.versions,
        begin=lambda number: _draft(number, questions, data, by, now),
        change=change,
    )


def approve(
    session: Session,
    questionnaire_id: int,
    *,
    row_version: int,
    by: str,
    is_clinician: bool,
    is_supervisor: bool,
    now: datetime,
) -> QuestionnaireVersion:
    """Put the newest draft into use; the version before is no longer asked of anybody new.

    `row_version` is that of the draft as it was read: nobody approves what somebody else has just changed.
    Raises Conflict, NotAllowed for who may not approve this (guard 13).
    """
    access.need_write(session, Module.FOLLOWUPS)
    questionnaire = get_questionnaire(session, questionnaire_id)
    latest = questionnaire.versions[0]
    if latest.state != VersionState.DRAFT:
        raise Conflict(N_("There is no draft to approve."))
    versions.refuse_changed(questionnaire.versions, row_version)
    if not may_approve(Purpose(questionnaire.purpose), is_clinician=is_clinician, is_supervisor=is_supervisor):
        raise NotAllowed(N_("What asks about health is a clinician's to approve."))
    check_questionnaire([question_from_json(kept) for kept in latest.questions])
    versions.put_into_use(questionnaire.versions, latest, by=by, now=now)
    latest.approved_at, latest.approved_by = now, by
    versions.flush(session)
    return latest


def retire(session: Session, questionnaire_id: int, *, by: str, now: datetime) -> QuestionnaireVersion:
    """Take the version in use out of use. Raises Conflict when none is."""
    access.need_write(session, Module.FOLLOWUPS)
    return versions.take_out_of_use(session, get_questionnaire(session, questionnaire_id).versions, by=by, now=now)


def remove(session: Session, questionnaire_id: int, *, now: datetime) -> None:
    """Take a questionnaire off the list; its answers stay. Raises Conflict for one that is in use."""
    access.need_write(session, Module.FOLLOWUPS)
    questionnaire = get_questionnaire(session, questionnaire_id)
    versions.refuse_in_use(questionnaire.versions)
    questionnaire.removed_at = now
    session.flush()


def _questions(session: Session, data: QuestionnaireData, kept: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The questions whole: as the bank has them now; a question that it has retired, as the last version had it."""
    name = clean_text(data.name)
    if not 2 <= len(name) <= 120:
        raise InvalidInput(N_("Give it a name of 2 to 120 characters."), field="name")
    if any(len(text) > LONGEST_INTRO for text in data.intro.values()):
        raise InvalidInput(N_("This text is too long."), field="intro-zh_Hans")
    known = {each["code"]: each for each in kept}
    made: list[dict[str, Any]] = []
    for row in in_order(session, list(data.questions)):
        is_required = row.code in data.required
        if row.retired_at is not None:
            if row.code not in known:
                sentence = N_("“%(code)s” is no longer offered by the bank.")
                raise InvalidInput(sentence, field="questions", code=row.code)
            made.append({**known[row.code], "is_required": is_required})
        else:
            made.append(question_to_json(as_question(row, is_required=is_required)))
    check_questionnaire([question_from_json(each) for each in made])
    return made


def _write_head(questionnaire: Questionnaire, data: QuestionnaireData) -> None:
    name = clean_text(data.name)
    if questionnaire.names and name not in questionnaire.names.values():
        questionnaire.names = {}  # a shipped one with a name of the hospital's own
    if not questionnaire.names:
        questionnaire.name = name
    questionnaire.purpose = data.purpose
    questionnaire.respondents = {
        "visit_kinds": [kind for kind in VISIT_KINDS if kind in data.visit_kinds],
        "diseases": sorted({code[:40] for code in data.diseases if code}),
    }


def _draft(
    number: int, questions: list[dict[str, Any]], data: QuestionnaireData, by: str, now: datetime
) -> QuestionnaireVersion:
    return QuestionnaireVersion(
        number=number,
        state=VersionState.DRAFT,
        questions=questions,
        intro=_intro(data),
        author=by,
        changed_at=now,
    )


def _intro(data: QuestionnaireData) -> dict[str, str]:
    return {language: text for language in LANGUAGES if (text := data.intro.get(language, "").strip())}
