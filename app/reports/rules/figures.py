"""The figures of the dashboard and what each of them means. The words are the definition that managers agree on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.reports.rules.charts import Chart
from app.texts import N_


class Unit(StrEnum):
    COUNT = "count"
    SHARE = "share"  # 0 to 1
    CENTS = "cents"


class FigureKey(StrEnum):
    OFFERED = "offered"
    ANSWERED = "answered"
    ABANDONED = "abandoned"
    SERVICE_LEVEL = "service_level"
    TEXTS_OUT = "texts_out"
    TEXTS_DELIVERED = "texts_delivered"
    DELIVERY_RATE = "delivery_rate"
    TEXTS_IN = "texts_in"
    NEW_PATIENTS = "new_patients"
    OUTPATIENT = "outpatient"
    INPATIENT = "inpatient"
    EMERGENCY = "emergency"
    EXAM = "exam"
    CHARGED = "charged"
    REFUNDED = "refunded"
    NET = "net"
    MERGED = "merged"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of the chosen period beside the same of the one before; None where there was nothing to divide by."""

    key: FigureKey
    value: float | int | None
    before: float | int | None

    @property
    def unit(self) -> Unit:
        return _UNITS.get(self.key, Unit.COUNT)

    @property
    def change(self) -> float | None:
        """By which share the number changed; of a share, by how much."""
        return change_of(self.value, self.before, self.unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One question with its chart and its figures."""

    key: str
    chart: Chart | None
    figures: tuple[Figure, ...]


def change_of(value: float | int | None, before: float | int | None, unit: Unit) -> float | None:
    """The change as a share of what was before; nothing when there was nothing. Shares are subtracted."""
    if value is None or before is None:
        return None
    if unit is Unit.SHARE:
        return value - before
    return (value - before) / abs(before) if before else None


_UNITS: Mapping[FigureKey, Unit] = {
    FigureKey.SERVICE_LEVEL: Unit.SHARE,
    FigureKey.DELIVERY_RATE: Unit.SHARE,
    FigureKey.CHARGED: Unit.CENTS,
    FigureKey.REFUNDED: Unit.CENTS,
    FigureKey.NET: Unit.CENTS,
}
QUESTION_TEXT: Mapping[str, str] = {
    "calls": N_("Are our callers answered?"),
    "texts": N_("Do our texts arrive?"),
    "visits": N_("Who comes to us?"),
    "charges": N_("What do the visits bring in?"),
    "records": N_("Are our records clean?"),
}
FIGURE_TEXT: Mapping[FigureKey, str] = {
    FigureKey.OFFERED: N_("Calls offered"),
    FigureKey.ANSWERED: N_("Calls answered"),
    FigureKey.ABANDONED: N_("Calls abandoned"),
    FigureKey.SERVICE_LEVEL: N_("Service level"),
    FigureKey.TEXTS_OUT: N_("Texts sent"),
    FigureKey.TEXTS_DELIVERED: N_("Texts delivered"),
    FigureKey.DELIVERY_RATE: N_("Share delivered"),
    FigureKey.TEXTS_IN: N_("Texts received"),
    FigureKey.NEW_PATIENTS: N_("New patients"),
    FigureKey.OUTPATIENT: N_("Outpatient visits"),
    FigureKey.INPATIENT: N_("Inpatient visits"),
    FigureKey.EMERGENCY: N_("Emergency visits"),
    FigureKey.EXAM: N_("Examination visits"),
    FigureKey.CHARGED: N_("Charged"),
    FigureKey.REFUNDED: N_("Refunded"),
    FigureKey.NET: N_("Net of refunds"),
    FigureKey.MERGED: N_("Duplicates merged"),
    FigureKey.UNDONE: N_("Merges undone"),
}
DEFINITION_TEXT: Mapping[FigureKey, str] = {
    FigureKey.OFFERED: N_("Incoming calls that began in the period and reached a queue."),
    FigureKey.ANSWERED: N_("Offered calls that an agent answered."),
    FigureKey.ABANDONED: N_("Offered calls that ended before an agent answered."),
    FigureKey.SERVICE_LEVEL: N_(
        "Offered calls answered within the agreed seconds, as a share of all offered calls; abandoned ones count."
    ),
    FigureKey.TEXTS_OUT: N_("Texts made in the period that were handed to the carrier at least once."),
    FigureKey.TEXTS_DELIVERED: N_("Of the texts sent, those that the carrier reported as delivered."),
    FigureKey.DELIVERY_RATE: N_("Texts delivered as a share of texts sent."),
    FigureKey.TEXTS_IN: N_("Texts received in the period."),
    FigureKey.NEW_PATIENTS: N_("Records made in the period, without those that were merged into another."),
    FigureKey.OUTPATIENT: N_("Outpatient visits that began in the period and were not withdrawn."),
    FigureKey.INPATIENT: N_("Admissions in the period that were not withdrawn."),
    FigureKey.EMERGENCY: N_("Emergency visits that began in the period and were not withdrawn."),
    FigureKey.EXAM: N_("Physical examinations that began in the period and were not withdrawn."),
    FigureKey.CHARGED: N_("The sum of all charge lines above zero whose day lies in the period."),
    FigureKey.REFUNDED: N_(
        "The sum of all charge lines below zero whose day lies in the period, without its minus sign."
    ),
    FigureKey.NET: N_("Charged less refunded: what the hospital kept."),
    FigureKey.MERGED: N_("Pairs of records that were merged in the period, also where the merge was undone later."),
    FigureKey.UNDONE: N_("Merges that were undone in the period."),
}
