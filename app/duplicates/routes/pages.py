"""Records that may be one person, for people: the list, side by side, merge, dismiss and undo (U-12)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as BaseResponse

from app.access.rules import Module
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS
from app.audit.rules import Action
from app.duplicates import service
from app.duplicates.models import DuplicatePair, MergeLog
from app.duplicates.routes.fields import fields_of
from app.duplicates.rules import REASON_TEXT, DuplicateReason, Side
from app.errors import Conflict, InvalidInput, WardlineError
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.paging import DEFAULT_LIMIT
from app.patients.models import Patient
from app.patients.routes.labels import labels

pages = Blueprint("duplicates", __name__, template_folder="../templates", url_prefix="/duplicates")


@pages.get("")
@allow(OVER_AGENTS)
def show_pairs() -> str:
    """The open pairs, the likeliest first."""
    wanted = request.args.get("reason", "")
    reason = DuplicateReason(wanted) if wanted in set(DuplicateReason) else None
    order = "newest" if request.args.get("order") == "newest" else ""
    cursor = request.args.get("cursor")
    with reading() as session:
        page = service.list_pairs(session, reason=reason, newest_first=bool(order), limit=DEFAULT_LIMIT, cursor=cursor)
        counts = service.count_pairs(session)
    return _render("duplicates/list.html", page=page, counts=counts, reason=reason, order=order)


@pages.get("/<int:pair_id>")
@allow(OVER_AGENTS)
def show_pair(pair_id: int) -> str:
    """Both records side by side, what differs marked."""
    with writing() as session:
        found = service.get_pair(session, pair_id)
        for patient in (found.first, found.second):
            audit(session, Action.VIEW, patient_id=patient.id, subject=f"duplicate:{pair_id}")
    return _render("duplicates/pair.html", found=found, fields=fields_of(found.first, found.second))


@pages.post("/<int:pair_id>/merge")
@allow(OVER_AGENTS)
def merge_pair(pair_id: int) -> BaseResponse:
    """Make them one record: the chosen one survives, with the chosen values."""
    winner_id = request.form.get("winner", type=int) or 0
    try:
        with writing() as session:
            found = service.get_pair(session, pair_id)
            ids = {found.first.id, found.second.id}
            winner_id = winner_id if winner_id in ids else found.first.id
            [loser_id] = ids - {winner_id}
            choices = _choices(found.first, found.second, winner_id)
            merge_audited(session, winner_id, loser_id, choices)
    except (Conflict, InvalidInput) as error:
        flash(_(error.detail), "danger")
        return redirect(url_for("duplicates.show_pairs"), 303)
    flash(_("The two records are one now. You can undo this on the page of merged records."), "success")
    return redirect(url_for("patients.show_patient", patient_id=winner_id), 303)


@pages.post("/<int:pair_id>/dismiss")
@allow(OVER_AGENTS)
def dismiss_pair(pair_id: int) -> BaseResponse | str:
    """Note that they are two people; the pair is not proposed again."""
    is_part = "HX-Request" in request.headers
    _decide(pair_id, service.dismiss)
    if is_part:
        return ""
    flash(_("Noted: these are two people."), "success")
    return redirect(url_for("duplicates.show_pairs"), 303)


@pages.post("/propose")
@allow(AT_THE_DESK)
def propose_pair() -> BaseResponse:
    """Ask those who may merge to look at two records."""
    one, other = (request.form.get(name, type=int) or 0 for name in ("patient_id", "other_id"))
    pair_id = 0
    try:
        with writing() as session:
            user, now = signed_in().username, parts().now()
            pair_id = service.propose(session, parts().bus, one, other, by=user, now=now).id
    except WardlineError as error:
        flash(_(error.detail), "danger")
    else:
        flash(_("Your colleagues will look at these two records."), "success")
    if pair_id and signed_in().role in OVER_AGENTS:
        return redirect(url_for("duplicates.show_pair", pair_id=pair_id), 303)
    return redirect(url_for("patients.show_patient", patient_id=one), 303)


@pages.get("/merged")
@allow(OVER_AGENTS)
def show_merges() -> str:
    """All merges, latest first."""
    with reading() as session:
        page = service.list_merges(session, limit=DEFAULT_LIMIT, cursor=request.args.get("cursor"))
    return _render("duplicates/merges.html", page=page)


@pages.post("/merged/<int:merge_id>/undo")
@allow(OVER_AGENTS)
def undo_merge(merge_id: int) -> BaseResponse:
    """Make two records of one again."""
    try:
        with writing() as session:
            log = undo_audited(session, merge_id)
            left = list(log.left or [])
    except Conflict as error:
        flash(_(error.detail), "danger")
    else:
        flash(_("The two records are apart again, as they were."), "success")
        if left:
            flash(_("What was changed after the merge stays with the surviving record."), "info")
    return redirect(url_for("duplicates.show_merges"), 303)


def undo_audited(session: Session, merge_id: int) -> MergeLog:
    """Undo a merge and write it into the log of both records."""
    log = service.undo(session, parts().bus, merge_id, by=signed_in().username, now=parts().now())
    for patient_id in (log.winner_id, log.loser_id):
        audit(session, Action.UNDO_MERGE, patient_id=patient_id, subject=f"merge:{log.id}")
    return log


def merge_audited(session: Session, winner_id: int, loser_id: int, choices: dict[str, Side]) -> MergeLog:
    """Merge two records and write it into the log of both."""
    user, now = signed_in().username, parts().now()
    log = service.merge(session, parts().bus, winner_id=winner_id, loser_id=loser_id, choices=choices, by=user, now=now)
    for patient_id in (winner_id, loser_id):
        details = {"winner_id": winner_id, "loser_id": loser_id}
        audit(session, Action.MERGE, patient_id=patient_id, subject=f"merge:{log.id}", details=details)
    return log


def _choices(first: Patient, second: Patient, winner_id: int) -> dict[str, Side]:
    chosen: dict[str, Side] = {}
    for field in fields_of(first, second):
        side = request.form.get(f"field-{field.column}", "")
        if side in (str(first.id), str(second.id)):
            chosen[field.column] = Side.WINNER if side == str(winner_id) else Side.LOSER
    return chosen


def _decide(pair_id: int, act: Callable[..., DuplicatePair]) -> None:
    with writing() as session:
        act(session, parts().bus, pair_id, by=signed_in().username, now=parts().now())


def _render(template: str, **values: Any) -> str:
    page: str = render_template(
        template,
        labels=labels(),
        reason_labels={reason: _(text) for reason, text in REASON_TEXT.items()},
        may_write=viewer().grant(Module.CONTACT).can_write,
        **values,
    )
    return page
