"""What flows there are, what is live, and what was."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.call_flows.models import CallFlow, CallFlowRelease, CallFlowVersion
from app.call_flows.rules import Fault, Flow, check, from_document
from app.errors import NotFound
from app.queues import service as queues
from app.sounds import service as sounds
from app.texts import N_


def get_flow(session: Session, flow_id: int) -> CallFlow:
    """Raises NotFound."""
    row = session.get(CallFlow, flow_id)
    if row is None:
        raise NotFound(N_("There is no such way in."))
    return row


def list_flows(session: Session) -> Sequence[CallFlow]:
    return list(session.scalars(select(CallFlow).order_by(CallFlow.name, CallFlow.id)))


def versions_of(session: Session, flow_id: int) -> Sequence[CallFlowVersion]:
    """Every version, the newest first."""
    of_flow = select(CallFlowVersion).where(CallFlowVersion.flow_id == flow_id)
    return list(session.scalars(of_flow.order_by(CallFlowVersion.number.desc())))


def releases_of(session: Session, flow_id: int) -> Sequence[CallFlowRelease]:
    """When which version went live, the newest first."""
    of_flow = select(CallFlowRelease).where(CallFlowRelease.flow_id == flow_id)
    return list(session.scalars(of_flow.order_by(CallFlowRelease.id.desc()).limit(50)))


def get_version(session: Session, flow_id: int, number: int) -> CallFlowVersion:
    """Raises NotFound."""
    found = session.scalar(
        select(CallFlowVersion).where(CallFlowVersion.flow_id == flow_id, CallFlowVersion.number == number)
    )
    if found is None:
        raise NotFound(N_("There is no such version."))
    return found


def live_flows(session: Session) -> dict[int, Flow]:
    """What callers meet now, by the flow's id."""
    is_live = and_(CallFlowVersion.flow_id == CallFlow.id, CallFlowVersion.number == CallFlow.live_number)
    rows = session.execute(select(CallFlow.id, CallFlowVersion.document).join(CallFlowVersion, is_live))
    return {flow_id: from_document(document) for flow_id, document in sorted(rows.all(), key=lambda row: row[0])}


def faults_of(session: Session, flow: Flow, *, flow_id: int) -> list[Fault]:
    """What keeps this flow from going live now: every queue must be there, and no other flow has its numbers."""
    others = live_flows(session)
    others.pop(flow_id, None)
    taken = {number for other in others.values() for number in other.hotlines}
    return check(flow, queues=queues.queue_names(session), taken=taken, sounds=sounds.digests(session).keys())
