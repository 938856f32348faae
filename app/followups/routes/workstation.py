"""For the doctor's workstation in HIS (F-21): how many follow-ups wait, and a signed link that opens one."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import redirect, url_for
from itsdangerous import BadSignature, URLSafeTimedSerializer
from werkzeug.wrappers import Response

from app.accounts.rules import EVERYONE
from app.errors import NotAllowed, NotFound
from app.followups import service
from app.followups.routes.pages import pages
from app.http import allow, parts, reading, signed_in
from app.texts import N_

LINK_LIFETIME = timedelta(days=7)


def link_to(task_id: int, username: str) -> str:
    """A path that opens this follow-up for this person after signing in, for LINK_LIFETIME."""
    return url_for("followups.open_link", token=_signer().dumps([task_id, username]))


@pages.get("/open/<token>")
@allow(EVERYONE)
def open_link(token: str) -> Response:
    """Open the follow-up of a signed link, for whom it was made."""
    try:
        read: Any = _signer().loads(token, max_age=int(LINK_LIFETIME.total_seconds()))
    except BadSignature:
        raise NotFound(N_("This link is damaged or too old. Open the follow-up from your work list.")) from None
    task_id, username = int(read[0]), str(read[1])
    if username != signed_in().username:
        raise NotAllowed(N_("This link was made for somebody else."))
    with reading() as session:
        service.get_task(session, task_id)
    return redirect(url_for("followups.show_task", task_id=task_id), 303)


def _signer() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(parts().settings.secret_key, salt="followup-link")
