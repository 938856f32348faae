"""Use cases of a call: commands, notes, and the projection that telephony writes."""

from app.calls.service.allowed import allowed_numbers, require_allowed
from app.calls.service.commands import (
    claim_command,
    expire_command,
    finish_command,
    internal_orders,
    order,
    place_order,
    waiting_commands,
)
from app.calls.service.dispositions import disposition_names, dispositions
from app.calls.service.doubt import is_link_proved, was_never_done
from app.calls.service.identity import Checked, check_caller
from app.calls.service.lines import free_lines, is_on_the_phone, lines_of, lives, take_lines
from app.calls.service.notes import own_call, pick_patient, save_wrap_up
from app.calls.service.parked import parked_calls
from app.calls.service.projection import Fact, ended_linkedids, open_calls, open_legs, record_facts

__all__ = [
    "Checked",
    "Fact",
    "allowed_numbers",
    "check_caller",
    "claim_command",
    "disposition_names",
    "dispositions",
    "ended_linkedids",
    "expire_command",
    "finish_command",
    "free_lines",
    "internal_orders",
    "is_link_proved",
    "is_on_the_phone",
    "lines_of",
    "lives",
    "open_calls",
    "open_legs",
    "order",
    "own_call",
    "parked_calls",
    "pick_patient",
    "place_order",
    "record_facts",
    "require_allowed",
    "save_wrap_up",
    "take_lines",
    "waiting_commands",
    "was_never_done",
]
