"""Say of each version of a questionnaire who submitted and who retired it, as of every other document."""

import sqlalchemy as sa
from alembic import op

revision = "20261128o"
down_revision = "20261128n"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for verb in ("submitted", "retired"):
        op.add_column("questionnaire_version", sa.Column(f"{verb}_at", sa.DateTime(timezone=True), nullable=True))
        op.add_column("questionnaire_version", sa.Column(f"{verb}_by", sa.String(length=64), nullable=True))


def downgrade() -> None:
    for verb in ("retired", "submitted"):
        op.drop_column("questionnaire_version", f"{verb}_by")
        op.drop_column("questionnaire_version", f"{verb}_at")
