"""The people who work here: who they are, what they may sign in with, and what happens when they leave."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.audit.rules import Action
from app.configuration.forms import errors_of
from app.errors import Conflict, InvalidInput, NotFound
from app.http import allow, audit, parts, reading, signed_in, writing
from app.organisation import service
from app.organisation.routes.blueprint import ADMINS, pages
from app.patients.phones import display_number, parse_number
from app.settings import LOCALES
from app.texts import N_

_LANGUAGES = (("zh_Hans", "简体中文"), ("zh_Hant", "繁體中文"), ("en", "English"))
_NEW: dict[str, Any] = {"username": "", "display_name": "", "role": Role.AGENT.value, "department_id": None}


@pages.get("/admin/staff")
@allow(ADMINS)
def show_staff() -> str:
    """The list; htmx asks for it anew while somebody types."""
    arguments = request.args
    role, state = arguments.get("role", ""), arguments.get("state", "active")
    page = min(max(arguments.get("page", 1, type=int), 1), 10_000)
    wanted = service.StaffFilter(
        text=arguments.get("q", "").strip()[:100],
        role=Role(role) if role in set(Role) else None,
        department_id=arguments.get("department", type=int),
        is_active={"active": True, "left": False}.get(state),
        sort=arguments.get("sort", "name"),
    )
    with reading() as session:
        found = service.list_staff(session, wanted, page=page)
        departments = service.departments(session)
        with_code = accounts.people_with_second_factor(session)
    return render_template(
        "organisation/staff.html",
        found=found,
        wanted=wanted,
        state=state,
        page=page,
        has_more=found.total > page * service.PAGE_SIZE,
        departments=departments,
        roles=list(Role),
        with_code=with_code,
        display_number=display_number,
    )


@pages.get("/admin/staff/new")
@allow(ADMINS)
def show_new_person() -> str:
    return _show_new({}, _NEW)


@pages.post("/admin/staff/new")
@allow(ADMINS)
def add_person() -> Response | tuple[str, int]:
    form = request.form
    try:
        person = _person()
        with writing() as session:
            _check_department(session, person.department_id)
            made = accounts.create_user(
                session,
                username=form.get("username", "").strip(),
                display_name=person.display_name,
                role=person.role,
                password=form.get("password", ""),
                now=parts().now(),
                locale=person.locale,
                department_id=person.department_id,
                shortest_password=_shortest(),
            )
            accounts.change_person(session, parts().bus, made, person, parts().now())
            _audit_account(session, made.id, {"change": "created", "role": person.role.value})
    except (InvalidInput, Conflict, NotFound) as error:
        return _show_new(errors_of(error), form), 422
    flash(_("The account is there. Its phone works within some seconds."), "success")
    return redirect(url_for("organisation.show_person", user_id=made.id))


@pages.get("/admin/staff/<int:user_id>")
@allow(ADMINS)
def show_person(user_id: int) -> str:
    return _show_person(user_id, {})


@pages.post("/admin/staff/<int:user_id>")
@allow(ADMINS)
def save_person(user_id: int) -> Response | tuple[str, int]:
    """Change an account. A new role ends every sign-in of it, so that nothing goes on with the old rights."""
    try:
        person = _person()
        with writing() as session:
            user = service.get_person(session, user_id)
            _check_department(session, person.department_id)
            is_new_role = accounts.change_person(session, parts().bus, user, person, parts().now())
            _audit_account(session, user_id, {"change": "saved"} | ({"role": person.role.value} if is_new_role else {}))
    except (InvalidInput, Conflict) as error:
        return _show_person(user_id, errors_of(error)), 422
    flash(_("Saved. Sign-ins with the old role have ended.") if is_new_role else _("Saved."), "success")
    return redirect(url_for("organisation.show_person", user_id=user_id))


@pages.post("/admin/staff/<int:user_id>/password")
@allow(ADMINS)
def set_person_password(user_id: int) -> Response | tuple[str, int]:
    """Give somebody a new password; every sign-in with the old one ends."""
    try:
        with writing() as session:
            user = service.get_person(session, user_id)
            accounts.set_password(
                session, parts().bus, user, request.form.get("password", ""), parts().now(), shortest=_shortest()
            )
            _audit_account(session, user_id, {"change": "password"})
    except InvalidInput as error:
        return _show_person(user_id, errors_of(error)), 422
    flash(_("The password is set. Every sign-in with the old one has ended."), "success")
    return redirect(url_for("organisation.show_person", user_id=user_id))


@pages.post("/admin/staff/<int:user_id>/second-factor/remove")
@allow(ADMINS)
def remove_person_second_factor(user_id: int) -> Response:
    """The telephone is lost: this person signs in with the password alone, and every sign-in ends."""
    with writing() as session:
        service.get_person(session, user_id)
        accounts.remove_second_factor(session, user_id)
        accounts.end_access(session, parts().bus, user_id, parts().now())
        _audit_account(session, user_id, {"second_factor": "removed"})
    flash(_("The second factor is removed."), "success")
    return redirect(url_for("organisation.show_person", user_id=user_id))


@pages.post("/admin/staff/<int:user_id>/sign-out")
@allow(ADMINS)
def sign_person_out(user_id: int) -> Response:
    """End every sign-in and token of somebody."""
    with writing() as session:
        service.get_person(session, user_id)
        accounts.end_access(session, parts().bus, user_id, parts().now())
        _audit_account(session, user_id, {"change": "signed_out"})
    flash(_("Every sign-in and token of this account has ended."), "success")
    return redirect(url_for("organisation.show_person", user_id=user_id))


@pages.post("/admin/staff/<int:user_id>/leave")
@allow(ADMINS)
def let_person_leave(user_id: int) -> Response | tuple[str, int]:
    """Somebody leaves: access ends at once, history stays, open work goes to a colleague or a department."""
    try:
        with writing() as session:
            user = service.get_person(session, user_id)
            if user.username == signed_in().username:
                raise Conflict(N_("Let another administrator do this."), field="receiver")
            work = sum(service.open_work(session, user.username).values())
            moved = service.hand_over(session, user.username, _receiver(), parts().now()) if work else {}
            accounts.leave(session, parts().bus, user, parts().now())
            _audit_account(session, user_id, {"change": "left", "handed_over": moved})
    except (InvalidInput, Conflict) as error:
        return _show_person(user_id, errors_of(error)), 422
    except NotFound as error:
        return _show_person(user_id, {"receiver": _(error.detail)}), 422
    flash(_("Access has ended. What was open is handed over."), "success")
    return redirect(url_for("organisation.show_person", user_id=user_id))


@pages.post("/admin/staff/<int:user_id>/return")
@allow(ADMINS)
def let_person_return(user_id: int) -> Response:
    """Somebody works here again."""
    with writing() as session:
        accounts.come_back(session, parts().bus, service.get_person(session, user_id), parts().now())
        _audit_account(session, user_id, {"change": "returned"})
    flash(_("This account may sign in again."), "success")
    return redirect(url_for("organisation.show_person", user_id=user_id))


def _show_new(errors: dict[str, str], typed: Any) -> str:
    with reading() as session:
        departments = service.departments(session)
    return render_template("organisation/new_person.html", errors=errors, typed=typed, **_choices(departments))


def _show_person(user_id: int, errors: dict[str, str]) -> str:
    now = parts().now()
    with reading() as session:
        user = service.get_person(session, user_id)
        departments = service.departments(session)
        work = [(_(kind.title), count) for kind, count in service.open_work(session, user.username).items()]
        sessions = len(accounts.sessions_of(session, user_id, now))
        has_code = accounts.has_second_factor(session, user_id)
        colleagues = [each for each in service.colleagues(session) if each.username != user.username]
    return render_template(
        "organisation/person.html",
        user=user,
        work=work,
        sessions=sessions,
        has_code=has_code,
        colleagues=colleagues,
        errors=errors,
        mobile=display_number(user.mobile) if user.mobile else "",
        **_choices(departments),
    )


def _choices(departments: Any) -> dict[str, Any]:
    return {
        "departments": [("", _("None")), *((str(each.id), each.name) for each in departments)],
        "roles": list(Role),
        "locales": [
            ("", _("As the browser asks")),
            ("zh_Hans", "简体中文"),
            ("zh_Hant", "繁體中文"),
            ("en", "English"),
        ],
        "shortest": _shortest(),
    }


def _person() -> accounts.Person:
    form = request.form
    role, locale = form.get("role", ""), form.get("locale", "")
    if role not in set(Role):
        raise InvalidInput(N_("Choose one of the list."), field="role")
    return accounts.Person(
        display_name=form.get("display_name", ""),
        role=Role(role),
        department_id=form.get("department_id", type=int),
        extension=form.get("extension", "").strip(),
        mobile=_mobile(form.get("mobile", "").strip()),
        locale=locale if locale in LOCALES else None,
    )


def _mobile(text: str) -> str | None:
    if not text:
        return None
    settings = parts().settings
    number = parse_number(text, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if number is None or number.kind != "mobile":
        raise InvalidInput(N_("This is no mobile number."), field="mobile")
    return number.e164


def _receiver() -> service.Receiver:
    kind, _sign, name = request.form.get("receiver", "").partition(":")
    if kind == "department" and name.isdecimal() and len(name) < 10:
        return service.Receiver(department_id=int(name))
    return service.Receiver(username=name if kind == "user" and name else None)


def _check_department(session: Session, department_id: int | None) -> None:
    if department_id is not None:
        service.get_department(session, department_id)


def _shortest() -> int:
    return accounts.shortest_password(is_demo=parts().settings.demo)


def _audit_account(session: Session, user_id: int, details: dict[str, Any]) -> None:
    audit(session, Action.ACCOUNT, subject=f"account:{user_id}", details=details)
