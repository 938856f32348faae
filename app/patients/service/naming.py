"""Whether somebody is called so, as a condition on the rows of another list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, or_, select
from sqlalchemy.orm import Session

from app.patients.models import SearchTerm
from app.patients.service.query import Place, Word, read_query
from app.settings import Settings

# So few are put into the statement, which then goes from them to their rows. Of a name that more people have, rows are
# met soon by whoever reads on from the newest one.
_FEW = 2_000


def is_called(session: Session, patient_id: Any, query: str, *, settings: Settings) -> ColumnElement[bool]:
    """That the patient in this column has a name that the search would find by `query`; numbers find nobody here.

    Whoever may not see a person's name does not find anything by it: the terms are cut to the session's scope.
    """
    readings = read_query(query, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    called = or_(false(), *(_has_all(words) for words in readings))
    found = session.scalars(select(SearchTerm.patient_id).where(called).distinct().limit(_FEW + 1)).all()
    if len(found) <= _FEW:
        return patient_id.in_(found) if found else false()
    return select(SearchTerm.patient_id).where(SearchTerm.patient_id == patient_id, called).exists()


def _has_all(words: Sequence[Word]) -> ColumnElement[bool]:
    """That a person has each of the words among the spellings of the name; the rarest one leads to the others."""
    driver = min(words, key=lambda word: word.share)
    return and_(_met(driver, SearchTerm.term), *(_has_too(word) for word in words if word is not driver))


def _has_too(word: Word) -> ColumnElement[bool]:
    other = SearchTerm.__table__.alias()
    return exists().where(other.c.patient_id == SearchTerm.patient_id, _met(word, other.c.term))


def _met(word: Word, term: Any) -> ColumnElement[bool]:
    spans = [and_(term >= span.low, term < span.above) for span in word.spans if span.place is Place.TERM]
    return or_(false(), *spans)
