"""What a user may see: the defaults of the role, as the hospital set them, with the exceptions for this user."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.access.models import EmergencyOpening, RoleGrant, UserGrant
from app.access.rules import DEFAULT_GRANTS, Grant, GrantChange, Mask, Module, Reach, Viewer, combine
from app.accounts.models import User
from app.accounts.rules import Role
from app.organisation.models import Department


def viewer_for(session: Session, username: str, now: datetime) -> Viewer:
    """This user as a viewer, with the grants that hold at this moment. The account must exist."""
    user = session.scalars(select(User).where(User.username == username)).one()
    grants = grants_of(session, user)
    with_below = any(grant.reach is Reach.DEPARTMENT and grant.with_sub_departments for grant in grants.values())
    return Viewer(
        user_id=user.id,
        username=user.username,
        role=Role(user.role),
        grants=grants,
        department=user.department_id,
        departments=_departments(session, user.department_id, with_below=with_below),
        opened=frozenset(
            session.scalars(
                select(EmergencyOpening.patient_id).where(
                    EmergencyOpening.username == username, EmergencyOpening.ends_at > now
                )
            )
        ),
    )


def grants_of(session: Session, user: User) -> dict[Module, Grant]:
    """The grants of this user, module by module."""
    grants = dict(DEFAULT_GRANTS[Role(user.role)])
    for row in session.scalars(select(RoleGrant).where(RoleGrant.role == user.role)):
        grants[Module(row.module)] = combine(grants[Module(row.module)], change_of(row))
    for exception in session.scalars(select(UserGrant).where(UserGrant.user_id == user.id)):
        grants[Module(exception.module)] = combine(grants[Module(exception.module)], change_of(exception))
    return grants


def change_of(row: RoleGrant | UserGrant) -> GrantChange:
    """A stored row as a value."""
    return GrantChange(
        can_view=row.can_view,
        can_write=row.can_write,
        reach=Reach(row.reach) if row.reach else None,
        with_sub_departments=row.with_sub_departments,
        days=row.days,
        mask=Mask(row.mask) if row.mask else None,
        row_limit=row.row_limit,
    )


def _departments(session: Session, department_id: int | None, *, with_below: bool) -> frozenset[int]:
    if department_id is None:
        return frozenset()
    if not with_below:
        return frozenset({department_id})
    own_path = select(Department.path).where(Department.id == department_id).scalar_subquery()
    below = select(Department.id).where(or_(Department.id == department_id, Department.path.startswith(own_path)))
    return frozenset(session.scalars(below))
