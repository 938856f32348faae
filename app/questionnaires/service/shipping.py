"""The bank, the questionnaires and the sheets that the product brings, from app/questionnaires/data."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.questionnaires.models import BankQuestion, FollowupSheet, Questionnaire, QuestionnaireVersion
from app.questionnaires.rules import CLINICAL, Purpose, question_to_json
from app.questionnaires.service.bank import as_question, bank_questions
from app.versions.rules import VersionState

_DATA = Path(__file__).parent.parent / "data"
_COLUMNS = {"zh_Hans": "zh_hans", "zh_Hant": "zh_hant", "en": "en"}


def install_shipped(session: Session, now: datetime) -> int:
    """Add what this database has never had; returns how many questions and questionnaires.

    What somebody changed or removed stays as it is. Questionnaires begin as drafts: what asks about health waits for a
    clinician, the others for a supervisor (guard 13).
    """
    known = set(session.scalars(select(BankQuestion.code)))
    rows = [row for row in shipped_questions() if row["code"] not in known]
    session.add_all(BankQuestion(**row, is_shipped=True, created_at=now) for row in rows)
    session.flush()
    shipped = shipped_questionnaires()
    have = set(session.scalars(select(Questionnaire.code)))
    fresh = [each for each in shipped["questionnaires"] if each["code"] not in have]
    session.add_all(_questionnaire(session, each, now) for each in fresh)
    sheets = set(session.scalars(select(FollowupSheet.code)))
    session.add_all(_sheet(each, now) for each in shipped["sheets"] if each["code"] not in sheets)
    session.flush()
    return len(rows) + len(fresh)


def approve_for_demo(session: Session, now: datetime) -> None:
    """Put every shipped draft into use in the demo's own name, so that there is something to try: the demo's doctor
    signs what asks about health, its supervisor the rest. A hospital has its own people do that.
    """
    query = (
        select(QuestionnaireVersion)
        .join(QuestionnaireVersion.questionnaire)
        .where(
            Questionnaire.is_shipped,
            Questionnaire.removed_at.is_(None),
            QuestionnaireVersion.number == 1,
            QuestionnaireVersion.state == VersionState.DRAFT,
            QuestionnaireVersion.author.is_(None),
        )
        .options(selectinload(QuestionnaireVersion.questionnaire))
    )
    for version in session.scalars(query):
        # One stays a draft, so that the demo shows what a draft is.
        if version.questionnaire.code == "medication_followup":
            continue
        is_clinical = Purpose(version.questionnaire.purpose) in CLINICAL
        version.state, version.approved_at = VersionState.APPROVED, now
        version.approved_by = "doctor" if is_clinical else "supervisor"
    session.flush()


def shipped_questions() -> list[dict[str, Any]]:
    """The rows of the shipped bank, as the table keeps them."""
    answers: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _csv("answers.csv"):
        texts = {language: row[column] for language, column in _COLUMNS.items() if row[column]}
        alarm = {"minutes": int(row["minutes"]), "role": row["role"]} if row["role"] else None
        score = float(row["score"]) if row["score"] else None
        answers[row["answers"]].append({"code": row["code"], "texts": texts, "score": score, "alarm": alarm})
    return [
        {
            "code": row["code"],
            "kind": row["kind"],
            "purpose": row["purpose"],
            "disease": row["disease"] or None,
            "dimension": row["dimension"],
            "texts": {language: row[column] for language, column in _COLUMNS.items()},
            "options": answers[row["answers"]] if row["answers"] else [],
            "lowest": int(row["lowest"]) if row["lowest"] else None,
            "highest": int(row["highest"]) if row["highest"] else None,
        }
        for row in _csv("bank.csv")
    ]


def shipped_questionnaires() -> dict[str, list[dict[str, Any]]]:
    """The shipped questionnaires and sheets, as they stand in the file."""
    found: dict[str, list[dict[str, Any]]] = json.loads((_DATA / "questionnaires.json").read_text(encoding="utf-8"))
    return found


def _questionnaire(session: Session, shipped: dict[str, Any], now: datetime) -> Questionnaire:
    rows = bank_questions(session, shipped["questions"])
    questions = [question_to_json(as_question(rows[code])) for code in shipped["questions"]]
    return Questionnaire(
        code=shipped["code"],
        name=shipped["names"]["zh_Hans"],
        names=shipped["names"],
        purpose=shipped["purpose"],
        respondents=shipped["respondents"],
        is_shipped=True,
        created_at=now,
        versions=[
            QuestionnaireVersion(
                number=1, state=VersionState.DRAFT, questions=questions, intro=shipped["intro"], changed_at=now
            )
        ],
    )


def _sheet(shipped: dict[str, Any], now: datetime) -> FollowupSheet:
    return FollowupSheet(
        code=shipped["code"],
        number=1,
        name=shipped["names"]["zh_Hans"],
        names=shipped["names"],
        questions=shipped["questions"],
        advice=shipped["advice"],
        is_current=True,
        created_at=now,
    )


def _csv(name: str) -> list[dict[str, str]]:
    with (_DATA / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
