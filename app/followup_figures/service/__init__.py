"""The figures of follow-up. Import from here."""

from app.followup_figures.service.figures import (
    Choice,
    EffectShare,
    Group,
    Rates,
    Satisfaction,
    by_department,
    by_disease,
    by_doctor,
    effects,
    rates,
    satisfaction,
)
from app.followup_figures.service.workload import PersonDay, workload

__all__ = [
    "Choice",
    "EffectShare",
    "Group",
    "PersonDay",
    "Rates",
    "Satisfaction",
    "by_department",
    "by_disease",
    "by_doctor",
    "effects",
    "rates",
    "satisfaction",
    "workload",
]
