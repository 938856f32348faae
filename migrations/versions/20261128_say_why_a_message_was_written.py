"""say why a message was written."""

import sqlalchemy as sa
from alembic import op

revision = "20261128a"
down_revision = "20261122a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.add_column(sa.Column("origin", sa.String(length=10), server_default="person", nullable=False))
        batch_op.add_column(sa.Column("origin_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("template_version_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("priority", sa.Integer(), server_default="1", nullable=False))
        batch_op.add_column(sa.Column("forwarded_from_id", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("hidden_by", sa.String(length=64), nullable=True))
        batch_op.create_foreign_key("fk_message_forwarded_from_id", "message", ["forwarded_from_id"], ["id"])
        batch_op.create_index("ix_message_origin", ["origin", "origin_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("message", schema=None) as batch_op:
        batch_op.drop_index("ix_message_origin")
        batch_op.drop_constraint("fk_message_forwarded_from_id", type_="foreignkey")
        for column in (
            "hidden_by",
            "hidden_at",
            "forwarded_from_id",
            "priority",
            "template_version_id",
            "origin_id",
            "origin",
        ):
            batch_op.drop_column(column)
