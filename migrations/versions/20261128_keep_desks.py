"""keep desks: what follows a call, keys, how calls of a queue are wrapped up."""

import sqlalchemy as sa
from alembic import op

revision = "20261128r"
down_revision = "20261128q"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agent_status", schema=None) as batch_op:
        batch_op.add_column(sa.Column("rest_reason", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("next_status", sa.String(length=40), nullable=True))
    op.create_table(
        "desk_keys",
        sa.Column("username", sa.String(length=64), nullable=False),
        sa.Column("keys", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("username"),
    )
    op.create_table(
        "queue_wrap_up",
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("is_disposition_required", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["queue"], ["queue.name"], name="fk_queue_wrap_up_queue"),
        sa.PrimaryKeyConstraint("queue"),
    )
    op.create_table(
        "queue_disposition",
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("code", sa.String(length=40), nullable=False),
        sa.ForeignKeyConstraint(["queue"], ["queue.name"], name="fk_queue_disposition_queue"),
        sa.PrimaryKeyConstraint("queue", "code"),
    )
    op.create_table(
        "note_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("queue", sa.String(length=40), nullable=True),
        sa.Column("title", sa.String(length=40), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(["queue"], ["queue.name"], name="fk_note_template_queue"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_note_template_queue", "note_template", ["queue"])


def downgrade() -> None:
    op.drop_index("ix_note_template_queue", table_name="note_template")
    for table in ("note_template", "queue_disposition", "queue_wrap_up", "desk_keys"):
        op.drop_table(table)
    with op.batch_alter_table("agent_status", schema=None) as batch_op:
        batch_op.drop_column("next_status")
        batch_op.drop_column("rest_reason")
