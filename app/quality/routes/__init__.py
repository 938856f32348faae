"""The pages of quality: work list, evaluations, coaching, calibration, report, scorecards, plans; and its API."""

from app.quality.routes import (
    calibration,
    coaching,
    deciding,
    evaluating,
    evaluations,
    plans,
    report,
    scorecards,
    tasks,
)
from app.quality.routes.api import api
from app.quality.routes.blueprint import pages
from app.quality.routes.narrowing import register_own

register_own()

__all__ = [
    "api",
    "calibration",
    "coaching",
    "deciding",
    "evaluating",
    "evaluations",
    "pages",
    "plans",
    "report",
    "scorecards",
    "tasks",
]
