"""keep places in queues: callbacks, announcements, known callers first, uploaded sounds."""

import sqlalchemy as sa
from alembic import op

revision = "20261128q"
down_revision = "20261128p"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "uploaded_sound",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("original", sa.LargeBinary(), nullable=True),
        sa.Column("sound", sa.LargeBinary(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("seconds", sa.Float(), nullable=True),
        sa.Column("error", sa.String(length=40), nullable=True),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("uploaded_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_uploaded_sound_state", "uploaded_sound", ["state"])
    op.create_table(
        "kept_place",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("queue", sa.String(length=40), nullable=False),
        sa.Column("urgency", sa.String(length=10), nullable=False),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("orders", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("order_id", sa.String(length=36), nullable=True),
        sa.Column("agent", sa.String(length=64), nullable=True),
        sa.Column("ordered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(length=64), nullable=True),
        sa.Column("closing_call_id", sa.String(length=36), nullable=True),
        sa.Column("result", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_kept_place_call_id"),
        sa.ForeignKeyConstraint(["closing_call_id"], ["call.id"], name="fk_kept_place_closing_call_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_kept_place_patient_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    is_open = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_kept_place_open", "kept_place", ["number"], unique=True, sqlite_where=is_open, postgresql_where=is_open
    )
    op.create_index("ix_kept_place_patient", "kept_place", ["patient_id", "ended_at"])
    op.create_index("ix_kept_place_order", "kept_place", ["order_id"])
    op.create_index("ix_kept_place_ended", "kept_place", ["ended_at", "asked_at"])
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("offers_callback", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("tells_wait", sa.Boolean(), server_default="0", nullable=False))
        batch_op.add_column(sa.Column("known_days", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("when_empty", sa.String(length=10), server_default="wait", nullable=False))
        batch_op.add_column(sa.Column("music_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("fk_queue_music_id", "uploaded_sound", ["music_id"], ["id"])
    with op.batch_alter_table("call", schema=None) as batch_op:
        batch_op.add_column(sa.Column("callback_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("urgency", sa.String(length=10), server_default="usual", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("call", schema=None) as batch_op:
        for column in ("urgency", "callback_at"):
            batch_op.drop_column(column)
    with op.batch_alter_table("queue", schema=None) as batch_op:
        batch_op.drop_constraint("fk_queue_music_id", type_="foreignkey")
        for column in ("music_id", "when_empty", "known_days", "tells_wait", "offers_callback"):
            batch_op.drop_column(column)
    for index in ("ix_kept_place_ended", "ix_kept_place_order", "ix_kept_place_patient", "uq_kept_place_open"):
        op.drop_index(index, table_name="kept_place")
    op.drop_table("kept_place")
    op.drop_index("ix_uploaded_sound_state", table_name="uploaded_sound")
    op.drop_table("uploaded_sound")
