"""The steps of a template and the rules that stop them, as values, with their JSON forms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from enum import StrEnum
from typing import Any

from app.followups.rules import TaskKind, TaskMode, TaskRole


class StartMode(StrEnum):
    AUTOMATIC = "automatic"
    PROPOSAL = "proposal"  # waits until somebody says yes
    BY_HAND = "by_hand"


class LateEnrolment(StrEnum):
    """What is done with steps whose day had passed when the event became known."""

    SKIP = "skip"
    LATEST = "latest"  # only the last of them, at once
    ALL = "all"  # all of them, at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step, `days` after the anchor's day; what reminds of it goes `lead_days` before.

    `window_days` is for how many days it still counts as in time. `text` is by language: the script of a call, or the
    text of an SMS with the fields of a message template. `questionnaire` is the code of one.
    """

    key: str
    days: int
    kind: TaskKind
    mode: TaskMode
    role: TaskRole
    titles: Mapping[str, str]
    texts: Mapping[str, str] = field(default_factory=dict)
    lead_days: int = 0
    window_days: int = 3
    at: time = time(9)
    questionnaire: str | None = None

    def day(self, anchor_on: date) -> date:
        """What it is about."""
        return anchor_on + timedelta(days=self.days)

    def due_on(self, anchor_on: date) -> date:
        """When it is to be done."""
        return anchor_on + timedelta(days=self.days - self.lead_days)


class StopOn(StrEnum):
    """What ends a plan or a step of it, beside death and the withdrawal of its event."""

    VISIT = "visit"
    OPERATION = "operation"
    ADMISSION = "admission"
    DISCHARGE = "discharge"
    REGISTER_LEFT = "register_left"


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """When this happens to the patient, these steps are cancelled: those of `kinds` (all when empty).

    With `within_days` only steps whose day is at most so many days after the event: who came on day 85 needs no
    reminder for day 90, but still the call of day 180.
    """

    on: StopOn
    kinds: frozenset[TaskKind] = frozenset()
    within_days: int | None = None
    ends_plan: bool = False


def read_step(value: Mapping[str, Any]) -> Step:
    """A step from its JSON form. Raises KeyError or ValueError for what is none."""
    hour, minute = (int(part) for part in str(value.get("at", "09:00")).split(":"))
    return Step(
        key=str(value["key"]),
        days=int(value["days"]),
        kind=TaskKind(value["kind"]),
        mode=TaskMode(value["mode"]),
        role=TaskRole(value["role"]),
        titles=dict(value.get("titles") or {}),
        texts=dict(value.get("texts") or {}),
        lead_days=int(value.get("lead_days", 0)),
        window_days=int(value.get("window_days", 3)),
        at=time(hour, minute),
        questionnaire=value.get("questionnaire") or None,
    )


def write_step(step: Step) -> dict[str, Any]:
    """The JSON form."""
    return {
        "key": step.key,
        "days": step.days,
        "kind": step.kind.value,
        "mode": step.mode.value,
        "role": step.role.value,
        "titles": dict(step.titles),
        "texts": dict(step.texts),
        "lead_days": step.lead_days,
        "window_days": step.window_days,
        "at": f"{step.at:%H:%M}",
        "questionnaire": step.questionnaire,
    }


def read_stop(value: Mapping[str, Any]) -> Stop:
    """A stop rule from its JSON form."""
    within = value.get("within_days")
    return Stop(
        on=StopOn(value["on"]),
        kinds=frozenset(TaskKind(kind) for kind in value.get("kinds") or ()),
        within_days=None if within is None else int(within),
        ends_plan=bool(value.get("ends_plan", False)),
    )


def write_stop(stop: Stop) -> dict[str, Any]:
    """The JSON form."""
    return {
        "on": stop.on.value,
        "kinds": sorted(kind.value for kind in stop.kinds),
        "within_days": stop.within_days,
        "ends_plan": stop.ends_plan,
    }
