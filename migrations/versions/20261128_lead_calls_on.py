"""lead calls on: consultations, parking, pauses of the recording, departments' telephones."""

import sqlalchemy as sa
from alembic import op

revision = "20261128p"
down_revision = "20261128v"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("consult", sa.String(length=12), nullable=True))
        batch_op.add_column(sa.Column("consult_with", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("transferred_to", sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column("parked_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("parked_by", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("recording_paused_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index("ix_call_parked", "call", ["parked_at"])
    with op.batch_alter_table("department", schema=None) as batch_op:
        batch_op.add_column(sa.Column("phone", sa.String(length=20), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("department", schema=None) as batch_op:
        batch_op.drop_column("phone")
    op.drop_index("ix_call_parked", "call")
    with op.batch_alter_table("call", schema=None) as batch_op:
        for column in (
            "recording_paused_at", "parked_by", "parked_at", "transferred_to", "consult_with", "consult",
        ):  # fmt: skip
            batch_op.drop_column(column)
