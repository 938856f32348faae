"""Who may be asked for an opinion at all (Q-07)."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.configuration import service as configuration
from app.configuration.rules import SURVEY_REFUSAL_MONTHS
from app.followups.models import FollowupTask
from app.followups.rules import Attitude, TaskKind, TaskResult

_MONTH = timedelta(days=30.5)
_SURVEY_KINDS = (TaskKind.SATISFACTION, TaskKind.WISHES)


def may_survey(session: Session, patient_ids: Collection[int], now: datetime) -> set[int]:
    """Those of these people who have refused no survey lately, on the phone or by their manner.

    What the viewer may see does not matter: a refusal that was told to somebody else counts. Whether and how a person
    may be contacted is the contact policy's question.
    """
    months = configuration.value(session, SURVEY_REFUSAL_MONTHS)
    if not months or not patient_ids:
        return set(patient_ids)
    people = list(patient_ids)
    refused: set[int] = set()
    for start in range(0, len(people), 5000):
        query = select(FollowupTask.patient_id).where(
            FollowupTask.patient_id.in_(people[start : start + 5000]),
            FollowupTask.done_at > now - months * _MONTH,
            or_(
                FollowupTask.attitude == Attitude.REFUSES,
                (FollowupTask.result == TaskResult.REFUSED) & FollowupTask.kind.in_(_SURVEY_KINDS),
            ),
        )
        refused |= set(session.scalars(query, execution_options={UNSCOPED: True}))
    return set(people) - refused
