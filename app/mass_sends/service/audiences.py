"""Who is in the audience of a mass send, a batch at a time: people of a scope, lines of a list, colleagues."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from app.access import service as access
from app.accounts.models import User
from app.contact_policy.rules import Refusal
from app.errors import InvalidInput, NotFound
from app.groups import service as groups
from app.imports import service as imports
from app.imports.rules import SourceKind
from app.mass_sends.models import MassSend
from app.mass_sends.rules import Audience, Exclusion, number_column
from app.message_templates.rules import field_key
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient
from app.patients.phones import parse_numbers
from app.patients.rules import PhoneKind
from app.segments import service as segments
from app.settings import Settings
from app.texts import N_

# A segment is asked anew after so many people: one statement for a million of them would keep the database from tidying
# up for minutes, and these are 10 MB.
_STRETCH = 20_000
# So many rows fit one statement of the outbox, and on SQLite nobody else writes meanwhile.
BATCH = 500
MOST_CHOSEN = 5_000
_LONGEST_VALUE = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """Somebody of the audience before anything is asked about them. `position` is where a restart goes on."""

    position: int
    patient_id: int | None = None
    user_id: int | None = None
    line: int | None = None
    number: str | None = None
    name: str = ""
    department: str = ""
    values: Mapping[str, str] = field(default_factory=dict)
    exclusion: Exclusion | Refusal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadedList:
    """A list as it was found: how to read it, its titles, and which column holds the numbers."""

    kind: str
    format: dict[str, Any]
    titles: list[str]
    has_titles: bool
    number_column: int


@contextmanager
def batches(parts: Parts, send: MassSend) -> Iterator[Iterator[list[Candidate]]]:
    """The audience after the cursor, in order, as the author of the mass send may see it."""
    audience = Audience(send.audience)
    # Closed also when the work ends early: a list stays open until then.
    with closing(_lines(parts, send) if audience is Audience.FILE else _rows(parts, send, audience)) as found:
        yield iter(lambda: list(islice(found, BATCH)), [])


def bind_author(session: Session, parts: Parts, send: MassSend) -> None:
    """Let this session see what the author of the mass send may see, and no more."""
    viewer = access.viewer_for(session, send.created_by, parts.now())
    access.bind(session, viewer, now=parts.now(), zone=parts.settings.timezone)


def inspect_list(path: Path, settings: Settings) -> UploadedList:
    """How an uploaded list begins. Raises InvalidInput for what is no list, or one without telephone numbers."""
    found = imports.inspect(path)
    first = [bool(_mobiles(title, settings)) for title in found.header]
    has_titles = not any(first)
    holding = [
        is_number or any(_mobiles(value, settings) for value in found.samples[place])
        for place, is_number in enumerate(first)
    ]
    column = number_column(found.header, holding)
    if column is None:
        raise InvalidInput(N_("No column of this list holds mobile numbers in its first lines."), field="file")
    titles = found.header if has_titles else [str(place + 1) for place in range(len(found.header))]
    return UploadedList(
        kind=found.kind.value, format=found.format, titles=titles, has_titles=has_titles, number_column=column
    )


def folder(settings: Settings) -> Path:
    """Where uploaded lists lie until they have been read."""
    place = settings.data_dir / "mass_sends"
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


def new_file(settings: Settings) -> Path:
    """A place for one list, under a random name of ours."""
    path = folder(settings) / secrets.token_hex(16)
    path.touch(mode=0o600)
    return path


def forget_file(send: MassSend, settings: Settings) -> None:
    """Remove the uploaded list: what it said about its people is in their rows."""
    if send.stored_name:
        with suppress(FileNotFoundError):
            (folder(settings) / send.stored_name).unlink()


def people_statement(session: Session, send: MassSend, parts: Parts) -> Select[int]:
    """The ids of the patients of this audience. Raises NotFound for a segment or group that is no longer there."""
    wanted = send.wanted
    match Audience(send.audience):
        case Audience.SEGMENT:
            zone = parts.settings.timezone
            return segments.members(session, wanted["segment"], now=parts.now(), zone=zone)
        case Audience.GROUP:
            groups.get_group(session, wanted["group"])
            return groups.members_of(wanted["group"])
        case Audience.PEOPLE:
            return select(Patient.id).where(Patient.id.in_(wanted["people"]), Patient.merged_into_id.is_(None))
        case _:
            raise NotFound(N_("This mass send has no patients."))


def _rows(parts: Parts, send: MassSend, audience: Audience) -> Generator[Candidate, None, None]:
    with parts.database.reading() as session:
        if audience is Audience.STAFF:
            yield from _colleagues(session, send)
            return
    last = send.cursor
    while True:
        with parts.database.reading() as session:
            bind_author(session, parts, send)
            statement = people_statement(session, send, parts).where(Patient.id > last).order_by(Patient.id)
            people = [Candidate(position=each, patient_id=each) for each in session.scalars(statement.limit(_STRETCH))]
        yield from people
        if len(people) < _STRETCH:
            return
        last = people[-1].position


def _colleagues(session: Session, send: MassSend) -> Iterator[Candidate]:
    wanted = send.wanted
    query = (
        select(User.id, User.display_name, User.mobile, Department.name)
        .outerjoin(Department, Department.id == User.department_id)
        .where(User.is_active, User.id > send.cursor)
        .order_by(User.id)
    )
    if wanted.get("department"):
        path = select(Department.path).where(Department.id == wanted["department"]).scalar_subquery()
        query = query.where(User.department_id.in_(select(Department.id).where(Department.path.startswith(path))))
    if wanted.get("role"):
        query = query.where(User.role == wanted["role"])
    if wanted.get("usernames"):
        query = query.where(User.username.in_(wanted["usernames"]))
    for user_id, name, mobile, department in session.execute(query):
        yield Candidate(
            position=user_id, user_id=user_id, number=mobile or None, name=name, department=department or ""
        )


def _lines(parts: Parts, send: MassSend) -> Generator[Candidate, None, None]:
    wanted, path = send.wanted, folder(parts.settings) / (send.stored_name or "-")
    if not path.is_file():
        raise InvalidInput(N_("The list is no longer here. Send it again."), field="file")
    keys = [field_key(title) for title in wanted["titles"]]
    column = int(wanted["number_column"])
    with imports.open_lines(path, SourceKind(wanted["kind"]), wanted["format"]) as lines:
        rows = iter(lines)
        if wanted["has_titles"]:
            next(rows, None)
        for line, cells in rows:
            if line <= send.cursor:
                continue
            values = {
                key: " ".join(cell.split())[:_LONGEST_VALUE]
                for place, (key, cell) in enumerate(zip(keys, cells, strict=False))
                if place != column and cell.strip()
            }
            number, exclusion = _number(cells[column] if column < len(cells) else "", parts.settings)
            yield Candidate(position=line, line=line, number=number, values=values, exclusion=exclusion)


def _number(cell: str, settings: Settings) -> tuple[str | None, Exclusion | None]:
    read = parse_numbers(cell, area_code=settings.area_code, outside_prefix=settings.outside_prefix)
    mobile = next((each.e164 for each in read.numbers if each.kind is PhoneKind.MOBILE and not each.extension), None)
    if mobile is not None:
        return mobile, None
    return None, Exclusion.NOT_A_MOBILE if read.numbers else Exclusion.BAD_NUMBER


def _mobiles(cell: str, settings: Settings) -> bool:
    return _number(cell, settings)[1] is None
