"""Whether a number may be dialled, as the hospital has set it."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from app.calls.rules import parse_plan
from app.configuration.rules import DIAL_PREFIXES
from app.configuration.service import settings as configuration
from app.errors import Refused
from app.patients.phones import costs_extra
from app.texts import N_


def allowed_numbers(session: Session) -> Callable[[str], bool]:
    """The test that holds now, for as many numbers (E.164) as there are.

    Besides the list of prefixes, what the numbering plan knows to cost extra is refused in every country.
    """
    plan = parse_plan(configuration.value(session, DIAL_PREFIXES))
    return lambda number: plan.may_dial(number) and not costs_extra(number)


def require_allowed(session: Session, number: str) -> None:
    """Raise Refused for a number that must not be dialled."""
    if not allowed_numbers(session)(number):
        raise Refused(N_("Numbers that begin like this one are not dialled from here."), reason="number_not_allowed")
