"""What this room shows on the patient page."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from app.access.rules import Module
from app.patients.models import Patient
from app.patients.routes.sections import Section, register
from app.registers import service
from app.texts import N_


def _registers(session: Session, patient: Patient) -> dict[str, Any]:
    entries = service.entries_of(session, patient.id)
    on_now = {each.id for member, each in entries if member.left_at is None}
    open_registers = [each for each, _people in service.list_registers(session) if each.id not in on_now]
    return {"entries": entries, "count": len(on_now), "open_registers": open_registers}


register(
    Section(
        name="registers",
        title=N_("Registers"),
        icon="journal-medical",
        template="registers/_record.html",
        load=_registers,
        order=710,
        module=Module.CLINICAL,
    )
)
