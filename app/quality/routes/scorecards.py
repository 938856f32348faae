"""Scorecards: the list, one with its items and versions, and the editor."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.accounts.rules import OVER_AGENTS
from app.audit.rules import Action
from app.errors import InvalidInput, NotFound, WardlineError
from app.followups.routes.words import kind_words
from app.http import allow, audit, parts, reading, signed_in, writing
from app.quality import service
from app.quality.models import Scorecard
from app.quality.routes.blueprint import GRADERS, act, need_view, pages, render, sentence
from app.quality.routes.forms import Draft, data_in, draft_in, draft_of, empty_draft
from app.quality.rules import LANGUAGES, Fault, read_applies
from app.queues.service import queue_labels
from app.versions import service as versions


@pages.get("/scorecards")
@allow(GRADERS)
def show_scorecards() -> str:
    need_view()
    with reading() as session:
        cards, labels = service.list_cards(session), queue_labels(session)
    said = {card.id: service.card_of(card.versions[0]) for card in cards}
    applies = {card.id: _applies_words(card, labels) for card in cards}
    return render("scorecards.html", cards=cards, said=said, applies=applies)


@pages.get("/scorecards/new")
@allow(GRADERS)
def show_new_scorecard() -> str:
    with reading() as session:
        return _edit_page(session, None, empty_draft(), [])


@pages.post("/scorecards/new")
@allow(GRADERS)
def create_scorecard() -> Response | tuple[str, int]:
    return _save(None)


@pages.post("/scorecards/form")
@allow(GRADERS)
def edit_sections() -> str:
    """The sections after one was added, removed or moved; asked for by the editor."""
    return render("_sections.html", draft=draft_in(request.form), faults={}, languages=LANGUAGES)


@pages.get("/scorecards/<int:card_id>")
@allow(GRADERS)
def show_scorecard(card_id: int) -> str:
    """One scorecard as it is filled in, for which calls, and every version."""
    with reading() as session:
        card = service.get_card(session, card_id)
        number = request.args.get("version", type=int)
        version = next((each for each in card.versions if each.number == number), card.versions[0])
        return render(
            "scorecard.html",
            scorecard=card,
            version=version,
            latest=card.versions[0],
            in_use=versions.in_use(card.versions),
            card=service.card_of(version),
            applies=_applies_words(card, queue_labels(session)),
            names=service.names(session),
            is_author=card.versions[0].author == signed_in().username,
        )


@pages.get("/scorecards/<int:card_id>/edit")
@allow(GRADERS)
def show_edit_scorecard(card_id: int) -> str:
    with reading() as session:
        card = service.get_card(session, card_id)
        latest = card.versions[0]
        draft = draft_of(card, latest, service.name_of(card, str(get_locale())))
        return _edit_page(session, card, draft, [], row_version=latest.row_version)


@pages.post("/scorecards/<int:card_id>/edit")
@allow(GRADERS)
def change_scorecard(card_id: int) -> Response | tuple[str, int]:
    return _save(card_id)


@pages.post("/scorecards/<int:card_id>/submit")
@allow(GRADERS)
def submit_scorecard(card_id: int) -> Response:
    def submit(session: Session) -> None:
        service.submit_card(session, card_id, by=signed_in().username, now=parts().now())

    return _act(card_id, submit, "submitted", _("The version waits for a supervisor's approval."))


@pages.post("/scorecards/<int:card_id>/take-back")
@allow(GRADERS)
def take_back_scorecard(card_id: int) -> Response:
    def take_back(session: Session) -> None:
        service.take_back_card(session, card_id)

    return _act(card_id, take_back, "taken_back", _("The version is a draft again."))


@pages.post("/scorecards/<int:card_id>/approve")
@allow(OVER_AGENTS)
def approve_scorecard(card_id: int) -> Response:
    def approve(session: Session) -> None:
        user = signed_in()
        service.approve_card(
            session,
            parts().bus,
            card_id,
            by=user.username,
            is_supervisor=user.role in OVER_AGENTS,
            now=parts().now(),
        )

    return _act(card_id, approve, "approved", _("The version is in use. Evaluations keep the one they were made with."))


@pages.post("/scorecards/<int:card_id>/retire")
@allow(OVER_AGENTS)
def retire_scorecard(card_id: int) -> Response:
    def retire(session: Session) -> None:
        service.retire_card(session, card_id, by=signed_in().username, now=parts().now())

    return _act(card_id, retire, "retired", _("Nobody grades by this scorecard any more."))


@pages.post("/scorecards/<int:card_id>/remove")
@allow(OVER_AGENTS)
def remove_scorecard(card_id: int) -> Response:
    def remove(session: Session) -> str:
        service.remove_card(session, card_id, now=parts().now())
        return url_for(".show_scorecards")

    return _act(card_id, remove, "removed", _("The scorecard was removed."))


def _act(card_id: int, do: Callable[[Session], str | None], what: str, done: str) -> Response:
    return act(do, f"scorecard:{card_id}", what, done, to=url_for(".show_scorecard", card_id=card_id))


def _save(card_id: int | None) -> Response | tuple[str, int]:
    need_view()
    draft, now, by = draft_in(request.form), parts().now(), signed_in().username
    row_version = request.form.get("row_version", 0, type=int)
    try:
        data = data_in(draft)
        with writing() as session:
            if card_id is None:
                card_id = service.create_card(session, data, by=by, now=now).id
                audit(session, Action.CREATE, subject=f"scorecard:{card_id}")
            else:
                version = service.change_card(session, card_id, data, row_version=row_version, by=by, now=now)
                audit(session, Action.CHANGE, subject=f"scorecard:{card_id}", details={"version": version.number})
    except NotFound:
        raise
    except WardlineError as error:
        with reading() as session:
            card = service.get_card(session, card_id) if card_id is not None else None
            return _edit_page(session, card, draft, _faults_of(error), row_version=row_version), 422
    flash(_("The draft was saved. Submit it for approval when it is ready."), "success")
    return redirect(url_for(".show_scorecard", card_id=card_id), 303)


def _faults_of(error: WardlineError) -> list[Fault]:
    if isinstance(error, service.FaultyCard):
        return list(error.faults)
    field = str(error.fields.get("field", "name")) if isinstance(error, InvalidInput) else "name"
    return [Fault(sentence=sentence(error), field=field)]


def _edit_page(
    session: Session, card: Scorecard | None, draft: Draft, faults: list[Fault], *, row_version: int = 0
) -> str:
    places = {_place(draft, fault): _(fault.sentence) for fault in reversed(faults)}
    return render(
        "scorecard_edit.html",
        scorecard=card,
        draft=draft,
        row_version=row_version,
        errors=places,
        faults=places,
        languages=LANGUAGES,
        queues=list(queue_labels(session).items()),
        followup_kinds=[(str(kind), word) for kind, word in kind_words().items()],
    )


def _place(draft: Draft, fault: Fault) -> str:
    """The id of the field in the form that a fault is about."""
    field = {"text": "text-zh_Hans", "title": "title-zh_Hans"}.get(fault.field, fault.field)
    for place, section in enumerate(draft["sections"]):
        if fault.key == f"s{place}":
            return f"s{place}-{field}"
        for number, item in enumerate(section["items"]):
            if fault.key and item["key"] == fault.key:
                return f"s{place}-i{number}-{field}"
    return field


def _applies_words(card: Scorecard, labels: Any) -> list[str]:
    applies, kinds = read_applies(card.applies), kind_words()
    found = []
    if applies.direction:
        found.append(_("Incoming") if applies.direction == "inbound" else _("Outgoing"))
    found += [labels.get(each, each) for each in applies.queues]
    found += [word for kind, word in kinds.items() if str(kind) in applies.followup_kinds]
    return found
