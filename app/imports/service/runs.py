"""An import run from its file to its report: made, mapped, tried, started, stopped, and read again later."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import and_, delete, or_, select, update
from sqlalchemy.orm import Session

from app.configuration import service as configuration
from app.configuration.rules import IMPORT_RETENTION_DAYS
from app.db import rows_changed
from app.errors import Conflict, InvalidInput, NotFound
from app.imports.models import ImportProblem, ImportRun, SavedMapping
from app.imports.rules import (
    CAN_START,
    CAN_TRY,
    FIELDS,
    UNDER_WAY,
    RunState,
    SourceKind,
    Target,
    apply_mapping,
    fits,
    guess_target,
    missing_fields,
    propose_columns,
)
from app.imports.service.sources import Preview, preview
from app.imports.service.views import ViewAddress
from app.paging import Page, read_cursor, write_cursor
from app.patients.rules import clean_text
from app.settings import Settings
from app.texts import N_

_SAMPLES = "samples"
_NO_RUN = N_("There is no such import.")
_NOT_NOW = N_("This import is not in a state that permits this. Look at it again.")
_FILE_GONE = N_("The file of this import was deleted. Upload it again.")
_MISSING = N_("Say which column holds: %(fields)s.")
_TWICE = N_("Two columns go to the same field: %(fields)s.")
_BAD_SYSTEM = N_("The source system is one word of at most 20 letters, such as HIS.")


def folder(settings: Settings) -> Path:
    """Where uploaded lists wait; made when it is not there, and only for this account to read."""
    path = settings.data_dir / "imports"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return path


def new_file(settings: Settings) -> Path:
    """A place for one list, under a random name of ours."""
    path = folder(settings) / secrets.token_hex(16)
    path.touch(mode=0o600)
    return path


def file_of(run: ImportRun, settings: Settings) -> Path:
    """The list of that run. Raises Conflict once it was deleted."""
    path = folder(settings) / run.stored_name if run.stored_name else None
    if path is None or not path.is_file():
        raise Conflict(_FILE_GONE)
    return path


def store_view(settings: Settings, address: ViewAddress) -> Path:
    """Keep where a view is, with its password, where only this account reads it. Raises InvalidInput when it fails."""
    path = new_file(settings)
    path.write_text(json.dumps(asdict(address)))
    try:
        preview(path, SourceKind.VIEW, {})
    except InvalidInput:
        path.unlink()
        raise
    return path


def create_run(
    session: Session,
    *,
    title: str,
    path: Path,
    found: Preview,
    by: str | None,
    now: datetime,
    target: Target | None = None,
) -> ImportRun:
    """A run for a list that is in its place, its columns mapped as a saved mapping or their titles say."""
    saved = None if target else _fitting_mapping(session, found.header)
    target = target or (Target(saved.target) if saved else guess_target(found.header))
    columns = apply_mapping(saved.fields, found.header) if saved else propose_columns(found.header, target)
    run = ImportRun(
        title=clean_text(title)[:200],
        kind=found.kind,
        stored_name=path.name,
        format={**found.format, _SAMPLES: found.samples},
        header=found.header,
        target=target,
        system=saved.system if saved else _usual_system(target),
        columns=columns,
        state=RunState.DRAFT,
        created_at=now,
        created_by=by,
    )
    session.add(run)
    session.flush()
    return run


def samples_of(run: ImportRun) -> list[list[str]]:
    """The first values of each column, as long as the list itself is kept."""
    kept: list[list[str]] = run.format.get(_SAMPLES) or [[] for _title in run.header]
    return kept


def get_run(session: Session, run_id: int) -> ImportRun:
    """The run as it is now. Raises NotFound."""
    run = session.get(ImportRun, run_id, populate_existing=True) if 0 < run_id < 2**31 else None
    if run is None:
        raise NotFound(_NO_RUN)
    return run


def map_columns(run: ImportRun, *, target: Target, columns: Sequence[str | None], system: str) -> None:
    """Say what the columns hold. Raises InvalidInput for a field that is missing or there twice, Conflict too late."""
    if run.state not in CAN_TRY:
        raise Conflict(_NOT_NOW)
    check_columns(columns, target)
    if not (system.isascii() and system.replace("_", "").replace("-", "").isalnum() and len(system) <= 20) and (
        system or target is not Target.PATIENTS
    ):
        raise InvalidInput(_BAD_SYSTEM, field="system")
    run.target, run.columns, run.system = target, list(columns), system
    run.state = RunState.DRAFT


def check_columns(columns: Sequence[str | None], target: Target) -> None:
    """Raise InvalidInput unless every needed field has a column and no field that is single has two."""
    fields = {field.code: field for field in FIELDS[target]}
    named = [column for column in columns if column in fields]
    missing = missing_fields(named, target)
    if missing:
        raise InvalidInput(_MISSING, field="columns", fields=", ".join(field.label for field in missing))
    twice = {code for code in named if named.count(code) > 1 and not fields[code].may_repeat}
    if twice:
        raise InvalidInput(_TWICE, field="columns", fields=", ".join(fields[code].label for code in sorted(twice)))


def start(session: Session, run: ImportRun, *, is_trial: bool, settings: Settings) -> None:
    """Queue the run or its trial; a stopped or failed one goes on where it stopped. Raises Conflict."""
    file_of(run, settings)
    check_columns(run.columns, Target(run.target))
    if is_trial or run.state in (RunState.DRAFT, RunState.TRIED):
        _forget_report(session, run)
    allowed = CAN_TRY if is_trial else CAN_START
    state = RunState.TRYING if is_trial else RunState.QUEUED
    if is_trial and run.state == RunState.FAILED and run.rows_done:
        raise Conflict(_NOT_NOW)
    _move(session, run, allowed, state)


def stop(session: Session, run: ImportRun) -> None:
    """Stop after the chunk in hand; what was taken stays. Raises Conflict when it is not under way."""
    target = RunState.DRAFT if run.state == RunState.TRYING else RunState.STOPPED
    _move(session, run, UNDER_WAY, target)


def list_runs(session: Session, *, limit: int, cursor: str | None = None) -> Page[ImportRun]:
    """All runs, newest first. Raises InvalidInput for a damaged cursor."""
    query = select(ImportRun).order_by(ImportRun.id.desc()).limit(limit + 1)
    if cursor:
        [last] = read_cursor(cursor, [int])
        query = query.where(ImportRun.id < last)
    rows = list(session.scalars(query))
    return Page(items=rows[:limit], next_cursor=write_cursor(rows[limit - 1].id) if len(rows) > limit else None)


def list_problems(session: Session, run_id: int, *, limit: int, cursor: str | None = None) -> Page[ImportProblem]:
    """The rows that a run did not take, in the order of the list. Raises InvalidInput for a damaged cursor."""
    query = select(ImportProblem).where(ImportProblem.run_id == run_id).order_by(ImportProblem.id).limit(limit + 1)
    if cursor:
        [last] = read_cursor(cursor, [int])
        query = query.where(ImportProblem.id > last)
    rows = list(session.scalars(query))
    return Page(items=rows[:limit], next_cursor=write_cursor(rows[limit - 1].id) if len(rows) > limit else None)


def save_mapping(session: Session, name: str, *, run: ImportRun, by: str, now: datetime) -> SavedMapping:
    """Keep the run's columns under that name, in place of what was there."""
    saved = session.scalar(select(SavedMapping).where(SavedMapping.name == name)) or SavedMapping(name=name)
    saved.target, saved.system = run.target, run.system
    saved.fields = {title: field for title, field in zip(run.header, run.columns, strict=False) if field}
    saved.updated_at, saved.updated_by = now, by
    session.add(saved)
    return saved


def list_mappings(session: Session) -> list[SavedMapping]:
    """All saved mappings by name."""
    return list(session.scalars(select(SavedMapping).order_by(SavedMapping.name).limit(200)))


def due_runs(session: Session, now: datetime) -> list[int]:
    """The runs that wait for a worker, or whose worker has died."""
    is_free = or_(ImportRun.claimed_until.is_(None), ImportRun.claimed_until < now)
    query = select(ImportRun.id).where(and_(ImportRun.state.in_(UNDER_WAY), is_free)).order_by(ImportRun.id).limit(20)
    return list(session.scalars(query))


def delete_old_files(session: Session, settings: Settings, now: datetime) -> int:
    """Delete the files of old runs, and files that no run knows. Returns how many went."""
    lifetime = timedelta(days=configuration.value(session, IMPORT_RETENTION_DAYS))
    old = select(ImportRun).where(ImportRun.stored_name.is_not(None), ImportRun.created_at < now - lifetime)
    for run in session.scalars(old.where(ImportRun.state.not_in(UNDER_WAY))):
        run.stored_name = None
        run.format = {name: value for name, value in run.format.items() if name != _SAMPLES}
    session.flush()
    kept = set(session.scalars(select(ImportRun.stored_name).where(ImportRun.stored_name.is_not(None))))
    # An upload that is just arriving has no run yet.
    youngest = (now - timedelta(days=1)).timestamp()
    gone = [each for each in folder(settings).iterdir() if each.name not in kept and each.stat().st_mtime < youngest]
    for path in gone:
        with suppress(FileNotFoundError):
            path.unlink()
    return len(gone)


def _fitting_mapping(session: Session, header: Sequence[str]) -> SavedMapping | None:
    mappings = list_mappings(session)
    best = max(mappings, key=lambda each: fits(each.fields, header), default=None)
    return best if best is not None and fits(best.fields, header) else None


def _usual_system(target: Target) -> str:
    # Identifiers that people type name no system; rows of a history cannot be told apart without one.
    return "" if target is Target.PATIENTS else "HIS"


def _forget_report(session: Session, run: ImportRun) -> None:
    session.execute(delete(ImportProblem).where(ImportProblem.run_id == run.id))
    run.created = run.updated = run.unchanged = run.rejected = run.to_review = run.rows_done = 0
    run.position = run.progress = run.error = None
    run.is_cut_short = False
    session.flush()


def _move(session: Session, run: ImportRun, allowed: Iterable[RunState], state: RunState) -> None:
    values: Mapping[str, object] = {"state": state, "claim": None, "claimed_until": None, "error": None}
    moved = session.execute(
        update(ImportRun).where(ImportRun.id == run.id, ImportRun.state.in_(list(allowed))).values(values)
    )
    if rows_changed(moved) != 1:
        raise Conflict(_NOT_NOW)
    session.expire(run)
