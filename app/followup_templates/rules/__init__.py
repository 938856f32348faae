"""What a template of follow-ups says. Import from here."""

from app.followup_templates.rules.steps import (
    LateEnrolment,
    StartMode,
    Step,
    Stop,
    StopOn,
    read_step,
    read_stop,
    write_step,
    write_stop,
)

__all__ = [
    "LateEnrolment",
    "StartMode",
    "Step",
    "Stop",
    "StopOn",
    "read_step",
    "read_stop",
    "write_step",
    "write_stop",
]
