"""Find templates: for the list, for its page, and those that can be used now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.codes.models import CodeItem
from app.codes.rules import CodeList
from app.errors import NotFound
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.message_templates.rules import TemplateKind
from app.messages.rules import MessageKind
from app.paging import Page, read_cursor, write_cursor
from app.texts import N_
from app.versions.rules import VersionState


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilters:
    """Which templates: `text` is looked for in names and texts; the state is that of any version that still counts."""

    text: str = ""
    kind: TemplateKind | None = None
    state: VersionState | None = None
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsableTemplate:
    """A template whose version may be sent today, with its text in one language; the fields are still in braces."""

    template_id: int
    version_id: int
    code: str
    kind: TemplateKind
    name: str
    text: str


def list_templates(
    session: Session, filters: TemplateFilters, *, limit: int, cursor: str | None = None
) -> Page[MessageTemplate]:
    """Templates with their versions, in the order in which they were made."""
    query = select(MessageTemplate).where(MessageTemplate.removed_at.is_(None))
    for word in filters.text.casefold().replace("\x00", "\ufffd").split():
        query = query.where(MessageTemplate.search_text.contains(word, autoescape=True))
    if filters.kind is not None:
        query = query.where(MessageTemplate.kind == filters.kind)
    latest = _latest()
    if filters.state is not None:
        query = query.where(latest.where(TemplateVersion.state == filters.state).exists())
    if filters.language is not None:
        query = query.where(latest.where(TemplateVersion.texts[filters.language].as_string() != "").exists())
    if cursor:
        [after] = read_cursor(cursor, (int,))
        query = query.where(MessageTemplate.id > after)
    query = query.options(selectinload(MessageTemplate.versions)).order_by(MessageTemplate.id).limit(limit + 1)
    found = list(session.scalars(query))
    more = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


def get_template(session: Session, template_id: int) -> MessageTemplate:
    """One template with all its versions, the newest first. Raises NotFound."""
    query = select(MessageTemplate).where(MessageTemplate.id == template_id, MessageTemplate.removed_at.is_(None))
    found = session.scalar(query.options(selectinload(MessageTemplate.versions))) if 0 < template_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such template."))
    return found


def get_version(session: Session, version_id: int) -> TemplateVersion:
    """One version with its template, whatever its state. Raises NotFound."""
    query = select(TemplateVersion).where(TemplateVersion.id == version_id)
    found = session.scalar(query.options(selectinload(TemplateVersion.template))) if 0 < version_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such template."))
    return found


def list_usable_templates(
    session: Session, *, message_kind: MessageKind | None, language: str, today: date, locale: str | None = None
) -> list[UsableTemplate]:
    """The templates that may be used today for messages of this kind and have a text in this language.

    Without `message_kind`, of every kind. Names come in `locale`, or as they were typed.
    """
    query = (
        select(TemplateVersion)
        .join(TemplateVersion.template)
        .where(
            TemplateVersion.state == VersionState.APPROVED,
            MessageTemplate.removed_at.is_(None),
            or_(TemplateVersion.valid_until.is_(None), TemplateVersion.valid_until >= today),
        )
        .options(selectinload(TemplateVersion.template))
        .order_by(MessageTemplate.kind, MessageTemplate.id)
    )
    if message_kind is not None:
        query = query.where(MessageTemplate.message_kind == message_kind)
    return [
        UsableTemplate(
            template_id=version.template_id,
            version_id=version.id,
            code=version.template.code,
            kind=TemplateKind(version.template.kind),
            name=name_of(version.template, locale),
            text=version.texts[language],
        )
        for version in session.scalars(query)
        if version.texts.get(language)
    ]


def name_of(template: MessageTemplate, locale: str | None) -> str:
    """What the template is called: in the reader's language where the product gave it its name."""
    return str(template.names.get(locale or "", template.name))


def disease_names(session: Session) -> Sequence[str]:
    """Every name of a disease in the hospital's own list, in all languages."""
    columns = (CodeItem.name, CodeItem.name_zh_hans, CodeItem.name_zh_hant, CodeItem.name_en)
    rows = session.execute(select(*columns).where(CodeItem.list == CodeList.DISEASE.value))
    return sorted({name for row in rows for name in row if name and len(name) > 1})


def _latest() -> Select[int]:
    """The newest version of the template in the statement around it."""
    newest = (
        select(func.max(TemplateVersion.number))
        .where(TemplateVersion.template_id == MessageTemplate.id)
        .correlate(MessageTemplate)
        .scalar_subquery()
    )
    return select(TemplateVersion.id).where(
        TemplateVersion.template_id == MessageTemplate.id, TemplateVersion.number == newest
    )
