"""keep callers whom nobody answered, and find what an agent was doing."""

import sqlalchemy as sa
from alembic import op

revision = "20261128k"
down_revision = "20261128g"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callback_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("last_call_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("queue", sa.String(length=40), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closing_call_id", sa.String(length=36), nullable=True),
        sa.Column("result", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_callback_request_call_id"),
        sa.ForeignKeyConstraint(["last_call_id"], ["call.id"], name="fk_callback_request_last_call_id"),
        sa.ForeignKeyConstraint(["closing_call_id"], ["call.id"], name="fk_callback_request_closing_call_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_callback_request_patient_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index("ix_callback_request_open", "callback_request", ["closed_at", "last_at", "id"])
    op.create_index("ix_callback_request_number", "callback_request", ["number", "closed_at"])
    op.create_index("ix_callback_request_patient", "callback_request", ["patient_id", "closed_at"])
    op.create_index("ix_callback_request_last_call_id", "callback_request", ["last_call_id"])
    is_agent = sa.text("kind = 'agent.changed'")
    op.create_index(
        "ix_journal_agent", "journal", ["agent", "at", "seq"], sqlite_where=is_agent, postgresql_where=is_agent
    )


def downgrade() -> None:
    op.drop_index("ix_journal_agent", table_name="journal")
    op.drop_table("callback_request")
