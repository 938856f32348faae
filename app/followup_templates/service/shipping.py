"""The ready templates of the product, from app/followup_templates/shipped (F-03): drafts until a doctor approves one.

templates.csv has a line for each template, steps.csv for each step; phrases.csv has the words, which several steps
share.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.followup_templates.models import FollowupTemplate, FollowupTemplateVersion
from app.followup_templates.rules import (
    LateEnrolment,
    Programme,
    StartMode,
    read_step,
    read_stop,
)
from app.followup_templates.service.editing import programme_columns
from app.versions.rules import VersionState

_FOLDER = Path(__file__).parent.parent / "shipped"
_LANGUAGES = {"zh_Hans": "zh_hans", "zh_Hant": "zh_hant", "en": "en"}


def install_shipped(session: Session, now: datetime) -> int:
    """Add the ready templates that this database has never had, as drafts; returns how many.

    What somebody edited or removed stays as it is. Of a draft that nobody touched a newer text takes the place.
    """
    query = select(FollowupTemplate).where(FollowupTemplate.is_shipped)
    known = {each.code: each for each in session.scalars(query.options(selectinload(FollowupTemplate.versions)))}
    added = 0
    for row in shipped_rows():
        columns = {**programme_columns(programme_in(row)), "goals": row["goals"]}
        template = known.get(row["code"])
        if template is None:
            session.add(_new(row, columns, now))
            added += 1
        elif template.removed_at is None:
            _renew(template, columns, now)
    session.flush()
    return added


@cache
def shipped_rows() -> tuple[dict[str, str], ...]:
    """The lines of the shipped templates, as they stand there."""
    return _read("templates.csv")


def programme_in(row: dict[str, str]) -> Programme:
    """A shipped template as values."""
    return Programme(
        anchor=row["anchor"],
        filters=json.loads(row["filters"] or "{}"),
        starts=StartMode(row["starts"]),
        steps=tuple(read_step(each) for each in _steps()[row["code"]]),
        stops=tuple(read_stop(each) for each in json.loads(row["stops"] or "[]")),
        late=LateEnrolment(row["late"] or LateEnrolment.SKIP),
        is_sequential=row["sequential"] == "1",
        repeat_months=int(row["repeat_months"]) if row["repeat_months"] else None,
        repeat_times=int(row["repeat_times"]) if row["repeat_times"] else None,
    )


def _new(row: dict[str, str], columns: dict[str, Any], now: datetime) -> FollowupTemplate:
    names = {language: row[f"name_{column}"] for language, column in _LANGUAGES.items()}
    return FollowupTemplate(
        code=row["code"],
        name=names["zh_Hans"],
        names=names,
        specialty=row["specialty"],
        is_shipped=True,
        created_at=now,
        versions=[FollowupTemplateVersion(number=1, state=VersionState.DRAFT, changed_at=now, **columns)],
    )


def _renew(template: FollowupTemplate, columns: dict[str, Any], now: datetime) -> None:
    latest = template.versions[0]
    is_ours = all(version.author is None for version in template.versions)
    if not is_ours or latest.state != VersionState.DRAFT:
        return
    if any(getattr(latest, name) != value for name, value in columns.items()):
        for name, value in columns.items():
            setattr(latest, name, value)
        latest.changed_at = now


@cache
def _steps() -> dict[str, list[dict[str, Any]]]:
    phrases = {row["phrase"]: row for row in _read("phrases.csv")}
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in _read("steps.csv"):
        phrase = phrases[row["phrase"]]
        found[row["template"]].append(
            {
                "key": row["key"],
                "days": row["days"],
                "kind": row["kind"],
                "mode": row["mode"],
                "role": row["role"],
                "lead_days": row["lead_days"] or 0,
                "window_days": row["window_days"] or 3,
                "at": row["at"] or "09:00",
                "questionnaire": row["questionnaire"] or None,
                "titles": {language: phrase[f"title_{column}"] for language, column in _LANGUAGES.items()},
                "texts": {language: phrase[f"text_{column}"] for language, column in _LANGUAGES.items()},
            }
        )
    return found


def _read(name: str) -> tuple[dict[str, str], ...]:
    with (_FOLDER / name).open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))
