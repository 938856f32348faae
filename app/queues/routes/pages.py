"""Queues as supervisors keep them: the list, a new one, one with who serves it."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.accounts.service import phone_usernames
from app.audit.rules import Action
from app.errors import Conflict, InvalidInput
from app.http import allow, audit, parts, reading, writing
from app.queues import service
from app.queues.models import Queue
from app.queues.rules import MOST_PENALTY, Strategy, WhenEmpty
from app.sounds import service as sounds

pages = Blueprint("queue_pages", __name__, url_prefix="/queues/manage", template_folder="../templates")

_USUAL = {
    "service_level_seconds": "20",
    "target": "80",
    "strategy": Strategy.LEAST_RECENT.value,
    "offers_callback": "1",
    "tells_wait": "1",
    "when_empty": WhenEmpty.TELL.value,
}


@pages.get("")
@allow(OVER_AGENTS)
def list_queues() -> str:
    with reading() as session:
        rows = service.list_queues(session)
        counts = {row.name: len(service.members_of(session, row.name)) for row in rows}
    labels = {row.name: row.label for row in rows}
    return render_template("queues/list.html", rows=rows, counts=counts, labels=labels, strategies=_strategy_words())


@pages.get("/new")
@allow(OVER_AGENTS)
def show_new() -> str:
    return _form(None, _USUAL, {})


@pages.post("/new")
@allow(OVER_AGENTS)
def add_queue() -> Response | tuple[str, int]:
    try:
        with writing() as session:
            row = service.add_queue(session, request.form.get("code", "").strip(), _read_form(phone_usernames(session)))
            audit(session, Action.SETTING, subject=f"queue:{row.name}", details={"change": "created"})
    except (InvalidInput, Conflict) as error:
        return _form(None, request.form, _errors(error)), 422
    flash(_("Saved. Asterisk has it within seconds; calls go on."), "success")
    return redirect(url_for("queue_pages.list_queues"), 303)


@pages.get("/<name>")
@allow(OVER_AGENTS)
def show_queue(name: str) -> str:
    with reading() as session:
        row = service.get_queue(session, name)
        members = service.members_of(session, name)
    return _form(row, _fields_of(row, members), {})


@pages.post("/<name>")
@allow(OVER_AGENTS)
def save_queue(name: str) -> Response | tuple[str, int]:
    with reading() as session:
        row = service.get_queue(session, name)
    try:
        with writing() as session:
            row_version = request.form.get("row_version", 0, type=int)
            service.save_queue(session, name, _read_form(phone_usernames(session)), row_version=row_version)
            audit(session, Action.SETTING, subject=f"queue:{name}", details={"change": "saved"})
    except (InvalidInput, Conflict) as error:
        return _form(row, request.form, _errors(error)), 422
    flash(_("Saved. Asterisk has it within seconds; calls go on."), "success")
    return redirect(url_for("queue_pages.list_queues"), 303)


def _read_form(agents: list[str]) -> service.QueueData:
    form = request.form
    chosen = form.get("strategy", "")
    served = {name: form.get(f"member-{name}", "") for name in agents}
    return service.QueueData(
        label=form.get("label", ""),
        service_level_seconds=form.get("service_level_seconds", 0, type=int),
        service_level_target=form.get("target", 0, type=int) / 100,
        strategy=Strategy(chosen) if chosen in set(Strategy) else Strategy.LEAST_RECENT,
        wrap_up_seconds=_number(form, "wrap_up_seconds"),
        max_wait_seconds=_number(form, "max_wait_seconds"),
        overflow=form.get("overflow") or None,
        offers_callback=form.get("offers_callback") == "1",
        tells_wait=form.get("tells_wait") == "1",
        known_days=_number(form, "known_days"),
        when_empty=WhenEmpty.TELL if form.get("when_empty") == WhenEmpty.TELL else WhenEmpty.WAIT,
        music_id=_number(form, "music"),
        members={name: int(level) for name, level in served.items() if level.isdecimal()},
    )


def _number(form: Mapping[str, str], name: str) -> int | None:
    text = form.get(name, "").strip()
    return (int(text) if text.isdecimal() and len(text) < 6 else 0) if text else None


def _fields_of(row: Queue, members: Mapping[str, int]) -> dict[str, str]:
    return {
        "label": row.label,
        "service_level_seconds": str(row.service_level_seconds),
        "target": str(round(row.service_level_target * 100)),
        "strategy": row.strategy,
        "wrap_up_seconds": str(row.wrap_up_seconds or ""),
        "max_wait_seconds": str(row.max_wait_seconds or ""),
        "overflow": row.overflow or "",
        "offers_callback": "1" if row.offers_callback else "",
        "tells_wait": "1" if row.tells_wait else "",
        "known_days": str(row.known_days or ""),
        "when_empty": row.when_empty,
        "music": str(row.music_id or ""),
        "row_version": str(row.row_version),
        **{f"member-{name}": str(penalty) for name, penalty in members.items()},
    }


def _form(row: Queue | None, typed: Mapping[str, str], errors: dict[str, str]) -> str:
    with reading() as session:
        others = [
            (each.name, each.label) for each in service.list_queues(session) if row is None or each.name != row.name
        ]
        agents = phone_usernames(session)
        music = [(str(each.id), each.name) for each in sounds.ready_sounds(session)]
    levels = [(str(level), _("Level %(number)s", number=level + 1)) for level in range(MOST_PENALTY + 1)]
    return render_template(
        "queues/edit.html",
        row=row,
        typed=typed,
        errors=errors,
        strategies=list(_strategy_words().items()),
        others=[("", _("They stay in this queue")), *others],
        agents=agents,
        music=[("", _("The packaged music")), *music],
        when_empty=[
            (WhenEmpty.WAIT.value, _("They wait all the same")),
            (WhenEmpty.TELL.value, _("They are told so; they may leave a message or be called back")),
        ],
        levels=[("", _("does not serve it")), *levels],
        usual_wrap_up=int(parts().settings.wrap_up.total_seconds()),
    )


def _strategy_words() -> dict[str, str]:
    return {
        Strategy.LEAST_RECENT: _("Who has been free the longest"),
        Strategy.FEWEST_CALLS: _("Who had the fewest calls"),
        Strategy.IN_TURN: _("One after the other, in turn"),
        Strategy.RANDOM: _("Anybody"),
    }


def _errors(error: InvalidInput | Conflict) -> dict[str, str]:
    return {str(error.fields.get("field") or "label"): _(error.detail)}
