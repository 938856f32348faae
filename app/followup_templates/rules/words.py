"""What the parts of a template are called. Whoever shows one to a person translates it."""

from __future__ import annotations

from collections.abc import Mapping

from app.followup_templates.rules.steps import LateEnrolment, StartMode, StopOn
from app.followups.rules import TaskKind
from app.texts import N_

SPECIALTIES: Mapping[str, str] = {
    "general": N_("After discharge"),
    "gynaecology": N_("Gynaecology"),
    "obstetrics": N_("Obstetrics"),
    "andrology": N_("Andrology"),
    "urology": N_("Urology"),
    "plastic_surgery": N_("Plastic surgery"),
    "chronic": N_("Chronic diseases"),
    "cardiology": N_("Cardiology"),
    "respiratory": N_("Respiratory medicine"),
    "endocrinology": N_("Endocrinology"),
    "neurology": N_("Neurology"),
    "oncology": N_("Oncology"),
    "surgery": N_("General surgery"),
    "orthopaedics": N_("Orthopaedics"),
    "paediatrics": N_("Paediatrics"),
    "ophthalmology": N_("Ophthalmology"),
    "dermatology": N_("Dermatology"),
    "dentistry": N_("Dentistry"),
    "rehabilitation": N_("Rehabilitation"),
    "health_management": N_("Health management"),
    "service": N_("Service and satisfaction"),
}
STEP_KINDS: tuple[TaskKind, ...] = (
    TaskKind.RECHECK,
    TaskKind.DRESSING,
    TaskKind.STITCHES,
    TaskKind.EDUCATION,
    TaskKind.RECOVERY,
    TaskKind.SATISFACTION,
    TaskKind.MEDICATION,
    TaskKind.FIRST,
    TaskKind.ROUTINE,
    TaskKind.WISHES,
)
"""The kinds that a step of a template may have."""
START_TEXT: Mapping[StartMode, str] = {
    StartMode.AUTOMATIC: N_("By itself, when the event arrives"),
    StartMode.PROPOSAL: N_("As a proposal that somebody accepts"),
    StartMode.BY_HAND: N_("By hand only"),
}
LATE_TEXT: Mapping[LateEnrolment, str] = {
    LateEnrolment.SKIP: N_("Leave them out"),
    LateEnrolment.LATEST: N_("Only the last of them, at once"),
    LateEnrolment.ALL: N_("All of them, at once"),
}
STOP_TEXT: Mapping[StopOn, str] = {
    StopOn.VISIT: N_("The patient comes to a visit"),
    StopOn.OPERATION: N_("The patient is operated on"),
    StopOn.ADMISSION: N_("The patient is admitted"),
    StopOn.DISCHARGE: N_("The patient is discharged"),
    StopOn.REGISTER_LEFT: N_("The patient leaves a register"),
}
