"""Recordings for people: the list, one recording, its player."""

from __future__ import annotations

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as BaseResponse

from app.access.rules import Module
from app.accounts.rules import OVER_AGENTS, WITH_RECORDINGS, Role
from app.accounts.service import names_of
from app.alarms.rules import AlarmKind
from app.audit.rules import Action
from app.calls.rules import DISPOSITION_TEXT
from app.calls.service.history import agents_with_calls
from app.configuration.rules import YEARS_KEPT
from app.configuration.service import value
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.queues.service import list_queues
from app.recordings import service
from app.recordings.routes.blueprint import pages
from app.recordings.routes.filters import DIRECTIONS, MARKED_BY, chosen_filters, filters_of
from app.recordings.routes.narrowing import narrowings_for
from app.recordings.routes.reading import show_snippets
from app.recordings.rules import FINDING_TEXT, MARKER_TEXT, STATE_TEXT, kept_until

MAY_CHECK = frozenset({Role.SUPERVISOR, Role.QA, Role.ADMIN})


@pages.get("")
@allow(WITH_RECORDINGS)
def show_recordings() -> str:
    """The list of recordings; htmx asks for the further rows only."""
    chosen = chosen_filters()
    with reading() as session:
        page = service.list_recordings(session, filters_of(session, chosen), cursor=request.args.get("cursor"))
        agents = agents_with_calls(session)
        alarms = service.needs_look(session)
        queues = list_queues(session)
    return render_template(
        "recordings/_rows.html" if request.args.get("cursor") else "recordings/list.html",
        page=page,
        chosen=chosen,
        narrowings=narrowings_for(viewer()),
        snippets=show_snippets([item.recording for item in page.items], service.looked_for(chosen["words"])),
        has_model=parts().settings.transcription_model is not None,
        agents=agents,
        missing=alarms.get(AlarmKind.RECORDING_MISSING, 0),
        doubtful=alarms.get(AlarmKind.RECORDING_DOUBTFUL, 0),
        altered=alarms.get(AlarmKind.RECORDING_ALTERED, 0),
        stalled=alarms.get(AlarmKind.RECORDING_STALLED, 0),
        broken_manifests=alarms.get(AlarmKind.MANIFEST_BROKEN, 0),
        is_disk_full=alarms.get(AlarmKind.RECORDINGS_UNSTORED, 0) > 0,
        directions=[("", _("Both directions")), *((code, _(text)) for code, text in DIRECTIONS.items())],
        queues=[("", _("All queues")), *((each.name, each.label) for each in queues)],
        dispositions=[("", _("Any result")), *((code, _(text)) for code, text in DISPOSITION_TEXT.items())],
        markers=[("", _("Anything happened")), *((kind, _(MARKER_TEXT[mark])) for kind, mark in MARKED_BY.items())],
        states=[("", _("Any state")), *((str(state), _(text)) for state, text in STATE_TEXT.items())],
        **_words(),
    )


@pages.get("/<recording_id>")
@allow(WITH_RECORDINGS)
def show_recording(recording_id: str) -> str:
    """One recording with its player, its markers and comments, how long it is kept and what keeps it longer."""
    with reading() as session:
        item = service.get_item(session, recording_id)
        years = value(session, YEARS_KEPT[service.class_of(session, item.call)])
        comments, holds = service.comments(session, recording_id), service.holds_of(session, recording_id)
        deletion = service.deletion_of(session, recording_id)
        people = {each.by for each in comments} | {each.held_by for each in holds}
        people |= {each.released_by for each in holds if each.released_by}
        people |= {deletion.ordered_by} if deletion else set()
        return render_template(
            "recordings/show.html",
            item=item,
            may_check=signed_in().role in MAY_CHECK,
            may_release=signed_in().role in OVER_AGENTS,
            may_take=viewer().grant(Module.DOWNLOAD).can_view,
            me=signed_in().username,
            markers=service.markers(session, item.recording),
            marker_words={each.value: _(text) for each, text in MARKER_TEXT.items()},
            comments=comments,
            longest_comment=service.LONGEST_COMMENT,
            holds=holds,
            kept_until=kept_until(item.recording.started_at, years),
            deletion=deletion,
            names=names_of(session, people),
            **_words(),
        )


@pages.get("/<recording_id>/player")
@allow(WITH_RECORDINGS)
def show_player(recording_id: str) -> str:
    """The player alone, for a row of the list."""
    with reading() as session:
        item = service.get_item(session, recording_id)
    return render_template("recordings/_player.html", recording=item.recording)


@pages.post("/<recording_id>/checked")
@allow(MAY_CHECK)
def mark_checked(recording_id: str) -> BaseResponse:
    """Somebody has looked at a doubtful recording."""
    with writing() as session:
        found = service.get(session, recording_id)
        service.mark_checked(session, parts().bus, found, signed_in().username, parts().now())
        audit(session, Action.CHANGE, subject=f"recording:{recording_id}", details={"state": "checked"})
    flash(_("Noted: this recording was checked."), "success")
    return redirect(url_for("recordings.show_recording", recording_id=recording_id), 303)


def _words() -> dict[str, Any]:
    return {
        "state_labels": {str(state): _(text) for state, text in STATE_TEXT.items()},
        "finding_labels": {str(finding): _(text) for finding, text in FINDING_TEXT.items()},
    }
