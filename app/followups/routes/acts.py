"""What is done with a follow-up: taken, given back, typed into, closed, left out, given to somebody."""

from __future__ import annotations

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput, Refused
from app.followups import service
from app.followups.routes.pages import WORKERS, pages, read_day, read_moment, render_panel
from app.followups.rules import Attitude, TaskMode, TaskResult, TreatmentEffect
from app.followups.service import AdHocData, ResultData
from app.http import allow, parts, reading, signed_in, writing
from app.texts import N_

_TYPED = ("result", "effect", "attitude", "recovery", "opinion", "suggestion", "wish", "again_on", "again_at")
_LONGEST_DRAFT = 2_000
_MOST_AT_ONCE = 200


@pages.post("/<int:task_id>/claim")
@allow(WORKERS)
def claim_task(task_id: int) -> Response | str | tuple[str, int]:
    """Take it in hand; `then` says where to go with it: to the desk to dial, or to its page."""
    with writing() as session:
        service.get_task(session, task_id)
        is_mine = service.claim(session, parts().bus, task_id, by=signed_in().username, now=parts().now())
        phone_id = request.form.get("phone", type=int) or service.number_to_try(session, task_id)
    if not is_mine:
        flash(_("Somebody else has this follow-up in hand, or it is closed."), "warning")
    if _is_fragment():
        return _panel(task_id)
    if is_mine and request.form.get("then") == "desk":
        return redirect(url_for("hall.show_desk", followup=task_id, dial=phone_id), 303)
    return redirect(url_for(".show_task", task_id=task_id) if is_mine else url_for(".show_today"), 303)


@pages.post("/<int:task_id>/release")
@allow(WORKERS)
def release_task(task_id: int) -> Response | str | tuple[str, int]:
    """Give it back to whoever comes next."""
    with writing() as session:
        service.release(session, parts().bus, task_id, by=signed_in().username, now=parts().now())
    if _is_fragment():
        return _panel(task_id)
    return redirect(url_for(".show_today"), 303)


@pages.post("/<int:task_id>/draft")
@allow(WORKERS)
def keep_draft(task_id: int) -> tuple[str, int]:
    """Keep what was typed so far: a reload, a crash or a lost connection loses nothing."""
    draft = {name: request.form[name][:_LONGEST_DRAFT] for name in _TYPED if request.form.get(name)}
    with writing() as session:
        kept = service.keep_draft(session, task_id, draft, by=signed_in().username, now=parts().now())
    if not kept:
        return _("This follow-up is not in your hands any more. Take it again to go on."), 409
    return _("Kept"), 200


@pages.post("/<int:task_id>/result")
@allow(WORKERS)
def save_result(task_id: int) -> Response | str | tuple[str, int]:
    """Say what came of it; everything else that follows is done with it."""
    try:
        data = _result_data()
        with writing() as session:
            service.apply_result(
                session, parts().bus, parts().settings, task_id, data, by=signed_in().username, now=parts().now()
            )
    except (InvalidInput, Conflict) as error:
        return _panel(task_id, errors_of(error)), 422
    if _is_fragment():
        return _panel(task_id)
    flash(_("Saved."), "success")
    return redirect(url_for(".show_today"), 303)


@pages.post("/<int:task_id>/skip")
@allow(WORKERS)
def skip_task(task_id: int) -> Response | str | tuple[str, int]:
    """Leave it out, with the reason."""
    try:
        with writing() as session:
            reason = request.form.get("reason", "")
            service.skip_task(session, parts().bus, task_id, reason=reason, by=signed_in().username, now=parts().now())
    except (InvalidInput, Conflict) as error:
        return _panel(task_id, errors_of(error)), 422
    if _is_fragment():
        return _panel(task_id)
    flash(_("Left out."), "success")
    return redirect(url_for(".show_task", task_id=task_id), 303)


@pages.post("/<int:task_id>/undo")
@allow(WORKERS)
def undo_skip(task_id: int) -> Response | str | tuple[str, int]:
    """Bring back what was left out."""
    try:
        with writing() as session:
            service.undo_skip(session, parts().bus, task_id, by=signed_in().username, now=parts().now())
    except Conflict as error:
        return _panel(task_id, errors_of(error)), 409
    if _is_fragment():
        return _panel(task_id)
    return redirect(url_for(".show_task", task_id=task_id), 303)


@pages.post("/assign")
@allow(OVER_AGENTS)
def assign_tasks() -> Response:
    """Give the ticked tasks to a colleague, or back to the pool."""
    ids = [int(each) for each in request.form.getlist("ids") if each.isdecimal() and len(each) < 10][:_MOST_AT_ONCE]
    to = request.form.get("to") or None
    with writing() as session:
        count = service.assign(session, parts().bus, ids, to=to, by=signed_in().username, now=parts().now())
    flash(ngettext("%(num)s follow-up given.", "%(num)s follow-ups given.", count), "success" if count else "warning")
    back = request.form.get("back", "")
    return redirect(back if _is_ours(back) else url_for(".show_today"), 303)


@pages.post("/new")
@allow(WORKERS)
def add_task() -> Response:
    """A follow-up on its own, from the patient's page (F-12)."""
    form = request.form
    patient_id = form.get("patient_id", 0, type=int)
    try:
        due_at = read_moment(form.get("on", ""), form.get("at", ""))
        if due_at is None or read_day(form.get("on", "")) is None:
            raise InvalidInput(N_("Choose the day."), field="on")
        if form.get("mode") not in (TaskMode.PHONE, TaskMode.SMS, TaskMode.VISIT, TaskMode.OTHER):
            raise InvalidInput(N_("Choose one of the list."), field="mode")
        data = AdHocData(
            patient_id=patient_id,
            due_at=due_at,
            mode=TaskMode(form["mode"]),
            title=form.get("title", ""),
            text=form.get("text", ""),
            assignee=signed_in().username if form.get("mine") else None,
        )
        with writing() as session:
            service.add_ad_hoc(session, parts().bus, parts().settings, data, by=signed_in().username, now=parts().now())
    except (InvalidInput, Refused) as error:
        flash(" ".join(errors_of(error).values()), "danger")
    else:
        flash(_("The follow-up is planned."), "success")
    return redirect(f"/patients/{patient_id}#sec-followups", 303)


def _result_data() -> ResultData:
    form = request.form
    try:
        result = TaskResult(form.get("result", ""))
    except ValueError:
        raise InvalidInput(N_("Choose what came of it."), field="result") from None
    return ResultData(
        result=result,
        effect=TreatmentEffect(form["effect"]) if form.get("effect") in set(TreatmentEffect) else None,
        attitude=Attitude(form["attitude"]) if form.get("attitude") in set(Attitude) else None,
        recovery=form.get("recovery", ""),
        opinion=form.get("opinion", ""),
        suggestion=form.get("suggestion", ""),
        wish=form.get("wish", ""),
        call_again_at=read_moment(form.get("again_on", ""), form.get("again_at", "")),
    )


def _panel(task_id: int, errors: dict[str, str] | None = None) -> str:
    with reading() as session:
        return render_panel(session, task_id, errors)


def _is_fragment() -> bool:
    return request.headers.get("HX-Request") == "true"


def _is_ours(address: str) -> bool:
    return address.startswith("/followups") and "//" not in address
