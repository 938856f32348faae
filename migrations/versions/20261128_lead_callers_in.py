"""lead callers in: flows, several queues, what a call heard."""

import sqlalchemy as sa
from alembic import op

revision = "20261128n"
down_revision = "20261128m"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_flow",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=20), nullable=True),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("live_number", sa.Integer(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    op.create_table(
        "call_flow_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("is_draft", sa.Boolean(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["flow_id"], ["call_flow.id"], name="fk_call_flow_version_flow_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("flow_id", "number", name="uq_call_flow_version"),
    )
    op.create_table(
        "call_flow_release",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("flow_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["flow_id"], ["call_flow.id"], name="fk_call_flow_release_flow_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_call_flow_release_flow_id", "call_flow_release", ["flow_id"])
    op.create_table(
        "queue_member",
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("penalty", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["queue"], ["queue.name"], name="fk_queue_member_queue"),
        sa.PrimaryKeyConstraint("queue", "username"),
    )
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("strategy", sa.String(length=20), server_default="leastrecent", nullable=False))
        batch_op.add_column(sa.Column("wrap_up_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("max_wait_seconds", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("overflow", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("row_version", sa.Integer(), server_default="1", nullable=False))
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("notice_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("voicemail_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("call", schema=None) as batch_op:
        for column in ("voicemail_at", "closed_at", "notice_at"):
            batch_op.drop_column(column)
    with op.batch_alter_table("queue", schema=None) as batch_op:
        for column in ("row_version", "overflow", "max_wait_seconds", "wrap_up_seconds", "strategy"):
            batch_op.drop_column(column)
    op.drop_table("queue_member")
    op.drop_index("ix_call_flow_release_flow_id", table_name="call_flow_release")
    op.drop_table("call_flow_release")
    op.drop_table("call_flow_version")
    op.drop_table("call_flow")
