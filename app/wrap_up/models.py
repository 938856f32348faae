"""What an agent is offered when a call of a queue has ended: dispositions, and texts for the note."""

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Table


class QueueWrapUp(Table):
    """How calls of one queue are wrapped up. A queue without a row asks for a disposition."""

    __tablename__ = "queue_wrap_up"

    queue: Mapped[str] = mapped_column(ForeignKey("queue.name"), primary_key=True)
    is_disposition_required: Mapped[bool] = mapped_column(default=True)


class QueueDisposition(Table):
    """A disposition that this queue offers. A queue with none offers the whole code list."""

    __tablename__ = "queue_disposition"

    queue: Mapped[str] = mapped_column(ForeignKey("queue.name"), primary_key=True)
    code: Mapped[str] = mapped_column(String(40), primary_key=True)


class NoteTemplate(Table):
    """A small text that an agent puts into a note with one key; without a queue it is offered in every one."""

    __tablename__ = "note_template"

    id: Mapped[int] = mapped_column(primary_key=True)
    queue: Mapped[str | None] = mapped_column(ForeignKey("queue.name"), index=True)
    title: Mapped[str] = mapped_column(String(40))
    text: Mapped[str] = mapped_column(String(500))
