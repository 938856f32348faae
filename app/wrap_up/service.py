"""How calls of a queue are wrapped up: what the desk offers, and what supervisors keep of it."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, func, or_, select
from sqlalchemy.orm import Session

from app.calls.service import dispositions
from app.errors import Conflict, InvalidInput, NotFound
from app.queues.models import Queue
from app.texts import N_
from app.wrap_up.models import NoteTemplate, QueueDisposition, QueueWrapUp
from app.wrap_up.rules import LONGEST_TEXT, LONGEST_TITLE, MOST_TEMPLATES, Disposition, offered


@dataclass(frozen=True, slots=True, kw_only=True)
class WrapUp:
    """What the desk offers after a call of one queue."""

    dispositions: list[Disposition]
    is_disposition_required: bool
    templates: list[NoteTemplate]


def wrap_up_of(session: Session, queue: str | None, *, translate: Callable[[str], str] = str) -> WrapUp:
    """What is offered after a call of this queue; without one, as after an outbound call, what holds everywhere."""
    listed = [Disposition(code=code, name=name) for code, name in dispositions(session, translate=translate).items()]
    return WrapUp(
        dispositions=offered(listed, own_dispositions(session, queue) if queue else ()),
        is_disposition_required=is_disposition_required(session, queue),
        templates=templates_of(session, queue),
    )


def is_disposition_required(session: Session, queue: str | None) -> bool:
    """Whether a call of this queue is closed with a disposition only."""
    row = session.get(QueueWrapUp, queue) if queue else None
    return row is None or row.is_disposition_required


def own_dispositions(session: Session, queue: str) -> set[str]:
    """The codes that the queue chose out of the list; none: all."""
    return set(session.scalars(select(QueueDisposition.code).where(QueueDisposition.queue == queue)))


def templates_of(session: Session, queue: str | None) -> list[NoteTemplate]:
    """The queue's own first, then those of every queue, each by their titles."""
    wanted = select(NoteTemplate).where(or_(NoteTemplate.queue.is_(None), NoteTemplate.queue == queue))
    order = (NoteTemplate.queue.is_(None), NoteTemplate.title, NoteTemplate.id)
    return list(session.scalars(wanted.order_by(*order)))


def save_queue(session: Session, queue: str, codes: Collection[str], *, is_disposition_required: bool) -> None:
    """What the queue offers from now on. Raises NotFound; a code that is in no list is InvalidInput."""
    _require_queue(session, queue)
    if not set(codes) <= set(dispositions(session)):
        raise InvalidInput(N_("Choose from the list."), field="codes")
    session.execute(delete(QueueDisposition).where(QueueDisposition.queue == queue))
    session.add_all([QueueDisposition(queue=queue, code=code) for code in sorted(set(codes))])
    session.merge(QueueWrapUp(queue=queue, is_disposition_required=is_disposition_required))
    session.flush()


def add_template(session: Session, queue: str | None, title: str, text: str) -> NoteTemplate:
    """A new text for notes. Raises NotFound for the queue, InvalidInput, and Conflict when there are enough."""
    if queue is not None:
        _require_queue(session, queue)
    row = NoteTemplate(queue=queue, **_checked(title, text))
    count = session.scalar(select(func.count()).select_from(NoteTemplate).where(NoteTemplate.queue == queue)) or 0
    if count >= MOST_TEMPLATES:
        raise Conflict(N_("There are as many templates as an agent can oversee. Take one away first."), field="title")
    session.add(row)
    session.flush()
    return row


def save_template(session: Session, id: int, title: str, text: str) -> NoteTemplate:
    """Change a text for notes. Notes that were written with it stay. Raises NotFound, InvalidInput."""
    row = get_template(session, id)
    for name, value in _checked(title, text).items():
        setattr(row, name, value)
    session.flush()
    return row


def remove_template(session: Session, id: int) -> NoteTemplate:
    """Take a text for notes away. Raises NotFound."""
    row = get_template(session, id)
    session.delete(row)
    session.flush()
    return row


def get_template(session: Session, id: int) -> NoteTemplate:
    """One text for notes. Raises NotFound."""
    row = session.get(NoteTemplate, id)
    if row is None:
        raise NotFound(N_("There is no such template."))
    return row


def _require_queue(session: Session, name: str) -> None:
    if session.get(Queue, name) is None:
        raise NotFound(N_("There is no such queue."))


def _checked(title: str, text: str) -> dict[str, Any]:
    title, text = " ".join(title.split()), text.replace("\r\n", "\n").strip()
    if not title or len(title) > LONGEST_TITLE or not title.isprintable():
        raise InvalidInput(N_("A title has 1 to 40 characters."), field="title")
    if not text or len(text) > LONGEST_TEXT or not text.replace("\n", "").isprintable():
        raise InvalidInput(N_("A text for notes has 1 to 500 characters."), field="text")
    return {"title": title, "text": text}
