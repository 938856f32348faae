"""keep opt-outs and questions that wait for an answer."""

import sqlalchemy as sa
from alembic import op

revision = "20261128e"
down_revision = "20261128f"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "opt_out",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=10), nullable=False),
        sa.Column("channel", sa.String(length=10), nullable=False),
        sa.Column("way", sa.String(length=10), nullable=False),
        sa.Column("message_id", sa.Integer(), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_opt_out_patient_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_opt_out_message_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("opt_out", schema=None) as batch_op:
        batch_op.create_index("ix_opt_out_number", ["number"], unique=False)
        batch_op.create_index("ix_opt_out_patient", ["patient_id"], unique=False)
    op.create_table(
        "pending_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("message_id", sa.Integer(), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.Column("context_kind", sa.String(length=30), nullable=False),
        sa.Column("context_id", sa.Integer(), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.String(length=30), nullable=True),
        sa.Column("answer_message_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_pending_question_patient_id")),
        sa.ForeignKeyConstraint(["message_id"], ["message.id"], name=op.f("fk_pending_question_message_id")),
        sa.ForeignKeyConstraint(
            ["answer_message_id"], ["message.id"], name=op.f("fk_pending_question_answer_message_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("message_id"),
    )
    with op.batch_alter_table("pending_question", schema=None) as batch_op:
        batch_op.create_index("ix_pending_question_context", ["context_kind", "context_id"], unique=False)
        batch_op.create_index("ix_pending_question_number", ["number", "answered_at"], unique=False)
        batch_op.create_index("ix_pending_question_patient", ["patient_id"], unique=False)


def downgrade() -> None:
    op.drop_table("pending_question")
    op.drop_table("opt_out")
