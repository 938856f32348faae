"""Krippendorff's alpha, from the library that computes it; the rules say what may be put in."""

from __future__ import annotations

from collections.abc import Sequence

from app.quality.rules import Agreement, Level, Unit, pairable, problem_with


def agreement(units: Sequence[Unit], level: Level) -> Agreement:
    """The agreement of graders about these units; every unit has a place for each of the same graders."""
    counted, problem = pairable(units), problem_with(units)
    values = sum(value is not None for unit in counted for value in unit)
    alpha = None
    if problem is None:
        # Here, because numpy costs every process 0.1 s and 15 MB, and only this page computes anything with it.
        import krippendorff
        import numpy

        # Coders are rows and units columns; what is missing is NaN. One value for the domain of all, in order.
        table = numpy.array([[numpy.nan if value is None else value for value in unit] for unit in counted]).T
        alpha = float(krippendorff.alpha(reliability_data=table, level_of_measurement=level.value))
    return Agreement(level=level, alpha=alpha, problem=problem, values=values, units=len(counted))
