"""Who may see and change what: modules, reach, days, read only and masks, and how they combine (U-01 to U-05).

A scope is data here. What it does to a query is in app/access/service/scoping.py, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from app.accounts.rules import Role


class Module(StrEnum):
    """A part of the data that is granted on its own."""

    CONTACT = "contact"  # who the person is and how to reach them
    CLINICAL = "clinical"  # visits, diagnoses, results, charges (P-37)
    CALLS = "calls"
    MESSAGES = "messages"
    RECORDINGS = "recordings"
    QUALITY = "quality"  # evaluations of calls, and what follows from them
    FOLLOWUPS = "followups"
    REPORTS = "reports"
    EXPORT = "export"  # taking lists out of the system (U-06)
    DOWNLOAD = "download"  # taking recordings out of the system


class Reach(StrEnum):
    """Whose records: everybody's, those of the user's departments, or the user's own."""

    ALL = "all"
    DEPARTMENT = "department"
    OWN = "own"


class Mask(StrEnum):
    """How numbers and identifiers are shown."""

    CLEAR = "clear"
    MASKED = "masked"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoped:
    """What a table says about itself, as `__scoped__`, so that the query layer can cut it.

    `patient` is the column with the patient's id, `at` the column that a scope of days looks at, `owners` the columns
    that hold the username of somebody to whom the row belongs. `through` is a column that refers to a row of another
    scoped table: this one is shown with that one.
    """

    module: Module
    through: str | None = None
    patient: str | None = None
    other_patient: str | None = None
    at: str | None = None
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """What one user may do in one module. The parts combine as a cut: each one only takes away (U-05)."""

    can_view: bool = True
    can_write: bool = True
    reach: Reach = Reach.ALL
    with_sub_departments: bool = True
    days: int | None = None
    mask: Mask = Mask.CLEAR
    row_limit: int | None = None  # for exports: the most rows that one may have


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantChange:
    """The parts of a grant that a hospital, or an exception for one user, sets otherwise; None leaves as it is."""

    can_view: bool | None = None
    can_write: bool | None = None
    reach: Reach | None = None
    with_sub_departments: bool | None = None
    days: int | None = None  # 0 takes a limit away
    mask: Mask | None = None
    row_limit: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewer:
    """Who looks, and with which grants. `departments` holds the user's department, with those below it where granted.

    `opened` are the patients whom the user has opened in an emergency, which is looked at afterwards.
    """

    user_id: int
    username: str
    role: Role
    grants: Mapping[Module, Grant]
    department: int | None = None
    departments: frozenset[int] = frozenset()
    opened: frozenset[int] = frozenset()

    def grant(self, module: Module) -> Grant:
        """The grant for that module."""
        return self.grants[module]

    @property
    def is_masked(self) -> bool:
        """True when this user sees numbers and identifiers with their middle hidden."""
        return self.grants[Module.CONTACT].mask is Mask.MASKED


_NONE = Grant(can_view=False, can_write=False, mask=Mask.MASKED)
_MASKED = Grant(mask=Mask.MASKED)
_READ_MASKED = Grant(can_write=False, mask=Mask.MASKED)
_READ = Grant(can_write=False)
DEFAULT_GRANTS: Mapping[Role, Mapping[Module, Grant]] = {
    Role.AGENT: {
        **dict.fromkeys(Module, _MASKED),
        Module.CLINICAL: _READ_MASKED,
        Module.QUALITY: Grant(reach=Reach.OWN, mask=Mask.MASKED),
        Module.REPORTS: _NONE,
        Module.EXPORT: _NONE,
        Module.DOWNLOAD: _NONE,
    },
    Role.SUPERVISOR: {**dict.fromkeys(Module, Grant()), Module.EXPORT: Grant(row_limit=5_000)},
    Role.QA: {
        **dict.fromkeys(Module, _READ_MASKED),
        Module.CLINICAL: _NONE,
        Module.RECORDINGS: _MASKED,
        Module.QUALITY: _MASKED,
        Module.EXPORT: _NONE,
        Module.DOWNLOAD: _NONE,
    },
    Role.DOCTOR: {
        **dict.fromkeys(Module, _MASKED),
        Module.CLINICAL: _MASKED,
        Module.QUALITY: _NONE,
        Module.EXPORT: _NONE,
        Module.DOWNLOAD: _NONE,
    },
    Role.ADMIN: {**dict.fromkeys(Module, Grant()), Module.EXPORT: Grant(row_limit=100_000)},
}
"""What each role may do until the hospital decides otherwise."""


def combine(grant: Grant, change: GrantChange) -> Grant:
    """The grant with the parts that `change` names set otherwise."""
    named = {
        name: value
        for name in ("can_view", "can_write", "reach", "with_sub_departments", "days", "mask", "row_limit")
        if (value := getattr(change, name)) is not None
    }
    if "days" in named:
        named["days"] = named["days"] or None
    return replace(grant, **named)


def oldest_visible(days: int, today: datetime) -> datetime:
    """The beginning of the oldest day that a scope of `days` days shows; `today` is when the hospital's day began."""
    return datetime.combine(today.date() - timedelta(days=days), today.timetz())
