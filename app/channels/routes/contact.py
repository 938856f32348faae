"""The hospital's public contact page: anybody may write, nobody is signed in (P-05)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from flask import Blueprint, redirect, render_template, request, url_for
from flask import session as browser
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.channels import service
from app.channels.rules import Channel, Incoming, clean_email, dedup_key, web_reference
from app.http import PUBLIC, allow, parts
from app.messages.rules import clean_foreign_text
from app.patients.phones import parse_number
from app.patients.rules import LONGEST_NAME, clean_text

pages = Blueprint("contact", __name__, url_prefix="/contact", template_folder="../templates")

_LONGEST_TEXT = 2000
_SHORTEST_TEXT = 2
_REFERENCE = "contact_reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Form:
    """What a stranger has filled in, cut to what we take."""

    id: str
    name: str = ""
    phone: str = ""
    email: str = ""
    text: str = ""
    has_agreed: bool = False
    is_trapped: bool = False  # the field that no person sees was filled in

    @classmethod
    def of_request(cls) -> _Form:
        given = request.form
        return cls(
            id=given.get("id", "")[:36],
            name=clean_text(given.get("name", "")[:500]),
            phone=clean_text(given.get("phone", "")[:500]),
            email=clean_text(given.get("email", "")[:500]),
            text=clean_foreign_text(given.get("text", "")).strip(),
            has_agreed=given.get("agreed") == "1",
            is_trapped=bool(given.get("website", "").strip()),
        )


@pages.get("")
@allow(PUBLIC)
def show_form() -> str:
    return _page(_Form(id=str(uuid.uuid4())))


@pages.post("")
@allow(PUBLIC)
def send_message() -> Response | tuple[str, int]:
    form = _Form.of_request()
    errors = _errors(form)
    if errors:
        return _page(form, errors), 422
    if form.is_trapped:
        # A program that fills in every field sees what it expects, and nothing is kept.
        browser.pop(_REFERENCE, None)
        return redirect(url_for(".show_thanks"), 303)
    now, origin = parts().now(), request.remote_addr or ""
    # The session is nobody's: nobody is signed in, and no viewer's scope may decide whose message it is.
    with parts().database.writing() as session:
        if service.is_too_many_from(session, origin, now):
            sentence = _("Too many messages came from your network just now. Please try again later, or call us.")
            return _page(form, {"text": sentence}), 429
        incoming = _incoming(form)
        row, _is_new = service.receive(
            session, parts().bus, incoming, settings=parts().settings, now=now, origin=origin
        )
    browser[_REFERENCE] = web_reference(row.id)
    return redirect(url_for(".show_thanks"), 303)


@pages.get("/thanks")
@allow(PUBLIC)
def show_thanks() -> str:
    return render_template(
        "channels/thanks.html", reference=browser.get(_REFERENCE, ""), hospital=parts().settings.signature
    )


def _page(form: _Form, errors: dict[str, str] | None = None) -> str:
    return render_template(
        "channels/contact.html",
        form=form,
        errors=errors or {},
        hospital=parts().settings.signature,
        longest=_LONGEST_TEXT,
        longest_name=LONGEST_NAME,
    )


def _errors(form: _Form) -> dict[str, str]:
    found: dict[str, str] = {}
    if not form.name:
        found["name"] = _("Please tell us your name.")
    elif len(form.name) > LONGEST_NAME:
        found["name"] = _("This name is too long.")
    if not form.phone and not form.email:
        found["phone"] = _("Please leave a telephone number or an email address, so that we can answer.")
    if form.phone and _number(form) is None:
        found["phone"] = _("This is not a telephone number. A landline needs its area code.")
    if form.email and clean_email(form.email) is None:
        found["email"] = _("This is not an email address.")
    if len(form.text) < _SHORTEST_TEXT:
        found["text"] = _("Please write your message.")
    elif len(form.text) > _LONGEST_TEXT:
        found["text"] = _("This message is too long: %(most)s characters can be sent.", most=_LONGEST_TEXT)
    if not form.has_agreed:
        found["agreed"] = _("We can only answer if you agree to this.")
    return found


def _number(form: _Form) -> str | None:
    found = parse_number(form.phone, area_code=parts().settings.area_code, outside_prefix="")
    return found.e164 if found is not None else None


def _incoming(form: _Form) -> Incoming:
    return Incoming(
        channel=Channel.WEB,
        key=dedup_key(Channel.WEB, form.id or str(uuid.uuid4()), form.text),
        address=clean_email(form.email) or "",
        number=_number(form) if form.phone else None,
        name=form.name,
        text=form.text,
    )
