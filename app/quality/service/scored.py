"""Which recordings are graded, and how, as conditions on a list of them."""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists

from app.quality.models import Evaluation
from app.quality.rules import QualityFigure
from app.quality.service.reading import CONDITIONS
from app.recordings.models import Recording


def scored(
    *, is_scored: bool | None = None, least: float | None = None, most: float | None = None
) -> list[ColumnElement[bool]]:
    """That a recording has an evaluation that counts, with a total of so many points; or that it has none."""
    counted = [Evaluation.recording_id == Recording.id, Evaluation.calibration_id.is_(None)]
    counted.append(CONDITIONS[QualityFigure.GRADED])
    found: list[ColumnElement[bool]] = []
    if is_scored is not None:
        found.append(exists().where(*counted) if is_scored else ~exists().where(*counted))
    within = ([Evaluation.total >= least] if least is not None else []) + (
        [Evaluation.total <= most] if most is not None else []
    )
    if within:
        found.append(exists().where(*counted, *within))
    return found
