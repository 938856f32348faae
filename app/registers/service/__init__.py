"""Use cases of registers and key patients. Import from here."""

from app.registers.service.filling import Preview, fill, fill_for, fill_from_journal, has_arrived, preview
from app.registers.service.flags import set_key_patient, settle_flag
from app.registers.service.registers import (
    RegisterData,
    entries_of,
    get_register,
    join,
    join_by_hand,
    leave,
    list_people,
    list_registers,
    people_on,
    rule_of,
    save_register,
)

__all__ = [
    "Preview",
    "RegisterData",
    "entries_of",
    "fill",
    "fill_for",
    "fill_from_journal",
    "get_register",
    "has_arrived",
    "join",
    "join_by_hand",
    "leave",
    "list_people",
    "list_registers",
    "people_on",
    "preview",
    "rule_of",
    "save_register",
    "set_key_patient",
    "settle_flag",
]
