"""Texts of which nobody knows whether they left, and whose receipt has had its time: somebody decides."""

from __future__ import annotations

from flask import flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK
from app.audit.rules import Action
from app.errors import Conflict
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.messages import service as messages
from app.smsc_accounts.routes.blueprint import pages
from app.texts import N_
from app.worklist.service import WorkItem, register

_SHOWN = 100
register(
    WorkItem(
        label=N_("Texts of which nobody knows whether they left"),
        hint=N_("The SMS centre never answered and no receipt came. Send them again, or give them up."),
        icon="question-circle",
        endpoint="smsc_accounts.show_uncertain",
        roles=AT_THE_DESK,
        module=Module.MESSAGES,
        count=lambda session, _viewer, now: messages.count_uncertain(session, now),
    )
)


@pages.get("/messages/uncertain")
@allow(AT_THE_DESK)
def show_uncertain() -> str:
    now = parts().now()
    with reading() as session:
        found = messages.list_uncertain(session, now, limit=_SHOWN)
        count = messages.count_uncertain(session, now)
    may_write = viewer().grant(Module.MESSAGES).can_write
    return render_template("smsc_accounts/uncertain.html", found=found, count=count, shown=_SHOWN, may_write=may_write)


@pages.post("/messages/uncertain/<int:message_id>/give-up")
@allow(AT_THE_DESK)
def give_up(message_id: int) -> Response:
    """It is not sent again."""
    try:
        with writing() as session:
            given_up = messages.give_up_uncertain(
                session, parts().bus, message_id=message_id, agent=signed_in().username, now=parts().now()
            )
            audit(session, Action.CHANGE, patient_id=given_up.patient_id, subject=f"message:{message_id}")
    except Conflict as error:
        flash(_(error.detail), "warning")
    else:
        flash(_("Given up. It is not sent again."), "success")
    return redirect(url_for("smsc_accounts.show_uncertain"), 303)
