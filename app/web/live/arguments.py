"""The arguments of a desk's command, checked one by one: whatever a page sends, it is refused in words."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.calls.rules import Given, IdentityKind
from app.errors import InvalidInput
from app.texts import N_

Args = Mapping[str, Any]

# Far above any text or note; a longer string is refused before it is looked at.
LONGEST_TEXT = 10_000
LONGEST_ID = 64
_LONGEST_IDENTITY = 120


def read_mapping(value: object, field: str) -> Mapping[str, Any]:
    """An object. Each of these raises InvalidInput for anything else than it reads."""
    if not isinstance(value, dict):
        raise InvalidInput(N_("This command is not in the form that the desk protocol describes."), field=field)
    return value


def read_uuid(command: Args) -> str:
    """The command's own id."""
    value = command.get("id")
    try:
        if isinstance(value, str):
            return str(uuid.UUID(value))
    except ValueError:
        pass
    raise InvalidInput(N_("A command carries a UUID as its id."), field="id")


def read_text(args: Args, name: str, longest: int) -> str:
    """A text that is not empty."""
    value = args.get(name)
    if not isinstance(value, str) or not value.strip():
        raise InvalidInput(N_("A required field is empty."), field=name)
    if len(value) > longest:
        raise InvalidInput(N_("This text is too long."), field=name)
    return value


def read_optional_text(args: Args, name: str) -> str | None:
    """A text, or nothing."""
    return read_text(args, name, LONGEST_TEXT) if args.get(name) not in (None, "") else None


def read_number(args: Args, name: str) -> int:
    """An id."""
    value = args.get(name)
    # A bool is an int in Python; 2**31 is where PostgreSQL's integer ends.
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**31:
        raise InvalidInput(N_("An id is a positive whole number."), field=name)
    return value


def read_words(args: Args, name: str, most: int) -> list[str]:
    """A list of short words, at most so many."""
    listed = args.get(name) or []
    is_list = isinstance(listed, list) and len(listed) <= most
    if not is_list or not all(isinstance(each, str) and len(each) <= LONGEST_ID for each in listed):
        raise InvalidInput(N_("This command is not in the form that the desk protocol describes."), field=name)
    return listed


def read_date(args: Args, name: str) -> date | None:
    """A day, or nothing."""
    value = read_optional_text(args, name)
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise InvalidInput(N_("A date has the form 2026-11-21."), field=name) from None


def read_given(args: Args) -> list[Given]:
    """What a caller said about the own identity: a few kinds with their values."""
    listed = args.get("given")
    if not isinstance(listed, list) or not 0 < len(listed) <= len(IdentityKind):
        raise InvalidInput(N_("Two different things are needed, such as the name and the birth date."), field="given")
    found = []
    for each in listed:
        item = read_mapping(each, "given")
        if item.get("kind") not in set(IdentityKind):
            raise InvalidInput(N_("This command is not in the form that the desk protocol describes."), field="kind")
        found.append(Given(kind=IdentityKind(item["kind"]), value=read_text(item, "value", _LONGEST_IDENTITY)))
    return found


def read_target(args: Args) -> dict[str, Any]:
    """Whom to ask or to transfer to: exactly one of `to` (a colleague or a queue), `number` and `department_id`."""
    given = [name for name in ("to", "number", "department_id") if args.get(name) not in (None, "")]
    if len(given) != 1:
        raise InvalidInput(N_("Choose a colleague, a queue, a department or a number."), field="to")
    if given == ["department_id"]:
        return {"department_id": read_number(args, "department_id")}
    return {given[0]: read_text(args, given[0], LONGEST_ID)}
