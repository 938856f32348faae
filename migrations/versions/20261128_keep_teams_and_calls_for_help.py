"""keep teams, what agents speak, changes of who serves what, and calls for help."""

import sqlalchemy as sa
from alembic import op

revision = "20261128s"
down_revision = "20261128r"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "team",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("leader", sa.String(length=64), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "team_member",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("team_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["team_id"], ["team.id"], name="fk_team_member_team_id"),
        sa.PrimaryKeyConstraint("username"),
    )
    op.create_index("ix_team_member_team_id", "team_member", ["team_id"], unique=False)
    op.create_table(
        "agent_language",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=False),
        sa.PrimaryKeyConstraint("username", "language"),
    )
    op.create_table(
        "serving_change",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_serving_change_at", "serving_change", ["at"], unique=False)
    op.create_table(
        "help_request",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("agent", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_help_request_call_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_help_request_open", "help_request", ["withdrawn_at", "agent"], unique=False)
    op.create_index("ix_help_request_call", "help_request", ["call_id"], unique=False)


def downgrade() -> None:
    for table in ("help_request", "serving_change", "agent_language", "team_member", "team"):
        op.drop_table(table)
