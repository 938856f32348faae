"""keep sending rules and what they plan."""

import sqlalchemy as sa
from alembic import op

revision = "20261128c"
down_revision = "20261128b"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sending_rule",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("anchor", sa.String(length=40), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("at", sa.Time(), nullable=False),
        sa.Column("late_days", sa.Integer(), nullable=False),
        sa.Column("segment_id", sa.Integer(), nullable=True),
        sa.Column("template_id", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=True),
        sa.Column("simulated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("simulated_by", sa.String(length=64), nullable=True),
        sa.Column("activated_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("activated_by", sa.String(length=64), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["segment_id"], ["saved_segment.id"], name=op.f("fk_sending_rule_segment_id")),
        sa.ForeignKeyConstraint(["template_id"], ["message_template.id"], name=op.f("fk_sending_rule_template_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "planned_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=False),
        sa.Column("occasion", sa.String(length=80), nullable=False),
        sa.Column("anchor_on", sa.Date(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("useless_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("values", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(length=60), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["rule_id"], ["sending_rule.id"], name=op.f("fk_planned_message_rule_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_planned_message_patient_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_planned_message_message_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("rule_id", "occasion", "patient_id", name="uq_planned_message"),
    )
    with op.batch_alter_table("planned_message", schema=None) as batch_op:
        batch_op.create_index("ix_planned_message_anchor", ["rule_id", "state", "anchor_on"], unique=False)
        batch_op.create_index("ix_planned_message_due", ["state", "due_at"], unique=False)
        batch_op.create_index("ix_planned_message_message_id", ["message_id"], unique=False)
        batch_op.create_index("ix_planned_message_patient", ["patient_id", "due_at"], unique=False)


def downgrade() -> None:
    op.drop_table("planned_message")
    op.drop_table("sending_rule")
