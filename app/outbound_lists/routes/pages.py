"""The pages of outbound lists: the lists, writing one, and one with its preview, progress and people."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS, Role
from app.accounts.service import names_of, phone_usernames
from app.audit.rules import Action
from app.errors import NotFound, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.outbound_lists import service
from app.outbound_lists.models import OutboundList
from app.outbound_lists.routes.forms import RETRIED, read_form, usual_form
from app.outbound_lists.routes.words import audience_sentence, page_words
from app.outbound_lists.rules import MOVES, ListState
from app.outbound_lists.service import Filters
from app.paging import DEFAULT_LIMIT
from app.patients.service import patient_cards
from app.questionnaires.models import Questionnaire, QuestionnaireVersion
from app.segments import service as segments

pages = Blueprint("outbound_lists", __name__, url_prefix="/outbound-lists", template_folder="../templates")


@pages.get("")
@allow(AT_THE_DESK)
def list_lists() -> str:
    """Supervisors see every list, agents those that they work on."""
    user = signed_in()
    chosen = {name: request.args.get(name, "")[:12] for name in ("state", "dialling")}
    with reading() as session:
        page = service.list_lists(
            session,
            limit=DEFAULT_LIMIT,
            cursor=request.args.get("cursor"),
            state=chosen["state"] or None,
            dialling=chosen["dialling"] or None,
            agent=user.username if user.role is Role.AGENT else None,
        )
        progress = service.progress_of(session, [batch.id for batch in page.items])
    chosen = {name: value for name, value in chosen.items() if value}
    return _render("list.html", page=page, progress=progress, chosen=chosen)


@pages.get("/new")
@allow(OVER_AGENTS)
def show_new() -> str:
    """The form; `segment`, `people` or `of` choose the people."""
    form = usual_form(_today()) | {name: value[:40_000] for name, value in request.args.items()}
    if form.get("of"):
        form |= {f"of-{name}": value for name, value in request.args.items() if name != "of"}
    with reading() as session:
        return _new_page(session, form, request.args.getlist("agents"), {})


@pages.post("/new")
@allow(OVER_AGENTS)
def create_list() -> Response | tuple[str, int]:
    """Keep a draft and go to its page, where its people are counted."""
    form, agents = request.form.to_dict(), request.form.getlist("agents")[:500]
    try:
        with writing() as session:
            data = read_form(session, form, agents)
            made = service.create_list(session, data, by=signed_in().username, today=_today(), now=parts().now())
            audit(session, Action.CREATE, subject=f"outbound_list:{made.id}", details={"dialling": made.dialling})
            list_id = made.id
    except NotFound:
        raise
    except WardlineError as error:
        errors = {str(error.fields.get("field", "name")): _sentence(error)}
        with reading() as session:
            return _new_page(session, form, agents, errors), 422
    return redirect(url_for(".show_list", list_id=list_id), 303)


@pages.get("/<int:list_id>")
@allow(AT_THE_DESK)
def show_list(list_id: int) -> str:
    """One list: whom it calls and how, how far it is, and the buttons that steer it."""
    with reading() as session:
        batch = _get(session, list_id)
        allowed = MOVES[ListState(batch.state)]
        return _render(
            "show.html",
            batch=batch,
            audience=audience_sentence(session, batch),
            questionnaire=_questionnaire_name(session, batch),
            days=service.days_of(batch),
            may={str(state): state in allowed for state in ListState},
            retried=RETRIED,
            **_numbers(session, batch),
        )


@pages.get("/<int:list_id>/progress")
@allow(AT_THE_DESK)
def show_progress(list_id: int) -> str | tuple[str, int, dict[str, str]]:
    """The numbers alone, for a page that waits; the whole page anew once its state is another one."""
    with reading() as session:
        batch = _get(session, list_id)
        if request.args.get("state") != batch.state:
            return "", 200, {"HX-Refresh": "true"}
        return _render("_numbers.html", batch=batch, **_numbers(session, batch))


@pages.get("/<int:list_id>/preview")
@allow(OVER_AGENTS)
def show_preview(list_id: int) -> str:
    """Whom a draft would call, who is left out why, and the load of each agent on each day."""
    with reading() as session:
        batch = service.get_list(session, list_id)
        found = service.preview(session, parts(), batch)
        questions = service.questions_for_keys(session, batch.questionnaire_version_id)
        version = session.get(QuestionnaireVersion, batch.questionnaire_version_id or 0)
    unasked = len(version.questions) - len(questions) if version and batch.dialling == "automatic" else 0
    return _render("_preview.html", batch=batch, found=found, days=service.days_of(batch), unasked=unasked)


@pages.get("/<int:list_id>/people")
@allow(AT_THE_DESK)
def show_people(list_id: int) -> str:
    """The people behind a number."""
    chosen = {name: request.args.get(name, "")[:64] for name in ("state", "result", "outcome", "agent")}
    chosen = {name: value for name, value in chosen.items() if value}
    with reading() as session:
        batch = _get(session, list_id)
        page = service.people_in(
            session, list_id, Filters(**chosen), limit=DEFAULT_LIMIT, cursor=request.args.get("cursor")
        )
        people = patient_cards(session, {task.patient_id for task in page.items}, now=parts().now())
        attempts = service.attempts_of(session, [task.id for task in page.items])
    return _render("people.html", batch=batch, page=page, people=people, attempts=attempts, chosen=chosen)


@pages.post("/<int:list_id>/start")
@allow(OVER_AGENTS)
def start_list(list_id: int) -> Response:
    return _act(list_id, service.start, ListState.PREPARING)


@pages.post("/<int:list_id>/pause")
@allow(OVER_AGENTS)
def pause_list(list_id: int) -> Response:
    return _act(list_id, service.pause, ListState.PAUSED)


@pages.post("/<int:list_id>/resume")
@allow(OVER_AGENTS)
def resume_list(list_id: int) -> Response:
    return _act(list_id, service.resume, ListState.RUNNING)


@pages.post("/<int:list_id>/stop")
@allow(OVER_AGENTS)
def stop_list(list_id: int) -> Response:
    return _act(list_id, service.stop, ListState.STOPPED)


def _act(list_id: int, act: Callable[..., None], state: ListState) -> Response:
    try:
        with writing() as session:
            act(session, parts().bus, list_id, by=signed_in().username, now=parts().now())
            audit(session, Action.CHANGE, subject=f"outbound_list:{list_id}", details={"state": str(state)})
    except NotFound:
        raise
    except WardlineError as error:
        flash(_sentence(error), "danger")
    return redirect(url_for(".show_list", list_id=list_id), 303)


def _get(session: Session, list_id: int) -> OutboundList:
    """The list, unless an agent asks for one of others'."""
    batch, user = service.get_list(session, list_id), signed_in()
    if user.role is Role.AGENT and not service.works_on(batch, user.username):
        raise NotFound(_("There is no such outbound list."))
    return batch


def _numbers(session: Session, batch: OutboundList) -> dict[str, Any]:
    progress = service.progress_of(session, [batch.id])[batch.id]
    closed = sum(progress.states.get(state, 0) for state in ("done", "lost", "skipped", "cancelled"))
    is_moving = batch.state in (ListState.PREPARING, ListState.RUNNING)
    return {
        "progress": progress,
        "answers": service.answers_of(session, batch),
        "closed": closed,
        "done": round(100 * closed / progress.all) if progress.all else 0,
        "poll_seconds": 2 if is_moving else 0,
    }


def _new_page(session: Session, form: dict[str, str], agents: list[str], errors: dict[str, str]) -> str:
    names = phone_usernames(session)
    shown = names_of(session, names)
    return _render(
        "new.html",
        form=form,
        errors=errors,
        segment_options=[(str(each.id), each.name) for each in segments.list_segments(session)],
        questionnaire_options=[("", _("None")), *_questionnaires(session)],
        agent_options=[(name, shown.get(name, name)) for name in names],
        chosen_agents=set(agents),
        chosen_count=len([each for each in form.get("people", "").split(",") if each]),
        list_filters={name: value for name, value in form.items() if name == "of" or name.startswith("of-")},
        retried=RETRIED,
        longest=service.LONGEST_SCRIPT,
    )


def _questionnaires(session: Session) -> list[tuple[str, str]]:
    query = (
        select(QuestionnaireVersion.id, QuestionnaireVersion.number, Questionnaire)
        .join(Questionnaire, Questionnaire.id == QuestionnaireVersion.questionnaire_id)
        .where(QuestionnaireVersion.state == "approved", Questionnaire.removed_at.is_(None))
        .order_by(Questionnaire.id)
    )
    return [(str(id), f"{_name_of(each)} · {number}") for id, number, each in session.execute(query)]


def _questionnaire_name(session: Session, batch: OutboundList) -> str:
    version = session.get(QuestionnaireVersion, batch.questionnaire_version_id or 0)
    return f"{_name_of(version.questionnaire)} · {version.number}" if version is not None else ""


def _name_of(questionnaire: Questionnaire) -> str:
    return str(questionnaire.names.get(str(get_locale())) or questionnaire.name)


def _today() -> Any:
    return parts().now().astimezone(parts().settings.timezone).date()


def _sentence(error: WardlineError) -> str:
    sentence: str = _(error.detail)
    return sentence % error.fields if "%(" in sentence else sentence


def _render(page: str, /, **values: Any) -> str:
    shown: str = render_template(
        f"outbound_lists/{page}",
        may_write=viewer().grant(Module.FOLLOWUPS).can_write and signed_in().role in OVER_AGENTS,
        **{**page_words(), **values},
    )
    return shown
