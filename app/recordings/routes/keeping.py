"""How long recordings are kept: the classes, the holds, the manifests, and what is taken out as evidence."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import IO

import structlog
from flask import Response, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS, WITH_RECORDINGS, Role
from app.audit.rules import Action
from app.calls.models import Call
from app.errors import Conflict, InvalidInput, NotAllowed, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.recordings import service
from app.recordings.routes.audio import need_audio
from app.recordings.routes.blueprint import pages
from app.recordings.routes.pages import MAY_CHECK
from app.recordings.rules import FAULT_TEXT, KEEPING_TEXT, KeepingClass
from app.texts import N_
from recordings import evidence
from recordings.sealed import KeyUnknownError, SealBrokenError
from recordings.stores import StoreAwayError

log = structlog.get_logger()

_MANIFESTS_SHOWN = 60
_IN_MEMORY_BYTES = 8 * 1024 * 1024


@pages.get("/keeping")
@allow(OVER_AGENTS)
def show_keeping() -> str:
    """Each class with its years and what is past them; the newest manifests, those with a fault first."""
    with reading() as session:
        classes = service.overview(session, parts().now())
        manifests = service.list_manifests(session, _MANIFESTS_SHOWN)
    return render_template(
        "recordings/keeping.html",
        classes=classes,
        manifests=manifests,
        class_words={each: _(text) for each, text in KEEPING_TEXT.items()},
        fault_words={each.value: _(text) for each, text in FAULT_TEXT.items()},
        may_order=signed_in().role is Role.ADMIN,
        most=service.MOST_AT_ONCE,
        grace_hours=round(service.GRACE.total_seconds() / 3600),
    )


@pages.post("/keeping/<name>/remove")
@allow({Role.ADMIN})
def order_removal(name: str) -> BaseResponse:
    """Have what is past its time removed. The number that the page showed is sent along, and must still hold."""
    keeping_class = _class_of(name)

    def order(session: Session) -> str:
        expected = request.form.get("expected", 0, type=int)
        found = service.order_deletion(session, keeping_class, by=signed_in().username, now=parts().now())
        if found != expected:
            raise Conflict(N_("Meanwhile it would be other recordings. Look at the number again."))
        audit(session, Action.CHANGE, subject=f"keeping:{name}", details={"ordered": found})
        return str(_("%(count)s recordings will be removed tomorrow. Until then you can take it back.", count=found))

    return _act(order, url_for(".show_keeping"))


@pages.post("/keeping/<name>/take-back")
@allow({Role.ADMIN})
def take_back_removal(name: str) -> BaseResponse:
    keeping_class = _class_of(name)

    def take_back(session: Session) -> str:
        found = service.take_back_deletion(session, keeping_class)
        audit(session, Action.CHANGE, subject=f"keeping:{name}", details={"taken_back": found})
        return str(_("%(count)s recordings stay.", count=found))

    return _act(take_back, url_for(".show_keeping"))


@pages.post("/<recording_id>/hold")
@allow(MAY_CHECK)
def hold_recording(recording_id: str) -> BaseResponse:
    def hold(session: Session) -> str:
        subject = request.form.get("subject", "")
        found = service.get(session, recording_id)
        service.hold(session, parts().bus, [found.id], subject=subject, by=signed_in().username, now=parts().now())
        audit(session, Action.CHANGE, subject=f"recording:{recording_id}", reason=subject, details={"state": "held"})
        return str(_("This recording is held: nothing removes it until it is released."))

    return _act(hold, url_for(".show_recording", recording_id=recording_id))


@pages.post("/<recording_id>/holds/<int:hold_id>/release")
@allow(OVER_AGENTS)
def release_hold(recording_id: str, hold_id: int) -> BaseResponse:
    def release(session: Session) -> str:
        found = service.get(session, recording_id)
        service.release(session, parts().bus, found, hold_id, by=signed_in().username, now=parts().now())
        audit(session, Action.CHANGE, subject=f"recording:{recording_id}", details={"state": "released"})
        return str(_("The hold has ended."))

    return _act(release, url_for(".show_recording", recording_id=recording_id))


@pages.post("/<recording_id>/comments")
@allow(WITH_RECORDINGS)
def add_comment(recording_id: str) -> BaseResponse:
    def add(session: Session) -> str:
        found = service.get(session, recording_id)
        at = request.form.get("at", -1.0, type=float)
        text = request.form.get("text", "")
        service.add_comment(session, found, at_seconds=at, text=text, by=signed_in().username, now=parts().now())
        return str(_("Your comment was kept."))

    return _act(add, url_for(".show_recording", recording_id=recording_id))


@pages.post("/<recording_id>/comments/<int:comment_id>/remove")
@allow(WITH_RECORDINGS)
def remove_comment(recording_id: str, comment_id: int) -> BaseResponse:
    def remove(session: Session) -> str:
        found = service.get(session, recording_id)
        service.remove_comment(session, found, comment_id, by=signed_in().username)
        return str(_("The comment was removed."))

    return _act(remove, url_for(".show_recording", recording_id=recording_id))


@pages.post("/<recording_id>/evidence")
@allow(WITH_RECORDINGS)
def take_evidence(recording_id: str) -> Response | BaseResponse:
    """A zip archive with the audio, what happened, and how to check it. Always with a reason, always on record."""
    reason = " ".join(request.form.get("reason", "").split())[:200]
    back = url_for(".show_recording", recording_id=recording_id)
    try:
        if not viewer().grant(Module.DOWNLOAD).can_view:
            raise NotAllowed(N_("You may listen to recordings, not take them away."))
        if not reason:
            raise InvalidInput(N_("Say for what you take this recording away."), field="reason")
        with reading() as session:
            found = service.get(session, recording_id)
            need_audio(found)
        archive = _bundle(recording_id, reason)
    except (SealBrokenError, KeyUnknownError, StoreAwayError, FileNotFoundError) as error:
        log.error("recording.no_evidence", recording=recording_id, error=type(error).__name__)
        flash(_("The audio cannot be read whole, so no evidence was made."), "danger")
        return redirect(back, 303)
    except WardlineError as error:
        flash(_(error.detail), "danger")
        return redirect(back, 303)
    with writing() as session:
        patient_id = session.scalar(select(Call.patient_id).where(Call.id == found.call_id))
        subject = f"recording:{recording_id}"
        audit(session, Action.DOWNLOAD, patient_id=patient_id, subject=subject, reason=reason)
    name = f"wardline-{found.started_at:%Y%m%d-%H%M%S}-{recording_id[:8]}.zip"
    answer = send_file(archive, mimetype="application/zip", as_attachment=True, download_name=name)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


def _bundle(recording_id: str, reason: str) -> IO[bytes]:
    """The archive, open at its beginning; it is let go with the answer. A long recording is kept on disk meanwhile."""
    with ExitStack() as stack:
        archive = stack.enter_context(tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES))
        evidence.write_bundle(parts(), recording_id, archive, by=signed_in().username, reason=reason)
        archive.seek(0)
        stack.pop_all()
        return archive


def _class_of(name: str) -> KeepingClass:
    try:
        return KeepingClass(name)
    except ValueError:
        raise InvalidInput(N_("There is no such kind of recording."), field="name") from None


def _act(change: Callable[[Session], str], back: str) -> BaseResponse:
    try:
        with writing() as session:
            done = change(session)
    except WardlineError as error:
        told = _(error.detail)
        flash(told % error.fields if "%(" in told else told, "danger")
    else:
        flash(done, "success")
    return redirect(back, 303)
