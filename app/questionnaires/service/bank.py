"""The question bank: one place for every question, used by questionnaires, sheets and scripts (K-02, Q-06)."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import String, cast, exists, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.access import service as access
from app.access.rules import Module
from app.access.service import UNSCOPED
from app.errors import Conflict, InvalidInput, NotFound
from app.followups.rules import TaskRole
from app.paging import Page, read_cursor, write_cursor
from app.questionnaires.models import (
    BankQuestion,
    FollowupSheet,
    Questionnaire,
    QuestionnaireAnswer,
    QuestionnaireVersion,
)
from app.questionnaires.rules import (
    BankPurpose,
    Question,
    QuestionKind,
    check_question,
    option_from_json,
    option_to_json,
)
from app.texts import N_
from app.versions.rules import VersionState

ALARM_ROLES = tuple(role.value for role in TaskRole if role is not TaskRole.SYSTEM)
"""Who can be called by an answer."""
_CHANGED = N_("Somebody changed this question meanwhile. Open it again and repeat your change.")


@dataclass(frozen=True, slots=True, kw_only=True)
class BankFilters:
    """What the bank is narrowed to. `text` is looked for in every language."""

    text: str = ""
    purpose: BankPurpose | None = None
    disease: str | None = None
    with_retired: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BankUse:
    """Where a question stands: a questionnaire with the newest of its versions that has it, or a sheet."""

    questionnaire: Questionnaire | None = None
    version: QuestionnaireVersion | None = None
    sheet: FollowupSheet | None = None


def list_bank(session: Session, filters: BankFilters, *, limit: int, cursor: str | None = None) -> Page[BankQuestion]:
    """The questions that fit, by purpose and in the order they were made."""
    query = select(BankQuestion)
    if not filters.with_retired:
        query = query.where(BankQuestion.retired_at.is_(None))
    if filters.purpose is not None:
        query = query.where(BankQuestion.purpose == filters.purpose)
    if filters.disease:
        query = query.where(BankQuestion.disease == filters.disease)
    if filters.text:
        # JSON keeps Chinese as escapes in one database and as letters in the other, so that the letters of each text
        # are compared by themselves.
        texts = [BankQuestion.texts[language].as_string() for language in ("zh_Hans", "zh_Hant", "en")]
        wanted = [text.icontains(filters.text, autoescape=True) for text in texts]
        query = query.where(or_(BankQuestion.code.icontains(filters.text, autoescape=True), *wanted))
    if cursor:
        last_purpose, last_id = read_cursor(cursor, (str, int))
        query = query.where(
            or_(
                BankQuestion.purpose > last_purpose,
                (BankQuestion.purpose == last_purpose) & (BankQuestion.id > last_id),
            )
        )
    rows = list(session.scalars(query.order_by(BankQuestion.purpose, BankQuestion.id).limit(limit + 1)))
    more = len(rows) > limit
    rows = rows[:limit]
    return Page(items=rows, next_cursor=write_cursor(rows[-1].purpose, rows[-1].id) if more else None)


def get_bank_question(session: Session, question_id: int) -> BankQuestion:
    """One question of the bank. Raises NotFound."""
    found = session.get(BankQuestion, question_id) if 0 < question_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such question."))
    return found


def bank_questions(session: Session, codes: Collection[str]) -> dict[str, BankQuestion]:
    """These questions by their codes; unknown codes are left out."""
    found = session.scalars(select(BankQuestion).where(BankQuestion.code.in_(codes)))
    return {each.code: each for each in found}


def as_question(row: BankQuestion, *, is_required: bool = False) -> Question:
    """A question of the bank as a value, as a version would keep it."""
    return Question(
        code=row.code,
        kind=QuestionKind(row.kind),
        texts=row.texts,
        options=tuple(option_from_json(each) for each in row.options),
        dimension=row.dimension,
        lowest=row.lowest,
        highest=row.highest,
        is_required=is_required,
    )


def save_question(
    session: Session,
    question: Question,
    *,
    purpose: BankPurpose,
    disease: str | None,
    question_id: int | None = None,
    row_version: int = 0,
    by: str,
    now: datetime,
) -> BankQuestion:
    """Make a question, or change the one with this id. Raises InvalidInput, NotFound, Conflict, NotAllowed.

    Whoever was asked it already answered with its options: those stay, so that answers can be counted together.
    """
    access.need_write(session, Module.FOLLOWUPS)
    check_question(question, ALARM_ROLES)
    if question_id is None:
        if session.scalar(select(BankQuestion.id).where(BankQuestion.code == question.code)) is not None:
            raise InvalidInput(N_("Another question has this code."), field="code")
        row = BankQuestion(code=question.code, is_shipped=False, created_at=now, created_by=by, options=[])
        session.add(row)
    else:
        row = get_bank_question(session, question_id)
        if row.row_version != row_version:
            raise Conflict(_CHANGED)
        _check_answered(session, row, question)
    row.kind, row.purpose, row.disease = question.kind, purpose, disease
    row.texts, row.dimension = dict(question.texts), question.dimension
    row.options = [option_to_json(each) for each in question.options]
    row.lowest, row.highest = question.lowest, question.highest
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(_CHANGED) from None
    return row


def retire_question(session: Session, question_id: int, *, is_retired: bool, now: datetime) -> BankQuestion:
    """Take a question out of the bank's offer, or back into it. What uses it goes on using it."""
    access.need_write(session, Module.FOLLOWUPS)
    row = get_bank_question(session, question_id)
    row.retired_at = (row.retired_at or now) if is_retired else None
    session.flush()
    return row


def uses_of(session: Session, code: str) -> list[BankUse]:
    """Where a question is used now: in versions that are drafts or in use, and on current sheets."""
    # A code in quotes is in the JSON of a list exactly when it is one of its values; what is found is checked again.
    like = f'"{code}"'
    versions = session.scalars(
        select(QuestionnaireVersion)
        .join(QuestionnaireVersion.questionnaire)
        .where(
            Questionnaire.removed_at.is_(None),
            QuestionnaireVersion.state != VersionState.RETIRED,
            cast(QuestionnaireVersion.questions, String).contains(like, autoescape=True),
        )
        .order_by(QuestionnaireVersion.questionnaire_id, QuestionnaireVersion.number.desc())
    )
    found: dict[int, BankUse] = {}
    for version in versions:
        if any(kept["code"] == code for kept in version.questions):
            found.setdefault(version.questionnaire_id, BankUse(questionnaire=version.questionnaire, version=version))
    sheets = session.scalars(
        select(FollowupSheet).where(
            FollowupSheet.is_current, cast(FollowupSheet.questions, String).contains(like, autoescape=True)
        )
    )
    return [*found.values(), *(BankUse(sheet=sheet) for sheet in sheets if code in sheet.questions)]


def in_order(session: Session, codes: Sequence[str]) -> list[BankQuestion]:
    """These questions in this order. Raises InvalidInput for a code that the bank does not know."""
    known = bank_questions(session, codes)
    missing = [code for code in codes if code not in known]
    if missing:
        raise InvalidInput(N_("The bank has no question “%(code)s”."), field="questions", code=missing[0][:60])
    return [known[code] for code in codes]


def _check_answered(session: Session, row: BankQuestion, question: Question) -> None:
    if question.code != row.code:
        raise Conflict(N_("The code of a question stays: answers are counted by it."))
    was_answered = session.scalar(
        select(exists().where(QuestionnaireAnswer.question == row.code)), execution_options={UNSCOPED: True}
    )
    if not was_answered:
        return
    kept = {option["code"] for option in row.options}
    if question.kind != row.kind or not kept <= {option.code for option in question.options}:
        raise Conflict(N_("This question was answered already: its kind and its options stay. Make a new one instead."))
