"""The ready texts of the product, from app/message_templates/data (S-18)."""

from __future__ import annotations

import csv
from datetime import datetime
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from app.message_templates.models import MessageTemplate, TemplateVersion
from app.message_templates.rules import CLINICAL_KINDS, TemplateKind
from app.message_templates.service.searching import search_text_of
from app.versions.rules import VersionState

_FILE = Path(__file__).parent.parent / "data" / "templates.csv"
_COLUMNS = {"zh_Hans": "zh_hans", "zh_Hant": "zh_hant", "en": "en"}


def install_shipped(session: Session, now: datetime) -> int:
    """Add the ready templates that this database has never had; returns how many.

    Greetings, notices and reminders can be used at once; what says something about health, and promotions, begin as
    drafts (guards 4 and 13). A text that somebody edited, and a template that was removed, stay as they are. Of one
    that nobody touched, a newer text replaces the draft, or stands beside the approved one as the next draft.
    """
    query = select(MessageTemplate).where(MessageTemplate.is_shipped)
    known = {each.code: each for each in session.scalars(query.options(selectinload(MessageTemplate.versions)))}
    added = 0
    for row in shipped_rows():
        template = known.get(row["code"])
        if template is None:
            session.add(_new(row, now))
            added += 1
        elif template.removed_at is None:
            _renew(template, _texts(row), now)
    session.flush()
    return added


def shipped_rows() -> list[dict[str, str]]:
    """The rows of the shipped file, as they stand there."""
    with _FILE.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _new(row: dict[str, str], now: datetime) -> MessageTemplate:
    kind, texts = TemplateKind(row["kind"]), _texts(row)
    names = {language: row[f"name_{column}"] for language, column in _COLUMNS.items()}
    is_draft = kind in CLINICAL_KINDS or kind is TemplateKind.PROMOTION
    version = TemplateVersion(number=1, texts=texts, changed_at=now, state=VersionState.DRAFT)
    if not is_draft:
        version.state, version.approved_at = VersionState.APPROVED, now
    return MessageTemplate(
        code=row["code"],
        kind=kind,
        name=names["zh_Hans"],
        names=names,
        message_kind=row["message_kind"],
        search_text=search_text_of([row["code"], *names.values(), *texts.values()]),
        is_shipped=True,
        created_at=now,
        versions=[version],
    )


def _renew(template: MessageTemplate, texts: dict[str, str], now: datetime) -> None:
    latest = template.versions[0]
    if any(version.author is not None for version in template.versions) or latest.texts == texts:
        return
    if latest.state == VersionState.DRAFT:
        latest.texts, latest.changed_at = texts, now
    elif latest.state == VersionState.APPROVED:
        template.versions.insert(
            0, TemplateVersion(number=latest.number + 1, texts=texts, changed_at=now, state=VersionState.DRAFT)
        )


def _texts(row: dict[str, str]) -> dict[str, str]:
    return {language: row[column] for language, column in _COLUMNS.items()}
