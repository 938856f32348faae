"""The words of the clinical history in the reader's language."""

from __future__ import annotations

from flask_babel import gettext as _

from app.visits.rules import ChargeKind, DocumentKind, ExamKind, HealthKind, ResultFlag, VisitStatus


def clinical_labels() -> dict[str, dict[str, str]]:
    """Code to word, by kind of code; what is not in a table is shown as its code."""
    return {
        "status": {
            VisitStatus.OPEN: _("Not closed yet"),
            VisitStatus.DONE: _("Closed"),
            VisitStatus.WITHDRAWN: _("Withdrawn"),
        },
        "charge": {
            ChargeKind.REGISTRATION: _("Registration"),
            ChargeKind.DRUG: _("Drug"),
            ChargeKind.EXAM: _("Examination"),
            ChargeKind.OPERATION: _("Operation"),
            ChargeKind.BED: _("Bed"),
            ChargeKind.MATERIAL: _("Material"),
            ChargeKind.OTHER: _("Other"),
        },
        "exam": {
            ExamKind.CHECKUP: _("Physical exam"),
            ExamKind.LABORATORY: _("Laboratory"),
            ExamKind.IMAGING: _("Imaging"),
        },
        "result": {ResultFlag.HIGH: _("High"), ResultFlag.LOW: _("Low"), ResultFlag.ABNORMAL: _("Abnormal")},
        "document": {
            DocumentKind.DISCHARGE_SUMMARY: _("Discharge summary"),
            DocumentKind.REPORT: _("Report"),
            DocumentKind.IMAGE: _("Image"),
        },
        "health": {
            HealthKind.CONDITION: _("Health condition"),
            HealthKind.TREATMENT: _("Treatment"),
            HealthKind.CHANGE: _("Change of condition"),
            HealthKind.HISTORY: _("Special history"),
        },
        "reason": {
            "question": _("The patient asked about it"),
            "follow_up": _("Follow-up"),
            "treatment": _("Treatment"),
            "complaint": _("Complaint"),
        },
    }
