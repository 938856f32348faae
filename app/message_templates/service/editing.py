"""Write templates, submit and approve their versions. Only a draft changes."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.configuration.rules import OPT_OUT_WORDS
from app.configuration.service import value
from app.errors import Conflict, InvalidInput, NotAllowed
from app.message_templates.models import MessageTemplate, TemplateVersion
from app.message_templates.rules import (
    LANGUAGES,
    OBJECTION_TEXT,
    RULE_TEXT,
    Approval,
    Finding,
    Subject,
    TemplateKind,
    check_text,
    diseases_in,
    measure,
    needed_approvals,
    object_to,
    with_opt_out,
)
from app.message_templates.service.reading import disease_names, get_template
from app.message_templates.service.searching import search_text_of
from app.messages.rules import MOST_UNITS, MessageKind
from app.patients.rules import clean_text
from app.settings import Settings
from app.texts import N_
from app.versions import service as versions
from app.versions.rules import VersionState

LONGEST_TEXT = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateData:
    """What a user writes: the template itself, and the texts of its draft by language."""

    name: str
    kind: TemplateKind
    message_kind: MessageKind
    texts: Mapping[str, str]
    disease: str | None = None
    department_id: int | None = None
    review_number: str = ""
    valid_until: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found in one text, and how long it is with signature and opt-out words."""

    units: int
    parts: int
    findings: Sequence[Finding] = field(default_factory=tuple)


def check(
    session: Session, text: str, *, kind: TemplateKind, message_kind: MessageKind, language: str, settings: Settings
) -> Checked:
    """Count a text as it would be sent, and look for what speaks against it."""
    is_promotion = kind is TemplateKind.PROMOTION or message_kind is MessageKind.MARKETING
    sent = with_opt_out(text, message_kind, language, value(session, OPT_OUT_WORDS))
    length = measure(sent, settings.signature)
    findings = check_text(
        text,
        is_promotion=is_promotion,
        units=length.units,
        most_units=MOST_UNITS,
        disease_names=disease_names(session),
    )
    return Checked(units=length.units, parts=length.parts, findings=findings)


def create_template(session: Session, data: TemplateData, *, by: str, now: datetime) -> MessageTemplate:
    """Make a template with its first draft. Raises InvalidInput, NotAllowed."""
    access.need_write(session, Module.MESSAGES)
    _check_data(data)
    made = MessageTemplate(
        code=f"own.{secrets.token_hex(6)}", created_at=now, created_by=by, is_shipped=False, names={}, versions=[]
    )
    _write_head(made, data)
    made.versions = [_draft(data, 1, by, now)]
    session.add(made)
    session.flush()
    return made


def change_template(
    session: Session, template_id: int, data: TemplateData, *, row_version: int, by: str, now: datetime
) -> TemplateVersion:
    """Change the draft, or begin the next version when the newest one is no draft any more.

    `row_version` is that of the newest version as it was read. Raises InvalidInput, NotFound, NotAllowed, Conflict.
    """
    access.need_write(session, Module.MESSAGES)
    _check_data(data)
    template = get_template(session, template_id)
    versions.refuse_changed(template.versions, row_version)
    latest = template.versions[0]
    is_same_head = (template.kind, template.message_kind) == (data.kind, data.message_kind)
    if latest.used_at is not None and not is_same_head:
        raise Conflict(N_("This template was used, so its kind stays. Make a new one for another kind."))
    _write_head(template, data)
    return versions.write_draft(
        session,
        template.versions,
        begin=lambda number: _draft(data, number, by, now),
        change=lambda draft: _write_texts(draft, data, by, now),
    )


def submit(session: Session, template_id: int, *, settings: Settings, by: str, now: datetime) -> TemplateVersion:
    """Ask for the approval of the newest draft.

    Raises Conflict when it is no draft, InvalidInput that names the word for a text that must not be sent so.
    """
    access.need_write(session, Module.MESSAGES)
    template = get_template(session, template_id)
    version = versions.submit(session, template.versions, by=by, now=now)
    kind, message_kind = TemplateKind(template.kind), MessageKind(template.message_kind)
    if not version.texts:
        raise InvalidInput(N_("Write a text first."), field="text-zh_Hans")
    for language, text in version.texts.items():
        checked = check(session, text, kind=kind, message_kind=message_kind, language=language, settings=settings)
        blocking = next((each for each in checked.findings if each.is_blocking), None)
        if blocking is not None:
            raise InvalidInput(RULE_TEXT[blocking.rule], field=f"text-{language}", word=blocking.word)
    if kind is TemplateKind.PROMOTION and not version.review_number:
        raise InvalidInput(N_("A promotion needs the number of its review."), field="review_number")
    if kind is TemplateKind.PROMOTION and version.valid_until is None:
        raise InvalidInput(N_("Say until when the review of this promotion is valid."), field="valid_until")
    versions.flush(session)
    return version


def take_back(session: Session, template_id: int) -> TemplateVersion:
    """Make a submitted version a draft again; approvals given so far are void. Raises Conflict."""
    access.need_write(session, Module.MESSAGES)
    version = versions.take_back(session, get_template(session, template_id).versions)
    version.clinical_at = version.clinical_by = None
    versions.flush(session)
    return version


def approve(
    session: Session, template_id: int, approval: Approval, *, by: str, is_clinician: bool, now: datetime
) -> TemplateVersion:
    """Give one approval. With the last one the version is in use, and the one before it no longer.

    Raises Conflict when it does not wait for approval, NotAllowed with the reason for who may not give this one.
    """
    access.need_write(session, Module.MESSAGES)
    version = versions.newest_waiting(session, get_template(session, template_id).versions)
    objection = object_to(subject_of(session, version), approval, by=by, is_clinician=is_clinician)
    if objection is not None:
        raise NotAllowed(OBJECTION_TEXT[objection], reason=str(objection))
    if approval is Approval.CLINICAL:
        version.clinical_at, version.clinical_by = now, by
    else:
        version.approved_at, version.approved_by = now, by
    if not needed_approvals(subject_of(session, version)):
        versions.put_into_use(version.template.versions, version, by=by, now=now)
    versions.flush(session)
    return version


def retire(session: Session, template_id: int, *, by: str, now: datetime) -> TemplateVersion:
    """Take the version in use out of use. Raises Conflict when none is."""
    access.need_write(session, Module.MESSAGES)
    return versions.take_out_of_use(session, get_template(session, template_id).versions, by=by, now=now)


def remove(session: Session, template_id: int, *, by: str, now: datetime) -> None:
    """Take a template off the list; an upgrade does not bring it back. Raises Conflict for one that is in use."""
    access.need_write(session, Module.MESSAGES)
    template = get_template(session, template_id)
    versions.refuse_in_use(template.versions)
    template.removed_at, template.removed_by = now, by


def mark_used(session: Session, version_id: int, now: datetime) -> None:
    """Note that a version was sent for the first time."""
    version = session.get(TemplateVersion, version_id)
    if version is not None and version.used_at is None:
        version.used_at = now


def subject_of(session: Session, version: TemplateVersion) -> Subject:
    """What the rules of approval ask about a version."""
    names = disease_names(session)
    given = {Approval.GENERAL: version.approved_by, Approval.CLINICAL: version.clinical_by}
    return Subject(
        kind=TemplateKind(version.template.kind),
        author=version.author,
        names_disease=any(diseases_in(text, names) for text in version.texts.values()),
        given={approval: by for approval, by in given.items() if by is not None},
    )


def _check_data(data: TemplateData) -> None:
    if not clean_text(data.name):
        raise InvalidInput(N_("Give the template a name."), field="name")
    if not any(text.strip() for text in data.texts.values()):
        raise InvalidInput(N_("Write a text first."), field="text-zh_Hans")
    for language, text in data.texts.items():
        if len(text) > LONGEST_TEXT or "\x00" in text:
            raise InvalidInput(N_("This text is too long."), field=f"text-{language}")


def _write_head(template: MessageTemplate, data: TemplateData) -> None:
    name = clean_text(data.name)[:120]
    if name != template.name and name not in template.names.values():
        template.names = {}  # a name of the hospital's own is the name in every language
    if not template.names:
        template.name = name
    template.kind, template.message_kind = data.kind, data.message_kind
    template.disease, template.department_id = data.disease, data.department_id
    template.search_text = search_text_of(
        [template.code, template.name, *template.names.values(), *data.texts.values()]
    )


def _draft(data: TemplateData, number: int, by: str, now: datetime) -> TemplateVersion:
    version = TemplateVersion(number=number, state=VersionState.DRAFT)
    _write_texts(version, data, by, now)
    return version


def _write_texts(version: TemplateVersion, data: TemplateData, by: str, now: datetime) -> None:
    spelled = {language: data.texts.get(language, "").replace("\r\n", "\n").strip() for language in LANGUAGES}
    version.texts = {language: text for language, text in spelled.items() if text}
    version.review_number, version.valid_until = clean_text(data.review_number)[:60], data.valid_until
    version.author, version.changed_at = by, now
