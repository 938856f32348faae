"""Write a mass send, say yes to it, pause it, go on, stop it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.configuration import service as configuration
from app.configuration.rules import APPROVE_EVERY_MASS_SEND, PRICE_PER_PART
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.mass_sends.models import MassSend
from app.mass_sends.rules import MOVES, Audience, SendState, needs_another
from app.mass_sends.service.audiences import forget_file, people_statement
from app.mass_sends.service.texts import is_usable
from app.message_templates import service as templates
from app.message_templates.rules import LANGUAGES, RULE_TEXT, TemplateKind
from app.messages.rules import MessageKind
from app.parts import Parts
from app.patients.rules import clean_text
from app.settings import Settings
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class SendData:
    """What a user writes: to whom, and what. Either a version of a template or a text, in `language` or each one's own.

    `wanted` names the segment, the group, the people, the department and role, or the uploaded list.
    """

    name: str
    audience: Audience
    wanted: Mapping[str, Any]
    message_kind: MessageKind
    template_version_id: int | None = None
    text: str = ""
    language: str | None = None
    values: Mapping[str, str] = field(default_factory=dict)
    due_at: datetime | None = None
    stored_name: str | None = None


def create_send(session: Session, parts: Parts, data: SendData, *, by: str) -> MassSend:
    """Keep a mass send; its people are counted in the background, and nothing leaves before somebody says yes.

    Raises InvalidInput, which names the word that a text must not have, NotFound, NotAllowed.
    """
    access.need_write(session, Module.MESSAGES)
    now = parts.now()
    name = clean_text(data.name)[:120]
    if not name:
        raise InvalidInput(N_("Give the mass send a name."), field="name")
    made = MassSend(
        name=name,
        state=SendState.PREPARING,
        audience=data.audience,
        wanted=dict(data.wanted),
        message_kind=_kind(session, data),
        template_version_id=data.template_version_id,
        text=data.text.replace("\r\n", "\n").strip() if data.template_version_id is None else "",
        language=data.language if data.language in LANGUAGES else None,
        field_values={key: clean_text(value)[:100] for key, value in data.values.items() if clean_text(value)},
        due_at=data.due_at,
        stored_name=data.stored_name,
        price=configuration.value(session, PRICE_PER_PART),
        created_at=now,
        created_by=by,
    )
    _check_text(session, made, parts)
    if data.audience not in (Audience.STAFF, Audience.FILE):
        people_statement(session, made, parts)
    session.add(made)
    session.flush()
    return made


def get_send(session: Session, send_id: int) -> MassSend:
    """One mass send. Raises NotFound."""
    found = session.get(MassSend, send_id) if 0 < send_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such mass send."))
    return found


def waits_for_another(session: Session, send: MassSend, by: str) -> bool:
    """Whether this person wrote it and somebody else must say yes."""
    is_every = configuration.value(session, APPROVE_EVERY_MASS_SEND)
    return send.created_by == by and needs_another(MessageKind(send.message_kind), is_every=is_every)


def approve(session: Session, parts: Parts, send_id: int, *, by: str) -> MassSend:
    """Say yes: from its time on the texts go into the outbox.

    Raises Conflict when it is not ready or holds nobody, NotAllowed for the author of one that somebody else must
    approve.
    """
    access.need_write(session, Module.MESSAGES)
    send = get_send(session, send_id)
    if waits_for_another(session, send, by):
        raise NotAllowed(N_("You wrote this mass send. Somebody else must approve it."))
    if send.recipients == 0:
        raise Conflict(N_("Nobody would get this message."))
    if not is_usable(session, send, parts.now().astimezone(parts.settings.timezone).date()):
        raise Conflict(N_("The template is no longer in use. Write the mass send anew with another one."))
    _move(session, send_id, SendState.APPROVED, approved_at=parts.now(), approved_by=by)
    return send


def pause(session: Session, send_id: int) -> None:
    """Queue nothing more, and hold what waits in the outbox. Raises Conflict."""
    access.need_write(session, Module.MESSAGES)
    _move(session, send_id, SendState.PAUSED, is_settled=False, claim=None, claimed_until=None)


def resume(session: Session, send_id: int) -> None:
    """Go on where it was paused. Raises Conflict."""
    access.need_write(session, Module.MESSAGES)
    _move(session, send_id, SendState.QUEUEING, SendState.PAUSED, is_settled=False, claim=None, claimed_until=None)


def stop(session: Session, send_id: int, *, settings: Settings, by: str, now: datetime) -> None:
    """End it: what has not left is cancelled, in the background. Raises Conflict."""
    access.need_write(session, Module.MESSAGES)
    send = get_send(session, send_id)
    _move(
        session,
        send_id,
        SendState.STOPPED,
        is_settled=False,
        claim=None,
        claimed_until=None,
        stopped_by=by,
        ended_at=now,
    )
    forget_file(send, settings)


def prepare_again(session: Session, send_id: int) -> None:
    """Try a preparation that failed once more, from where it stopped. Raises Conflict."""
    access.need_write(session, Module.MESSAGES)
    _move(session, send_id, SendState.PREPARING, SendState.FAILED, error=None)


def _move(session: Session, send_id: int, to: SendState, *only_from: SendState, **values: object) -> None:
    """One conditional update: of two people who press at once, one is too late."""
    get_send(session, send_id)
    allowed = only_from or [state for state, targets in MOVES.items() if to in targets]
    moved = session.execute(
        update(MassSend)
        .where(MassSend.id == send_id, MassSend.state.in_(allowed))
        .values(state=to, **values)
        .execution_options(synchronize_session=False)
    )
    if rows_changed(moved) != 1:
        raise Conflict(N_("This mass send is no longer in the state that the page showed. Open it again."))
    session.expire(session.get_one(MassSend, send_id))


def _kind(session: Session, data: SendData) -> MessageKind:
    kind = data.message_kind
    if data.template_version_id is not None:
        kind = MessageKind(templates.get_version(session, data.template_version_id).template.message_kind)
    if (kind is MessageKind.STAFF) != (data.audience is Audience.STAFF):
        raise InvalidInput(N_("Texts to colleagues and texts to patients are kept apart."), field="message_kind")
    return kind


def _check_text(session: Session, send: MassSend, parts: Parts) -> None:
    if send.template_version_id is not None:
        if not is_usable(session, send, parts.now().astimezone(parts.settings.timezone).date()):
            raise InvalidInput(N_("This template is not in use. Choose another one."), field="template")
        return
    kind = MessageKind(send.message_kind)
    checked = templates.check(
        session,
        send.text,
        kind=TemplateKind.PROMOTION if kind is MessageKind.MARKETING else TemplateKind.NOTICE,
        message_kind=kind,
        language=send.language or parts.settings.locale,
        settings=parts.settings,
    )
    blocking = next((each for each in checked.findings if each.is_blocking), None)
    if blocking is not None:
        raise InvalidInput(RULE_TEXT[blocking.rule], field="text", word=blocking.word)
