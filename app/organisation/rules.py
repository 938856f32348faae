"""Kinds of department, and the states of what one colleague asks of another."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.texts import N_


class DepartmentKind(StrEnum):
    """What a department is for. A service centre is also a pool: tasks addressed to it are taken by any member."""

    SITE = "site"  # a campus or a branch: its people, and those of the departments below it, are one site of the floor
    CLINICAL = "clinical"
    WARD = "ward"
    SERVICE_CENTRE = "service_centre"
    OFFICE = "office"
    OTHER = "other"


KIND_TITLES: Mapping[DepartmentKind, str] = {
    DepartmentKind.SITE: N_("Site"),
    DepartmentKind.CLINICAL: N_("Clinical department"),
    DepartmentKind.WARD: N_("Ward"),
    DepartmentKind.SERVICE_CENTRE: N_("Service centre"),
    DepartmentKind.OFFICE: N_("Office"),
    DepartmentKind.OTHER: N_("Other"),
}


class RequestState(StrEnum):
    """Open until a member of the department takes it, taken until it is answered, then done."""

    OPEN = "open"
    TAKEN = "taken"
    DONE = "done"


REQUEST_STATE_TITLES: Mapping[RequestState, str] = {
    RequestState.OPEN: N_("Open"),
    RequestState.TAKEN: N_("Taken"),
    RequestState.DONE: N_("Done"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Colleague:
    """Somebody who works here, as lists show people."""

    username: str
    display_name: str
    department_id: int | None


def path_of(parent_path: str | None, department_id: int) -> str:
    """The path of a department below the one with `parent_path`, or at the top."""
    return f"{parent_path or '/'}{department_id}/"


def is_within(path: str, above: str) -> bool:
    """True when the department with `path` is the one with the path `above`, or below it."""
    return path.startswith(above)
