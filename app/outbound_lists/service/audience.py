"""Whom a list is for, and who of them is left out why. A fixed number of queries for each batch of people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.service import UNSCOPED
from app.calls.service import allowed_numbers
from app.contact_policy.rules import CALL, Refusal
from app.contact_policy.service import Recipient, may_contact_each
from app.followups import service as followups
from app.followups.models import FollowupTask
from app.followups.rules import OPEN
from app.messages.rules.states import MessageKind
from app.outbound_lists.models import OutboundList
from app.outbound_lists.rules import LIVE, SURVEYS, LeftOut, Share, load_of
from app.parts import Parts
from app.patients.models import Patient
from app.questionnaires.service import may_survey
from app.segments import service as segments

BATCH = 500
"""So many people fit one statement, and on SQLite nobody else writes meanwhile."""
# A preview is for looking at: beyond so many people it says how many there are and judges no more of them.
_MOST_JUDGED = 20_000
# A segment is asked anew after so many people, so that no statement stays open for minutes.
_STRETCH = 20_000
_WHOLE = {UNSCOPED: True}

Reason = LeftOut | Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What a list would do: `judged` of so many `people`, who is left out, and the load of each agent on each day."""

    people: int
    judged: int
    left_out: dict[str, int] = field(default_factory=dict)
    load: dict[Share, int] = field(default_factory=dict)

    @property
    def called(self) -> int:
        """How many of those judged get a follow-up."""
        return self.judged - sum(self.left_out.values())


def people_of(session: Session, batch: OutboundList, parts: Parts) -> Select[int]:
    """The ids of the people of a list. Raises NotFound for a segment that is no longer there."""
    if batch.segment_id is not None:
        return segments.members(session, batch.segment_id, now=parts.now(), zone=parts.settings.timezone)
    return select(Patient.id).where(Patient.id.in_(batch.people or []), Patient.merged_into_id.is_(None))


def batches_of(parts: Parts, batch: OutboundList) -> Iterator[list[int]]:
    """The people after those that are prepared, in order, as the author of the list may see them."""
    last = batch.prepared_up_to
    while True:
        with parts.database.reading() as session:
            viewer = access.viewer_for(session, batch.created_by, parts.now())
            access.bind(session, viewer, now=parts.now(), zone=parts.settings.timezone)
            statement = people_of(session, batch, parts).where(Patient.id > last).order_by(Patient.id)
            people = list(session.scalars(statement.limit(_STRETCH)))
        for start in range(0, len(people), BATCH):
            yield people[start : start + BATCH]
        if len(people) < _STRETCH:
            return
        last = people[-1]


def judge(session: Session, batch: OutboundList, people: Sequence[int], now: datetime) -> dict[int, Reason]:
    """Why each of these people is left out; who is not in the answer is called."""
    numbers = followups.numbers_to_call(session, people)
    may_dial = allowed_numbers(session)
    asked = [(patient_id, phone.number) for patient_id in people for phone in numbers.get(patient_id, ())]
    recipients = [Recipient(number=number, patient_id=who, kind=MessageKind.CARE) for who, number in asked]
    answers = may_contact_each(session, recipients, channel=CALL, now=now) if asked else []
    found: dict[int, Reason] = dict.fromkeys(people, LeftOut.NO_NUMBER)
    callable_people: set[int] = set()
    for (who, number), answer in zip(asked, answers, strict=True):
        if answer.refusal is not None:
            if found[who] is LeftOut.NO_NUMBER:
                found[who] = answer.refusal
        elif may_dial(number):
            callable_people.add(who)
        elif found[who] is LeftOut.NO_NUMBER:
            found[who] = LeftOut.NUMBER_NOT_ALLOWED
    for who in callable_people:
        del found[who]
    found |= dict.fromkeys(followups.dead_among(session, people), Refusal.DECEASED)
    callable_now = [who for who in people if who not in found]
    found |= dict.fromkeys(_on_another_list(session, batch, callable_now), LeftOut.ON_ANOTHER_LIST)
    if batch.questionnaire_version_id is not None or batch.purpose in SURVEYS:
        refused = set(callable_now) - may_survey(session, callable_now, now)
        found |= dict.fromkeys(refused, LeftOut.REFUSED_SURVEYS)
    return found


def preview(session: Session, parts: Parts, batch: OutboundList) -> Preview:
    """What the list would do now, without doing it. In a session that is bound to the viewer."""
    statement = people_of(session, batch, parts).order_by(Patient.id)
    everybody, left_out = [], Counter[str]()
    everybody = list(session.scalars(statement))
    judged = everybody[:_MOST_JUDGED]
    for start in range(0, len(judged), BATCH):
        piece = judged[start : start + BATCH]
        left_out.update(str(reason) for reason in judge(session, batch, piece, parts.now()).values())
    called = len(judged) - left_out.total()
    return Preview(
        people=len(everybody),
        judged=len(judged),
        left_out=dict(left_out.most_common()),
        load=load_of(called, days_of(batch), batch.agents),
    )


def days_of(batch: OutboundList) -> list[date]:
    """The days on which the follow-ups of a list fall due."""
    return [date.fromisoformat(day) for day in batch.days]


def _on_another_list(session: Session, batch: OutboundList, people: Sequence[int]) -> set[int]:
    if not people:
        return set()
    query = (
        select(FollowupTask.patient_id)
        .join(OutboundList, OutboundList.id == FollowupTask.list_id)
        .where(
            FollowupTask.patient_id.in_(people),
            FollowupTask.list_id != batch.id,
            FollowupTask.state.in_(tuple(sorted(OPEN))),
            OutboundList.state.in_(LIVE),
        )
    )
    return set(session.scalars(query, execution_options=_WHOLE))
