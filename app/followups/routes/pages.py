"""The day's work, and one follow-up with everything that whoever calls needs beside the call."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import get_locale
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access.rules import Module
from app.accounts.models import User
from app.accounts.rules import AT_THE_DESK, OVER_AGENTS, WITH_PATIENTS, Role
from app.audit.rules import Action
from app.calls.models import Call
from app.errors import InvalidInput
from app.followups import service
from app.followups.models import FollowupAttempt
from app.followups.routes.words import page_words
from app.followups.rules import (
    OPEN,
    Attitude,
    TaskKind,
    TaskMode,
    TaskResult,
    TaskState,
    TreatmentEffect,
)
from app.followups.service import TaskFilters, TaskRow
from app.followups.service.counting import TaskFigure
from app.http import allow, audit, parts, reading, signed_in, viewer, writing
from app.organisation import service as organisation
from app.paging import DEFAULT_LIMIT
from app.patients import service as patients
from app.patients.rules import age_on
from app.questionnaires import service as questionnaires
from app.recordings.models import Recording

pages = Blueprint("followups", __name__, url_prefix="/followups", template_folder="../templates")

READERS = WITH_PATIENTS
WORKERS = AT_THE_DESK | {Role.DOCTOR}
RESULTS = (
    TaskResult.REACHED,
    TaskResult.NOT_REACHED,
    TaskResult.CALL_AGAIN,
    TaskResult.REFUSED,
    TaskResult.WRONG_NUMBER,
    TaskResult.DIED,
    TaskResult.CAME,
)
"""What whoever calls can say came of it."""
_NEXT = 4
_AHEAD = {"today": 0, "week": 7, "month": 31}
_WORKED_ON = (TaskState.DUE, TaskState.IN_PROGRESS, TaskState.NOT_REACHED, TaskState.PLANNED)


@pages.get("")
@allow(READERS)
def show_today() -> str:
    """What is to be done, in one order: overdue, retries and appointments by their time."""
    chosen = _chosen()
    filters = _filters(chosen)
    with reading() as session:
        page = service.list_tasks(
            session, filters, viewer=viewer(), limit=DEFAULT_LIMIT, cursor=request.args.get("cursor")
        )
        return _render(
            "today.html",
            page=page,
            chosen=chosen,
            figures=_figures(session),
            department_choices=[(each.id, each.name) for each in organisation.departments(session)],
            colleagues=_colleagues(session) if viewer().role in OVER_AGENTS else [],
            next_url=_with_cursor(page.next_cursor),
        )


@pages.get("/next")
@allow(WORKERS)
def show_next() -> str:
    """The next few of whoever asks, for the desk."""
    with reading() as session:
        today = parts().now().astimezone(parts().settings.timezone).date()
        filters = TaskFilters(whose="mine", states=_WORKED_ON, work_until=_end_of_day(today))
        page = service.list_tasks(session, filters, viewer=viewer(), limit=_NEXT)
        count = service.count_tasks(session, filters, viewer=viewer())
    return _render("_next.html", rows=page.items, count=count)


@pages.get("/<int:task_id>")
@allow(READERS)
def show_task(task_id: int) -> str | Response:
    """One follow-up on a page of its own; the desk shows the same panel beside the call."""
    _note_view(task_id)
    with reading() as session:
        row = _row(session, task_id)
        return _render("task.html", **panel_values(session, row))


@pages.get("/<int:task_id>/panel")
@allow(READERS)
def show_panel(task_id: int) -> str:
    """The panel alone, for the desk's right column and after each act."""
    _note_view(task_id)
    with reading() as session:
        return _render("_panel.html", is_fragment=True, **panel_values(session, _row(session, task_id)))


def panel_values(session: Session, row: TaskRow, errors: dict[str, str] | None = None) -> dict[str, Any]:
    """Everything that the panel shows of one task."""
    task, now = row.task, parts().now()
    is_mine = task.state == TaskState.IN_PROGRESS and task.claimed_by == signed_in().username
    attempts = session.execute(
        select(FollowupAttempt, Recording.id)
        .outerjoin(Call, Call.id == FollowupAttempt.call_id)
        .outerjoin(Recording, Recording.call_id == Call.id)
        .where(FollowupAttempt.task_id == task.id)
        .order_by(FollowupAttempt.started_at)
    ).all()
    birth = row.patient.birth_date
    return {
        "row": row,
        "task": task,
        "patient": row.patient,
        "age": age_on(birth, now.astimezone(parts().settings.timezone).date()),
        "phones": [phone for phone in row.patient.phones if phone.is_valid and not phone.do_not_call],
        "wishes": [note for note in patients.notes_of(session, row.patient.id) if patients.is_open_wish(note)],
        "siblings": service.tasks_of_plan(session, task.plan_id) if task.plan_id else [],
        "same_day": _same_day(session, row),
        "attempts": attempts,
        "questions": service.questions_of_task(session, task),
        "sheets": _sheets(session) if is_mine or task.state == TaskState.DONE else [],
        "doctors": doctors(session) if is_mine else [],
        "departments": organisation.departments(session) if is_mine else [],
        "is_mine": is_mine,
        "is_open": TaskState(task.state) in OPEN,
        "may_work": may_work(),
        "may_take": may_work() and task.assignee in (None, signed_in().username),
        "may_dial": signed_in().role in AT_THE_DESK and viewer().grant(Module.CALLS).can_write,
        "draft": _typed(task.draft),
        "results": RESULTS,
        "effects": [effect for effect in TreatmentEffect if effect != TreatmentEffect.DIED],
        "attitudes": list(Attitude),
        "errors": errors or {},
        "now": now.astimezone(parts().settings.timezone),
        "is_desk": request.args.get("desk") == "1" or request.form.get("desk") == "1",
    }


def may_work() -> bool:
    """Whether whoever looks may take tasks and record results."""
    return signed_in().role in WORKERS and viewer().grant(Module.FOLLOWUPS).can_write


def render_panel(session: Session, task_id: int, errors: dict[str, str] | None = None) -> str:
    """The panel as it is now, with what is wrong in the form."""
    session.expire_all()
    return _render("_panel.html", is_fragment=True, **panel_values(session, _row(session, task_id), errors))


def _row(session: Session, task_id: int) -> TaskRow:
    service.get_task(session, task_id)
    row = service.task_row(session, task_id)
    assert row is not None  # its patient is in the same scope
    return row


def _note_view(task_id: int) -> None:
    """A follow-up shows a person: looking at it is looking at the record (guard 10)."""
    with reading() as session:
        patient_id = service.get_task(session, task_id).patient_id
    with writing() as session:
        audit(session, Action.VIEW, patient_id=patient_id, subject=f"followup:{task_id}")


def _typed(draft: dict[str, Any]) -> dict[str, str]:
    return {str(key): str(value) for key, value in draft.items()}


def _same_day(session: Session, row: TaskRow) -> list[TaskRow]:
    """What else is to be done with the same person on that day: it is shown together (F-04)."""
    day = row.task.due_on
    filters = TaskFilters(patient_id=row.patient.id, due_from=day, due_until=day, states=_WORKED_ON)
    found = service.list_tasks(session, filters, viewer=None, limit=10)
    return [each for each in found.items if each.task.id != row.task.id]


def _sheets(session: Session) -> list[tuple[int, str]]:
    """The follow-up sheets that can be printed for the patient (F-26)."""
    language = str(get_locale())
    return [(sheet.id, questionnaires.sheet_name(sheet, language)) for sheet in questionnaires.list_sheets(session)]


def doctors(session: Session) -> list[User]:
    """Every doctor who can be asked."""
    query = select(User).where(User.role == Role.DOCTOR, User.is_active, User.left_at.is_(None))
    return list(session.scalars(query.order_by(User.display_name)))


def _colleagues(session: Session) -> list[User]:
    wanted = [role.value for role in WORKERS]
    query = select(User).where(User.role.in_(wanted), User.is_active, User.left_at.is_(None))
    return list(session.scalars(query.order_by(User.display_name)))


def _figures(session: Session) -> dict[str, int]:
    """The numbers above the list; each is a filter of it."""
    now, whose = parts().now(), "mine"
    today = now.astimezone(parts().settings.timezone).date()

    def count(filters: TaskFilters) -> int:
        return service.count_tasks(session, filters, viewer=viewer())

    return {
        "due": count(TaskFilters(whose=whose, states=_WORKED_ON, work_until=_end_of_day(today))),
        "overdue": count(TaskFilters(whose=whose, overdue_at=now)),
        "retries": count(TaskFilters(whose=whose, states=(TaskState.NOT_REACHED,))),
        "done": count(
            TaskFilters(done_by=signed_in().username, states=(TaskState.DONE,), due_from=today - timedelta(days=31))
        ),
    }


def _end_of_day(day: date) -> datetime:
    after = day + timedelta(days=1)
    return datetime(after.year, after.month, after.day, tzinfo=parts().settings.timezone)


def _chosen() -> dict[str, str]:
    """The filters of the address; what is none of them is as if it were not there."""
    given = {name: request.args.get(name, "")[:60] for name in ("whose", "when", "kind", "mode", "state", "department")}
    given |= {name: request.args.get(name, "")[:60] for name in ("list", "patient", "from", "to", "overdue")}
    given |= {name: request.args.get(name, "")[:60] for name in ("result", "effect", "disease", "template", "done_by")}
    given |= {name: request.args.get(name, "")[:60] for name in ("escalated", "attitude", "assignee", "plan", "doctor")}
    given["figure"] = request.args.get("figure", "")[:60]
    allowed: dict[str, set[str]] = {
        "whose": {"mine", "own", "pool", "all"},
        "when": set(_AHEAD) | {"any"},
        "kind": set(TaskKind),
        "mode": set(TaskMode),
        "state": set(TaskState),
        "result": set(TaskResult),
        "effect": set(TreatmentEffect),
        "attitude": set(Attitude),
        "figure": set(TaskFigure),
    }
    for name, words in allowed.items():
        if given[name] not in words:
            given[name] = ""
    is_narrowed = any(value for name, value in given.items() if name not in ("whose", "when"))
    given["whose"] = given["whose"] or ("all" if is_narrowed or signed_in().role in OVER_AGENTS else "mine")
    given["when"] = given["when"] or ("any" if is_narrowed else "today")
    return given


def _filters(chosen: dict[str, str]) -> TaskFilters:
    now = parts().now()
    today = now.astimezone(parts().settings.timezone).date()
    state = chosen["state"]
    is_worklist = not state and not chosen["result"] and not chosen["effect"] and not chosen["done_by"]
    ahead = _AHEAD.get(chosen["when"])
    return TaskFilters(
        whose=chosen["whose"],
        states=(TaskState(state),) if state else (_WORKED_ON if is_worklist and chosen["when"] != "any" else ()),
        work_until=_end_of_day(today + timedelta(days=ahead)) if ahead is not None and is_worklist else None,
        overdue_at=now if chosen["overdue"] else None,
        kind=TaskKind(chosen["kind"]) if chosen["kind"] else None,
        mode=TaskMode(chosen["mode"]) if chosen["mode"] else None,
        department_id=_number(chosen["department"]),
        list_id=_number(chosen["list"]),
        patient_id=_number(chosen["patient"]),
        plan_id=_number(chosen["plan"]),
        template_id=_number(chosen["template"]),
        disease=chosen["disease"] or None,
        due_from=read_day(chosen["from"]),
        due_until=read_day(chosen["to"]),
        result=chosen["result"] or None,
        effect=chosen["effect"] or None,
        attitude=chosen["attitude"] or None,
        assignee=chosen["assignee"] or None,
        done_by=chosen["done_by"] or None,
        is_escalated=bool(chosen["escalated"]),
        doctor=chosen["doctor"] or None,
        figure=TaskFigure(chosen["figure"]) if chosen["figure"] else None,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None


def read_day(text: str) -> date | None:
    """A day of the address; nothing for what is none."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        return None


def read_moment(day: str, clock: str) -> datetime | None:
    """A day and a time of the hospital's clock. Raises InvalidInput for what is none; nothing for nothing."""
    if not day:
        return None
    try:
        return datetime.fromisoformat(f"{day}T{clock or '09:00'}").replace(tzinfo=parts().settings.timezone)
    except ValueError:
        raise InvalidInput("A date has the form 2026-11-21.", field="again") from None


def _with_cursor(cursor: str | None) -> str | None:
    if cursor is None:
        return None
    arguments: dict[str, Any] = {**request.args.to_dict(), "cursor": cursor}
    return url_for(".show_today", **arguments)


def _render(template: str, **values: Any) -> str:
    return render_template(f"followups/{template}", **page_words(), **values)
