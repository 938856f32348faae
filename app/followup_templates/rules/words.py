"""What the parts of a template are called. Whoever shows one to a person translates it."""

from __future__ import annotations

from collections.abc import Mapping

from app.followup_templates.rules.steps import LateEnrolment, StartMode, StopOn
from app.followups.rules import TaskKind, TaskMode, TaskRole
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
KIND_TEXT: Mapping[TaskKind, str] = {
    TaskKind.RECHECK: N_("Recheck"),
    TaskKind.DRESSING: N_("Change of dressing"),
    TaskKind.STITCHES: N_("Removal of stitches"),
    TaskKind.EDUCATION: N_("Health education"),
    TaskKind.RECOVERY: N_("Recovery"),
    TaskKind.SATISFACTION: N_("Satisfaction"),
    TaskKind.MEDICATION: N_("Medication"),
    TaskKind.FIRST: N_("First follow-up"),
    TaskKind.ROUTINE: N_("Routine follow-up"),
    TaskKind.WISHES: N_("Wishes"),
    TaskKind.AD_HOC: N_("Ad hoc follow-up"),
    TaskKind.LIST: N_("Outbound list"),
    TaskKind.ALARM: N_("Alarm"),
    TaskKind.GIVE_BACK: N_("Answer to give back"),
    TaskKind.OTHER_NUMBER: N_("Another number to find"),
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
MODE_TEXT: Mapping[TaskMode, str] = {
    TaskMode.SMS: N_("SMS"),
    TaskMode.PHONE: N_("Phone call"),
    TaskMode.AUTOMATIC: N_("Automatic call"),
    TaskMode.VISIT: N_("Face to face"),
    TaskMode.OTHER: N_("Other way"),
}
ROLE_TEXT: Mapping[TaskRole, str] = {
    TaskRole.ATTENDING_DOCTOR: N_("Attending doctor"),
    TaskRole.DOCTOR: N_("A doctor of the department"),
    TaskRole.SERVICE_CENTRE: N_("Service centre"),
    TaskRole.SUPERVISOR: N_("Supervisor"),
    TaskRole.SYSTEM: N_("By itself"),
}
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
