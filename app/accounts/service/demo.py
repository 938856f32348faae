"""The published accounts of the demo hospital and its departments."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import SHORTEST_DEMO_PASSWORD, Role
from app.accounts.service.people import create_user, find_user
from app.organisation.rules import DepartmentKind
from app.organisation.service import create_department, department_by_code

_DEPARTMENTS = (
    ("service_centre", "患者服务中心", DepartmentKind.SERVICE_CENTRE),
    ("cardiology", "心内科", DepartmentKind.CLINICAL),
    ("exam_centre", "体检中心", DepartmentKind.CLINICAL),
    ("office", "院办公室", DepartmentKind.OFFICE),
)
_ACCOUNTS = (
    ("agent1", "Agent 1", Role.AGENT, "service_centre"),
    ("agent2", "Agent 2", Role.AGENT, "service_centre"),
    ("agent3", "Agent 3", Role.AGENT, "service_centre"),
    ("agent4", "Agent 4", Role.AGENT, "service_centre"),
    ("supervisor", "Supervisor", Role.SUPERVISOR, "service_centre"),
    ("qa", "Quality", Role.QA, "service_centre"),
    ("doctor", "Doctor", Role.DOCTOR, "cardiology"),
    ("admin", "Administrator", Role.ADMIN, "office"),
)
_PASSWORD = "wardline"  # noqa: S105  published in the README; these accounts exist in demo mode only


def seed_demo_accounts(session: Session, now: datetime) -> None:
    """Make the published demo departments and accounts that are not there yet. Doing it twice changes nothing."""
    departments = {
        code: department_by_code(session, code) or create_department(session, code=code, name=name, kind=kind, now=now)
        for code, name, kind in _DEPARTMENTS
    }
    for username, display_name, role, code in _ACCOUNTS:
        found = find_user(session, username) or _create(session, username, display_name, role, now)
        if found.department_id is None:
            found.department_id = departments[code].id
    session.flush()


def _create(session: Session, username: str, display_name: str, role: Role, now: datetime) -> User:
    return create_user(
        session,
        username=username,
        display_name=display_name,
        role=role,
        password=_PASSWORD,
        now=now,
        shortest_password=SHORTEST_DEMO_PASSWORD,
    )
