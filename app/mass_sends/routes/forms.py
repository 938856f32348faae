"""The form of a mass send, read into what the service takes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import request
from sqlalchemy.orm import Session
from werkzeug.datastructures import FileStorage

from app.accounts.rules import Role
from app.errors import InvalidInput
from app.exports import patient_list
from app.exports.service import Asker
from app.http import parts, viewer
from app.mass_sends import service
from app.mass_sends.rules import Audience
from app.mass_sends.service import SendData
from app.message_templates.rules import LANGUAGES
from app.message_templates.service import LONGEST_TEXT
from app.messages.rules import MessageKind
from app.texts import N_

COMMON_FIELDS = ("date", "time", "place", "doctor", "department")
"""The fields that are asked for in the form, because no record knows them for everybody."""
_LONGEST_NAME = 100
_MOST_PASTED = 200_000


def read_form(session: Session, form: Mapping[str, str], path: Path | None) -> SendData:
    """What the form says; `path` is the uploaded or pasted list. Raises InvalidInput that names the field."""
    audience = Audience(form.get("audience", "")) if form.get("audience") in set(Audience) else Audience.SEGMENT
    version = form.get("template", "")
    kind = MessageKind.MARKETING if form.get("message_kind") == MessageKind.MARKETING else MessageKind.CARE
    return SendData(
        name=form.get("name", ""),
        audience=audience,
        wanted=_wanted(session, audience, form, path),
        message_kind=MessageKind.STAFF if audience is Audience.STAFF else kind,
        template_version_id=int(version) if _is_id(version) else None,
        text=form.get("text", "")[:LONGEST_TEXT],
        language=form.get("language") if form.get("language") in LANGUAGES else None,
        values=common_values(form),
        due_at=_due_at(form.get("due_at", "")),
        stored_name=path.name if path is not None else None,
    )


def common_values(form: Mapping[str, str]) -> dict[str, str]:
    """The values that are the same for everybody."""
    return {name: form.get(f"value-{name}", "")[:_LONGEST_NAME] for name in COMMON_FIELDS}


def keep_list(sent: FileStorage | None, pasted: str) -> Path:
    """The list that was sent along, as a file of ours. Raises InvalidInput without one."""
    if sent is not None and sent.filename:
        path = service.new_file(parts().settings)
        sent.save(path)
        return path
    if not pasted.strip():
        raise InvalidInput(N_("Choose a file, or paste the numbers."), field="file")
    path = service.new_file(parts().settings)
    path.write_text(pasted[:_MOST_PASTED], encoding="utf-8", errors="replace")
    return path


def _wanted(session: Session, audience: Audience, form: Mapping[str, str], path: Path | None) -> dict[str, Any]:
    match audience:
        case Audience.SEGMENT | Audience.GROUP:
            chosen = form.get(audience.value, "")
            if not _is_id(chosen):
                raise InvalidInput(N_("Choose whom the text is for."), field=audience.value)
            return {audience.value: int(chosen)}
        case Audience.FILE:
            return _list_of(path)
        case Audience.STAFF:
            return _colleagues(form)
        case Audience.PEOPLE:
            return {"people": _people(session, form)}


def _list_of(path: Path | None) -> dict[str, Any]:
    assert path is not None
    found = service.inspect_list(path, parts().settings)
    sent = request.files.get("file")
    return {
        "kind": found.kind,
        "format": found.format,
        "titles": found.titles,
        "has_titles": found.has_titles,
        "number_column": found.number_column,
        "file_name": (sent.filename or "")[:_LONGEST_NAME] if sent is not None else "",
    }


def _colleagues(form: Mapping[str, str]) -> dict[str, Any]:
    usernames = [name[:64] for name in re.split(r"[\s,，、;；]+", form.get("usernames", "")) if name]
    department, role = form.get("department", ""), form.get("role", "")
    return {
        "department": int(department) if _is_id(department) else None,
        "role": role if role in set(Role) else "",
        "usernames": usernames[: service.MOST_CHOSEN],
    }


def _people(session: Session, form: Mapping[str, str]) -> list[int]:
    """The people of a selection, or of the list of patients as it was filtered."""
    if form.get("of") == "patients":
        asker = Asker(viewer=viewer(), now=parts().now(), settings=parts().settings)
        query = {name.removeprefix("of-"): value for name, value in form.items() if name.startswith("of-")}
        found = patient_list.people(session, patient_list.read(session, query, asker), asker)
        chosen = list(session.scalars(found.limit(service.MOST_CHOSEN + 1)))
    else:
        chosen = [int(each) for each in form.get("people", "").split(",") if _is_id(each)]
    if not chosen:
        raise InvalidInput(N_("Nobody is chosen. Choose people in a list first."), field="audience")
    if len(chosen) > service.MOST_CHOSEN:
        raise InvalidInput(
            N_("More than %(most)s people are chosen. Make a segment of them."),
            field="audience",
            most=service.MOST_CHOSEN,
        )
    return chosen


def _due_at(text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        local = datetime.fromisoformat(text.strip())
    except ValueError:
        raise InvalidInput(N_("Write a time such as 2026-11-21 14:05."), field="due_at") from None
    return local.replace(tzinfo=parts().settings.timezone) if local.tzinfo is None else local


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 11 and 0 < int(text) < 2**31
