"""Three standing lists for the customer service centre (F-34): chronic, booked and contract patients, with an owner."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sqlalchemy import Select, and_, exists, func, or_, select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module
from app.accounts.models import User
from app.bus import Bus
from app.errors import InvalidInput
from app.followup_plans.models import FollowupPlan
from app.followup_plans.rules import PlanState
from app.followup_templates.models import FollowupTemplate
from app.followups.models import FollowupTask
from app.followups.rules import OPEN, TaskMode
from app.groups.models import CustomerGroup, GroupMember
from app.journal.service import Entry, append
from app.paging import Page, read_cursor, write_cursor
from app.patients.models import Patient
from app.registers.models import RegisterMember
from app.texts import N_
from app.visits.models import Operation

_AHEAD = timedelta(days=60)


class CustomerList(StrEnum):
    CHRONIC = "chronic"
    BOOKED = "booked"
    CONTRACT = "contract"


LIST_TEXT = {
    CustomerList.CHRONIC: N_("Chronic patients"),
    CustomerList.BOOKED: N_("Booked patients"),
    CustomerList.CONTRACT: N_("Contract patients"),
}
LIST_HINT = {
    CustomerList.CHRONIC: N_("On a register of special diseases, or in a programme for a chronic disease."),
    CustomerList.BOOKED: N_("With an operation or a face-to-face follow-up in the next 60 days."),
    CustomerList.CONTRACT: N_("Members of a contract unit or scheme whose contract holds."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """Somebody of a list: whose customer, and what comes next."""

    patient: Patient
    owner_name: str | None
    next_on: date | None
    next_title: str


def list_customers(
    session: Session,
    which: CustomerList,
    *,
    owner: str | None,
    without_owner: bool,
    now: datetime,
    today: date,
    limit: int,
    cursor: str | None = None,
) -> Page[Customer]:
    """Who is on a list, of one owner, of nobody, or of everybody."""
    query = (
        select(Patient, User.display_name)
        .outerjoin(User, User.username == Patient.owner)
        .where(
            Patient.id.in_(_people(which, now, today)), Patient.merged_into_id.is_(None), Patient.deceased_at.is_(None)
        )
        .order_by(Patient.id)
        .limit(limit + 1)
    )
    if owner:
        query = query.where(Patient.owner == owner)
    if without_owner:
        query = query.where(Patient.owner.is_(None))
    if cursor:
        [last] = read_cursor(cursor, (int,))
        query = query.where(Patient.id > last)
    rows = [(patient, name) for patient, name in session.execute(query)]
    following = _next_tasks(session, [patient.id for patient, _name in rows])
    items = [
        Customer(
            patient=patient,
            owner_name=name,
            next_on=following[patient.id][0] if patient.id in following else None,
            next_title=following[patient.id][1] if patient.id in following else "",
        )
        for patient, name in rows[:limit]
    ]
    return Page(items=items, next_cursor=write_cursor(rows[limit - 1][0].id) if len(rows) > limit else None)


def count_customers(session: Session, which: CustomerList, *, now: datetime, today: date) -> int:
    """How many people are on a list."""
    query = select(func.count()).select_from(Patient).where(
        Patient.id.in_(_people(which, now, today)), Patient.merged_into_id.is_(None), Patient.deceased_at.is_(None)
    )  # fmt: skip
    return session.scalar(query) or 0


def give_owner(
    session: Session, bus: Bus, patient_ids: Collection[int], *, to: str | None, by: str, now: datetime
) -> int:
    """Make somebody the owner of these customers, or nobody. Returns how many. Raises InvalidInput, NotAllowed."""
    access.need_write(session, Module.CONTACT)
    if to is not None and session.scalar(select(User.id).where(User.username == to, User.is_active)) is None:
        raise InvalidInput(N_("There is no such colleague."), field="to")
    seen = session.scalars(select(Patient).where(Patient.id.in_(patient_ids))).all()
    session.execute(
        update(Patient)
        .where(Patient.id.in_([patient.id for patient in seen]))
        .values(owner=to, updated_at=now, row_version=Patient.row_version + 1),
        execution_options={"synchronize_session": False},
    )
    payload = {"patient_ids": sorted(patient.id for patient in seen), "owner": to}
    append(session, bus, [Entry(kind="patients.owned", at=now, agent=by, payload=payload)])
    return len(seen)


def owners(session: Session) -> Sequence[tuple[str, str]]:
    """Who may own customers: username and name of everybody who works here."""
    query = select(User.username, User.display_name).where(User.is_active).order_by(User.display_name)
    return [(row.username, row.display_name) for row in session.execute(query)]


def _people(which: CustomerList, now: datetime, today: date) -> Select[int]:
    match which:
        case CustomerList.CHRONIC:
            listed = select(RegisterMember.patient_id).where(RegisterMember.left_at.is_(None))
            chronic = select(FollowupTemplate.id).where(
                FollowupTemplate.specialty.in_(["chronic", "respiratory", "endocrinology", "cardiology", "neurology"])
            )
            running = select(FollowupPlan.patient_id).where(
                FollowupPlan.state == PlanState.ACTIVE, FollowupPlan.template_id.in_(chronic)
            )
            return select(Patient.id).where(or_(Patient.id.in_(listed), Patient.id.in_(running)))
        case CustomerList.BOOKED:
            operated = select(Operation.patient_id).where(Operation.at > now, Operation.at < now + _AHEAD)
            expected = select(FollowupTask.patient_id).where(
                FollowupTask.mode == TaskMode.VISIT,
                FollowupTask.state.in_(tuple(sorted(OPEN))),
                FollowupTask.due_at < now + _AHEAD,
            )
            return select(Patient.id).where(or_(Patient.id.in_(operated), Patient.id.in_(expected)))
        case CustomerList.CONTRACT:
            holds = and_(
                or_(CustomerGroup.starts_on.is_(None), CustomerGroup.starts_on <= today),
                or_(CustomerGroup.ends_on.is_(None), CustomerGroup.ends_on >= today),
            )
            group = exists().where(CustomerGroup.id == GroupMember.group_id, holds)
            return select(GroupMember.patient_id).where(group)


def _next_tasks(session: Session, patient_ids: Sequence[int]) -> dict[int, tuple[date, str]]:
    query = (
        select(FollowupTask.patient_id, FollowupTask.due_on, FollowupTask.title)
        .where(FollowupTask.patient_id.in_(patient_ids), FollowupTask.state.in_(tuple(sorted(OPEN))))
        .order_by(FollowupTask.due_at.desc(), FollowupTask.id.desc())
    )
    return {row.patient_id: (row.due_on, row.title) for row in session.execute(query)}
