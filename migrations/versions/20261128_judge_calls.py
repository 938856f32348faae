"""judge calls: scorecards, sampling plans, evaluations, coaching, calibration."""

import sqlalchemy as sa
from alembic import op

revision = "20261128u"
down_revision = "20261128s"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "scorecard",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("applies", sa.JSON(), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "sampling_plan",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("scorecard_id", sa.Integer(), nullable=True),
        sa.Column("conditions", sa.JSON(), nullable=False),
        sa.Column("period", sa.String(length=10), nullable=False),
        sa.Column("per_agent", sa.Integer(), nullable=False),
        sa.Column("grade_days", sa.Integer(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("next_draw_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["scorecard_id"], ["scorecard.id"], name="fk_sampling_plan_scorecard_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sampling_plan_due", "sampling_plan", ["is_active", "next_draw_at"])
    op.create_table(
        "scorecard_version",
        sa.Column("scorecard_id", sa.Integer(), nullable=False),
        sa.Column("sections", sa.JSON(), nullable=False),
        sa.Column("fatal_cap", sa.Integer(), nullable=False),
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
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
        sa.ForeignKeyConstraint(["scorecard_id"], ["scorecard.id"], name="fk_scorecard_version_scorecard_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("scorecard_id", "number", name="uq_scorecard_version"),
    )
    op.create_table(
        "calibration_session",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("card_version_id", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["card_version_id"], ["scorecard_version.id"], name="fk_calibration_session_card_version_id"
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_calibration_session_closed", "calibration_session", ["closed_at", "id"])
    op.create_table(
        "sample_draw",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("seed", sa.String(length=32), nullable=False),
        sa.Column("per_agent", sa.Integer(), nullable=False),
        sa.Column("considered", sa.Integer(), nullable=False),
        sa.Column("drawn", sa.Integer(), nullable=False),
        sa.Column("drawn_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("candidates", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["plan_id"], ["sampling_plan.id"], name="fk_sample_draw_plan_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("plan_id", "first_day", name="uq_sample_draw"),
    )
    op.create_table(
        "calibration_grader",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["calibration_session.id"], name="fk_calibration_grader_session_id"),
        sa.PrimaryKeyConstraint("session_id", "username"),
    )
    op.create_index("ix_calibration_grader_username", "calibration_grader", ["username"])
    op.create_table(
        "calibration_recording",
        sa.Column("session_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_calibration_recording_recording_id"),
        sa.ForeignKeyConstraint(["session_id"], ["calibration_session.id"], name="fk_calibration_recording_session_id"),
        sa.PrimaryKeyConstraint("session_id", "recording_id"),
    )
    op.create_table(
        "grading_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("plan_id", sa.Integer(), nullable=False),
        sa.Column("draw_id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("claimed_by", sa.String(length=64), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_grading_task_call_id"),
        sa.ForeignKeyConstraint(["draw_id"], ["sample_draw.id"], name="fk_grading_task_draw_id"),
        sa.ForeignKeyConstraint(["plan_id"], ["sampling_plan.id"], name="fk_grading_task_plan_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_grading_task_recording_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("plan_id", "recording_id", name="uq_grading_task"),
    )
    op.create_index("ix_grading_task_claimed", "grading_task", ["claimed_by", "state"])
    op.create_index("ix_grading_task_state", "grading_task", ["state", "due_on", "id"])
    op.create_table(
        "evaluation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("card_version_id", sa.Integer(), nullable=False),
        sa.Column("task_id", sa.Integer(), nullable=True),
        sa.Column("calibration_id", sa.Integer(), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("grader", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=True),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("call_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("total", sa.Double(), nullable=True),
        sa.Column("is_fatal", sa.Boolean(), nullable=False),
        sa.Column("draft", sa.JSON(), nullable=True),
        sa.Column("draft_by", sa.String(length=64), nullable=True),
        sa.Column("draft_key", sa.String(length=120), nullable=True),
        sa.Column("draft_seen", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("acknowledged_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["calibration_id"], ["calibration_session.id"], name="fk_evaluation_calibration_id"),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_evaluation_call_id"),
        sa.ForeignKeyConstraint(["card_version_id"], ["scorecard_version.id"], name="fk_evaluation_card_version_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_evaluation_recording_id"),
        sa.ForeignKeyConstraint(["task_id"], ["grading_task.id"], name="fk_evaluation_task_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("draft_key"),
    )
    op.create_index("ix_evaluation_agent", "evaluation", ["agent", "call_at"])
    op.create_index("ix_evaluation_calibration", "evaluation", ["calibration_id"])
    op.create_index("ix_evaluation_call_at", "evaluation", ["call_at", "id"])
    op.create_index("ix_evaluation_recording", "evaluation", ["recording_id"])
    op.create_index("ix_evaluation_state", "evaluation", ["state", "call_at"])
    op.create_index("ix_evaluation_task_id", "evaluation", ["task_id"])
    op.create_table(
        "coaching_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("note", sa.String(length=1000), nullable=False),
        sa.Column("moments", sa.JSON(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_note", sa.String(length=1000), nullable=False),
        sa.Column("checked_by", sa.String(length=64), nullable=True),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name="fk_coaching_task_evaluation_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_coaching_task_agent", "coaching_task", ["agent", "state", "due_on"])
    op.create_index("ix_coaching_task_evaluation_id", "coaching_task", ["evaluation_id"])
    op.create_index("ix_coaching_task_state", "coaching_task", ["state", "due_on"])
    op.create_table(
        "evaluation_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("item", sa.String(length=20), nullable=False),
        sa.Column("value", sa.Integer(), nullable=True),
        sa.Column("share", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name="fk_evaluation_answer_evaluation_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("evaluation_id", "number", "item", name="uq_evaluation_answer"),
    )
    op.create_index("ix_evaluation_answer_item", "evaluation_answer", ["item", "share"])
    op.create_table(
        "evaluation_appeal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.Column("decided_by", sa.String(length=64), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decision", sa.String(length=10), nullable=True),
        sa.Column("decision_reason", sa.String(length=2000), nullable=True),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name="fk_evaluation_appeal_evaluation_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("evaluation_id"),
    )
    op.create_table(
        "evaluation_remark",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.String(length=1000), nullable=False),
        sa.Column("second", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name="fk_evaluation_remark_evaluation_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_evaluation_remark_evaluation_id", "evaluation_remark", ["evaluation_id"])
    op.create_table(
        "evaluation_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("evaluation_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("sheet", sa.JSON(), nullable=False),
        sa.Column("total", sa.Double(), nullable=True),
        sa.Column("is_fatal", sa.Boolean(), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("reason", sa.String(length=2000), nullable=False),
        sa.ForeignKeyConstraint(["evaluation_id"], ["evaluation.id"], name="fk_evaluation_version_evaluation_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("evaluation_id", "number", name="uq_evaluation_version"),
    )


def downgrade() -> None:
    for table in (
        "evaluation_version",
        "evaluation_remark",
        "evaluation_appeal",
        "evaluation_answer",
        "coaching_task",
        "evaluation",
        "grading_task",
        "calibration_recording",
        "calibration_grader",
        "sample_draw",
        "calibration_session",
        "scorecard_version",
        "sampling_plan",
        "scorecard",
    ):
        op.drop_table(table)
