"""What agreement is computed from, and when it cannot be: pairable values by unit (Krippendorff, Content Analysis).

A unit is what all graders judged: an item in one recording. Only units with two values or more say anything.
"""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.quality.rules.cards import ItemKind
from app.texts import N_

Unit = Sequence[float | None]
"""One value for each grader, nothing where one did not judge it or said that it does not apply."""


class Level(StrEnum):
    """The level of measurement: what a difference of two values means."""

    NOMINAL = "nominal"
    ORDINAL = "ordinal"
    INTERVAL = "interval"


class Problem(StrEnum):
    """Why alpha cannot be computed."""

    NO_PAIRS = "no_pairs"
    ONE_UNIT = "one_unit"
    NO_VARIATION = "no_variation"


LEVEL_OF: Mapping[ItemKind, Level] = {
    ItemKind.YES_NO: Level.NOMINAL,
    ItemKind.SCALE: Level.ORDINAL,
    ItemKind.POINTS: Level.INTERVAL,
}
LEVEL_TEXT: Mapping[Level, str] = {
    Level.NOMINAL: N_("nominal"),
    Level.ORDINAL: N_("ordinal"),
    Level.INTERVAL: N_("interval"),
}
PROBLEM_TEXT: Mapping[Problem, str] = {
    Problem.NO_PAIRS: N_("Cannot be computed: nothing was judged by two graders."),
    Problem.ONE_UNIT: N_("Cannot be computed from one judged thing: chance agreement needs at least two."),
    Problem.NO_VARIATION: N_("Cannot be computed: all values are the same, so chance would agree as much."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Krippendorff's alpha, or why there is none; from how many pairable values of how many units."""

    level: Level
    alpha: float | None
    problem: Problem | None
    values: int
    units: int


class Worth(StrEnum):
    """What may be concluded (Krippendorff: rely on 0.800 and above, draw tentative conclusions from 0.667)."""

    RELIABLE = "reliable"
    TENTATIVE = "tentative"
    UNRELIABLE = "unreliable"


WORTH_TEXT: Mapping[Worth, str] = {
    Worth.RELIABLE: N_("reliable"),
    Worth.TENTATIVE: N_("tentative conclusions only"),
    Worth.UNRELIABLE: N_("not reliable"),
}


def worth(alpha: float) -> Worth:
    if alpha >= 0.8:
        return Worth.RELIABLE
    return Worth.TENTATIVE if alpha >= 0.667 else Worth.UNRELIABLE


def pairable(units: Sequence[Unit]) -> list[list[float | None]]:
    """The units with two values or more."""
    return [list(unit) for unit in units if sum(value is not None for value in unit) >= 2]


def problem_with(units: Sequence[Unit]) -> Problem | None:
    """Why these units give no alpha; nothing when they do."""
    counted = pairable(units)
    if not counted:
        return Problem.NO_PAIRS
    if len({value for unit in counted for value in unit if value is not None}) < 2:
        return Problem.NO_VARIATION
    return Problem.ONE_UNIT if len(counted) == 1 else None


def consensus(totals: Sequence[float]) -> float:
    """What the session's graders hold together of one recording: the median of their totals."""
    return statistics.median(totals)


def drift(own: Mapping[str, float], totals: Mapping[str, Sequence[float]]) -> float | None:
    """By how many points a grader lies above the consensus on average; nothing where the grader judged alone.

    `own` are the grader's totals by recording, `totals` those of all graders, the own ones among them.
    """
    differences = [value - consensus(totals[key]) for key, value in own.items() if len(totals[key]) > 1]
    return statistics.fmean(differences) if differences else None
