"""The front hall's own pages: the way in, the agent desk, the wallboard."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect, render_template, request
from flask_babel import gettext as _
from flask_wtf.csrf import generate_csrf
from sqlalchemy import select
from werkzeug.wrappers import Response

from app.accounts.rules import AT_THE_DESK, EVERYONE, Role
from app.accounts.service import away_since, sip_password
from app.agents.rules import DESK_ACTIONS
from app.agents.service import chosen_reasons, keys_of, reason_names
from app.calls.service import dispositions
from app.errors import NotFound
from app.http import allow, parts, reading, signed_in, viewer
from app.organisation import service as organisation
from app.patients.models import PatientPhone
from app.patients.phones import display_number
from app.web.languages import current_language

pages = Blueprint("hall", __name__)


@pages.get("/")
@allow(EVERYONE)
def home() -> Response:
    """An agent begins at the desk, where calls come in; everybody else with what waits for them."""
    return redirect("/desk" if signed_in().role is Role.AGENT else "/work")


@pages.get("/desk")
@allow(AT_THE_DESK)
def show_desk() -> str:
    dial = _phone_to_dial(request.args.get("dial", type=int)) if "dial" in request.args else None
    task_id = request.args.get("followup", type=int)
    if task_id is not None and dial is not None:
        dial["task_id"] = task_id
    return render_template("web/desk.html", config={**_desk_config(dial), "followup": task_id})


@pages.get("/wallboard")
@allow(EVERYONE)
def show_wallboard() -> str:
    return render_template(
        "web/wallboard.html", config={"locale": current_language().tag, "timezone": parts().settings.timezone.key}
    )


def _desk_config(dial: dict[str, int] | None) -> dict[str, Any]:
    """The data block of /desk, as docs/desk-protocol.md describes it."""
    user, settings = signed_in(), parts().settings
    with reading() as session:
        since = away_since(session, user.user_id, user.session_key_hash)
        departments = [
            {
                "id": each.id,
                "name": each.name,
                "number_display": display_number(each.phone) if each.phone else None,
            }
            for each in organisation.departments(session)
        ]
        listed, reasons = dispositions(session, translate=_), chosen_reasons(session, translate=_)
        names, keys = reason_names(session, translate=_), keys_of(session, user.username)
    phone = {
        "ws_url": settings.sip_ws_url,
        "uri": f"sip:{user.username}@wardline",
        "password": sip_password(settings.secret_key, user.username),
        "ice_servers": [
            {"urls": [server.url]}
            | ({"username": server.username, "credential": server.password} if server.username else {})
            for server in settings.ice_servers
        ],
    }
    return {
        "agent": {"id": user.username, "name": user.display_name},
        "locale": current_language().tag,
        "role": user.role.value,
        "csrf_token": generate_csrf(),
        "sip": phone if settings.sip_ws_url else None,
        "dispositions": _choices(listed),
        "not_ready_reasons": _choices(reasons),
        "reason_names": names,
        "usual_keys": dict(DESK_ACTIONS),
        "keys": keys,
        "timezone": settings.timezone.key,
        "sms_signature": f"【{settings.signature}】",
        "departments": departments,
        "dial": dial,
        "is_masked": viewer().is_masked,
        "away_since": since.isoformat() if since else None,
    }


def _phone_to_dial(phone_id: int | None) -> dict[str, int]:
    with reading() as session:
        patient_id = session.scalar(select(PatientPhone.patient_id).where(PatientPhone.id == phone_id))
    if phone_id is None or patient_id is None:
        raise NotFound("This number is no longer on record.")
    return {"patient_id": patient_id, "phone_id": phone_id}


def _choices(names: dict[str, str]) -> list[dict[str, str]]:
    return [{"code": code, "label": name} for code, name in names.items()]
