"""Work on a run: claim it, take its list in chunk by chunk, and note after each how far it came.

A run may be worked on by anybody who holds its claim. Each chunk is one transaction that proves the claim by a
conditional update, so that a stopped run or a worker that was thought dead writes nothing more.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import structlog
from sqlalchemy import insert, or_, update
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from app.audit.rules import Action, AuditEntry
from app.audit.service import record
from app.db import rows_changed
from app.errors import Conflict, InvalidInput
from app.imports.models import ImportProblem, ImportRun
from app.imports.rules import (
    CLAIM,
    MOST_PROBLEMS,
    TRIAL_ROWS,
    UNDER_WAY,
    PatientRow,
    Problem,
    Report,
    RunState,
    SourceKind,
    Target,
)
from app.imports.service.cleaning import Cleaner
from app.imports.service.clinical import ClinicalIntake
from app.imports.service.patients import PatientIntake
from app.imports.service.runs import file_of
from app.imports.service.sources import Line, Lines, open_lines
from app.parts import Parts
from app.texts import N_

log = structlog.get_logger()

# On SQLite everybody else waits while a chunk is written: a tenth of a second for so many rows, on a busy machine four.
_CHUNK = 500
# Somebody made the same identifier in the same instant; at the next look it is found.
_TRIES = 3
_UNFIT = N_("A row holds something that cannot be stored. Nothing of its part of the list was taken.")
_BUSY = N_("Others changed the same records again and again. Start again to go on where it stopped.")

Chunk = list[Line]
Take = Callable[[Session], Report]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Claimed:
    run: ImportRun
    claim: str


class _TrialEnds(Exception):
    """Leaves the transaction of a trial, so that all of it is rolled back."""


def work_on(parts: Parts, run_id: int) -> None:
    """Take the run's list in, or try it, as far as it goes. Does nothing when somebody else has it."""
    with parts.database.writing() as session:
        held = _claim(session, run_id, parts)
    if held is None:
        return
    run = held.run
    try:
        with open_lines(file_of(run, parts.settings), SourceKind(run.kind), run.format, position=run.position) as lines:
            rows = iter(lines)
            next(rows, None)  # the titles
            if run.state == RunState.TRYING:
                _try(parts, held, rows)
            else:
                skip = 0 if run.kind == SourceKind.VIEW else run.rows_done
                _take_all(parts, held, lines, islice(rows, skip, None))
    except (InvalidInput, Conflict) as error:
        log.info("import.failed", run=run.id)
        _end(parts, held, RunState.FAILED, error.detail)
    except DataError:
        # A value that the database cannot hold will not fit the next time either.
        log.error("import.unfit", run=run.id)
        _end(parts, held, RunState.FAILED, _UNFIT)


def _claim(session: Session, run_id: int, parts: Parts) -> _Claimed | None:
    now, claim = parts.now(), secrets.token_hex(16)
    is_free = or_(ImportRun.claimed_until.is_(None), ImportRun.claimed_until < now)
    taken = session.execute(
        update(ImportRun)
        .where(ImportRun.id == run_id, ImportRun.state.in_(UNDER_WAY), is_free)
        .values(claim=claim, claimed_until=now + CLAIM)
    )
    if rows_changed(taken) != 1:
        return None
    run = session.get_one(ImportRun, run_id, populate_existing=True)
    run.started_at = run.started_at or now
    if run.state == RunState.QUEUED:
        run.state = RunState.RUNNING
    return _Claimed(run=run, claim=claim)


def _take_all(parts: Parts, held: _Claimed, lines: Lines, rows: Iterator[Line]) -> None:
    rejected = held.run.rejected
    while chunk := list(islice(rows, _CHUNK)):
        take = _prepare(parts, held.run, chunk)
        for _ in range(_TRIES):
            try:
                with parts.database.writing() as session:
                    if not _hold(session, held, parts):
                        return
                    report = take(session)
                    _note(session, held.run, report, rejected)
                    _advance(session, held.run, len(chunk), lines)
                break
            except IntegrityError:
                continue
        else:
            raise Conflict(_BUSY)
        rejected += report.rejected
    _end(parts, held, RunState.DONE, None)


def _try(parts: Parts, held: _Claimed, rows: Iterator[Line]) -> None:
    """The same work in one transaction, which is rolled back; only the report is kept."""
    reports: list[Report] = []
    taken = 0
    try:
        with parts.database.writing() as session:
            while taken < TRIAL_ROWS and (chunk := list(islice(rows, _CHUNK))):
                reports.append(_prepare(parts, held.run, chunk)(session))
                taken += len(chunk)
            raise _TrialEnds
    except _TrialEnds:
        pass
    is_cut_short = next(rows, None) is not None
    with parts.database.writing() as session:
        if not _hold(session, held, parts):
            return
        rejected = 0
        for report in reports:
            _note(session, held.run, report, rejected)
            rejected += report.rejected
        session.execute(
            update(ImportRun)
            .where(ImportRun.id == held.run.id)
            .values(
                state=RunState.TRIED, claim=None, claimed_until=None, is_cut_short=is_cut_short, ended_at=parts.now()
            )
        )


def _prepare(parts: Parts, run: ImportRun, chunk: Chunk) -> Take:
    """Read the cells, outside any transaction; what it returns takes the rows in."""
    settings, now = parts.settings, parts.now()
    today = now.astimezone(settings.timezone).date()
    cleaner = Cleaner(run.columns, system=run.system, settings=settings, today=today)
    target = Target(run.target)
    if target is not Target.PATIENTS:
        intake = ClinicalIntake(target, cleaner, parts.bus, system=run.system, zone=settings.timezone, now=now)
        return lambda session: intake.take(session, chunk)
    people: list[PatientRow] = []
    problems: list[Problem] = []
    for line, cells in chunk:
        read = cleaner.patient(line, cells)
        if isinstance(read, Problem):
            problems.append(read)
        else:
            people.append(read)
    patients = PatientIntake(parts.bus, run_id=run.id, by=run.created_by, now=now)
    return lambda session: _with_problems(patients.take(session, people), problems)


def _with_problems(report: Report, problems: Sequence[Problem]) -> Report:
    return Report(
        created=report.created,
        updated=report.updated,
        unchanged=report.unchanged,
        to_review=report.to_review,
        rejected=len(problems),
        problems=tuple(problems),
    )


def _hold(session: Session, held: _Claimed, parts: Parts) -> bool:
    """Whether the run is still ours to work on; extends the claim."""
    kept = session.execute(
        update(ImportRun)
        .where(ImportRun.id == held.run.id, ImportRun.claim == held.claim, ImportRun.state == held.run.state)
        .values(claimed_until=parts.now() + CLAIM)
    )
    return rows_changed(kept) == 1


def _note(session: Session, run: ImportRun, report: Report, rejected: int) -> None:
    """Add to the run's report; `rejected` rows are in it already."""
    counted = ("created", "updated", "unchanged", "rejected", "to_review")
    added = {name: getattr(ImportRun, name) + getattr(report, name) for name in counted}
    session.execute(update(ImportRun).where(ImportRun.id == run.id).values(added))
    problems = report.problems[: max(0, MOST_PROBLEMS - rejected)]
    if problems:
        session.execute(
            insert(ImportProblem),
            [
                {"run_id": run.id, "line": each.line, "field": each.field, "reason": each.reason[:300]}
                for each in problems
            ],
        )


def _advance(session: Session, run: ImportRun, count: int, lines: Lines) -> None:
    session.execute(
        update(ImportRun)
        .where(ImportRun.id == run.id)
        .values(rows_done=ImportRun.rows_done + count, position=lines.position, progress=lines.progress)
    )


def _end(parts: Parts, held: _Claimed, state: RunState, error: str | None) -> None:
    with parts.database.writing() as session:
        if not _hold(session, held, parts):
            return
        now = parts.now()
        values = {"state": state, "error": error, "claim": None, "claimed_until": None, "ended_at": now}
        session.execute(update(ImportRun).where(ImportRun.id == held.run.id).values(values))
        run = session.get_one(ImportRun, held.run.id, populate_existing=True)
        counts = {name: getattr(run, name) for name in ("created", "updated", "unchanged", "rejected", "to_review")}
        entry = AuditEntry(
            at=now,
            actor=run.created_by or "system",
            action=Action.IMPORT,
            subject=f"import:{run.id}",
            details={"state": str(state), "target": run.target, **counts},
        )
        record(session, entry, key=parts.settings.secret_key)
