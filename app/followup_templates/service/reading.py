"""Find templates and their versions, and read a version as values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import String, cast, func, or_, select
from sqlalchemy.orm import Session, selectinload

from app.errors import NotFound
from app.followup_templates.models import FollowupTemplate, FollowupTemplateVersion
from app.followup_templates.rules import (
    LateEnrolment,
    Programme,
    StartMode,
    read_step,
    read_stop,
)
from app.paging import Page, read_cursor, write_cursor
from app.questionnaires.models import Questionnaire
from app.texts import N_
from app.versions.rules import VersionState

_HANDOVER = timedelta(seconds=1)
"""A version that replaces another one does so in one transaction; a longer gap is a time without the template."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateFilters:
    """Which templates: words of the names, a specialty, the state of the newest version."""

    text: str = ""
    specialty: str | None = None
    state: VersionState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class InUse:
    """A version that is in use. `since` is the first day of an event for which it starts by itself."""

    template_id: int
    version_id: int
    code: str
    name: str
    specialty: str
    programme: Programme
    since: date
    names: Mapping[str, str] = field(default_factory=dict)

    def title(self, language: str) -> str:
        """What the template is called in that language."""
        return self.names.get(language, self.name)


def list_templates(
    session: Session, filters: TemplateFilters, *, limit: int, cursor: str | None = None
) -> Page[FollowupTemplate]:
    """Templates with their versions, in the order in which they were made."""
    query = select(FollowupTemplate).where(FollowupTemplate.removed_at.is_(None))
    for word in filters.text.casefold().replace("\x00", "\ufffd").split():
        names = [FollowupTemplate.names[language].as_string() for language in ("zh_Hans", "zh_Hant", "en")]
        places = (FollowupTemplate.code, FollowupTemplate.name, *names)
        query = query.where(or_(*(cast(place, String).icontains(word, autoescape=True) for place in places)))
    if filters.specialty is not None:
        query = query.where(FollowupTemplate.specialty == filters.specialty)
    if filters.state is not None:
        newest = (
            select(func.max(FollowupTemplateVersion.number))
            .where(FollowupTemplateVersion.template_id == FollowupTemplate.id)
            .correlate(FollowupTemplate)
            .scalar_subquery()
        )
        latest = select(FollowupTemplateVersion.id).where(
            FollowupTemplateVersion.template_id == FollowupTemplate.id,
            FollowupTemplateVersion.number == newest,
            FollowupTemplateVersion.state == filters.state,
        )
        query = query.where(latest.exists())
    if cursor:
        [after] = read_cursor(cursor, (int,))
        query = query.where(FollowupTemplate.id > after)
    query = query.options(selectinload(FollowupTemplate.versions)).order_by(FollowupTemplate.id).limit(limit + 1)
    found = list(session.scalars(query))
    more = write_cursor(found[limit - 1].id) if len(found) > limit else None
    return Page(items=found[:limit], next_cursor=more)


def get_template(session: Session, template_id: int) -> FollowupTemplate:
    """One template with all its versions, the newest first. Raises NotFound."""
    query = select(FollowupTemplate).where(FollowupTemplate.id == template_id, FollowupTemplate.removed_at.is_(None))
    found = session.scalar(query.options(selectinload(FollowupTemplate.versions))) if 0 < template_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such follow-up template."))
    return found


def get_version(session: Session, version_id: int) -> FollowupTemplateVersion:
    """One version with its template, whatever its state. Raises NotFound."""
    query = select(FollowupTemplateVersion).where(FollowupTemplateVersion.id == version_id)
    query = query.options(selectinload(FollowupTemplateVersion.template))
    found = session.scalar(query) if 0 < version_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such follow-up template."))
    return found


def name_of(template: FollowupTemplate, locale: str | None) -> str:
    """What the template is called: in the reader's language where the product gave it its name."""
    return str(template.names.get(locale or "", template.name))


def programme_of(version: FollowupTemplateVersion) -> Programme:
    """A version as values."""
    return Programme(
        anchor=version.anchor,
        filters=version.filters,
        starts=StartMode(version.starts),
        steps=tuple(read_step(each) for each in version.steps),
        stops=tuple(read_stop(each) for each in version.stops),
        late=LateEnrolment(version.late_enrolment),
        is_sequential=version.is_sequential,
        repeat_months=version.repeat_months,
        repeat_times=version.repeat_times,
    )


def programmes_of(session: Session, version_ids: Sequence[int]) -> dict[int, Programme]:
    """Versions as values, by id."""
    query = select(FollowupTemplateVersion).where(FollowupTemplateVersion.id.in_(version_ids))
    return {version.id: programme_of(version) for version in session.scalars(query)}


def versions_in_use(session: Session, zone: ZoneInfo) -> list[InUse]:
    """Every version that is in use, by template."""
    query = (
        select(FollowupTemplateVersion)
        .join(FollowupTemplateVersion.template)
        .where(FollowupTemplateVersion.state == VersionState.APPROVED, FollowupTemplate.removed_at.is_(None))
        .options(selectinload(FollowupTemplateVersion.template).selectinload(FollowupTemplate.versions))
        .order_by(FollowupTemplate.id)
    )
    return [in_use(version, zone) for version in session.scalars(query)]


def version_in_use(session: Session, template_id: int, zone: ZoneInfo) -> InUse:
    """The version of one template that is in use. Raises NotFound when none is."""
    for version in get_template(session, template_id).versions:
        if version.state == VersionState.APPROVED:
            return in_use(version, zone)
    raise NotFound(N_("No version of this template is in use. A doctor must approve one first."))


def in_use(version: FollowupTemplateVersion, zone: ZoneInfo) -> InUse:
    """An approved version as the plans see it."""
    template = version.template
    return InUse(
        template_id=template.id,
        version_id=version.id,
        code=template.code,
        name=template.name,
        specialty=template.specialty,
        names={language: str(name) for language, name in template.names.items()},
        programme=programme_of(version),
        since=_since(version, zone),
    )


def questionnaire_codes(session: Session) -> list[tuple[str, str]]:
    """The questionnaires that a step may name: code and name."""
    query = select(Questionnaire.code, Questionnaire.name).where(Questionnaire.removed_at.is_(None))
    return [(row.code, row.name) for row in session.execute(query.order_by(Questionnaire.code))]


def _since(version: FollowupTemplateVersion, zone: ZoneInfo) -> date:
    """The day that was named at the approval; else when the template came into use, over all that followed at once."""
    if version.filters.get("since"):
        return date.fromisoformat(version.filters["since"])
    begun = version.approved_at or version.changed_at
    for older in version.template.versions:
        is_before = older.number < version.number and older.approved_at is not None and older.retired_at is not None
        if is_before and _is_at_once(older.retired_at, begun):
            assert older.approved_at is not None
            begun = older.approved_at
    return begun.astimezone(zone).date()


def _is_at_once(ended: datetime | None, begun: datetime) -> bool:
    return ended is not None and abs(begun - ended) <= _HANDOVER
