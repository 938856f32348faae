"""Use cases of a call: commands, notes, and the projection that telephony writes."""

from app.calls.service.commands import (
    claim_command,
    expire_command,
    finish_command,
    order,
    waiting_commands,
)
from app.calls.service.identity import Checked, check_caller
from app.calls.service.notes import own_call, pick_patient, save_wrap_up
from app.calls.service.projection import ended_linkedids, open_calls, record_facts

__all__ = [
    "Checked",
    "check_caller",
    "claim_command",
    "ended_linkedids",
    "expire_command",
    "finish_command",
    "open_calls",
    "order",
    "own_call",
    "pick_patient",
    "record_facts",
    "save_wrap_up",
    "waiting_commands",
]
