"""An export from the request to the file: asked for, claimed, made, kept for a while, removed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from app.access import service as access
from app.access.rules import Module, Viewer
from app.audit.rules import Action, AuditEntry
from app.audit.service import record_people
from app.db import rows_changed
from app.errors import InvalidInput, NotAllowed, NotFound, Refused, WardlineError
from app.exports.models import Export
from app.exports.rules import KEPT_FOR, LONGEST_REASON, SHORTEST_REASON, ExportState, SheetColumn, is_within_limit
from app.exports.service.registry import Asker, Column, ListExport, find_list
from app.parts import Parts
from app.patients.rules import clean_text
from app.texts import N_

log = structlog.get_logger()

# Progress is written every 500 rows, which renews the claim; who is silent for so long is dead.
_LEASE = timedelta(minutes=5)
_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """What somebody wants exported: the list, its arguments, the columns by key in order, and why."""

    list: ListExport
    arguments: dict[str, Any]
    columns: Sequence[str]
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Made:
    rows: int
    bytes: int
    people: set[int]


def check_allowed(viewer: Viewer, rows: int) -> None:
    """Raise NotAllowed for who may export nothing, Refused for a list above the row limit (U-06)."""
    grant = viewer.grant(Module.EXPORT)
    if not grant.can_view:
        raise NotAllowed(N_("You may not take lists out of the system."))
    if not is_within_limit(rows, grant.row_limit):
        raise Refused(
            N_("This list has %(rows)s rows and you may export %(limit)s. Narrow the list, or ask an administrator."),
            reason="row_limit",
            rows=rows,
            limit=grant.row_limit,
        )


def request_export(
    session: Session, wish: Wish, asker: Asker, *, locale: str, translate: Callable[[str], str], address: str
) -> Export:
    """Note that this list is to be made. Raises NotAllowed, Refused, InvalidInput.

    `translate` puts a sentence into the asker's language, because whoever makes the file later has no reader.
    """
    reason = clean_text(wish.reason)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise InvalidInput(N_("Say in a few words what the list is for."), field="reason")
    rows = wish.list.count(session, wish.arguments, asker)
    check_allowed(asker.viewer, rows)
    offered = {column.key: column for column in wish.list.columns_for(asker.viewer)}
    columns = [offered[key] for key in wish.columns if key in offered]
    if not columns:
        raise InvalidInput(N_("Choose at least one column."), field="columns")
    made = Export(
        id=str(uuid.uuid4()),
        source=wish.list.name,
        arguments=wish.arguments,
        locale=locale,
        columns=[_in_words(column, translate) for column in columns],
        notes=_notes(session, wish, asker, translate, reason),
        title=translate(wish.list.title),
        reason=reason,
        state=ExportState.QUEUED,
        rows_expected=rows,
        rows_done=0,
        created_at=asker.now,
        created_by=asker.viewer.username,
        address=address,
    )
    session.add(made)
    session.flush()
    return made


def exports_of(session: Session, username: str) -> Sequence[Export]:
    """What this person had exported, newest first."""
    statement = select(Export).where(Export.created_by == username).order_by(Export.created_at.desc(), Export.id)
    return session.scalars(statement.limit(_SHOWN)).all()


def get_export(session: Session, export_id: str, username: str) -> Export:
    """One export of this person's own. Raises NotFound for everybody else's."""
    found = session.get(Export, export_id[:36])
    if found is None or found.created_by != username:
        raise NotFound(N_("There is no such export."))
    return found


def file_of(parts: Parts, export_id: str) -> Path:
    """Where the file of an export lies."""
    return _folder(parts) / f"{uuid.UUID(export_id)}.xlsx"


def due_exports(parts: Parts) -> list[str]:
    """The ids of exports that nobody is making."""
    with parts.database.reading() as session:
        return list(session.scalars(select(Export.id).where(_is_due(parts.now())).order_by(Export.created_at)))


def run_export(parts: Parts, export_id: str) -> None:
    """Make the file, once: whoever comes second finds it claimed. Ends in done or failed."""
    with parts.database.writing() as session:
        now = parts.now()
        claim = update(Export).where(Export.id == export_id, _is_due(now))
        claimed = session.execute(claim.values(state=ExportState.RUNNING, claimed_until=now + _LEASE, rows_done=0))
        if rows_changed(claimed) != 1:
            return
    try:
        _make(parts, export_id)
    except WardlineError as error:
        _fail(parts, export_id, error.detail)
    except Exception as error:
        log.exception("export.failed", export=export_id, error=type(error).__name__)
        _fail(parts, export_id, N_("The file could not be made. Try again, or ask an administrator."))


def remove_expired(parts: Parts) -> int:
    """Delete the files that are older than seven days, and note it. Returns how many."""
    with parts.database.writing() as session:
        old = session.scalars(
            update(Export)
            .where(Export.state == ExportState.DONE, Export.finished_at < parts.now() - KEPT_FOR)
            .values(state=ExportState.EXPIRED)
            .returning(Export.id)
        ).all()
    for export_id in old:
        file_of(parts, export_id).unlink(missing_ok=True)
    return len(old)


def _is_due(now: datetime) -> Any:
    return or_(Export.state == ExportState.QUEUED, (Export.state == ExportState.RUNNING) & (Export.claimed_until < now))


def _make(parts: Parts, export_id: str) -> None:
    from app.exports.service.workbook import write_workbook  # openpyxl: a quarter of a second that no start waits for

    with parts.database.reading() as session:
        export = session.get_one(Export, export_id)
        asker = Asker(
            viewer=access.viewer_for(session, export.created_by, parts.now()), now=parts.now(), settings=parts.settings
        )
        access.bind(session, asker.viewer, now=asker.now, zone=asker.zone)
        session.info["locale"] = export.locale
        source = find_list(export.source, asker.viewer)
        check_allowed(asker.viewer, source.count(session, export.arguments, asker))
        path = file_of(parts, export_id)
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        unfinished = path.with_suffix(".part")
        people = _of_one(export.arguments)
        rows = write_workbook(
            unfinished,
            title=export.title,
            columns=_sheet_columns(source, export, asker),
            rows=_noting(people, source, source.rows(session, export.arguments, asker)),
            notes=lambda count: _with_count(export.notes, count),
            notes_title=export.notes[0][1],
            zone=asker.zone,
            progress=lambda done: _tell_progress(parts, export_id, done),
        )
        unfinished.replace(path)
    _finish(parts, export, source, asker, _Made(rows=rows, bytes=path.stat().st_size, people=people))


def _of_one(arguments: Mapping[str, Any]) -> set[int]:
    # A list of one person's rows tells of that person also when it is empty.
    patient_id = arguments.get("patient_id")
    return {patient_id} if isinstance(patient_id, int) else set()


def _noting(people: set[int], source: ListExport, rows: Iterable[Any]) -> Iterator[Any]:
    for row in rows:
        patient_id = source.patient_of(row)
        if patient_id is not None:
            people.add(patient_id)
        yield row


def _sheet_columns(source: ListExport, export: Export, asker: Asker) -> list[SheetColumn]:
    known = {column.key: column for column in source.columns_for(asker.viewer)}
    return [_sheet_column(known[said["key"]], said, asker) for said in export.columns if said["key"] in known]


def _with_count(notes: list[list[str]], rows: int) -> list[tuple[str, str]]:
    told = [(label, text) for label, text in notes]
    return [*told[:-1], (told[-1][0], str(rows))]


def _sheet_column(column: Column, said: Mapping[str, Any], asker: Asker) -> SheetColumn:
    return SheetColumn(
        title=said["title"],
        kind=column.kind,
        value=lambda row: column.value(row, asker),
        words=said["words"],
        width=column.width,
    )


def _tell_progress(parts: Parts, export_id: str, done: int) -> None:
    with parts.database.writing() as session:
        session.execute(
            update(Export).where(Export.id == export_id).values(rows_done=done, claimed_until=parts.now() + _LEASE)
        )


def _finish(parts: Parts, export: Export, source: ListExport, asker: Asker, made: _Made) -> None:
    with parts.database.writing() as session:
        done = {"state": ExportState.DONE, "rows_done": made.rows, "bytes": made.bytes, "finished_at": parts.now()}
        session.execute(update(Export).where(Export.id == export.id).values(**done, claimed_until=None))
        source.finished(session, export.arguments, asker, made.rows)
        record_people(
            session,
            AuditEntry(
                at=parts.now(),
                actor=export.created_by,
                role=asker.viewer.role.value,
                action=Action.EXPORT,
                subject=f"export:{export.id}",
                reason=export.reason,
                address=export.address,
                details={"list": source.name, "rows": made.rows, "columns": [said["key"] for said in export.columns]},
            ),
            sorted(made.people),
            key=parts.settings.secret_key,
        )


def _fail(parts: Parts, export_id: str, sentence: str) -> None:
    with parts.database.writing() as session:
        values = {"state": ExportState.FAILED, "failure": sentence[:300], "finished_at": parts.now()}
        session.execute(update(Export).where(Export.id == export_id).values(**values, claimed_until=None))
    file_of(parts, export_id).with_suffix(".part").unlink(missing_ok=True)


def _folder(parts: Parts) -> Path:
    return parts.settings.data_dir / "exports"


def _in_words(column: Column, translate: Callable[[str], str]) -> Mapping[str, Any]:
    words = {code: translate(word) for code, word in column.words.items()}
    return {"key": column.key, "title": translate(column.title), "words": words}


def _notes(session: Session, wish: Wish, asker: Asker, translate: Callable[[str], str], reason: str) -> list[list[str]]:
    """What the last sheet says. The first line names the sheet, the last one is given the number of rows."""
    told = [(translate(label), text) for label, text in wish.list.describe(session, wish.arguments, asker)]
    at = asker.now.astimezone(asker.zone).strftime("%Y-%m-%d %H:%M")
    lines = [
        (translate(N_("About this file")), translate(N_("About this file"))),
        (translate(N_("List")), translate(wish.list.title)),
        *told,
        (translate(N_("Made for")), asker.viewer.username),
        (translate(N_("Made at")), at),
        (translate(N_("Reason")), reason),
        (translate(N_("Rows")), ""),
    ]
    return [[label, text] for label, text in lines]
