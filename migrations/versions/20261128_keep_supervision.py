"""keep supervision: supervisors in calls, messages to agents."""

import sqlalchemy as sa
from alembic import op

revision = "20261128m"
down_revision = "20261128k"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "supervision",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("supervisor", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("mode", sa.String(length=10), nullable=False),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("began_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name=op.f("fk_supervision_call_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_supervision_agent", "supervision", ["agent", "ended_at"], unique=False)
    op.create_index("ix_supervision_call", "supervision", ["call_id"], unique=False)
    op.create_index("ix_supervision_open", "supervision", ["ended_at"], unique=False)
    op.create_table(
        "floor_message",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("sender", sa.String(length=64), nullable=False),
        sa.Column("text", sa.String(length=300), nullable=False),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_floor_message_unread", "floor_message", ["agent", "read_at"], unique=False)


def downgrade() -> None:
    op.drop_table("floor_message")
    op.drop_table("supervision")
