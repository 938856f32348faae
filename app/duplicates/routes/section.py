"""What the patient page shows of duplicates: proposed pairs, merges that hold, and the form to propose a pair."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS
from app.duplicates import service
from app.duplicates.rules import REASON_TEXT
from app.http import signed_in, viewer
from app.patients.models import Patient
from app.patients.routes import sections
from app.texts import N_


def _load(session: Session, patient: Patient) -> dict[str, Any]:
    pairs = service.pairs_of(session, patient.id)
    return {
        "pairs": pairs,
        "merges": service.merges_of(session, patient.id),
        "count": len(pairs),
        "reason_labels": {reason: _(text) for reason, text in REASON_TEXT.items()},
        "may_merge": signed_in().role in OVER_AGENTS,
        "may_write": viewer().grant(Module.CONTACT).can_write,
    }


sections.register(
    sections.Section(
        name="duplicates",
        title=N_("Possible duplicates"),
        icon="people",
        template="duplicates/_section.html",
        load=_load,
        order=900,
        roles=AT_THE_DESK,
    )
)
