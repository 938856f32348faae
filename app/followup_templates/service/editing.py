"""Write templates, submit and approve their versions. Only a draft changes."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.bus import Bus
from app.errors import InvalidInput, NotAllowed
from app.followup_templates.models import FollowupTemplate, FollowupTemplateVersion
from app.followup_templates.rules import (
    OBJECTION_TEXT,
    SPECIALTIES,
    Fault,
    Programme,
    Subject,
    check_programme,
    check_texts,
    named_diseases,
    object_to,
    write_step,
    write_stop,
)
from app.followup_templates.service.reading import get_template, programme_of, questionnaire_codes
from app.journal.service import Entry, append
from app.message_templates.service import disease_names
from app.patients.rules import clean_text
from app.texts import N_
from app.versions import service as versions
from app.versions.rules import VersionState

LONGEST_GOALS = 1_000


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateData:
    """What a user writes: the template itself and its draft."""

    name: str
    specialty: str
    programme: Programme
    goals: str = ""


class FaultyTemplate(InvalidInput):
    """A draft that cannot be saved or submitted; `faults` says for each place why."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(faults[0].sentence, field=faults[0].field)
        self.faults = tuple(faults)


def create_template(
    session: Session, data: TemplateData, *, anchors: Sequence[str], by: str, now: datetime
) -> FollowupTemplate:
    """Make a template with its first draft. Raises FaultyTemplate, NotAllowed."""
    access.need_write(session, Module.FOLLOWUPS)
    _check(data, anchors)
    made = FollowupTemplate(
        code=f"own.{secrets.token_hex(6)}", created_at=now, created_by=by, is_shipped=False, names={}, versions=[]
    )
    _write_head(made, data)
    made.versions = [_draft(data, 1, by, now)]
    session.add(made)
    session.flush()
    return made


def change_template(
    session: Session,
    template_id: int,
    data: TemplateData,
    *,
    anchors: Sequence[str],
    row_version: int,
    by: str,
    now: datetime,
) -> FollowupTemplateVersion:
    """Change the draft, or begin the next version when the newest one is no draft any more.

    Plans that run keep the version with which they began. Raises FaultyTemplate, NotFound, NotAllowed, Conflict.
    """
    access.need_write(session, Module.FOLLOWUPS)
    _check(data, anchors)
    template = get_template(session, template_id)
    versions.refuse_changed(template.versions, row_version)
    _write_head(template, data)
    return _keep_draft(session, template, data, by, now)


def restore_version(
    session: Session, template_id: int, number: int, *, by: str, now: datetime
) -> FollowupTemplateVersion:
    """Make what an older version says the next draft. Raises NotFound, NotAllowed, Conflict."""
    access.need_write(session, Module.FOLLOWUPS)
    template = get_template(session, template_id)
    wanted = versions.of_number(template.versions, number)
    data = TemplateData(
        name=template.name, specialty=template.specialty, programme=programme_of(wanted), goals=wanted.goals
    )
    return _keep_draft(session, template, data, by, now)


def submit(session: Session, template_id: int, *, by: str, now: datetime) -> FollowupTemplateVersion:
    """Ask for the approval of the newest draft. Raises Conflict when it is no draft, FaultyTemplate."""
    access.need_write(session, Module.FOLLOWUPS)
    version = versions.submit(session, get_template(session, template_id).versions, by=by, now=now)
    codes = [code for code, _name in questionnaire_codes(session)]
    faults = check_texts(programme_of(version), questionnaires=codes)
    if faults:
        raise FaultyTemplate(faults)
    versions.flush(session)
    return version


def take_back(session: Session, template_id: int) -> FollowupTemplateVersion:
    """Make a submitted version a draft again. Raises Conflict."""
    access.need_write(session, Module.FOLLOWUPS)
    return versions.take_back(session, get_template(session, template_id).versions)


def approve(
    session: Session,
    bus: Bus,
    template_id: int,
    *,
    by: str,
    is_clinician: bool,
    now: datetime,
    accepts_disease_names: bool = False,
    since: date | None = None,
) -> FollowupTemplateVersion:
    """Approve the version that waits: it is in use, and the one before it no longer. Journalled.

    `since` is the first day of an event for which it starts by itself; nothing: today, or that of the version before.
    Raises Conflict when none waits, NotAllowed with the reason for who may not approve this one.
    """
    access.need_write(session, Module.FOLLOWUPS)
    version = versions.newest_waiting(session, get_template(session, template_id).versions)
    objection = object_to(
        subject_of(session, version), by=by, is_clinician=is_clinician, accepts_disease_names=accepts_disease_names
    )
    if objection is not None:
        raise NotAllowed(OBJECTION_TEXT[objection], reason=str(objection))
    version.approved_at, version.approved_by = now, by
    before = versions.put_into_use(version.template.versions, version, by=by, now=now)
    if before is not None and "since" in before.filters and since is None:
        version.filters = {**version.filters, "since": before.filters["since"]}
    if since is not None:
        version.filters = {**version.filters, "since": since.isoformat()}
    versions.flush(session)
    _tell(session, bus, "followup_template.approved", version, by, now)
    return version


def retire(session: Session, bus: Bus, template_id: int, *, by: str, now: datetime) -> FollowupTemplateVersion:
    """Take the version in use out of use: no plan begins any more, those that run go on. Raises Conflict."""
    access.need_write(session, Module.FOLLOWUPS)
    version = versions.take_out_of_use(session, get_template(session, template_id).versions, by=by, now=now)
    _tell(session, bus, "followup_template.retired", version, by, now)
    return version


def remove(session: Session, template_id: int, *, by: str, now: datetime) -> None:
    """Take a template off the list; an upgrade does not bring it back. Raises Conflict for one that is in use."""
    access.need_write(session, Module.FOLLOWUPS)
    template = get_template(session, template_id)
    versions.refuse_in_use(template.versions)
    template.removed_at, template.removed_by = now, by


def subject_of(session: Session, version: FollowupTemplateVersion) -> Subject:
    """What the rules of approval ask about a version."""
    named = named_diseases(programme_of(version).steps, disease_names(session))
    return Subject(author=version.author, submitted_by=version.submitted_by, names_disease=bool(named))


def _check(data: TemplateData, anchors: Sequence[str]) -> None:
    faults = check_programme(data.programme, anchors=anchors)
    if not clean_text(data.name):
        faults.insert(0, Fault(sentence=N_("Give the template a name."), field="name"))
    if data.specialty not in SPECIALTIES:
        faults.append(Fault(sentence=N_("Choose one of the list."), field="specialty"))
    if len(data.goals) > LONGEST_GOALS or "\x00" in data.goals:
        faults.append(Fault(sentence=N_("This text is too long."), field="goals"))
    if faults:
        raise FaultyTemplate(faults)


def _write_head(template: FollowupTemplate, data: TemplateData) -> None:
    name = clean_text(data.name)[:120]
    if name != template.name and name not in template.names.values():
        template.names = {}  # a name of the hospital's own is the name in every language
    if not template.names:
        template.name = name
    template.specialty = data.specialty


def _keep_draft(
    session: Session, template: FollowupTemplate, data: TemplateData, by: str, now: datetime
) -> FollowupTemplateVersion:
    return versions.write_draft(
        session,
        template.versions,
        begin=lambda number: _draft(data, number, by, now),
        change=lambda draft: _write_draft(draft, data, by, now),
    )


def _draft(data: TemplateData, number: int, by: str, now: datetime) -> FollowupTemplateVersion:
    version = FollowupTemplateVersion(number=number, state=VersionState.DRAFT)
    _write_draft(version, data, by, now)
    return version


def _write_draft(version: FollowupTemplateVersion, data: TemplateData, by: str, now: datetime) -> None:
    for name, value in programme_columns(data.programme).items():
        setattr(version, name, value)
    version.goals = data.goals.strip()
    version.author, version.changed_at = by, now


def programme_columns(programme: Programme) -> dict[str, Any]:
    """The columns of a version that hold a programme."""
    return {
        "anchor": programme.anchor,
        "filters": {name: value for name, value in programme.filters.items() if name != "since"},
        "starts": programme.starts.value,
        "steps": [write_step(step) for step in programme.steps],
        "stops": [write_stop(stop) for stop in programme.stops],
        "late_enrolment": programme.late.value,
        "is_sequential": programme.is_sequential,
        "repeat_months": programme.repeat_months,
        "repeat_times": programme.repeat_times if programme.repeat_months else None,
    }


def _tell(session: Session, bus: Bus, kind: str, version: FollowupTemplateVersion, by: str, now: datetime) -> None:
    payload = {"template_id": version.template_id, "version_id": version.id}
    append(session, bus, [Entry(kind=kind, at=now, agent=by, payload=payload)])
