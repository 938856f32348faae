"""What calls do to the list of callers to call back. Both run in the transaction that writes the call.

Past the ORM, because they are on the path of every call, and only telephony's one writer comes here.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, bindparam, insert, or_, select, update
from sqlalchemy.orm import Session

from app.calls.models import Call
from app.db import UTCDateTime
from app.journal.service import Entry
from app.missed_callers.models import CallbackRequest
from app.missed_callers.rules import CallbackResult

_REQUEST = CallbackRequest.__table__
_CALL = Call.__table__
_ID = bindparam("of_call", type_=String())
_NUMBER = bindparam("of_number", type_=String())
_AT = bindparam("of_at", type_=UTCDateTime())
_BY = bindparam("of_agent", type_=String())

_TRIED_AGAIN = (
    update(_REQUEST)  # type: ignore[arg-type]
    .where(_REQUEST.c.number == _NUMBER, _REQUEST.c.closed_at.is_(None), _REQUEST.c.last_at < _AT)
    .values(last_at=_AT, last_call_id=_ID, tries=_REQUEST.c.tries + 1)
)
_KNOWN = select(_REQUEST.c.id).where(
    or_(
        _REQUEST.c.call_id == _ID,
        _REQUEST.c.last_call_id == _ID,
        _REQUEST.c.closed_at.is_(None) & (_REQUEST.c.number == _NUMBER),
    )
)
_OPEN = insert(_REQUEST).from_select(  # type: ignore[arg-type]
    ["call_id", "last_call_id", "number", "patient_id", "queue", "since", "last_at", "tries"],
    select(
        _CALL.c.id, _CALL.c.id, _CALL.c.number, _CALL.c.patient_id, _CALL.c.queue, _CALL.c.ended_at, _CALL.c.ended_at, 1
    ).where(_CALL.c.id == _ID),
)
_OWN = update(_REQUEST).where(_REQUEST.c.call_id == _ID).values(owner=_BY, taken_at=_AT)  # type: ignore[arg-type]
_SPOKEN_TO = select(_REQUEST.c.id).where(
    _REQUEST.c.closed_at.is_(None),
    _REQUEST.c.last_at < _AT,
    or_(
        _REQUEST.c.number == _NUMBER,
        _REQUEST.c.patient_id == select(_CALL.c.patient_id).where(_CALL.c.id == _ID).scalar_subquery(),
    ),
)
_END = (
    update(_REQUEST)  # type: ignore[arg-type]
    .where(_REQUEST.c.id == bindparam("of_request"), _REQUEST.c.closed_at.is_(None))
    .values(closed_at=_AT, closed_by=_BY, closing_call_id=_ID, result=bindparam("of_result"))
)


def caller_missed(
    session: Session, *, call_id: str, number: str, at: datetime, owner: str | None = None
) -> list[Entry]:
    """A caller gave up or was cut off at `at` before anybody answered; the call is on record with its end.

    Returns what is to be journalled. The same call again changes nothing, and a withheld number cannot be called back.
    `owner` has the line from the start, where somebody does.
    """
    if not number:
        return []
    connection = session.connection()
    given = {"of_call": call_id, "of_number": number, "of_at": at}
    if connection.execute(_TRIED_AGAIN, given).rowcount:
        return []
    if connection.execute(_KNOWN, {"of_call": call_id, "of_number": number}).first() is not None:
        return []
    connection.execute(_OPEN, {"of_call": call_id})
    if owner is not None:
        connection.execute(_OWN, {"of_call": call_id, "of_agent": owner, "of_at": at})
    return [Entry(kind="callback.opened", at=at, call_id=call_id)]


def caller_spoken_to(
    session: Session, *, call_id: str, number: str, direction: str, agent: str | None, answered_at: datetime
) -> list[Entry]:
    """Somebody speaks with this number, or with the person whom the call was matched to: nobody needs to call back.

    Without an agent, such as for an automatic call, nothing happens. A try after this answer stays open.
    """
    if agent is None:
        return []
    connection = session.connection()
    about = {"of_call": call_id, "of_number": number, "of_at": answered_at}
    found = connection.execute(_SPOKEN_TO, about).scalars().all()
    result = CallbackResult.CALLED_AGAIN if direction == "inbound" else CallbackResult.CALLED_BACK
    entries = []
    for request_id in found:
        ending = {"of_request": request_id, "of_call": call_id, "of_at": answered_at, "of_agent": agent}
        if connection.execute(_END, ending | {"of_result": result.value}).rowcount == 1:
            payload = {"request_id": request_id, "result": result.value}
            entries.append(Entry(kind="callback.ended", at=answered_at, call_id=call_id, agent=agent, payload=payload))
    return entries
