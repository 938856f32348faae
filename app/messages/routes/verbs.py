"""What is done with messages that are there: forward, and for one or many: send again, delete, take off the list."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from werkzeug.wrappers import Response

from app.accounts.rules import AT_THE_DESK, Role
from app.errors import NotFound, WardlineError
from app.http import allow, parts, reading, signed_in, writing
from app.messages import service
from app.messages.routes.pages import form_id, pages, render, sentence
from app.messages.service import Box, Done
from app.messages.service.verbs import MOST_AT_ONCE

_LONGEST_FIELD = 5000
_REASONS_SHOWN = 5


@pages.get("/<int:message_id>/forward")
@allow(AT_THE_DESK)
def show_forward_form(message_id: int) -> str:
    with reading() as session:
        message = service.get_message(session, message_id)
    text = message.text.removeprefix(f"【{parts().settings.signature}】")
    return render("messages/forward.html", message=message, to="", text=text, errors={}, id=str(uuid.uuid4()))


@pages.post("/<int:message_id>/forward")
@allow(AT_THE_DESK)
def forward(message_id: int) -> Response | tuple[str, int]:
    to, text = (request.form.get(name, "")[:_LONGEST_FIELD] for name in ("to", "text"))
    try:
        with writing() as session:
            done = service.forward(
                session,
                parts().bus,
                settings=parts().settings,
                message_id=message_id,
                to=service.split_numbers(to),
                text=text,
                agent=signed_in().username,
                now=parts().now(),
                dedup_key=f"forward:{form_id()}",
            )
    except NotFound:
        raise
    except WardlineError as error:
        return _forward_again(message_id, to, text, {str(error.fields.get("field", "to")): sentence(error)})
    refused = [each for each in done if each.message is None]
    sent = len(done) - len(refused)
    if sent:
        flash(ngettext("Forwarded to one number.", "Forwarded to %(num)s numbers.", sent), "success")
    if not refused:
        return redirect(url_for(".show_thread", message_id=message_id), 303)
    # What was sent is not sent again: the form keeps its id, and only the refused numbers stay in it.
    return _forward_again(
        message_id,
        "\n".join(each.name for each in refused),
        text,
        {"to": " ".join(f"{each.name}: {_why(each)}" for each in refused[:_REASONS_SHOWN])},
        id=str(uuid.uuid4()),
    )


@pages.post("/bulk")
@allow(AT_THE_DESK)
def change_many() -> Response:
    """Do one thing with every message that was ticked, and say what could not be done and why."""
    ids = [each for each in request.form.getlist("ids", type=int) if 0 < each < 2**31]
    action, box = request.form.get("action", ""), request.form.get("box", "")
    box = box if box in set(Box) else Box.INBOX.value
    if not ids:
        flash(_("Tick the messages first."), "danger")
        return redirect(url_for(".show_box", box=box), 303)
    try:
        done = _act(action, ids[: MOST_AT_ONCE + 1])
    except NotFound:
        raise
    except WardlineError as error:
        flash(sentence(error), "danger")
        return redirect(url_for(".show_box", box=box), 303)
    changed = [each.message.id for each in done if each.message is not None]
    _tell(action, done)
    undo = ".".join(str(each) for each in changed) if action == "delete" else ""
    return redirect(url_for(".show_box", box=box, undo=undo or None), 303)


def _act(action: str, ids: Sequence[int]) -> list[Done]:
    user, now, bus = signed_in(), parts().now(), parts().bus
    with writing() as session:
        if action == "resend":
            return service.resend_many(session, bus, settings=parts().settings, ids=ids, agent=user.username, now=now)
        if action == "delete":
            return service.delete(session, bus, ids=ids, agent=user.username, now=now)
        if action == "restore":
            is_admin = user.role is Role.ADMIN
            return service.restore(session, bus, ids=ids, agent=user.username, is_admin=is_admin, now=now)
        if action == "handle":
            return service.handle_many(session, bus, ids=ids, agent=user.username, now=now)
    raise NotFound("There is no such action.")


def _tell(action: str, done: Sequence[Done]) -> None:
    count = sum(each.message is not None for each in done)
    if count:
        sentences = {
            "resend": ngettext("One message is on its way again.", "%(num)s messages are on their way again.", count),
            "delete": ngettext("One message was deleted.", "%(num)s messages were deleted.", count),
            "restore": ngettext("One message is back.", "%(num)s messages are back.", count),
            "handle": ngettext("One message is off the list.", "%(num)s messages are off the list.", count),
        }
        flash(sentences[action], "success")
    refused = [each for each in done if each.message is None]
    if refused:
        reasons = list(dict.fromkeys(_why(each) for each in refused))[:_REASONS_SHOWN]
        left = ngettext("One message was left as it is:", "%(num)s messages were left as they are:", len(refused))
        flash(" ".join([left, *reasons]), "danger")


def _forward_again(
    message_id: int, to: str, text: str, errors: dict[str, str], id: str | None = None
) -> tuple[str, int]:
    with reading() as session:
        message = service.get_message(session, message_id)
    page = render("messages/forward.html", message=message, to=to, text=text, errors=errors, id=id or form_id())
    return page, 422


def _why(done: Done) -> str:
    shown = str(_(done.detail))
    return shown % (done.values or {}) if "%(" in shown else shown
