"""Messages for people: the three boxes, the thread with one person, and the buttons that act."""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, Role
from app.accounts.service import away_since
from app.audit.rules import Action
from app.contact_policy.models import Consent
from app.contact_policy.service import consents_of
from app.errors import InvalidInput, NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.messages import service
from app.messages.models import Message
from app.messages.routes.labels import page_words
from app.messages.rules import MOST_UNITS, RESENDABLE, Direction, InState, MessageKind, OutState, cut_text, sign_text
from app.messages.service import UNCERTAIN, Box, Filters
from app.messages.service.verbs import MOST_AT_ONCE
from app.paging import DEFAULT_LIMIT
from app.patients.models import Patient
from app.patients.phones import display_number, parse_number
from app.patients.rules import is_unnamed
from app.patients.service import candidates_view, patient_cards
from app.texts import N_

pages = Blueprint("messages", __name__, url_prefix="/messages", template_folder="../templates")

_LONGEST_FIELD = 5000


@pages.get("")
@allow(AT_THE_DESK)
def show_box() -> str | tuple[str, int]:
    """One box with its filters. htmx asks every few seconds for the table alone, and leaves it when nothing is new."""
    chosen, cursor = _chosen(), request.args.get("cursor")
    with reading() as session:
        page = service.list_messages(session, _filters(chosen), limit=DEFAULT_LIMIT, cursor=cursor)
        people = _people(session, page.items)
        waiting, _newest = service.inbox(session)
        link = service.gateway_link(session)
    version = _version(page.items)
    undo = [int(each) for each in request.args.get("undo", "").split(".") if each.isdecimal()][:MOST_AT_ONCE]
    is_poll = "HX-Request" in request.headers
    if is_poll and request.args.get("seen") == version:
        return "", 204
    return render(
        "messages/_table.html" if is_poll else "messages/box.html",
        page=page,
        people=people,
        chosen={name: value for name, value in chosen.items() if value},
        cursor=cursor,
        version=version,
        waiting=waiting,
        link=link,
        undo=undo,
        may_see_deleted=_may_see_deleted(),
    )


@pages.get("/new")
@allow(AT_THE_DESK)
def show_new_form() -> str:
    to, text = request.args.get("to", "")[:60], request.args.get("text", "")[:_LONGEST_FIELD]
    return render("messages/new.html", to=display_number(to), text=text, at="", errors={}, id=str(uuid.uuid4()))


@pages.post("/new")
@allow(AT_THE_DESK)
def send_message() -> Response | tuple[str, int]:
    to, text = request.form.get("to", "")[:60], request.form.get("text", "")[:_LONGEST_FIELD]
    at = request.form.get("at", "")[:20]
    try:
        due_at = _moment(at)
        with writing() as session:
            message = service.send_message(
                session,
                parts().bus,
                settings=parts().settings,
                number=to,
                text=text,
                kind=MessageKind.CARE,
                dedup_key=f"page:{form_id()}",
                created_by=signed_in().username,
                now=parts().now(),
                due_at=due_at,
            )
    except WardlineError as error:
        errors = {str(error.fields.get("field", "to")): sentence(error)}
        return render("messages/new.html", to=to, text=text, at=at, errors=errors, id=form_id()), 422
    if due_at is not None:
        shown = due_at.astimezone(parts().settings.timezone).strftime("%Y-%m-%d %H:%M")
        flash(_("The message leaves at %(time)s. Until then it can be stopped.", time=shown), "success")
    else:
        flash(_("The message is on its way."), "success")
    return redirect(url_for(".show_thread", message_id=message.id), 303)


@pages.get("/length")
@allow(AT_THE_DESK)
def show_length() -> str:
    """How long the text is with its signature, and what it costs; asked for as one types."""
    signed = sign_text(request.args.get("text", "")[:_LONGEST_FIELD], parts().settings.signature)
    count = len(cut_text(signed.text).pieces)
    return render("messages/_length.html", signed=signed, count=count, most=MOST_UNITS)


@pages.get("/replies")
@allow(AT_THE_DESK)
def show_replies() -> str | tuple[str, int]:
    """Who has written since the user was last here, asked for by the first page and then every few seconds (S-21)."""
    user = signed_in()
    with reading() as session:
        since = away_since(session, user.user_id, user.session_key_hash)
        texts = service.replies_since(session, since)
        people = _people(session, texts)
    version = _version(texts)
    if request.args.get("seen") == version:
        return "", 204
    return render("messages/_replies.html", texts=texts, people=people, version=version)


@pages.get("/<int:message_id>")
@allow(AT_THE_DESK)
def show_thread(message_id: int) -> str:
    return _thread_page(message_id)


@pages.get("/<int:message_id>/thread")
@allow(AT_THE_DESK)
def show_thread_part(message_id: int) -> str | tuple[str, int]:
    """The texts alone, asked for every few seconds; nothing when they are as they were."""
    with reading() as session:
        message = service.get_message(session, message_id)
        texts = service.thread(session, message, with_deleted=_may_see_deleted())
        consents = _consents(session, message)
    if request.args.get("seen") == _version(texts):
        return "", 204
    return render("messages/_thread.html", message=message, texts=texts, consents=consents, version=_version(texts))


@pages.post("/<int:message_id>/reply")
@allow(AT_THE_DESK)
def reply(message_id: int) -> Response | tuple[str, int]:
    text = request.form.get("text", "")[:_LONGEST_FIELD]
    now = parts().now()
    try:
        with writing() as session:
            message = service.get_message(session, message_id)
            if message.direction == Direction.IN:
                service.reply(
                    session,
                    parts().bus,
                    settings=parts().settings,
                    message_id=message_id,
                    text=text,
                    agent=signed_in().username,
                    now=now,
                    dedup_key=f"page:{form_id()}",
                )
            else:
                service.send_message(
                    session,
                    parts().bus,
                    settings=parts().settings,
                    number=message.number,
                    patient_id=message.patient_id,
                    text=text,
                    kind=MessageKind(message.kind),
                    dedup_key=f"page:{form_id()}",
                    created_by=signed_in().username,
                    now=now,
                )
    except NotFound:
        raise
    except WardlineError as error:
        return _thread_page(message_id, text=text, error=sentence(error)), 422
    flash(_("The message is on its way."), "success")
    return redirect(url_for(".show_thread", message_id=message_id), 303)


@pages.post("/<int:message_id>/handle")
@allow(AT_THE_DESK)
def handle_message(message_id: int) -> Response:
    with writing() as session:
        service.handle_message(
            session, parts().bus, message_id=message_id, agent=signed_in().username, now=parts().now()
        )
    flash(_("The message is off the list."), "success")
    return redirect(url_for(".show_box", box=Box.INBOX), 303)


@pages.post("/<int:message_id>/link")
@allow(AT_THE_DESK)
def link_message(message_id: int) -> Response:
    patient_id = request.form.get("patient_id", type=int)
    if patient_id is None or not 0 < patient_id < 2**31:
        raise InvalidInput("No such patient.", field="patient_id")
    with writing() as session:
        service.link_message(
            session,
            parts().bus,
            message_id=message_id,
            patient_id=patient_id,
            agent=signed_in().username,
            now=parts().now(),
        )
    return redirect(url_for(".show_thread", message_id=message_id), 303)


@pages.post("/<int:message_id>/resend")
@allow(AT_THE_DESK)
def resend(message_id: int) -> Response:
    try:
        with writing() as session:
            again = service.resend(
                session,
                parts().bus,
                settings=parts().settings,
                message_id=message_id,
                agent=signed_in().username,
                now=parts().now(),
            )
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(url_for(".show_thread", message_id=message_id), 303)
    flash(_("The message is on its way again."), "success")
    return redirect(url_for(".show_thread", message_id=again.id), 303)


@pages.post("/<int:message_id>/cancel")
@allow(AT_THE_DESK)
def cancel(message_id: int) -> Response:
    try:
        with writing() as session:
            service.cancel(session, parts().bus, message_id=message_id, agent=signed_in().username, now=parts().now())
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
    return redirect(url_for(".show_thread", message_id=message_id), 303)


def _thread_page(message_id: int, *, text: str = "", error: str = "") -> str:
    now = parts().now()
    with writing() as session:
        message = service.get_message(session, message_id)
        if message.state == InState.NEW and viewer().grant(Module.MESSAGES).can_write:
            service.read_message(session, parts().bus, message_id=message_id, agent=signed_in().username, now=now)
        if message.patient_id:
            audit(session, Action.VIEW, patient_id=message.patient_id, subject=f"message:{message_id}")
    with reading() as session:
        message = service.get_message(session, message_id)
        texts = service.thread(session, message, with_deleted=_may_see_deleted())
        patient = session.get(Patient, message.patient_id) if message.patient_id else None
        candidates = [] if patient else candidates_view(session, message.number, now, translate=_)
        link = service.gateway_link(session)
        consents = _consents(session, message)
    return render(
        "messages/thread.html",
        consents=consents,
        message=message,
        texts=texts,
        version=_version(texts),
        patient=patient,
        is_stranger=patient is not None and is_unnamed(patient.name, is_provisional=patient.is_provisional),
        candidates=candidates,
        link=link,
        text=text,
        error=error,
        id=form_id(),
        may_resend=message.direction == Direction.OUT
        and (message.state in RESENDABLE or message.error_code == UNCERTAIN),
        may_cancel=message.state == OutState.QUEUED and message.error_code != UNCERTAIN,
    )


def _chosen() -> dict[str, str]:
    """The filters in the address, only those that mean something."""
    chosen = {name: request.args.get(name, "").strip()[:60] for name in ("box", "state", "number", "open", "q")}
    if chosen["box"] not in set(Box) or (chosen["box"] == Box.DELETED and not _may_see_deleted()):
        chosen["box"] = Box.INBOX.value
    known = {state.value for state in (*InState, *OutState)}
    if chosen["state"] not in known:
        chosen["state"] = ""
    return chosen


def _filters(chosen: dict[str, str]) -> Filters:
    settings = parts().settings
    number = parse_number(chosen["number"], area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    return Filters(
        box=Box(chosen["box"]),
        state=chosen["state"] or None,
        # A text that is no number finds nothing, which the empty list then says.
        number=(number.e164 if number else "-") if chosen["number"] else None,
        is_open=bool(chosen["open"]) and chosen["box"] == Box.INBOX,
        words=chosen["q"] or None,
    )


def _may_see_deleted() -> bool:
    return signed_in().role is Role.ADMIN


def _moment(text: str) -> datetime | None:
    """A time as the browser writes it, on the hospital's clock; nothing for an empty field. Raises InvalidInput."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text).replace(tzinfo=parts().settings.timezone)
    except ValueError:
        raise InvalidInput(N_("This is not a date with a time."), field="at") from None
    if moment <= parts().now():
        raise InvalidInput(N_("Choose a time that is still to come, within a year."), field="at")
    return moment.astimezone(UTC)


def _consents(session: Session, message: Message) -> dict[str, Consent]:
    """What the person said about texts, by kind."""
    rows = consents_of(session, message.patient_id) if message.patient_id is not None else []
    return {row.kind: row for row in rows if row.channel == "sms"}


def _people(session: Session, messages: Sequence[Message]) -> dict[int, Any]:
    ids = {message.patient_id for message in messages if message.patient_id is not None}
    return patient_cards(session, ids, now=parts().now()) if ids else {}


def _version(messages: Sequence[Message]) -> str:
    """Changes when anything that a list shows of its messages changes."""
    shown = [
        (row.id, row.state, row.error_code, row.attempts, row.patient_id, row.handled_at, row.hidden_at)
        for row in messages
    ]
    return format(zlib.crc32(repr(shown).encode()), "x")


def form_id() -> str:
    """The id in the form that was sent, which makes a double click one message."""
    try:
        return str(uuid.UUID(request.form.get("id", "")))
    except ValueError:
        return str(uuid.uuid4())


def sentence(error: WardlineError) -> str:
    """The error in the reader's language."""
    sentence = str(_(error.detail))
    return sentence % error.fields if "%(" in sentence else sentence


def render(template: str, **values: Any) -> str:
    """A template of this room, with its words."""
    return render_template(template, Box=Box, signature=parts().settings.signature, **page_words(), **values)
