"""What colleagues ask of a department: raised by anybody, taken and answered by one of its members."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.accounts.models import User
from app.accounts.rules import EVERYONE
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.http import allow, parts, reading, signed_in, viewer, writing
from app.organisation import service
from app.organisation.routes.blueprint import pages
from app.organisation.rules import REQUEST_STATE_TITLES, RequestState

_VIEWS = ("mine", "asked", "all")


@pages.get("/requests")
@allow(EVERYONE)
def show_requests() -> str:
    """Those to one's own department, those that one asked, or all; htmx asks for the further rows only."""
    return _show_list({})


@pages.post("/requests")
@allow(EVERYONE)
def raise_request() -> Response | tuple[str, int]:
    form = request.form
    try:
        with writing() as session:
            made = service.raise_request(
                session,
                title=form.get("title", ""),
                text=form.get("text", ""),
                department_id=form.get("department_id", 0, type=int),
                by=signed_in().username,
                now=parts().now(),
            )
    except (InvalidInput, NotFound) as error:
        return _show_list({"department_id": _(error.detail)} if isinstance(error, NotFound) else errors_of(error)), 422
    flash(_("Your request is there. Any member of the department may take it."), "success")
    return redirect(url_for("organisation.show_request", request_id=made.id))


@pages.get("/requests/<int:request_id>")
@allow(EVERYONE)
def show_request(request_id: int) -> str:
    return _show_one(request_id, {})


@pages.post("/requests/<int:request_id>/take")
@allow(EVERYONE)
def take_request(request_id: int) -> Response | tuple[str, int]:
    """Whoever is first has it."""
    try:
        with writing() as session:
            me = session.get_one(User, signed_in().user_id)
            service.take_request(session, request_id, by=me, now=parts().now())
    except (Conflict, NotAllowed) as error:
        return _show_one(request_id, errors_of(error)), 409
    flash(_("The request is yours."), "success")
    return redirect(url_for("organisation.show_request", request_id=request_id))


@pages.post("/requests/<int:request_id>/answer")
@allow(EVERYONE)
def answer_request(request_id: int) -> Response | tuple[str, int]:
    try:
        with writing() as session:
            service.answer_request(
                session, request_id, request.form.get("answer", ""), by=signed_in().username, now=parts().now()
            )
    except (InvalidInput, Conflict) as error:
        return _show_one(request_id, errors_of(error)), 422
    flash(_("Answered."), "success")
    return redirect(url_for("organisation.show_request", request_id=request_id))


def _show_list(errors: dict[str, str]) -> str:
    arguments, me = request.args, viewer()
    view = arguments.get("view") if arguments.get("view") in _VIEWS else _VIEWS[0]
    state = arguments.get("state", "")
    wanted = service.RequestFilter(
        state=RequestState(state) if state in set(RequestState) else None,
        department_id=(me.department or 0) if view == "mine" else None,
        asked_by=me.username if view == "asked" else None,
    )
    with reading() as session:
        found = service.list_requests(session, wanted, cursor=arguments.get("cursor"))
        departments = service.departments(session)
    return render_template(
        "organisation/_request_rows.html" if arguments.get("cursor") else "organisation/requests.html",
        found=found,
        view=view,
        state=state,
        departments=[(str(each.id), each.name) for each in departments],
        state_titles=_state_titles(),
        errors=errors,
        typed=request.form,
    )


def _show_one(request_id: int, errors: dict[str, str]) -> str:
    with reading() as session:
        found = service.get_request(session, request_id)
    asked, me = found.request, viewer()
    return render_template(
        "organisation/request.html",
        found=found,
        asked=asked,
        may_take=asked.state == RequestState.OPEN and asked.department_id == me.department,
        may_answer=asked.state == RequestState.TAKEN and asked.taken_by == me.username,
        state_titles=_state_titles(),
        errors=errors,
    )


def _state_titles() -> dict[str, str]:
    return {state.value: _(title) for state, title in REQUEST_STATE_TITLES.items()}
