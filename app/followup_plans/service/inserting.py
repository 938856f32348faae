"""Plans are inserted many at once; one that exists already stays as it is."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.followup_plans.models import FollowupPlan

Key = tuple[int, int, str]
"""Person, template and occasion: of each there is one plan, ever."""
_USUAL = {"condition": "", "focus": "", "cautions": "", "round": 1, "row_version": 1}


def insert_plans(session: Session, rows: Sequence[dict[str, Any]]) -> dict[Key, int]:
    """Insert what is new; the ids of those, by key. All rows name the same columns."""
    if not rows:
        return {}
    access.need_write(session, Module.FOLLOWUPS)
    session.flush()
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    # Past the ORM, whose bookkeeping of a row costs more than its insert.
    table: Any = FollowupPlan.__table__
    columns = (table.c.id, table.c.patient_id, table.c.template_id, table.c.occasion)
    statement = insert(table).on_conflict_do_nothing().returning(*columns)
    found = session.connection().execute(statement, [{**_USUAL, **row} for row in rows])
    return {(row.patient_id, row.template_id, row.occasion): row.id for row in found}
