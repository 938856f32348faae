"""keep accounts with SMS centres."""

import sqlalchemy as sa
from alembic import op

revision = "20261128d"
down_revision = "20261128e"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "smsc_error_table",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("classes", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "smsc_account",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("host", sa.String(length=120), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("system_id", sa.String(length=15), nullable=False),
        sa.Column("password", sa.Text(), nullable=False),
        sa.Column("bind_mode", sa.String(length=12), nullable=False),
        sa.Column("binds", sa.Integer(), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("segments_per_second", sa.Float(), nullable=False),
        sa.Column("source_addr", sa.String(length=20), nullable=False),
        sa.Column("is_tls", sa.Boolean(), nullable=False),
        sa.Column("server_name", sa.String(length=120), nullable=False),
        sa.Column("error_table_id", sa.Integer(), nullable=True),
        sa.Column("error_classes", sa.JSON(), nullable=False),
        sa.Column("long_form", sa.String(length=10), nullable=False),
        sa.Column("takes_latin1", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["error_table_id"], ["smsc_error_table.id"], name="fk_smsc_account_error_table_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("name"),
    )
    op.create_table(
        "smsc_route",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("prefix", sa.String(length=16), nullable=False),
        sa.Column("kind", sa.String(length=10), nullable=True),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "smsc_bind",
        sa.Column("account", sa.String(length=40), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=12), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("as_of", sa.DateTime(timezone=True), nullable=False),
        sa.Column("detail", sa.String(length=200), nullable=False),
        sa.Column("window", sa.Integer(), nullable=False),
        sa.Column("in_flight", sa.Integer(), nullable=False),
        sa.Column("rate", sa.Float(), nullable=False),
        sa.Column("latency_p50_ms", sa.Integer(), nullable=True),
        sa.Column("latency_p95_ms", sa.Integer(), nullable=True),
        sa.Column("accepted", sa.Integer(), nullable=False),
        sa.Column("receipts", sa.Integer(), nullable=False),
        sa.Column("errors", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("account", "number"),
    )
    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.add_column(sa.Column("form", sa.String(length=10), nullable=True))
    op.create_index("ix_message_claim", "message", ["direction", "state", "priority", "due_at", "id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_message_claim", table_name="message")
    with op.batch_alter_table("segment", schema=None) as batch_op:
        batch_op.drop_column("form")
    for table in ("smsc_bind", "smsc_route", "smsc_account", "smsc_error_table"):
        op.drop_table(table)
