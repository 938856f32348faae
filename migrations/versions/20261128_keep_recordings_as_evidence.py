"""Say of each recording where it lies, sealed or not; keep holds, the manifests of days and what was removed."""

import sqlalchemy as sa
from alembic import op

revision = "20261128v"
down_revision = "20261128o"
branch_labels = None
depends_on = None

_AT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for column in (
        sa.Column("store", sa.String(length=10), nullable=False, server_default="main"),
        sa.Column("is_sealed", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("stored_sha256", sa.String(length=64), nullable=True),
        sa.Column("stored_at", _AT, nullable=True),
        sa.Column("checked_at", _AT, nullable=True),
        sa.Column("deleted_at", _AT, nullable=True),
    ):
        op.add_column("recording", column)
    # What was stored until now lies there as it is, and counts as stored when its call began.
    op.execute(
        "UPDATE recording SET stored_sha256 = sha256, stored_at = started_at "
        "WHERE path IS NOT NULL AND sha256 IS NOT NULL"
    )
    op.create_index("ix_recording_stored", "recording", ["stored_at"])
    op.create_index("ix_recording_checked", "recording", ["checked_at"])
    op.create_table(
        "recording_hold",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("subject", sa.String(length=200), nullable=False),
        sa.Column("held_at", _AT, nullable=False),
        sa.Column("held_by", sa.String(length=64), nullable=False),
        sa.Column("released_at", _AT, nullable=True),
        sa.Column("released_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_hold_recording_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_recording_hold_recording", "recording_hold", ["recording_id", "released_at"])
    op.create_table(
        "recording_manifest",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.String(length=128), nullable=False),
        sa.Column("stored", sa.Integer(), nullable=False),
        sa.Column("deleted", sa.Integer(), nullable=False),
        sa.Column("made_at", _AT, nullable=False),
        sa.Column("checked_at", _AT, nullable=True),
        sa.Column("fault", sa.String(length=12), nullable=True),
        sa.PrimaryKeyConstraint("day"),
    )
    op.create_table(
        "recording_deletion",
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("keeping_class", sa.String(length=20), nullable=False),
        sa.Column("years", sa.Integer(), nullable=False),
        sa.Column("ordered_by", sa.String(length=64), nullable=False),
        sa.Column("ordered_at", _AT, nullable=False),
        sa.Column("removed_at", _AT, nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_deletion_recording_id")),
        sa.PrimaryKeyConstraint("recording_id"),
    )
    op.create_table(
        "recording_comment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("at_seconds", sa.Float(), nullable=False),
        sa.Column("text", sa.String(length=500), nullable=False),
        sa.Column("by", sa.String(length=64), nullable=False),
        sa.Column("at", _AT, nullable=False),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name=op.f("fk_recording_comment_recording_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_recording_comment_recording_id", "recording_comment", ["recording_id"])


def downgrade() -> None:
    op.drop_index("ix_recording_comment_recording_id", table_name="recording_comment")
    op.drop_table("recording_comment")
    op.drop_table("recording_deletion")
    op.drop_table("recording_manifest")
    op.drop_index("ix_recording_hold_recording", table_name="recording_hold")
    op.drop_table("recording_hold")
    op.drop_index("ix_recording_checked", table_name="recording")
    op.drop_index("ix_recording_stored", table_name="recording")
    for name in ("deleted_at", "checked_at", "stored_at", "stored_sha256", "is_sealed", "store"):
        op.drop_column("recording", name)
