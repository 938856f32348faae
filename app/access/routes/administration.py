"""Roles and scopes in /admin: what each role may, exceptions for single users, and what somebody then sees."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.access import service as access
from app.access.rules import Grant, GrantChange, Mask, Module, Reach
from app.access.service import administration
from app.accounts.rules import Role
from app.audit.rules import Action
from app.configuration.menu import AdminLink, add_links
from app.errors import InvalidInput, NotFound
from app.http import allow, audit, parts, reading, writing
from app.organisation.service import get_person
from app.texts import N_

_ADMINS = frozenset({Role.ADMIN})
pages = Blueprint("access_administration", __name__, template_folder="../templates", url_prefix="/admin/access")
add_links(AdminLink(path="/admin/access", title=N_("Roles and scopes"), icon="key", place=30))

_MODULES: Mapping[Module, str] = {
    Module.CONTACT: N_("Contact data"),
    Module.CLINICAL: N_("Clinical data"),
    Module.CALLS: N_("Calls"),
    Module.MESSAGES: N_("Messages"),
    Module.RECORDINGS: N_("Recordings"),
    Module.QUALITY: N_("Evaluations of calls"),
    Module.FOLLOWUPS: N_("Follow-ups"),
    Module.REPORTS: N_("Reports"),
    Module.EXPORT: N_("Exports"),
    Module.DOWNLOAD: N_("Taking recordings away"),
}
_REACHES: Mapping[Reach, str] = {
    Reach.ALL: N_("Everybody's"),
    Reach.DEPARTMENT: N_("The department's"),
    Reach.OWN: N_("One's own"),
}
_MASKS: Mapping[Mask, str] = {Mask.CLEAR: N_("In full"), Mask.MASKED: N_("Middle hidden")}
_SWITCHES = ("can_view", "can_write", "with_sub_departments")


@pages.get("")
@allow(_ADMINS)
def show_roles() -> Response:
    return redirect(url_for("access_administration.show_role", role=Role.AGENT.value))


@pages.get("/roles/<role>")
@allow(_ADMINS)
def show_role(role: str) -> str:
    return _show_role(_role(role), {})


@pages.post("/roles/<role>")
@allow(_ADMINS)
def save_role(role: str) -> Response | tuple[str, int]:
    """Set what a role may; it holds from the next request of everybody in this role."""
    each, now = _role(role), parts().now()
    try:
        with writing() as session:
            changed = [
                module.value
                for module in Module
                if administration.set_role_grant(session, parts().bus, each, module, _grant(module), now=now)
            ]
            if changed:
                audit(session, Action.GRANT, subject=f"role:{role}", details={"modules": changed})
    except InvalidInput as error:
        return _show_role(each, {"form": _(error.detail)}), 422
    flash(_("Saved. It holds from the next click of everybody in this role."), "success")
    return redirect(url_for("access_administration.show_role", role=role))


@pages.get("/users/<int:user_id>")
@allow(_ADMINS)
def show_user_grants(user_id: int) -> str:
    return _show_user(user_id, {})


@pages.post("/users/<int:user_id>")
@allow(_ADMINS)
def save_user_grants(user_id: int) -> Response | tuple[str, int]:
    """Set the exceptions for one user."""
    now = parts().now()
    try:
        with writing() as session:
            user = get_person(session, user_id)
            changed = [
                module.value
                for module in Module
                if administration.set_user_exception(session, parts().bus, user, module, _change(module), now=now)
            ]
            if changed:
                audit(session, Action.GRANT, subject=f"account:{user_id}", details={"modules": changed})
    except InvalidInput as error:
        return _show_user(user_id, {"form": _(error.detail)}), 422
    flash(_("Saved. It holds from the next click of this person."), "success")
    return redirect(url_for("access_administration.show_user_grants", user_id=user_id))


def _show_role(role: Role, errors: dict[str, str]) -> str:
    with reading() as session:
        grants = administration.role_grants(session, role)
    return render_template(
        "access/role.html",
        role=role,
        roles=list(Role),
        rows=[(module, _(title), grants[module]) for module, title in _MODULES.items()],
        words=[(_(title), _words(module, grants[module])) for module, title in _MODULES.items()],
        errors=errors,
        **_choices(),
    )


def _show_user(user_id: int, errors: dict[str, str]) -> str:
    with reading() as session:
        user = get_person(session, user_id)
        exceptions = administration.user_exceptions(session, user_id)
        grants = access.grants_of(session, user)
    return render_template(
        "access/user.html",
        user=user,
        rows=[(module, _(title), exceptions.get(module, GrantChange())) for module, title in _MODULES.items()],
        words=[(_(title), _words(module, grants[module])) for module, title in _MODULES.items()],
        seen=[(_(seen.title), seen.count) for seen in _seen_by(user.username)] if "count" in request.args else [],
        errors=errors,
        **_choices(),
    )


def _seen_by(username: str) -> list[administration.Seen]:
    now, settings = parts().now(), parts().settings
    # Not the session of whoever asks: this one is cut to what the other person sees, and counts only.
    with parts().database.reading() as session:
        access.bind(session, access.viewer_for(session, username, now), now=now, zone=settings.timezone)
        return administration.what_is_seen(session)


def _choices() -> dict[str, Any]:
    return {
        "reaches": [(reach.value, _(title)) for reach, title in _REACHES.items()],
        "masks": [(mask.value, _(title)) for mask, title in _MASKS.items()],
    }


def _words(module: Module, grant: Grant) -> list[str]:
    """What a grant means, in whole sentences."""
    if not grant.can_view:
        return [_("Sees nothing here.")]
    reaches = {
        Reach.ALL: _("Sees everybody's records."),
        Reach.DEPARTMENT: _("Sees the records of the own department and of those below it.")
        if grant.with_sub_departments
        else _("Sees the records of the own department only."),
        Reach.OWN: _("Sees only what this person made, owns or was given."),
    }
    found = [reaches[grant.reach]]
    if grant.days:
        found.append(ngettext("Sees the last %(num)s day only.", "Sees the last %(num)s days only.", grant.days))
    found.append(_("May change what is seen.") if grant.can_write else _("May read and change nothing."))
    if grant.mask is Mask.MASKED:
        found.append(_("Numbers have their middle hidden until they are revealed with a reason."))
    if module is Module.EXPORT and grant.row_limit is not None:
        found.append(_("An export has at most %(rows)s rows.", rows=grant.row_limit))
    return found


def _grant(module: Module) -> Grant:
    change = _change(module)
    # A form of a role says everything; what a damaged one leaves out is not granted.
    return Grant(
        can_view=change.can_view or False,
        can_write=change.can_write or False,
        reach=change.reach or Reach.OWN,
        with_sub_departments=change.with_sub_departments or False,
        days=change.days or None,
        mask=change.mask or Mask.MASKED,
        row_limit=change.row_limit,
    )


def _change(module: Module) -> GrantChange:
    typed = {name: request.form.get(f"{module.value}-{name}", "") for name in GrantChange.__slots__}
    switches = {name: {"1": True, "0": False}.get(typed[name]) for name in _SWITCHES}
    return GrantChange(
        reach=Reach(typed["reach"]) if typed["reach"] in set(Reach) else None,
        mask=Mask(typed["mask"]) if typed["mask"] in set(Mask) else None,
        days=_number(typed["days"]),
        row_limit=_number(typed["row_limit"]),
        **switches,
    )


def _number(text: str) -> int | None:
    text = text.strip()
    if not text:
        return None
    if not text.isascii() or not text.isdecimal() or len(text) > 9:
        raise InvalidInput(N_("Write a whole number, or nothing for no limit."))
    return int(text)


def _role(name: str) -> Role:
    if name not in set(Role):
        raise NotFound(_("There is no such role."))
    return Role(name)
