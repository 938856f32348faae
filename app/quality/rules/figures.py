"""The figures of the quality report, what each means, and the steps of time they are shown by."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum

from app.texts import N_

# More columns than this cannot be read at 1280 pixels.
_MOST_WEEKS_IN_DAYS = 92


class QualityFigure(StrEnum):
    GRADED = "graded"
    FATAL = "fatal"
    APPEALED = "appealed"
    CHANGED = "changed"


class GroupBy(StrEnum):
    """By what the figures are told apart."""

    AGENT = "agent"
    TEAM = "team"
    DEPARTMENT = "department"
    QUEUE = "queue"
    SCORECARD = "scorecard"
    GRADER = "grader"


NO_QUEUE = "-"
"""The key of evaluations of calls that came through no queue; of no team and no department it is 0."""
GROUP_TEXT: Mapping[GroupBy, str] = {
    GroupBy.AGENT: N_("Agent"),
    GroupBy.TEAM: N_("Team"),
    GroupBy.DEPARTMENT: N_("Department"),
    GroupBy.QUEUE: N_("Queue"),
    GroupBy.SCORECARD: N_("Scorecard"),
    GroupBy.GRADER: N_("Grader"),
}
GROUP_QUESTION_TEXT: Mapping[GroupBy, str] = {
    GroupBy.AGENT: N_("How do the agents score?"),
    GroupBy.TEAM: N_("How do the teams score?"),
    GroupBy.DEPARTMENT: N_("How do the departments score?"),
    GroupBy.QUEUE: N_("How do calls of each queue score?"),
    GroupBy.SCORECARD: N_("How do calls score by each scorecard?"),
    GroupBy.GRADER: N_("How do the graders score?"),
}
FIGURE_TEXT: Mapping[str, str] = {
    QualityFigure.GRADED: N_("Graded"),
    "mean": N_("Mean score"),
    QualityFigure.FATAL: N_("Fatal"),
    "fatal_share": N_("Share of fatal"),
    QualityFigure.APPEALED: N_("Appeals"),
    QualityFigure.CHANGED: N_("Changed on appeal"),
}
MEANING_TEXT: Mapping[str, str] = {
    QualityFigure.GRADED: N_(
        "Submitted evaluations of calls that began in the period. Drafts and calibrations do not count."
    ),
    "mean": N_("Mean of the total scores of these evaluations, each as its newest version says. 100 is the best."),
    QualityFigure.FATAL: N_("Of those graded: a fatal item was failed."),
    "fatal_share": N_("Fatal ÷ graded."),
    QualityFigure.APPEALED: N_("Of those graded: the agent appealed, whatever came of it."),
    QualityFigure.CHANGED: N_("Of those appealed: the decision made a new version."),
}


def steps_of(first: date, last: date) -> tuple[date, ...]:
    """The first day of each step between two days: weeks, or months where there would be too many."""
    if (last - first).days < _MOST_WEEKS_IN_DAYS:
        return tuple(first + timedelta(days=day) for day in range(0, (last - first).days + 1, 7))
    starts = [first]
    while (following := (starts[-1].replace(day=1) + timedelta(days=32)).replace(day=1)) <= last:
        starts.append(following)
    return tuple(starts)


def days_of(steps: tuple[date, ...], last: date) -> tuple[tuple[date, date], ...]:
    """The first and the last day of each step of a period that ends on `last`."""
    ends = (*(following - timedelta(days=1) for following in steps[1:]), last)
    return tuple(zip(steps, ends, strict=True))


def step_at(steps: tuple[date, ...], day: date) -> int:
    """The place of the step that a day lies in."""
    return max(place for place, start in enumerate(steps) if start <= day)
