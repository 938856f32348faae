"""remember what was read of a mailbox."""

import sqlalchemy as sa
from alembic import op

revision = "20261128f"
down_revision = "20261128c"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "mailbox_position",
        sa.Column("mailbox", sa.String(length=300), nullable=False),
        sa.Column("validity", sa.BigInteger(), nullable=False),
        sa.Column("last_uid", sa.BigInteger(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("mailbox"),
    )


def downgrade() -> None:
    op.drop_table("mailbox_position")
