"""keep follow-ups: templates, plans, tasks, attempts, questionnaires, outbound lists."""

import sqlalchemy as sa
from alembic import op

revision = "20261128g"
down_revision = "20261128d"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bank_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=True),
        sa.Column("dimension", sa.String(length=40), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("lowest", sa.Integer(), nullable=True),
        sa.Column("highest", sa.Integer(), nullable=True),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_index("ix_bank_question_purpose", "bank_question", ["purpose", "disease"], unique=False)
    op.create_table(
        "followup_sheet",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("advice", sa.JSON(), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", "number", name="uq_followup_sheet"),
    )
    op.create_table(
        "followup_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("specialty", sa.String(length=40), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_index("ix_followup_template_specialty", "followup_template", ["specialty", "id"], unique=False)
    op.create_table(
        "questionnaire",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("respondents", sa.JSON(), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "followup_template_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("anchor", sa.String(length=40), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("starts", sa.String(length=10), nullable=False),
        sa.Column("steps", sa.JSON(), nullable=False),
        sa.Column("stops", sa.JSON(), nullable=False),
        sa.Column("late_enrolment", sa.String(length=10), nullable=False),
        sa.Column("is_sequential", sa.Boolean(), nullable=False),
        sa.Column("repeat_months", sa.Integer(), nullable=True),
        sa.Column("repeat_times", sa.Integer(), nullable=True),
        sa.Column("goals", sa.String(length=1000), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(length=64), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["followup_template.id"], name=op.f("fk_followup_template_version_template_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("template_id", "number", name="uq_followup_template_version"),
    )
    op.create_index(
        "ix_followup_template_version_state", "followup_template_version", ["state", "template_id"], unique=False
    )
    op.create_table(
        "questionnaire_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("questionnaire_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("questions", sa.JSON(), nullable=False),
        sa.Column("intro", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["questionnaire_id"], ["questionnaire.id"], name=op.f("fk_questionnaire_version_questionnaire_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("questionnaire_id", "number", name="uq_questionnaire_version"),
    )
    op.create_table(
        "outbound_line",
        sa.Column("line", sa.String(length=80), nullable=False),
        sa.Column("held_by", sa.String(length=36), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("line"),
    )
    op.create_index(op.f("ix_outbound_line_held_by"), "outbound_line", ["held_by"], unique=False)
    op.create_table(
        "outbound_list",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("people", sa.JSON(), nullable=True),
        sa.Column("script", sa.Text(), nullable=False),
        sa.Column("questionnaire_version_id", sa.Integer(), nullable=True),
        sa.Column("dialling", sa.String(length=12), nullable=False),
        sa.Column("days", sa.JSON(), nullable=False),
        sa.Column("agents", sa.JSON(), nullable=False),
        sa.Column("opens", sa.Integer(), nullable=False),
        sa.Column("closes", sa.Integer(), nullable=False),
        sa.Column("most_at_once", sa.Integer(), nullable=False),
        sa.Column("calls_per_minute", sa.Integer(), nullable=False),
        sa.Column("most_attempts", sa.Integer(), nullable=False),
        sa.Column("retries", sa.JSON(), nullable=False),
        sa.Column("hangs_up_on_machines", sa.Boolean(), nullable=False),
        sa.Column("prepared_up_to", sa.Integer(), nullable=False),
        sa.Column("claim", sa.String(length=32), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("prompts", sa.JSON(), nullable=False),
        sa.Column("tasks", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("next_call_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_by", sa.String(length=64), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(length=64), nullable=True),
        sa.Column("due_from", sa.Date(), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["questionnaire_version_id"],
            ["questionnaire_version.id"],
            name=op.f("fk_outbound_list_questionnaire_version_id"),
        ),
        sa.ForeignKeyConstraint(["segment_id"], ["saved_segment.id"], name=op.f("fk_outbound_list_segment_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "followup_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("anchor", sa.String(length=40), nullable=False),
        sa.Column("occasion", sa.String(length=80), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=True),
        sa.Column("disease", sa.String(length=40), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("ward", sa.String(length=60), nullable=True),
        sa.Column("doctor", sa.String(length=64), nullable=True),
        sa.Column("doctor_account", sa.String(length=64), nullable=True),
        sa.Column("condition", sa.String(length=2000), nullable=False),
        sa.Column("focus", sa.String(length=2000), nullable=False),
        sa.Column("cautions", sa.String(length=2000), nullable=False),
        sa.Column("decide_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_followup_plan_department_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_followup_plan_patient_id")),
        sa.ForeignKeyConstraint(
            ["template_version_id"], ["followup_template_version.id"], name=op.f("fk_followup_plan_template_version_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_followup_plan_visit_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("patient_id", "template_id", "occasion", name="uq_followup_plan"),
    )
    op.create_index("ix_followup_plan_occasion", "followup_plan", ["occasion"], unique=False)
    op.create_index("ix_followup_plan_state", "followup_plan", ["state", "decide_by"], unique=False)
    op.create_index("ix_followup_plan_template", "followup_plan", ["template_id", "state"], unique=False)
    op.create_index(op.f("ix_followup_plan_visit_id"), "followup_plan", ["visit_id"], unique=False)
    op.create_table(
        "followup_start",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        sa.Column("started", sa.Integer(), nullable=False),
        sa.Column("left_out", sa.JSON(), nullable=False),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["segment_id"], ["saved_segment.id"], name=op.f("fk_followup_start_segment_id")),
        sa.ForeignKeyConstraint(["template_id"], ["followup_template.id"], name=op.f("fk_followup_start_template_id")),
        sa.ForeignKeyConstraint(
            ["template_version_id"],
            ["followup_template_version.id"],
            name=op.f("fk_followup_start_template_version_id"),
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_followup_start_state"), "followup_start", ["state"], unique=False)
    op.create_index(op.f("ix_followup_start_template_id"), "followup_start", ["template_id"], unique=False)
    op.create_table(
        "followup_cursor",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("decisions_since", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_until", sa.DateTime(timezone=True), nullable=False),
        sa.Column("whole_on", sa.Date(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "questionnaire_response",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("visit_id", sa.Integer(), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("ward", sa.String(length=60), nullable=True),
        sa.Column("doctor", sa.String(length=64), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("highest_score", sa.Double(), nullable=True),
        sa.Column("dimensions", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("completed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("entered_by", sa.String(length=64), nullable=True),
        sa.Column("token_hash", sa.String(length=64), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("alarms", sa.JSON(), nullable=False),
        sa.Column("entry_key", sa.String(length=36), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["department_id"], ["department.id"], name=op.f("fk_questionnaire_response_department_id")
        ),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_questionnaire_response_patient_id")),
        sa.ForeignKeyConstraint(
            ["version_id"], ["questionnaire_version.id"], name=op.f("fk_questionnaire_response_version_id")
        ),
        sa.ForeignKeyConstraint(["visit_id"], ["visit.id"], name=op.f("fk_questionnaire_response_visit_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("entry_key"),
        sa.UniqueConstraint("token_hash"),
    )
    op.create_index("ix_questionnaire_response_completed", "questionnaire_response", ["completed_at"], unique=False)
    op.create_index(
        op.f("ix_questionnaire_response_department_id"), "questionnaire_response", ["department_id"], unique=False
    )
    op.create_index(
        "ix_questionnaire_response_patient", "questionnaire_response", ["patient_id", "started_at"], unique=False
    )
    op.create_index("ix_questionnaire_response_task", "questionnaire_response", ["task_id"], unique=False)
    op.create_index(
        "ix_questionnaire_response_version", "questionnaire_response", ["version_id", "completed_at"], unique=False
    )
    op.create_table(
        "followup_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=True),
        sa.Column("step", sa.String(length=20), nullable=True),
        sa.Column("list_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("why", sa.String(length=300), nullable=False),
        sa.Column("role", sa.String(length=20), nullable=False),
        sa.Column("assignee", sa.String(length=64), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("questionnaire_version_id", sa.Integer(), nullable=True),
        sa.Column("phone_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("late_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("work_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("waits_for_id", sa.Integer(), nullable=True),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(length=16), nullable=True),
        sa.Column("effect", sa.String(length=10), nullable=True),
        sa.Column("attitude", sa.String(length=12), nullable=True),
        sa.Column("recovery", sa.String(length=1000), nullable=False),
        sa.Column("opinion", sa.String(length=2000), nullable=False),
        sa.Column("suggestion", sa.String(length=1000), nullable=False),
        sa.Column("wish", sa.String(length=1000), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=False),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("response_id", sa.Integer(), nullable=True),
        sa.Column("escalated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reached_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.String(length=64), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_followup_task_department_id")),
        sa.ForeignKeyConstraint(["list_id"], ["outbound_list.id"], name=op.f("fk_followup_task_list_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_followup_task_message_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_followup_task_patient_id")),
        sa.ForeignKeyConstraint(["plan_id"], ["followup_plan.id"], name=op.f("fk_followup_task_plan_id")),
        sa.ForeignKeyConstraint(
            ["questionnaire_version_id"],
            ["questionnaire_version.id"],
            name=op.f("fk_followup_task_questionnaire_version_id"),
        ),
        sa.ForeignKeyConstraint(
            ["response_id"], ["questionnaire_response.id"], name=op.f("fk_followup_task_response_id")
        ),
        sa.ForeignKeyConstraint(["waits_for_id"], ["followup_task.id"], name=op.f("fk_followup_task_waits_for_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("list_id", "patient_id", name="uq_followup_task_list"),
        sa.UniqueConstraint("plan_id", "step", name="uq_followup_task_step"),
    )
    op.create_index("ix_followup_task_assignee", "followup_task", ["assignee", "state", "work_at"], unique=False)
    op.create_index("ix_followup_task_done", "followup_task", ["done_at"], unique=False)
    op.create_index("ix_followup_task_due", "followup_task", ["due_on", "state"], unique=False)
    op.create_index("ix_followup_task_list", "followup_task", ["list_id", "state", "work_at"], unique=False)
    op.create_index(op.f("ix_followup_task_message_id"), "followup_task", ["message_id"], unique=False)
    op.create_index("ix_followup_task_patient", "followup_task", ["patient_id", "due_at"], unique=False)
    op.create_index(op.f("ix_followup_task_response_id"), "followup_task", ["response_id"], unique=False)
    op.create_index(op.f("ix_followup_task_waits_for_id"), "followup_task", ["waits_for_id"], unique=False)
    op.create_index("ix_followup_task_work", "followup_task", ["state", "work_at", "id"], unique=False)
    op.create_table(
        "questionnaire_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("response_id", sa.Integer(), nullable=False),
        sa.Column("question", sa.String(length=60), nullable=False),
        sa.Column("option", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Double(), nullable=True),
        sa.Column("text", sa.Text(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["response_id"], ["questionnaire_response.id"], name=op.f("fk_questionnaire_answer_response_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("response_id", "question", "option", name="uq_questionnaire_answer"),
    )
    op.create_index("ix_questionnaire_answer_option", "questionnaire_answer", ["question", "option"], unique=False)
    op.create_index(
        "ix_questionnaire_answer_counted",
        "questionnaire_answer",
        ["response_id", "question", "option", "score", "number"],
        unique=False,
    )
    op.create_table(
        "followup_attempt",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("dialling", sa.String(length=12), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("phone_id", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.String(length=20), nullable=True),
        sa.Column("progress", sa.String(length=10), nullable=True),
        sa.Column("talk_seconds", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_followup_attempt_call_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_followup_attempt_patient_id")),
        sa.ForeignKeyConstraint(["task_id"], ["followup_task.id"], name=op.f("fk_followup_attempt_task_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index(op.f("ix_followup_attempt_call_id"), "followup_attempt", ["call_id"], unique=False)
    op.create_index("ix_followup_attempt_open", "followup_attempt", ["ended_at", "started_at"], unique=False)
    op.create_index("ix_followup_attempt_patient", "followup_attempt", ["patient_id", "started_at"], unique=False)
    op.create_index("ix_followup_attempt_task", "followup_attempt", ["task_id", "started_at"], unique=False)
    op.create_table(
        "followup_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("doctor", sa.String(length=64), nullable=True),
        sa.Column("asked_by", sa.String(length=64), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer", sa.String(length=2000), nullable=True),
        sa.Column("answered_by", sa.String(length=64), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_back_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("given_back_by", sa.String(length=64), nullable=True),
        sa.Column("given_back_by_message_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_followup_question_department_id")),
        sa.ForeignKeyConstraint(
            ["given_back_by_message_id"], ["message.id"], name=op.f("fk_followup_question_given_back_by_message_id")
        ),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_followup_question_message_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_followup_question_patient_id")),
        sa.ForeignKeyConstraint(["task_id"], ["followup_task.id"], name=op.f("fk_followup_question_task_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_followup_question_patient", "followup_question", ["patient_id"], unique=False)
    op.create_index("ix_followup_question_state", "followup_question", ["state", "asked_at"], unique=False)
    op.create_index("ix_followup_question_task", "followup_question", ["task_id"], unique=False)


def downgrade() -> None:
    op.drop_table("followup_question")
    op.drop_table("followup_attempt")
    op.drop_table("questionnaire_answer")
    op.drop_table("followup_task")
    op.drop_table("questionnaire_response")
    op.drop_table("followup_cursor")
    op.drop_table("followup_start")
    op.drop_table("followup_plan")
    op.drop_table("outbound_list")
    op.drop_table("outbound_line")
    op.drop_table("questionnaire_version")
    op.drop_table("followup_template_version")
    op.drop_table("questionnaire")
    op.drop_table("followup_template")
    op.drop_table("followup_sheet")
    op.drop_table("bank_question")
