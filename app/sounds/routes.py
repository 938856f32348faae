"""Recordings and music for callers: uploading, listening."""

from __future__ import annotations

import io

from flask import Blueprint, Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.errors import InvalidInput
from app.http import allow, audit, parts, reading, signed_in, takes_up_to, writing
from app.sounds import service
from app.sounds.rules import FAULT_TEXT, MOST_BYTES, STATE_TEXT, SoundState

pages = Blueprint("sounds", __name__, template_folder="templates", url_prefix="/sounds")

# The rest of the form beside the file.
_LARGEST_FORM = MOST_BYTES + 64 * 1024


@pages.get("")
@allow(OVER_AGENTS)
def show_sounds() -> str:
    """Every uploaded sound, the newest first; the rows alone for a page that waits for a conversion."""
    template = "sounds/_rows.html" if request.headers.get("HX-Request") else "sounds/list.html"
    return _page(template, {})


@pages.post("")
@allow(OVER_AGENTS)
@takes_up_to(_LARGEST_FORM)
def upload_sound() -> BaseResponse | tuple[str, int]:
    """Keep a file; it is converted within seconds."""
    sent = request.files.get("file")
    data = b""
    if sent is not None:
        # A large one lies in a file of its own until it is closed.
        with sent.stream:
            data = sent.stream.read(MOST_BYTES + 1)
    try:
        with writing() as session:
            row = service.upload(
                session,
                data,
                name=request.form.get("name", "")[:500],
                file_name=((sent and sent.filename) or "")[-500:],
                by=signed_in().username,
                now=parts().now(),
            )
            audit(session, Action.CREATE, subject=f"sound:{row.id}")
    except InvalidInput as error:
        return _page("sounds/list.html", {"file": _(error.detail)}), 422
    flash(_("Uploaded. It can be heard here as soon as it is converted."), "success")
    return redirect(url_for("sounds.show_sounds"), 303)


@pages.get("/<int:sound_id>/audio")
@allow(OVER_AGENTS)
def play_sound(sound_id: int) -> Response:
    """What callers hear, as a WAV; parts of it by Range."""
    with reading() as session:
        data = service.audio(session, sound_id)
    return send_file(io.BytesIO(data), mimetype="audio/wav", conditional=True, max_age=3600)


def _page(template: str, errors: dict[str, str]) -> str:
    with reading() as session:
        rows = service.list_sounds(session)
    return render_template(
        template,
        rows=rows,
        errors=errors,
        is_waiting=any(row.state == SoundState.WAITING for row in rows),
        states={state.value: _(text) for state, text in STATE_TEXT.items()},
        faults={fault.value: _(text) for fault, text in FAULT_TEXT.items()},
        colours={"waiting": "neutral", "ready": "good", "broken": "bad"},
    )
