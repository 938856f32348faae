"""keep callers whom nobody answered, and articles; find what an agent was doing."""

import sqlalchemy as sa
from alembic import op

revision = "20261128k"
down_revision = "20261128g"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "callback_request",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("call_id", sa.String(length=36), nullable=False),
        sa.Column("last_call_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.String(length=20), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("queue", sa.String(length=40), nullable=True),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(length=64), nullable=True),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("closed_by", sa.String(length=64), nullable=True),
        sa.Column("closing_call_id", sa.String(length=36), nullable=True),
        sa.Column("result", sa.String(length=12), nullable=True),
        sa.Column("reason", sa.String(length=300), nullable=True),
        sa.ForeignKeyConstraint(["call_id"], ["call.id"], name="fk_callback_request_call_id"),
        sa.ForeignKeyConstraint(["last_call_id"], ["call.id"], name="fk_callback_request_last_call_id"),
        sa.ForeignKeyConstraint(["closing_call_id"], ["call.id"], name="fk_callback_request_closing_call_id"),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name="fk_callback_request_patient_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("call_id"),
    )
    op.create_index("ix_callback_request_open", "callback_request", ["closed_at", "last_at", "id"])
    op.create_index("ix_callback_request_number", "callback_request", ["number", "closed_at"])
    op.create_index("ix_callback_request_patient", "callback_request", ["patient_id", "closed_at"])
    op.create_index("ix_callback_request_last_call_id", "callback_request", ["last_call_id"])
    op.create_table(
        "article",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tags", sa.String(length=200), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("changed_by", sa.String(length=64), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name="fk_article_department_id"),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_article_changed", "article", ["withdrawn_at", "changed_at", "id"])
    op.create_table(
        "article_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("article_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(length=120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tags", sa.String(length=200), nullable=False),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("saved_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("saved_by", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["article_id"], ["article.id"], name="fk_article_version_article_id"),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("article_id", "number", name="uq_article_version"),
    )
    is_agent = sa.text("kind = 'agent.changed'")
    op.create_index(
        "ix_journal_agent", "journal", ["agent", "at", "seq"], sqlite_where=is_agent, postgresql_where=is_agent
    )


def downgrade() -> None:
    op.drop_index("ix_journal_agent", table_name="journal")
    op.drop_table("article_version")
    op.drop_table("article")
    op.drop_table("callback_request")
