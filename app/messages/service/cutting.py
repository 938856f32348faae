"""A text is cut for the account that carries it, at the moment when its first segment is claimed."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from app.bulk import insert_rows
from app.messages.models import Message, Segment
from app.messages.rules import Cut, LongForm, SegmentState, cut_text

_WITH_LATIN1 = "-l1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TextForm:
    """How an account wants its texts: how the segments are tied together, and whether Latin-1 may be used."""

    long_form: LongForm = LongForm.UDH8
    takes_latin1: bool = False

    def cut(self, text: str) -> Cut:
        """The text in this form."""
        return cut_text(text, form=self.long_form, takes_latin1=self.takes_latin1)


USUAL_FORM = TextForm()
"""The form for which the outbox counts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FormedCut:
    """A text as it leaves."""

    cut: Cut
    form: TextForm


@dataclass(slots=True, kw_only=True)
class _Rows:
    """The segments of one message: how many there are, and the form of those that left before."""

    count: int = 0
    form: TextForm | None = None
    claimed: list[int] = field(default_factory=list)


def cut_claimed(
    session: Session, texts: Mapping[int, tuple[str, int]], claimed: Collection[int], form: TextForm
) -> dict[int, FormedCut]:
    """How each of these messages (id to its text and its parts) leaves, of which segments (`claimed`) were just taken.

    The outbox counted the segments for the usual form; where this one needs another number, the rows follow. A text of
    which segments have left keeps the form that these had: a telephone ties only equal ones together.
    """
    cuts = {message_id: FormedCut(cut=form.cut(text), form=form) for message_id, (text, _) in texts.items()}
    long = [key for key, (_, parts) in texts.items() if parts > 1 or len(cuts[key].cut.pieces) > 1]
    for message_id, rows in _rows_of(session, long, claimed).items():
        if rows.form is not None and rows.form != form:
            cuts[message_id] = FormedCut(cut=rows.form.cut(texts[message_id][0]), form=rows.form)
        count = len(cuts[message_id].cut.pieces)
        if count != rows.count:
            _change_count(session, message_id, rows.count, count)
        _note_form(session, rows.claimed, cuts[message_id].form)
    return cuts


def _rows_of(session: Session, messages: Sequence[int], claimed: Collection[int]) -> dict[int, _Rows]:
    found: dict[int, _Rows] = {}
    if not messages:
        return found
    columns = select(Segment.id, Segment.message_id, Segment.state, Segment.form)
    for row in session.execute(columns.where(Segment.message_id.in_(messages))):
        rows = found.setdefault(row.message_id, _Rows())
        rows.count += 1
        if row.id in claimed:
            rows.claimed.append(row.id)
        elif row.state != SegmentState.WAITING:
            rows.form = _read(row.form)
    return found


def _change_count(session: Session, message_id: int, before: int, count: int) -> None:
    """Nothing of it has left: take away the rows that are too many, or add those that are missing."""
    session.execute(delete(Segment).where(Segment.message_id == message_id, Segment.position > count))
    rows = [(message_id, position, SegmentState.WAITING.value) for position in range(before + 1, count + 1)]
    insert_rows(session.connection(), Segment, ("message_id", "position", "state"), rows)
    session.execute(update(Message).where(Message.id == message_id).values(parts=count))


def _note_form(session: Session, ids: Sequence[int], form: TextForm) -> None:
    kept = form.long_form + (_WITH_LATIN1 if form.takes_latin1 else "")
    session.execute(update(Segment).where(Segment.id.in_(ids)).values(form=kept))


def _read(kept: str | None) -> TextForm:
    name = (kept or LongForm.UDH8).removesuffix(_WITH_LATIN1)
    return TextForm(long_form=LongForm(name), takes_latin1=(kept or "").endswith(_WITH_LATIN1))
