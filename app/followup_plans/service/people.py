"""Who may get a plan, and whose doctor is which account. A fixed number of queries for some hundred people."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.access.service import UNSCOPED
from app.accounts.models import User
from app.accounts.rules import Role
from app.contact_policy.models import OptOut
from app.contact_policy.rules import EVERYTHING
from app.patients.models import Patient
from app.visits.models import Diagnosis

_WHOLE = {UNSCOPED: True}


@dataclass(frozen=True, slots=True)
class People:
    """`living` are neither merged nor dead; `stopped` of them have told us to stop everything."""

    living: frozenset[int]
    dead: frozenset[int]
    stopped: frozenset[int]

    def may_get_plan(self, patient_id: int) -> bool:
        """Whether a plan may begin for this person."""
        return patient_id in self.living and patient_id not in self.stopped


def people_of(session: Session, patient_ids: Collection[int]) -> People:
    """What is known of these people, also of those outside the viewer's scope: a death there counts, too."""
    rows = session.execute(
        select(Patient.id, Patient.merged_into_id, Patient.deceased_at).where(Patient.id.in_(patient_ids)),
        execution_options=_WHOLE,
    ).all()
    stopped = session.scalars(
        select(OptOut.patient_id).where(
            OptOut.patient_id.in_(patient_ids),
            OptOut.kind == EVERYTHING,
            OptOut.channel == EVERYTHING,
            OptOut.withdrawn_at.is_(None),
        ),
        execution_options=_WHOLE,
    )
    return People(
        living=frozenset(row.id for row in rows if row.merged_into_id is None and row.deceased_at is None),
        dead=frozenset(row.id for row in rows if row.merged_into_id is None and row.deceased_at is not None),
        stopped=frozenset(each for each in stopped if each is not None),
    )


class Doctors:
    """The accounts of doctors, by the name that HIS writes: the username or the name that is shown."""

    def __init__(self, session: Session) -> None:
        query = select(User.username, User.display_name, User.department_id).where(
            User.role == Role.DOCTOR.value, User.is_active
        )
        self._by_name: dict[str, set[tuple[str, int | None]]] = defaultdict(set)
        for username, name, department in session.execute(query):
            for each in (username, name):
                self._by_name[_plain(each)].add((username, department))

    def account_of(self, name: str | None, department_id: int | None) -> str | None:
        """The one account of that name; of two of the same name the one of the department, else nobody's."""
        found = self._by_name.get(_plain(name or ""), set())
        if len(found) > 1:
            found = {each for each in found if each[1] == department_id}
        return next(iter(found))[0] if len(found) == 1 else None


def diseases_of(session: Session, visit_ids: Collection[int]) -> dict[int, str]:
    """The main disease of each visit, or else its first one."""
    query = (
        select(Diagnosis.visit_id, Diagnosis.disease)
        .where(Diagnosis.visit_id.in_(visit_ids), Diagnosis.disease.is_not(None))
        .order_by(Diagnosis.is_main.desc(), Diagnosis.id)
    )
    found: dict[int, str] = {}
    for visit_id, disease in session.execute(query, execution_options=_WHOLE):
        found.setdefault(visit_id or 0, disease or "")
    return found


def _plain(name: str) -> str:
    return "".join(name.split()).casefold()
