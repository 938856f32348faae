"""A flow is written as a draft, goes live when it is whole, and any version that was live can be again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from app.bus import Bus
from app.call_flows.models import CallFlow, CallFlowRelease, CallFlowVersion
from app.call_flows.rules import Flow, Goal, Target, from_document, to_document
from app.call_flows.service.reading import faults_of, get_flow, get_version, versions_of
from app.errors import Conflict, InvalidInput
from app.journal.service import Entry, append
from app.queues.service import HOTLINE_QUEUE
from app.settings import Settings
from app.texts import N_

_SHIPPED = "hotline"
# Short: everybody who calls hears it before anything else, until the hospital writes its own.
_SHIPPED_GREETING = {
    "zh_Hans": "通话将录音。",
    "zh_Hant": "通話將錄音。",
    "en": "This call is recorded.",
}
_MOST_NAME = 120


def install_shipped(session: Session, settings: Settings, now: datetime) -> None:
    """The way in that every hospital begins with: the notice, then the hotline's queue, day and night.

    As long as nobody has changed it, it follows the hotline's number of the settings.
    """
    row = session.scalar(select(CallFlow).where(CallFlow.code == _SHIPPED))
    flow = Flow(
        hotlines=(settings.hotline,),
        greeting=_SHIPPED_GREETING,
        opened=Target(goal=Goal.QUEUE, name=HOTLINE_QUEUE),
    )
    if row is None:
        row = CallFlow(code=_SHIPPED, name="服务热线", live_number=1, created_at=now)
        session.add(row)
        session.flush()
        session.add(
            CallFlowVersion(flow_id=row.id, number=1, is_draft=False, document=to_document(flow), changed_at=now)
        )
        session.add(CallFlowRelease(flow_id=row.id, number=1, at=now))
        session.flush()
        return
    versions = versions_of(session, row.id)
    if len(versions) == 1 and from_document(versions[0].document).hotlines != flow.hotlines:
        versions[0].document = to_document(replace(from_document(versions[0].document), hotlines=flow.hotlines))
        session.flush()


def create_flow(session: Session, name: str, *, by: str, now: datetime) -> CallFlow:
    """A new flow with an empty draft. Raises InvalidInput."""
    row = CallFlow(name=_named(name), created_at=now, created_by=by)
    session.add(row)
    session.flush()
    session.add(CallFlowVersion(flow_id=row.id, number=1, document=to_document(Flow()), changed_at=now, changed_by=by))
    session.flush()
    return row


def open_draft(session: Session, flow_id: int, *, by: str, now: datetime) -> CallFlowVersion:
    """The flow's draft; where there is none, a new one that begins as what is live. Raises NotFound."""
    row = get_flow(session, flow_id)
    versions = versions_of(session, flow_id)
    if versions and versions[0].is_draft:
        return versions[0]
    live = next((each for each in versions if each.number == row.live_number), versions[0])
    draft = CallFlowVersion(
        flow_id=flow_id, number=versions[0].number + 1, document=live.document, changed_at=now, changed_by=by
    )
    session.add(draft)
    session.flush()
    return draft


def save_draft(
    session: Session, flow_id: int, flow: Flow, *, name: str, row_version: int, by: str, now: datetime
) -> CallFlowVersion:
    """Keep what was written, whole or not. Raises Conflict when somebody else has changed it since, InvalidInput."""
    row = get_flow(session, flow_id)
    draft = open_draft(session, flow_id, by=by, now=now)
    if draft.row_version != row_version:
        raise Conflict(N_("Somebody else has changed this draft. Open it again; what you typed is still in this page."))
    row.name = _named(name)
    draft.document, draft.changed_at, draft.changed_by = to_document(flow), now, by
    try:
        session.flush()
    except StaleDataError:
        raise Conflict(
            N_("Somebody else has changed this draft. Open it again; what you typed is still in this page.")
        ) from None
    return draft


def go_live(session: Session, bus: Bus, flow_id: int, number: int, *, by: str, now: datetime) -> None:
    """Let callers meet this version from now on: the draft, or one that was live before.

    Calls that are in the flow stay in it as they are. Raises Conflict when the check finds a fault, NotFound.
    """
    # One release at a time: whoever comes second sees whose numbers the first has taken.
    session.execute(select(CallFlow.id).with_for_update()).all()
    row, version = get_flow(session, flow_id), get_version(session, flow_id, number)
    if faults_of(session, from_document(version.document), flow_id=flow_id):
        raise Conflict(N_("This version is not whole. The check says what is missing."))
    if row.live_number == number:
        return
    row.live_number, version.is_draft = number, False
    session.add(CallFlowRelease(flow_id=flow_id, number=number, at=now, by=by))
    session.flush()
    append(session, bus, [Entry(kind="call_flow.released", at=now, payload={"flow": flow_id, "number": number})])


def take_off(session: Session, bus: Bus, flow_id: int, *, by: str, now: datetime) -> None:
    """Take the flow off its numbers: their callers go straight to the hotline's queue. Raises NotFound."""
    row = get_flow(session, flow_id)
    if row.live_number is None:
        return
    row.live_number = None
    session.add(CallFlowRelease(flow_id=flow_id, number=None, at=now, by=by))
    session.flush()
    append(session, bus, [Entry(kind="call_flow.released", at=now, payload={"flow": flow_id, "number": None})])


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name or len(name) > _MOST_NAME:
        raise InvalidInput(N_("Write a name of at most 120 characters."), field="name")
    return name
