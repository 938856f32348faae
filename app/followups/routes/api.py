"""Follow-ups for programs: /api/v1/followups."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from apiflask import APIBlueprint, Schema
from apiflask.fields import AwareDateTime, Date, Integer, List, Nested, String
from apiflask.validators import Length, OneOf, Range

from app.accounts.rules import AT_THE_DESK, WITH_PATIENTS, Role
from app.errors import Conflict, InvalidInput
from app.followups import service
from app.followups.models import FollowupTask
from app.followups.routes.workstation import link_to
from app.followups.rules import OPEN, Attitude, TaskKind, TaskMode, TaskResult, TaskRole, TaskState, TreatmentEffect
from app.followups.service import AdHocData, ResultData, TaskFilters
from app.http import allow, parts, reading, signed_in, viewer, writing
from app.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from app.texts import N_

api = APIBlueprint("followups_api", __name__, url_prefix="/api/v1/followups", tag="Follow-ups")

_WORKERS = AT_THE_DESK | {Role.DOCTOR}
_ID = Range(1, 2**31 - 1)


def _words(kind: Any) -> list[str]:
    return [each.value for each in kind]


class TaskOut(Schema):
    id = Integer(required=True)
    patient_id = Integer(required=True)
    plan_id = Integer(required=True, allow_none=True)
    list_id = Integer(required=True, allow_none=True)
    kind = String(required=True, metadata={"enum": _words(TaskKind)})
    mode = String(required=True, metadata={"enum": _words(TaskMode)})
    role = String(required=True, metadata={"enum": _words(TaskRole)})
    title = String(required=True)
    text = String(required=True)
    state = String(required=True, metadata={"enum": _words(TaskState)})
    due_on = Date(required=True)
    due_at = AwareDateTime(required=True)
    late_at = AwareDateTime(required=True, metadata={"description": "Not done by then: overdue."})
    work_at = AwareDateTime(required=True, metadata={"description": "When it is next to be worked on."})
    assignee = String(required=True, allow_none=True)
    claimed_by = String(required=True, allow_none=True)
    attempts = Integer(required=True)
    result = String(required=True, allow_none=True, metadata={"enum": [*_words(TaskResult), None]})
    effect = String(required=True, allow_none=True, metadata={"enum": [*_words(TreatmentEffect), None]})
    attitude = String(required=True, allow_none=True, metadata={"enum": [*_words(Attitude), None]})
    recovery = String(required=True)
    opinion = String(required=True)
    suggestion = String(required=True)
    wish = String(required=True)
    reason = String(required=True, allow_none=True)
    message_id = Integer(required=True, allow_none=True)
    response_id = Integer(required=True, allow_none=True)
    created_at = AwareDateTime(required=True)
    done_at = AwareDateTime(required=True, allow_none=True)
    done_by = String(required=True, allow_none=True)
    link = String(required=True, metadata={"description": "Opens it for whoever asked, for seven days."})


class TaskListOut(Schema):
    items = List(Nested(TaskOut), required=True)
    next_cursor = String(required=True, allow_none=True)


class TaskListIn(Schema):
    due_before = AwareDateTime(load_default=None, metadata={"description": "Due earlier than that."})
    state = String(load_default=None, validate=OneOf(_words(TaskState)))
    patient_id = Integer(load_default=None, validate=_ID)
    plan_id = Integer(load_default=None, validate=_ID)
    list_id = Integer(load_default=None, validate=_ID)
    assignee = String(load_default=None, validate=Length(1, 64))
    whose = String(load_default="all", validate=OneOf(["all", "mine", "own", "pool"]))
    limit = Integer(load_default=DEFAULT_LIMIT, validate=Range(1, LARGEST_LIMIT))
    cursor = String(load_default=None)


class TaskIn(Schema):
    patient_id = Integer(required=True, validate=_ID)
    mode = String(load_default=TaskMode.PHONE.value, validate=OneOf(_words(TaskMode)))
    kind = String(load_default=TaskKind.AD_HOC.value, validate=OneOf(_words(TaskKind)))
    due_at = AwareDateTime(load_default=None, metadata={"description": "Either this or `due_on`; nothing: now."})
    due_on = Date(load_default=None, metadata={"description": "A day of the hospital, at nine o'clock."})
    title = String(load_default=None, allow_none=True, validate=Length(1, 200))
    text = String(load_default="", validate=Length(max=4000))
    assignee = String(load_default=None, allow_none=True, validate=Length(1, 64))
    questionnaire_version_id = Integer(load_default=None, allow_none=True, validate=_ID)


class TaskChangeIn(Schema):
    state = String(
        load_default=None,
        validate=OneOf(_words(TaskState)),
        metadata={"description": "in_progress takes it, due gives it back, skipped and cancelled need a reason."},
    )
    result = String(load_default=None, validate=OneOf(_words(TaskResult)))
    effect = String(load_default=None, allow_none=True, validate=OneOf(_words(TreatmentEffect)))
    attitude = String(load_default=None, allow_none=True, validate=OneOf(_words(Attitude)))
    recovery = String(load_default="", validate=Length(max=1000))
    opinion = String(load_default="", validate=Length(max=2000))
    suggestion = String(load_default="", validate=Length(max=1000))
    wish = String(load_default="", validate=Length(max=1000))
    call_again_at = AwareDateTime(load_default=None, allow_none=True)
    reason = String(load_default=None, allow_none=True, validate=Length(1, 300))
    assignee = String(allow_none=True, validate=Length(1, 64))


@api.get("/tasks")
@api.input(TaskListIn, location="query")
@api.output(TaskListOut)
@allow(WITH_PATIENTS)
def list_tasks(query_data: dict[str, Any]) -> dict[str, Any]:
    """Follow-ups in the order in which they are to be worked on."""
    state = query_data["state"]
    filters = TaskFilters(
        whose=query_data["whose"],
        states=(TaskState(state),) if state else (),
        due_before=query_data["due_before"],
        patient_id=query_data["patient_id"],
        plan_id=query_data["plan_id"],
        list_id=query_data["list_id"],
        assignee=query_data["assignee"],
    )
    with reading() as session:
        page = service.list_tasks(
            session, filters, viewer=viewer(), limit=query_data["limit"], cursor=query_data["cursor"]
        )
        return {"items": [_view(row.task) for row in page.items], "next_cursor": page.next_cursor}


@api.post("/tasks")
@api.input(TaskIn)
@api.output(TaskOut, status_code=201)
@allow(_WORKERS)
def add_task(json_data: dict[str, Any]) -> dict[str, Any]:
    """Plan a follow-up on its own. 409 for somebody who has died."""
    data = AdHocData(
        patient_id=json_data["patient_id"],
        due_at=_due_at(json_data["due_at"], json_data["due_on"]),
        mode=TaskMode(json_data["mode"]),
        kind=TaskKind(json_data["kind"]),
        title=json_data["title"] or json_data["text"][:200] or N_("Follow-up"),
        text=json_data["text"],
        assignee=json_data["assignee"],
        questionnaire_version_id=json_data["questionnaire_version_id"],
    )
    with writing() as session:
        made = service.add_ad_hoc(
            session, parts().bus, parts().settings, data, by=signed_in().username, now=parts().now()
        )
        return _view(made)


@api.get("/tasks/<int:task_id>")
@api.output(TaskOut)
@allow(WITH_PATIENTS)
def get_task(task_id: int) -> dict[str, Any]:
    """One follow-up."""
    with reading() as session:
        return _view(service.get_task(session, task_id))


@api.patch("/tasks/<int:task_id>")
@api.input(TaskChangeIn)
@api.output(TaskOut)
@allow(_WORKERS)
def change_task(task_id: int, json_data: dict[str, Any]) -> dict[str, Any]:
    """Take a follow-up, give it back, leave it out, or say what came of it. 409 when it is somebody else's."""
    me, now = signed_in().username, parts().now()
    with writing() as session:
        task = service.get_task(session, task_id)
        if "assignee" in json_data and not service.assign(
            session, parts().bus, [task_id], to=json_data["assignee"], by=me, now=now
        ):
            raise Conflict(N_("Somebody has this follow-up in hand, or it is closed."))
        wanted = TaskState(json_data["state"]) if json_data["state"] else None
        result = _result(json_data, wanted)
        if result is not None:
            _take(task_id, task, session, me, now)
            service.apply_result(session, parts().bus, parts().settings, task_id, result, by=me, now=now)
        elif wanted is TaskState.IN_PROGRESS:
            _take(task_id, task, session, me, now)
        elif wanted is TaskState.DUE:
            service.release(session, parts().bus, task_id, by=me, now=now)
        elif wanted is TaskState.SKIPPED:
            reason = json_data["reason"] or ""
            service.skip_task(session, parts().bus, task_id, reason=reason, by=me, now=now)
        elif wanted is TaskState.CANCELLED:
            if not json_data["reason"]:
                raise InvalidInput(N_("Say why this follow-up is left out."), field="reason")
            if not service.cancel_tasks(session, parts().bus, [task_id], reason=json_data["reason"], by=me, now=now):
                raise Conflict(N_("This follow-up is closed already."))
        elif wanted is not None:
            raise InvalidInput(N_("A follow-up cannot be brought into this state."), field="state")
        session.expire_all()
        return _view(service.get_task(session, task_id))


def _take(task_id: int, task: FollowupTask, session: Any, me: str, now: datetime) -> None:
    if TaskState(task.state) not in OPEN or not service.claim(session, parts().bus, task_id, by=me, now=now):
        raise Conflict(N_("Somebody else has this follow-up in hand, or it is closed."))


def _result(given: dict[str, Any], wanted: TaskState | None) -> ResultData | None:
    by_state = {
        TaskState.DONE: TaskResult.REACHED,
        TaskState.NOT_REACHED: TaskResult.NOT_REACHED,
        TaskState.LOST: TaskResult.WRONG_NUMBER,
    }
    result = TaskResult(given["result"]) if given["result"] else by_state.get(wanted) if wanted else None
    if result is None:
        return None
    return ResultData(
        result=result,
        effect=TreatmentEffect(given["effect"]) if given["effect"] else None,
        attitude=Attitude(given["attitude"]) if given["attitude"] else None,
        recovery=given["recovery"],
        opinion=given["opinion"],
        suggestion=given["suggestion"],
        wish=given["wish"],
        call_again_at=given["call_again_at"],
    )


def _due_at(at: datetime | None, on: date | None) -> datetime:
    if at is not None:
        return at
    if on is not None:
        return datetime(on.year, on.month, on.day, 9, tzinfo=parts().settings.timezone)
    return parts().now()


def _view(task: FollowupTask) -> dict[str, Any]:
    names = [name for name in TaskOut._declared_fields if name != "link"]
    return {**{name: getattr(task, name) for name in names}, "link": link_to(task.id, signed_in().username)}
