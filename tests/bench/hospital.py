"""A million synthetic patients in a database, and the accounts of a floor. Made once, kept below var/bench."""

from __future__ import annotations

import os
import random
import shutil
from datetime import UTC, datetime
from pathlib import Path

from argon2 import PasswordHasher
from sqlalchemy import bindparam, func, select, text
from sqlalchemy.orm import Session

from app.access.models import UserGrant
from app.access.rules import Mask, Module
from app.accounts import service as accounts
from app.accounts.rules import Role
from app.accounts.service import passwords
from app.db import Database
from app.duplicates.models import DuplicateSearch
from app.journal import service as journal
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import PatientPhone
from app.patients.rules import PhoneKind
from app.queues import service as queues
from app.schema import upgrade_schema
from app.settings import Settings
from app.synthetic.service import fill

PATIENTS = int(os.environ.get("WARDLINE_BENCH_PATIENTS", "1000000"))
_KEPT = Path("var/bench").absolute()
_SEED = 20261121
DEPARTMENTS, SMALL_DEPARTMENT = 40, 41
PASSWORD = "bench-password"


def kept_hospital() -> Path:
    """The database with PATIENTS patients: made when it is not there, brought to this version's schema when it is."""
    kept = _KEPT / f"hospital-{PATIENTS}.db"
    if not kept.exists():
        _KEPT.mkdir(parents=True, exist_ok=True)
        print(f"bench: making {PATIENTS:,} patients, once …", flush=True)
        making = kept.with_suffix(".part")
        making.unlink(missing_ok=True)
        upgrade_schema(f"sqlite:///{making}")
        database = Database(f"sqlite:///{making}")
        fill(database, _SEED, PATIENTS)
        with database.writing() as session:
            _join_departments(session)
        database.close()
        making.rename(kept)
    upgrade_schema(f"sqlite:///{kept}")
    return kept


def copy_hospital(target: Path) -> None:
    """Put a database with PATIENTS patients at `target`, in which the search for duplicates has been through once."""
    shutil.copy(kept_hospital(), target)
    database = Database(f"sqlite:///{target}")
    with database.writing() as session:
        session.merge(DuplicateSearch(id=1, journal_seq=journal.latest_seq(session), next_id=None, last_id=PATIENTS))
    database.close()


def known_numbers(count: int, chance: random.Random) -> list[str]:
    """Mobile numbers as a trunk signals them, each of exactly one of the patients."""
    database = Database(f"sqlite:///{kept_hospital()}")
    own = select(PatientPhone.number).where(PatientPhone.patient_id.in_(bindparam("ids", expanding=True)))
    alone = select(PatientPhone.number).where(PatientPhone.number.in_(own), PatientPhone.kind == PhoneKind.MOBILE)
    with database.reading() as session:
        ids = chance.sample(range(1, PATIENTS + 1), 3 * count)
        found = session.scalars(alone.group_by(PatientPhone.number).having(func.count() == 1), {"ids": ids})
        numbers = [number.removeprefix("+86") for number in found if number.startswith("+861")]
    database.close()
    return chance.sample(numbers, count)


def _join_departments(session: Session) -> None:
    """Everybody belongs to one of DEPARTMENTS large ones, every ten-thousandth person also to SMALL_DEPARTMENT."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    session.add_all(
        Department(id=id, code=f"B{id}", name=f"Department {id}", path=f"/{id}/", created_at=at)
        for id in range(1, SMALL_DEPARTMENT + 1)
    )
    session.flush()
    belong = "INSERT INTO patient_department (patient_id, department_id) SELECT id, {} FROM patient WHERE {}"
    session.execute(text(belong.format(f"1 + id * 7919 % {DEPARTMENTS}", "1 = 1")))  # spread over all ids
    session.execute(text(belong.format(SMALL_DEPARTMENT, "id % 10000 = 0")))


def open_floor(settings: Settings, agents: list[str]) -> None:
    """Accounts for these agents, all with PASSWORD and with numbers shown in full."""
    # A hundred accounts at full argon2 cost would take longer than the measurement.
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    parts = Parts.open(settings)
    with parts.database.writing() as session:
        queues.ensure_queues(session, settings, label="Hotline")
        for name in agents:
            agent = accounts.create_user(
                session, username=name, display_name=name, role=Role.AGENT, password=PASSWORD, now=parts.now()
            )
            # The page is watched for whole numbers.
            session.add(UserGrant(user_id=agent.id, module=Module.CONTACT, mask=Mask.CLEAR))
    parts.close()
