"""say what a draw left out."""

import sqlalchemy as sa
from alembic import op

revision = "20261128w"
down_revision = "20261128v2"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.add_column(sa.Column("left_out", sa.JSON(), server_default="{}", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("sample_draw", schema=None) as batch_op:
        batch_op.drop_column("left_out")
