"""keep message templates and mass sends."""

import sqlalchemy as sa
from alembic import op

revision = "20261128b"
down_revision = "20261128a"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "message_template",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(length=60), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("names", sa.JSON(), nullable=False),
        sa.Column("message_kind", sa.String(length=10), nullable=False),
        sa.Column("disease", sa.String(length=40), nullable=True),
        sa.Column("department_id", sa.Integer(), nullable=True),
        sa.Column("search_text", sa.Text(), nullable=False),
        sa.Column("is_shipped", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=True),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("removed_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["department_id"], ["department.id"], name=op.f("fk_message_template_department_id")),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code"),
    )
    with op.batch_alter_table("message_template", schema=None) as batch_op:
        batch_op.create_index("ix_message_template_kind", ["kind", "id"], unique=False)

    op.create_table(
        "message_template_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("template_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("review_number", sa.String(length=60), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("author", sa.String(length=64), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("submitted_by", sa.String(length=64), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("clinical_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("clinical_by", sa.String(length=64), nullable=True),
        sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("retired_by", sa.String(length=64), nullable=True),
        sa.Column("used_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("row_version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["message_template.id"], name=op.f("fk_message_template_version_template_id")
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("template_id", "number", name="uq_message_template_version"),
    )
    with op.batch_alter_table("message_template_version", schema=None) as batch_op:
        batch_op.create_index("ix_message_template_version_state", ["state", "template_id"], unique=False)

    op.create_table(
        "mass_send",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("audience", sa.String(length=10), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("message_kind", sa.String(length=10), nullable=False),
        sa.Column("template_version_id", sa.Integer(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("language", sa.String(length=10), nullable=True),
        sa.Column("field_values", sa.JSON(), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("cursor", sa.Integer(), nullable=False),
        sa.Column("recipients", sa.Integer(), nullable=False),
        sa.Column("excluded", sa.Integer(), nullable=False),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("queued", sa.Integer(), nullable=False),
        sa.Column("price", sa.Integer(), nullable=False),
        sa.Column("is_settled", sa.Boolean(), nullable=False),
        sa.Column("stored_name", sa.String(length=60), nullable=True),
        sa.Column("error", sa.String(length=300), nullable=True),
        sa.Column("claim", sa.String(length=36), nullable=True),
        sa.Column("claimed_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_by", sa.String(length=64), nullable=False),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("approved_by", sa.String(length=64), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_by", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["template_version_id"], ["message_template_version.id"], name=op.f("fk_mass_send_template_version_id")
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("mass_send", schema=None) as batch_op:
        batch_op.create_index("ix_mass_send_created", ["created_at"], unique=False)
        batch_op.create_index("ix_mass_send_state", ["state", "claimed_until"], unique=False)

    op.create_table(
        "mass_send_recipient",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mass_send_id", sa.Integer(), nullable=False),
        sa.Column("patient_id", sa.Integer(), nullable=True),
        sa.Column("user_id", sa.Integer(), nullable=True),
        sa.Column("line", sa.Integer(), nullable=True),
        sa.Column("number", sa.String(length=20), nullable=True),
        sa.Column("field_values", sa.JSON(), nullable=True),
        sa.Column("parts", sa.Integer(), nullable=False),
        sa.Column("exclusion", sa.String(length=20), nullable=True),
        sa.ForeignKeyConstraint(["mass_send_id"], ["mass_send.id"], name=op.f("fk_mass_send_recipient_mass_send_id")),
        sa.ForeignKeyConstraint(["patient_id"], ["patient.id"], name=op.f("fk_mass_send_recipient_patient_id")),
        sa.ForeignKeyConstraint(["user_id"], ["user_account.id"], name=op.f("fk_mass_send_recipient_user_id")),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("mass_send_recipient", schema=None) as batch_op:
        batch_op.create_index("ix_mass_send_recipient_exclusion", ["mass_send_id", "exclusion", "id"], unique=False)
        batch_op.create_index("ix_mass_send_recipient_number", ["mass_send_id", "number"], unique=False)
        batch_op.create_index(batch_op.f("ix_mass_send_recipient_patient_id"), ["patient_id"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("mass_send_recipient", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_mass_send_recipient_patient_id"))
        batch_op.drop_index("ix_mass_send_recipient_number")
        batch_op.drop_index("ix_mass_send_recipient_exclusion")

    op.drop_table("mass_send_recipient")
    with op.batch_alter_table("mass_send", schema=None) as batch_op:
        batch_op.drop_index("ix_mass_send_state")
        batch_op.drop_index("ix_mass_send_created")

    op.drop_table("mass_send")
    with op.batch_alter_table("message_template_version", schema=None) as batch_op:
        batch_op.drop_index("ix_message_template_version_state")

    op.drop_table("message_template_version")
    with op.batch_alter_table("message_template", schema=None) as batch_op:
        batch_op.drop_index("ix_message_template_kind")

    op.drop_table("message_template")
