"""The question bank, questionnaires with their versions, the answers that were given, and follow-up sheets."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.access.rules import Module, Scoped
from app.db import Table
from app.versions.models import VersionColumns


class BankQuestion(Table):
    """One question of the shared bank (K-02, Q-06). Its code ties answers together across questionnaires.

    `kind` is a QuestionKind; `texts` by language; `options` a list of {"code", "texts", "score", "alarm"} where alarm
    is {"minutes", "role"} or nothing.
    """

    __tablename__ = "bank_question"
    __table_args__ = (Index("ix_bank_question_purpose", "purpose", "disease"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    kind: Mapped[str] = mapped_column(String(10))  # single, multiple, scale, number or text
    purpose: Mapped[str] = mapped_column(String(20))  # BankPurpose of app.questionnaires.rules
    disease: Mapped[str | None] = mapped_column(String(40))
    dimension: Mapped[str] = mapped_column(String(40), default="")
    texts: Mapped[dict[str, Any]]
    options: Mapped[list[Any]]
    lowest: Mapped[int | None]  # of a scale or a number
    highest: Mapped[int | None]
    is_shipped: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    retired_at: Mapped[datetime | None]
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class Questionnaire(Table):
    """What is asked of whom. `respondents` says for which visits or diseases it is proposed (Q-05)."""

    __tablename__ = "questionnaire"

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[str] = mapped_column(String(120))
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)
    purpose: Mapped[str] = mapped_column(String(20))  # satisfaction, quality, recovery or wishes
    respondents: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"visit_kinds": [...], "diseases": [...]}
    is_shipped: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
    removed_at: Mapped[datetime | None]

    versions: Mapped[list["QuestionnaireVersion"]] = relationship(
        back_populates="questionnaire", order_by="QuestionnaireVersion.number.desc()"
    )


class QuestionnaireVersion(VersionColumns, Table):
    """The questions as they were asked. A used version never changes; another one replaces it (Q-01).

    `questions` is a list in order, each whole: a change of the bank changes no version.
    """

    __tablename__ = "questionnaire_version"
    __table_args__ = (UniqueConstraint("questionnaire_id", "number", name="uq_questionnaire_version"),)

    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    questions: Mapped[list[Any]]
    intro: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by language; what is said before the questions

    questionnaire: Mapped[Questionnaire] = relationship(back_populates="versions")


class QuestionnaireResponse(Table):
    """One person's answers to one version. `way` is how they came (Q-08). The scores are those of its version.

    `alarms` has the follow-up task that an answer made, by question. `entry_key` is the page's own key of a paper form:
    the same form sent twice is one response.
    """

    __tablename__ = "questionnaire_response"
    __scoped__ = Scoped(module=Module.FOLLOWUPS, patient="patient_id", at="started_at", owners=("entered_by",))
    __table_args__ = (
        Index("ix_questionnaire_response_version", "version_id", "completed_at"),
        Index("ix_questionnaire_response_patient", "patient_id", "started_at"),
        Index("ix_questionnaire_response_completed", "completed_at"),
        Index("ix_questionnaire_response_task", "task_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    version_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_version.id"))
    patient_id: Mapped[int | None] = mapped_column(ForeignKey("patient.id"))  # nothing: an anonymous paper form
    task_id: Mapped[int | None]  # the follow-up task it belongs to
    way: Mapped[str] = mapped_column(String(10))  # ResponseWay: phone, paper, sms, link, automatic
    visit_id: Mapped[int | None] = mapped_column(ForeignKey("visit.id"))
    department_id: Mapped[int | None] = mapped_column(ForeignKey("department.id"), index=True)
    ward: Mapped[str | None] = mapped_column(String(60))
    doctor: Mapped[str | None] = mapped_column(String(64))
    agent: Mapped[str | None] = mapped_column(String(64))  # whose manner on the phone is rated
    score: Mapped[float | None]
    highest_score: Mapped[float | None]
    dimensions: Mapped[dict[str, Any]] = mapped_column(default=dict)
    started_at: Mapped[datetime]
    completed_at: Mapped[datetime | None]
    entered_by: Mapped[str | None] = mapped_column(String(64))
    token_hash: Mapped[str | None] = mapped_column(String(64), unique=True)  # of the link on a phone's page
    expires_at: Mapped[datetime | None]
    alarms: Mapped[dict[str, Any]] = mapped_column(default=dict)
    entry_key: Mapped[str | None] = mapped_column(String(36), unique=True)
    row_version: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": row_version}


class QuestionnaireAnswer(Table):
    """The answer to one question. `question` is the bank code; a multiple answer has one row per chosen option."""

    __tablename__ = "questionnaire_answer"
    __scoped__ = Scoped(module=Module.FOLLOWUPS, through="response_id")
    __table_args__ = (
        UniqueConstraint("response_id", "question", "option", name="uq_questionnaire_answer"),
        # Whoever counts the answers of a hundred thousand responses reads this index and not the table.
        Index("ix_questionnaire_answer_counted", "response_id", "question", "option", "score", "number"),
        Index("ix_questionnaire_answer_option", "question", "option"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("questionnaire_response.id"))
    question: Mapped[str] = mapped_column(String(60))
    option: Mapped[str] = mapped_column(String(60), default="")  # "" for a number or a text
    number: Mapped[float | None]
    text: Mapped[str | None] = mapped_column(Text)
    score: Mapped[float | None]
    at: Mapped[datetime]


class FollowupSheet(Table):
    """A form that is printed for the patient (K-03, F-26), composed of bank questions. Each save is a new version."""

    __tablename__ = "followup_sheet"
    __table_args__ = (UniqueConstraint("code", "number", name="uq_followup_sheet"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(String(60))
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(120))
    names: Mapped[dict[str, Any]] = mapped_column(default=dict)  # of a shipped one, by language
    questions: Mapped[list[Any]]  # codes of bank questions, in order
    advice: Mapped[dict[str, Any]] = mapped_column(default=dict)  # by language
    is_current: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    created_by: Mapped[str | None] = mapped_column(String(64))
