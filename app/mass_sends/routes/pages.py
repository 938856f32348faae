"""The pages of mass sends: the list, writing one, and one with its preview, progress and report."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS
from app.audit.routes.labels import role_words
from app.audit.rules import Action
from app.errors import NotFound, WardlineError
from app.groups import service as groups
from app.http import allow, audit, parts, reading, signed_in, takes_up_to, viewer, writing
from app.mass_sends import service
from app.mass_sends.models import MassSend
from app.mass_sends.routes.forms import COMMON_FIELDS, common_values, keep_list, read_form
from app.mass_sends.routes.words import audience_sentence, page_words
from app.mass_sends.rules import MOVES, UNDER_WAY, Audience, SendState
from app.mass_sends.service import texts
from app.message_templates import service as templates
from app.message_templates.routes import words as template_words
from app.message_templates.rules import FIELD_TITLES, KIND_TEXT, LANGUAGES, TemplateKind, fill_text, with_opt_out
from app.messages.rules import MOST_UNITS, MessageKind
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.patients.service import patient_cards
from app.segments import service as segments

pages = Blueprint("mass_sends", __name__, url_prefix="/mass-sends", template_folder="../templates")

# A million lines with a name and a number are 40 MB as CSV.
_LARGEST_FILE = 64 * 1024 * 1024


@pages.get("")
@allow(OVER_AGENTS)
def show_sends() -> str:
    with reading() as session:
        page = service.list_sends(session, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    return _render("list.html", page=page)


@pages.get("/new")
@allow(OVER_AGENTS)
def show_new() -> str:
    """The form; `segment`, `group`, `people` or `of` choose the people, `like` takes over another one's text."""
    form = {name: value[:20_000] for name, value in request.args.items()}
    for name in (Audience.SEGMENT, Audience.GROUP, Audience.PEOPLE):
        if name in form:
            form["audience"] = name
    if form.get("of"):
        form["audience"] = Audience.PEOPLE
        form |= {f"of-{name}": value for name, value in request.args.items() if name != "of"}
    with reading() as session:
        if form.get("like", "").isdecimal():
            form |= _form_of(service.get_send(session, int(form["like"][:10])))
        return _new_page(session, form, {})


@pages.post("/new")
@allow(OVER_AGENTS)
@takes_up_to(_LARGEST_FILE)
def create_send() -> Response | tuple[str, int]:
    """Keep the mass send and go to its page, where its people are being counted."""
    form, path = request.form.to_dict(), None
    try:
        if form.get("audience") == Audience.FILE:
            path = keep_list(request.files.get("file"), form.get("pasted", ""))
        with writing() as session:
            send = service.create_send(session, parts(), read_form(session, form, path), by=signed_in().username)
            details = {"audience": send.audience, "kind": send.message_kind}
            audit(session, Action.CREATE, subject=f"mass_send:{send.id}", details=details)
            send_id = send.id
    except WardlineError as error:
        if path is not None:
            path.unlink(missing_ok=True)
        errors = {str(error.fields.get("field", "name")): _sentence(error)}
        with reading() as session:
            return _new_page(session, form, errors), 422
    return redirect(url_for(".show_send", send_id=send_id), 303)


@pages.get("/audience")
@allow(OVER_AGENTS)
def show_audience() -> str:
    """The fields that say whom the text is for; asked for when another kind of audience is chosen."""
    form = {name: value[:20_000] for name, value in request.args.items()}
    with reading() as session:
        return _render("_audience.html", errors={}, **_choices(session, form))


@pages.post("/check")
@allow(OVER_AGENTS)
def check_text() -> str:
    """How the chosen text reads and how long it is; asked for as one writes."""
    form, settings = request.form, parts().settings
    with reading() as session:
        previews = []
        house = templates.house_values(session, settings)
        for language, text, kind, message_kind in _texts_in(session, form):
            values = template_words.sample_values(text, language, dict(house.fields))
            known = {key: value for key, value in common_values(form).items() if value}
            filled = fill_text(text, {**values, **known}).text
            checked = templates.check(
                session, filled, kind=kind, message_kind=message_kind, language=language, settings=settings
            )
            sent = with_opt_out(filled, message_kind, language, house.opt_out_words)
            previews.append((language, sent, checked))
    return _render(
        "_check.html",
        previews=previews,
        most=MOST_UNITS,
        signature=settings.signature,
        finding_sentence=template_words.finding_sentence,
    )


@pages.get("/<int:send_id>")
@allow(OVER_AGENTS)
def show_send(send_id: int) -> str:
    """One mass send: what it says, to whom, what it costs, how far it is, and the buttons that steer it."""
    with reading() as session:
        send = service.get_send(session, send_id)
        text = texts.text_of(session, send, parts().settings)
        shown = [each for each in LANGUAGES if each in text.texts and send.language in (None, each)]
        previews = [(each, _preview(text, each)) for each in shown]
        allowed = MOVES[SendState(send.state)]
        return _render(
            "show.html",
            send=send,
            audience=audience_sentence(session, send),
            previews=previews,
            signature=parts().settings.signature,
            needs_somebody_else=service.waits_for_another(session, send, signed_in().username),
            may={str(state): state in allowed for state in SendState},
            **_numbers(session, send),
        )


@pages.get("/<int:send_id>/progress")
@allow(OVER_AGENTS)
def show_progress(send_id: int) -> str | tuple[str, int, dict[str, str]]:
    """The numbers alone, for a page that waits; the whole page anew once its state is another one."""
    with reading() as session:
        send = service.get_send(session, send_id)
        if request.args.get("state") != send.state:
            return "", 200, {"HX-Refresh": "true"}
        return _render("_numbers.html", send=send, **_numbers(session, send))


@pages.get("/<int:send_id>/people")
@allow(OVER_AGENTS)
def show_people(send_id: int) -> str:
    """The list behind a number: those left out for a reason, or those whose message is in a state."""
    chosen = {name: request.args.get(name, "")[:20] for name in ("exclusion", "state")}
    with reading() as session:
        send = service.get_send(session, send_id)
        page = service.list_lines(
            session,
            send_id,
            exclusion=chosen["exclusion"] or None,
            state=chosen["state"] or None,
            limit=DEFAULT_LIMIT,
            cursor=request.args.get("cursor"),
        )
        ids = {line.recipient.patient_id for line in page.items if line.recipient.patient_id is not None}
        people = patient_cards(session, ids, now=parts().now()) if ids else {}
    return _render(
        "people.html",
        send=send,
        page=page,
        people=people,
        chosen={name: value for name, value in chosen.items() if value},
    )


@pages.post("/<int:send_id>/approve")
@allow(OVER_AGENTS)
def approve_send(send_id: int) -> Response:
    def act(session: Session) -> None:
        service.approve(session, parts(), send_id, by=signed_in().username)

    return _act(send_id, act, SendState.APPROVED)


@pages.post("/<int:send_id>/pause")
@allow(OVER_AGENTS)
def pause_send(send_id: int) -> Response:
    return _act(send_id, lambda session: service.pause(session, send_id), SendState.PAUSED)


@pages.post("/<int:send_id>/resume")
@allow(OVER_AGENTS)
def resume_send(send_id: int) -> Response:
    return _act(send_id, lambda session: service.resume(session, send_id), SendState.QUEUEING)


@pages.post("/<int:send_id>/stop")
@allow(OVER_AGENTS)
def stop_send(send_id: int) -> Response:
    def act(session: Session) -> None:
        service.stop(session, send_id, settings=parts().settings, by=signed_in().username, now=parts().now())

    return _act(send_id, act, SendState.STOPPED)


@pages.post("/<int:send_id>/prepare")
@allow(OVER_AGENTS)
def prepare_send(send_id: int) -> Response:
    return _act(send_id, lambda session: service.prepare_again(session, send_id), SendState.PREPARING)


def _act(send_id: int, act: Callable[[Session], None], state: SendState) -> Response:
    try:
        with writing() as session:
            act(session)
            audit(session, Action.CHANGE, subject=f"mass_send:{send_id}", details={"state": str(state)})
    except NotFound:
        raise
    except WardlineError as error:
        flash(_sentence(error), "danger")
    return redirect(url_for(".show_send", send_id=send_id), 303)


def _numbers(session: Session, send: MassSend) -> dict[str, Any]:
    report = service.report_on(session, send.id)
    state = SendState(send.state)
    is_open = any(report.states.get(each) for each in ("queued", "sent"))
    is_moving = state in UNDER_WAY or state is SendState.APPROVED or not send.is_settled
    return {
        "report": report,
        # The network answers within seconds, and its receipts within minutes.
        "poll_seconds": 2 if is_moving else 10 if is_open and state is SendState.QUEUED else 0,
        "done": round(100 * send.queued / send.recipients) if send.recipients else 0,
    }


def _preview(text: texts.SendText, language: str) -> str:
    template = text.texts[language]
    values = {**template_words.sample_values(template, language, dict(text.house.fields)), **text.values}
    return with_opt_out(fill_text(template, values).text, text.kind, language, text.house.opt_out_words)


def _texts_in(session: Session, form: Any) -> list[tuple[str, str, TemplateKind, MessageKind]]:
    """The texts that the form would send: those of the chosen template, or the one that was written."""
    version_id = form.get("template", "")
    language = form.get("language") if form.get("language") in LANGUAGES else None
    if version_id.isdecimal():
        version = templates.get_version(session, int(version_id[:10]))
        kind, message_kind = TemplateKind(version.template.kind), MessageKind(version.template.message_kind)
        found = [(each, text) for each, text in version.texts.items() if language in (None, each)]
        return [(each, text, kind, message_kind) for each, text in found]
    text = form.get("text", "")[: templates.LONGEST_TEXT].strip()
    if not text:
        return []
    is_promotion = form.get("message_kind") == MessageKind.MARKETING
    kind = TemplateKind.PROMOTION if is_promotion else TemplateKind.NOTICE
    message_kind = MessageKind.MARKETING if is_promotion else MessageKind.CARE
    return [(language or parts().settings.locale, text, kind, message_kind)]


def _form_of(send: MassSend) -> dict[str, str]:
    wanted = send.wanted
    return {
        "name": send.name,
        "audience": send.audience,
        "message_kind": send.message_kind,
        "template": str(send.template_version_id or ""),
        "text": send.text,
        "language": send.language or "",
        "segment": str(wanted.get("segment", "")),
        "group": str(wanted.get("group", "")),
        "people": ",".join(str(each) for each in wanted.get("people", ())),
        "department": str(wanted.get("department") or ""),
        "role": str(wanted.get("role") or ""),
        "usernames": " ".join(wanted.get("usernames", ())),
        **{f"value-{name}": str(value) for name, value in send.field_values.items()},
    }


def _new_page(session: Session, form: dict[str, str], errors: dict[str, str]) -> str:
    locale = str(get_locale())
    today = parts().now().astimezone(parts().settings.timezone).date()
    usable = {
        each.version_id: each
        for language in LANGUAGES
        for each in templates.list_usable_templates(
            session, message_kind=None, language=language, today=today, locale=locale
        )
    }
    grouped = [(_(title), [each for each in usable.values() if each.kind is kind]) for kind, title in KIND_TEXT.items()]
    return _render(
        "new.html",
        errors=errors,
        templates=[(title, each) for title, each in grouped if each],
        common_fields=[(name, _(FIELD_TITLES[name])) for name in COMMON_FIELDS],
        languages=LANGUAGES,
        longest=templates.LONGEST_TEXT,
        **_choices(session, form),
    )


def _choices(session: Session, form: dict[str, str]) -> dict[str, Any]:
    """What the part of the form that names the people offers."""
    return {
        "form": form,
        "segment_options": [(str(each.id), each.name) for each in segments.list_segments(session)],
        "group_options": [(str(each.id), each.name) for each, _count in groups.list_groups(session)],
        "department_options": [("", _("Every department"))]
        + [(str(each.id), each.name) for each in organisation.departments(session)],
        "role_options": [("", _("Every role")), *role_words().items()],
        "chosen_count": len([each for each in form.get("people", "").split(",") if each]),
        "list_filters": {name: value for name, value in form.items() if name.startswith("of")},
    }


def _sentence(error: WardlineError) -> str:
    sentence: str = _(error.detail)
    return sentence % error.fields if "%(" in sentence else sentence


def _render(page: str, /, **values: Any) -> str:
    shown: str = render_template(
        f"mass_sends/{page}",
        may_write=viewer().grant(Module.MESSAGES).can_write,
        may_export=viewer().grant(Module.EXPORT).can_view,
        **{**page_words(), **values},
    )
    return shown
