"""The editor's form: what is in it as plain texts, and the programme that they say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from werkzeug.datastructures import MultiDict

from app.errors import InvalidInput
from app.followup_templates.models import FollowupTemplate, FollowupTemplateVersion
from app.followup_templates.rules import (
    LANGUAGES,
    MOST_STEPS,
    SPECIALTIES,
    Fault,
    LateEnrolment,
    Programme,
    StartMode,
    Step,
    Stop,
    StopOn,
)
from app.followup_templates.service import FaultyTemplate, TemplateData, programme_of
from app.followups.rules import TaskKind, TaskMode, TaskRole
from app.texts import N_

MOST_STOPS = 8
_NUMBERS = ("days", "lead_days", "window_days")
_PLAIN = ("key", "kind", "mode", "role", "at", "questionnaire", *_NUMBERS)
_FRESH = {
    "key": "", "days": "7", "kind": TaskKind.ROUTINE.value, "mode": TaskMode.PHONE.value,
    "role": TaskRole.SERVICE_CENTRE.value, "at": "09:00", "questionnaire": "", "lead_days": "0", "window_days": "3",
}  # fmt: skip

Draft = dict[str, Any]


def empty_draft() -> Draft:
    """A new template with one step."""
    return {
        "name": "", "specialty": "general", "anchor": "discharge", "starts": StartMode.BY_HAND.value,
        "late": LateEnrolment.SKIP.value, "goals": "", "repeat_months": "", "repeat_times": "", "word": "",
        "visit_kind": "", "disease": "", "department": "", "register": "", "sequential": "", "one_at_a_time": "",
        "steps": [_fresh([])], "stops": [],
    }  # fmt: skip


def draft_of(template: FollowupTemplate, version: FollowupTemplateVersion, name: str) -> Draft:
    """A version as the editor shows it."""
    programme = programme_of(version)
    filters = programme.filters
    return {
        "name": name,
        "specialty": template.specialty,
        "anchor": programme.anchor,
        "starts": programme.starts.value,
        "late": programme.late.value,
        "goals": version.goals,
        "repeat_months": str(programme.repeat_months or ""),
        "repeat_times": str(programme.repeat_times or ""),
        "word": str(filters.get("word", "")),
        "visit_kind": str(filters.get("visit_kind", "")),
        "disease": next(iter(filters.get("diseases") or []), ""),
        "department": str(filters.get("department_id") or ""),
        "register": str(filters.get("register_id") or ""),
        "sequential": "1" if programme.is_sequential else "",
        "one_at_a_time": "1" if programme.is_one_at_a_time else "",
        "steps": [_step_draft(step) for step in programme.steps],
        "stops": [row for stop in programme.stops for row in _stop_drafts(stop)],
    }


def draft_in(form: MultiDict[str, str]) -> Draft:
    """What was typed, complete or not, after the button that was pressed: add, remove:2, up:2 or down:2."""
    draft: Draft = {name: form.get(name, "").strip() for name in empty_draft() if name not in ("steps", "stops")}
    count = min(form.get("steps", 0, type=int), MOST_STEPS + 1)
    draft["steps"] = [_typed_step(form, place) for place in range(count)]
    stops = [_typed_stop(form, place) for place in range(min(form.get("stops", 0, type=int), MOST_STOPS))]
    draft["stops"] = [row for row in stops if row["on"]]
    _act(draft, form.get("act", ""))
    return draft


def data_in(draft: Draft) -> TemplateData:
    """The template that the form says. Raises FaultyTemplate with the place of each number that is none."""
    faults: list[Fault] = []
    steps = [_step(row, place, faults) for place, row in enumerate(draft["steps"])]
    months, times = (_number(draft[name], name, None, faults) for name in ("repeat_months", "repeat_times"))
    stops = [_stop(row, faults) for row in draft["stops"]]
    if faults:
        raise FaultyTemplate(faults)
    programme = Programme(
        anchor=draft["anchor"][:40],
        filters=_filters(draft),
        starts=StartMode(draft["starts"]) if draft["starts"] in set(StartMode) else StartMode.BY_HAND,
        steps=tuple(step for step in steps if step is not None),
        stops=tuple(stop for stop in stops if stop is not None),
        late=LateEnrolment(draft["late"]) if draft["late"] in set(LateEnrolment) else LateEnrolment.SKIP,
        is_sequential=draft["sequential"] == "1",
        repeat_months=months,
        repeat_times=times,
    )
    specialty = draft["specialty"] if draft["specialty"] in SPECIALTIES else ""
    return TemplateData(name=draft["name"], specialty=specialty, programme=programme, goals=draft["goals"])


def errors_of(error: InvalidInput) -> list[Fault]:
    """The faults of an error, one at least."""
    if isinstance(error, FaultyTemplate):
        return list(error.faults)
    return [Fault(sentence=error.detail, field=str(error.fields.get("field", "name")))]


def _fresh(steps: list[dict[str, Any]]) -> dict[str, Any]:
    days = max((int(row["days"]) for row in steps if row["days"].isdecimal()), default=0)
    names = {row["key"] for row in steps}
    number = next(number for number in range(1, 100) if f"s{number}" not in names)
    empty = dict.fromkeys(LANGUAGES, "")
    return {**_FRESH, "key": f"s{number}", "days": str(days + 7), "titles": dict(empty), "texts": dict(empty)}


def _step_draft(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "days": str(step.days),
        "kind": step.kind.value,
        "mode": step.mode.value,
        "role": step.role.value,
        "at": f"{step.at:%H:%M}",
        "questionnaire": step.questionnaire or "",
        "lead_days": str(step.lead_days),
        "window_days": str(step.window_days),
        "titles": {language: step.titles.get(language, "") for language in LANGUAGES},
        "texts": {language: step.texts.get(language, "") for language in LANGUAGES},
    }


def _stop_drafts(stop: Stop) -> list[dict[str, str]]:
    within = "" if stop.within_days is None else str(stop.within_days)
    ends = "1" if stop.ends_plan else ""
    return [
        {"on": stop.on.value, "kind": kind, "within": within, "ends": ends}
        for kind in (sorted(each.value for each in stop.kinds) or [""])
    ]


def _typed_step(form: Mapping[str, str], place: int) -> dict[str, Any]:
    row: dict[str, Any] = {name: form.get(f"step-{place}-{name}", "").strip() for name in _PLAIN}
    for part, name in (("titles", "title"), ("texts", "text")):
        row[part] = {
            language: form.get(f"step-{place}-{name}-{language}", "").replace("\r\n", "\n").strip()
            for language in LANGUAGES
        }
    return row


def _typed_stop(form: Mapping[str, str], place: int) -> dict[str, str]:
    return {name: form.get(f"stop-{place}-{name}", "").strip() for name in ("on", "kind", "within", "ends")}


def _act(draft: Draft, act: str) -> None:
    what, _colon, at = act.partition(":")
    steps, place = draft["steps"], int(at) if at.isascii() and at.isdecimal() else -1
    if what == "add" and len(steps) < MOST_STEPS:
        steps.append(_fresh(steps))
    elif what == "remove" and 0 <= place < len(steps):
        del steps[place]
    elif what == "up" and 0 < place < len(steps):
        steps[place - 1], steps[place] = steps[place], steps[place - 1]
    elif what == "down" and 0 <= place < len(steps) - 1:
        steps[place + 1], steps[place] = steps[place], steps[place + 1]


def _filters(draft: Draft) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if draft["word"]:
        found["word"] = draft["word"][:60]
    if draft["visit_kind"] in ("outpatient", "inpatient", "emergency", "exam"):
        found["visit_kind"] = draft["visit_kind"]
    if draft["disease"]:
        found["diseases"] = [draft["disease"][:40]]
    for name, key in (("department", "department_id"), ("register", "register_id")):
        if draft[name].isascii() and draft[name].isdecimal() and len(draft[name]) < 10:
            found[key] = int(draft[name])
    if draft["one_at_a_time"] == "1":
        found["one_at_a_time"] = True
    return found


def _step(row: Mapping[str, Any], place: int, faults: list[Fault]) -> Step | None:
    numbers = {name: _number(row[name], name, place, faults, is_needed=True) for name in _NUMBERS}
    try:
        at = time.fromisoformat(row["at"]).replace(second=0, microsecond=0, tzinfo=None)
        kind, mode, role = TaskKind(row["kind"]), TaskMode(row["mode"]), TaskRole(row["role"])
    except ValueError:
        faults.append(Fault(sentence=N_("Write a time such as 10:00."), field="at", step=place))
        return None
    days, lead_days, window_days = (numbers[name] for name in _NUMBERS)
    if days is None or lead_days is None or window_days is None:
        return None
    return Step(
        key=row["key"],
        days=days,
        kind=kind,
        mode=mode,
        role=TaskRole.SYSTEM if mode is TaskMode.SMS else role,
        titles={language: text for language, text in row["titles"].items() if text},
        texts={language: text for language, text in row["texts"].items() if text},
        lead_days=lead_days,
        window_days=window_days,
        at=at,
        questionnaire=row["questionnaire"][:60] or None,
    )


def _stop(row: Mapping[str, str], faults: list[Fault]) -> Stop | None:
    if row["on"] not in set(StopOn):
        return None
    kinds = frozenset({TaskKind(row["kind"])}) if row["kind"] in set(TaskKind) else frozenset()
    within = _number(row["within"], "stops", None, faults)
    return Stop(on=StopOn(row["on"]), kinds=kinds, within_days=within, ends_plan=row["ends"] == "1")


def _number(text: str, field: str, step: int | None, faults: list[Fault], *, is_needed: bool = False) -> int | None:
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdecimal() and len(digits) <= 5:
        return int(text)
    if text or is_needed:
        faults.append(Fault(sentence=N_("Write a whole number."), field=field, step=step))
    return None
