"""keep transcripts of recordings, and find calls by the last digits of their number."""

import sqlalchemy as sa
from alembic import op

revision = "20261128v2"
down_revision = "20261128u"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "transcript",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(length=20), nullable=True),
        sa.Column("engine", sa.String(length=60), nullable=True),
        sa.Column("model", sa.String(length=120), nullable=True),
        sa.Column("language", sa.String(length=20), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("speech_seconds", sa.Double(), nullable=True),
        sa.Column("work_seconds", sa.Double(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("search_pairs", sa.ARRAY(sa.String(length=4)).with_variant(sa.JSON(), "sqlite"), nullable=True),
        sa.ForeignKeyConstraint(["recording_id"], ["recording.id"], name="fk_transcript_recording_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("recording_id"),
    )
    op.create_index("ix_transcript_state", "transcript", ["state", "due_at"])
    op.create_table(
        "transcript_segment",
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("side", sa.String(length=8), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["transcript.recording_id"], name="fk_transcript_segment_recording_id"
        ),
        sa.PrimaryKeyConstraint("recording_id", "place"),
    )
    op.add_column("recording_deletion", sa.Column("transcript_segments", sa.Integer(), nullable=True))
    op.add_column(
        "call",
        sa.Column(
            "number_reversed",
            sa.String(length=20).with_variant(sa.String(length=20, collation="C"), "postgresql"),
            server_default="",
            nullable=False,
        ),
    )
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        op.execute("CREATE VIRTUAL TABLE transcript_words USING fts5(pairs, content = '', detail = none)")
        connection.connection.dbapi_connection.create_function("reverse", 1, lambda text: text[::-1])
    else:
        op.create_index("ix_transcript_search_pairs", "transcript", ["search_pairs"], postgresql_using="gin")
    op.execute("UPDATE call SET number_reversed = reverse(substr(number, 2)) WHERE number LIKE '+%'")
    op.create_index("ix_call_number_reversed", "call", ["number_reversed"])


def downgrade() -> None:
    op.drop_index("ix_call_number_reversed", table_name="call")
    with op.batch_alter_table("call") as batch_op:
        batch_op.drop_column("number_reversed")
    with op.batch_alter_table("recording_deletion") as batch_op:
        batch_op.drop_column("transcript_segments")
    if op.get_bind().dialect.name == "sqlite":
        op.drop_table("transcript_words")
    op.drop_table("transcript_segment")
    op.drop_table("transcript")
