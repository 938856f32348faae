"""Read questionnaires and their versions, and propose the one that fits somebody (Q-05)."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, selectinload

from app.codes.models import CodeItem
from app.codes.rules import CodeList
from app.errors import NotFound
from app.questionnaires.models import Questionnaire, QuestionnaireResponse, QuestionnaireVersion
from app.questionnaires.rules import (
    LANGUAGES,
    Purpose,
    Question,
    best_text,
    question_from_json,
)
from app.texts import N_
from app.versions.rules import VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionnaireFilters:
    """What a list is narrowed to."""

    text: str = ""
    purpose: Purpose | None = None
    state: VersionState | None = None


def list_questionnaires(session: Session, filters: QuestionnaireFilters) -> list[Questionnaire]:
    """The questionnaires that fit, by name; a hospital has some dozens, so there are no pages."""
    query = (
        select(Questionnaire).where(Questionnaire.removed_at.is_(None)).options(selectinload(Questionnaire.versions))
    )
    if filters.purpose is not None:
        query = query.where(Questionnaire.purpose == filters.purpose)
    found = session.scalars(query.order_by(Questionnaire.id)).all()
    wanted = filters.text.casefold()
    return [
        each
        for each in found
        if (not wanted or any(wanted in text.casefold() for text in (each.code, each.name, *each.names.values())))
        and (filters.state is None or any(version.state == filters.state for version in each.versions))
    ]


def get_questionnaire(session: Session, questionnaire_id: int) -> Questionnaire:
    """One questionnaire with its versions, newest first. Raises NotFound."""
    query = select(Questionnaire).where(Questionnaire.id == questionnaire_id, Questionnaire.removed_at.is_(None))
    found = session.scalar(query.options(selectinload(Questionnaire.versions)))
    if found is None:
        raise NotFound(N_("There is no such questionnaire."))
    return found


def get_version(session: Session, version_id: int) -> QuestionnaireVersion:
    """One version with its questionnaire. Raises NotFound."""
    query = select(QuestionnaireVersion).where(QuestionnaireVersion.id == version_id)
    found = session.scalar(query.options(selectinload(QuestionnaireVersion.questionnaire)))
    if found is None:
        raise NotFound(N_("There is no such questionnaire."))
    return found


def latest_approved(session: Session, code: str) -> QuestionnaireVersion | None:
    """The version in use of the questionnaire with this code; nothing where none is."""
    query = (
        select(QuestionnaireVersion)
        .join(QuestionnaireVersion.questionnaire)
        .where(
            Questionnaire.code == code,
            Questionnaire.removed_at.is_(None),
            QuestionnaireVersion.state == VersionState.APPROVED,
        )
        .options(selectinload(QuestionnaireVersion.questionnaire))
        .order_by(QuestionnaireVersion.number.desc())
        .limit(1)
    )
    return session.scalar(query)


def questionnaire_for(session: Session, visit_kind: str | None, disease: str | None) -> QuestionnaireVersion | None:
    """The questionnaire to propose after such a visit (Q-05): for the disease or a group above it, else for the kind.

    `visit_kind` is a kind of visit, or operation, discharge, wound or call. Only what is in use is proposed.
    """
    query = (
        select(QuestionnaireVersion)
        .join(QuestionnaireVersion.questionnaire)
        .where(QuestionnaireVersion.state == VersionState.APPROVED, Questionnaire.removed_at.is_(None))
        .options(selectinload(QuestionnaireVersion.questionnaire))
        .order_by(Questionnaire.is_shipped, Questionnaire.id)  # the hospital's own come before ours
    )
    versions = session.scalars(query).all()
    for code in _with_groups(session, disease):
        for version in versions:
            if code in version.questionnaire.respondents.get("diseases", ()):
                return version
    for version in versions:
        respondents = version.questionnaire.respondents
        if visit_kind and visit_kind in respondents.get("visit_kinds", ()) and not respondents.get("diseases"):
            return version
    return None


def usable_versions(session: Session) -> list[QuestionnaireVersion]:
    """Every version that may be asked now, for a choice."""
    query = (
        select(QuestionnaireVersion)
        .join(QuestionnaireVersion.questionnaire)
        .where(QuestionnaireVersion.state == VersionState.APPROVED, Questionnaire.removed_at.is_(None))
        .options(selectinload(QuestionnaireVersion.questionnaire))
        .order_by(Questionnaire.id)
    )
    return list(session.scalars(query))


def questions_of(version: QuestionnaireVersion) -> tuple[Question, ...]:
    """The questions of a version, in order."""
    return tuple(question_from_json(kept) for kept in version.questions)


def name_of(questionnaire: Questionnaire, locale: str) -> str:
    """Its name in the reader's language, where it is a shipped one, else as somebody wrote it."""
    return best_text(questionnaire.names, locale) if questionnaire.names else questionnaire.name


def counted_responses(session: Session, questionnaire_ids: Collection[int]) -> dict[int, int]:
    """How many completed responses each of these has, of those that the viewer may see."""
    query = (
        select(QuestionnaireVersion.questionnaire_id, func.count(QuestionnaireResponse.id))
        .join(QuestionnaireResponse, QuestionnaireResponse.version_id == QuestionnaireVersion.id)
        .where(
            QuestionnaireVersion.questionnaire_id.in_(questionnaire_ids),
            QuestionnaireResponse.completed_at.is_not(None),
        )
        .group_by(QuestionnaireVersion.questionnaire_id)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def written_languages(version: QuestionnaireVersion) -> list[str]:
    """The languages in which every question of a version has a text."""
    return [each for each in LANGUAGES if all(question.texts.get(each) for question in questions_of(version))]


def _with_groups(session: Session, disease: str | None) -> list[str]:
    """The code, and those above it in the list of diseases, the nearest first."""
    if not disease:
        return []
    path = session.scalar(select(CodeItem.path).where(CodeItem.list == CodeList.DISEASE, CodeItem.code == disease))
    above = [code for code in (path or "").split("/") if code]
    return [disease, *(code for code in reversed(above) if code != disease)]
