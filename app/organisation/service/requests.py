"""What colleagues ask of a department: open, taken by one of its members, done (U-14)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Row, Select, and_, case, or_, select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.errors import Conflict, InvalidInput, NotAllowed, NotFound
from app.organisation.models import Department, StaffRequest
from app.organisation.rules import RequestState
from app.organisation.service.departments import get_department
from app.paging import DEFAULT_LIMIT, Page, read_cursor, write_cursor
from app.texts import N_


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestView:
    """One request with the names that a list shows."""

    request: StaffRequest
    department: str
    asker: str
    taker: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestFilter:
    """Which requests: those of a state, those to a department, those that somebody asked or took."""

    state: RequestState | None = None
    department_id: int | None = None
    asked_by: str | None = None
    taken_by: str | None = None


def raise_request(
    session: Session, *, title: str, text: str, department_id: int, by: str, now: datetime
) -> StaffRequest:
    """Ask something of a department. Raises InvalidInput, NotFound for the department."""
    title, text = " ".join(title.split()), text.strip()
    if not 1 <= len(title) <= 120 or not title.isprintable():
        raise InvalidInput(N_("Say in up to 120 characters what it is about."), field="title")
    if len(text) > 2000 or "\x00" in text:
        raise InvalidInput(N_("At most 2000 characters."), field="text")
    if not get_department(session, department_id).is_active:
        raise InvalidInput(N_("This department is no longer in use."), field="department_id")
    made = StaffRequest(
        title=title,
        text=text,
        state=RequestState.OPEN.value,
        department_id=department_id,
        created_by=by,
        created_at=now,
    )
    session.add(made)
    session.flush()
    return made


def list_requests(session: Session, wanted: RequestFilter, *, cursor: str | None = None) -> Page[RequestView]:
    """The requests, those that are not done first, newest first within."""
    is_done = case((StaffRequest.state == RequestState.DONE.value, 1), else_=0)
    query = _views().order_by(is_done, StaffRequest.id.desc()).limit(DEFAULT_LIMIT + 1)
    if wanted.state is not None:
        query = query.where(StaffRequest.state == wanted.state.value)
    if wanted.department_id is not None:
        query = query.where(StaffRequest.department_id == wanted.department_id)
    if wanted.asked_by is not None:
        query = query.where(StaffRequest.created_by == wanted.asked_by)
    if wanted.taken_by is not None:
        query = query.where(StaffRequest.taken_by == wanted.taken_by)
    if cursor:
        done, last = read_cursor(cursor, (int, int))
        query = query.where(or_(is_done > done, and_(is_done == done, StaffRequest.id < last)))
    found = [_view(row) for row in session.execute(query)]
    shown = found[:DEFAULT_LIMIT]
    if len(found) <= DEFAULT_LIMIT:
        return Page(items=shown, next_cursor=None)
    last_shown = shown[-1].request
    return Page(items=shown, next_cursor=write_cursor(int(last_shown.state == RequestState.DONE), last_shown.id))


def get_request(session: Session, request_id: int) -> RequestView:
    """One request. Raises NotFound."""
    found = session.execute(_views().where(StaffRequest.id == request_id)).one_or_none() if request_id < 2**31 else None
    if found is None:
        raise NotFound(N_("There is no such request."))
    return _view(found)


def take_request(session: Session, request_id: int, *, by: User, now: datetime) -> None:
    """Take an open request of one's own department. Raises NotFound, NotAllowed, Conflict when somebody was first."""
    found = get_request(session, request_id).request
    if found.department_id != by.department_id:
        raise NotAllowed(N_("Only people of this department may take the request."))
    taken = session.scalars(
        update(StaffRequest)
        .where(StaffRequest.id == request_id, StaffRequest.state == RequestState.OPEN.value)
        .values(state=RequestState.TAKEN.value, taken_by=by.username, taken_at=now)
        .returning(StaffRequest.id)
    ).all()
    if len(taken) != 1:
        raise Conflict(N_("Somebody else was first."))


def answer_request(session: Session, request_id: int, answer: str, *, by: str, now: datetime) -> None:
    """Answer a request that one has taken. Raises NotFound, InvalidInput, Conflict when it is not one's own."""
    get_request(session, request_id)
    answer = answer.strip()
    if not 1 <= len(answer) <= 2000 or "\x00" in answer:
        raise InvalidInput(N_("Write an answer of up to 2000 characters."), field="answer")
    done = session.scalars(
        update(StaffRequest)
        .where(
            StaffRequest.id == request_id,
            StaffRequest.state == RequestState.TAKEN.value,
            StaffRequest.taken_by == by,
        )
        .values(state=RequestState.DONE.value, answer=answer, done_at=now)
        .returning(StaffRequest.id)
    ).all()
    if len(done) != 1:
        raise Conflict(N_("Take the request before you answer it."))


def _views() -> Select[StaffRequest, str, str, str]:
    asker, taker = User.__table__.alias(), User.__table__.alias()
    return (
        select(StaffRequest, Department.name, asker.c.display_name, taker.c.display_name)
        .join(Department, Department.id == StaffRequest.department_id)
        .outerjoin(asker, asker.c.username == StaffRequest.created_by)
        .outerjoin(taker, taker.c.username == StaffRequest.taken_by)
    )


def _view(row: Row[StaffRequest, str, str, str]) -> RequestView:
    request, department, asker, taker = row
    return RequestView(
        request=request, department=department, asker=asker or request.created_by, taker=taker or request.taken_by
    )
