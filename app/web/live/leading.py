"""What a desk may order about where a patient goes: whom to ask, whom to transfer to, whom to pick up."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.calls import service as calls
from app.calls.rules import CommandKind
from app.errors import Conflict, InvalidInput
from app.http import SignedIn
from app.organisation import service as organisation
from app.parts import Parts
from app.patients.phones import parse_number
from app.texts import N_
from app.web.live.arguments import LONGEST_ID, Args, read_target, read_text
from app.web.live.scoped import bind

Result = dict[str, Any]


def lead(kind: CommandKind) -> Callable[[Parts, SignedIn, str, Args], Result]:
    """Ask somebody, or transfer to them. The contact policy has no part in it: nobody who is asked is a patient."""

    def do(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
        wish = {"call_id": read_text(args, "call_id", LONGEST_ID), **read_target(args)}
        with parts.database.reading() as session:
            number = None
            if "department_id" in wish:
                number = organisation.phone_of(session, wish["department_id"])
            elif "number" in wish:
                number = wish["number"] = _number_of(parts, wish["number"])
            if number is not None:
                calls.require_allowed(session, number)
        return calls.order(parts, id=id, kind=kind, args=wish, agent=user.username, issued_by=user.username)

    return do


def _number_of(parts: Parts, typed: str) -> str:
    settings = parts.settings
    found = parse_number(typed.strip(), area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    if found is None:
        raise InvalidInput(N_("This is not a telephone number. A landline needs its area code."), field="number")
    return found.e164


def pick_up(parts: Parts, user: SignedIn, id: str, args: Args) -> Result:
    """A parked call that this agent may see."""
    wish = {"call_id": read_text(args, "call_id", LONGEST_ID)}
    with parts.database.reading() as session:
        bind(parts, user, session)
        if all(call.id != wish["call_id"] for call, _name in calls.parked_calls(session)):
            raise Conflict(N_("Somebody else has this patient already."))
    kind = CommandKind.PICK_UP
    return calls.order(parts, id=id, kind=kind, args=wish, agent=user.username, issued_by=user.username)
