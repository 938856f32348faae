"""Bring a file in at once, for a command that waits for the report."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from app.errors import InvalidInput
from app.imports.models import ImportRun
from app.imports.rules import UNDER_WAY, Problem, Report, RunState, Target
from app.imports.service.runs import check_columns, create_run, get_run, list_problems, new_file, start
from app.imports.service.sources import inspect
from app.imports.service.working import work_on
from app.parts import Parts

_MOST_SHOWN = 1000
_POLL_SECONDS = 0.5


def import_file(
    parts: Parts, path: Path, *, by: str | None = None, target: Target = Target.PATIENTS, system: str | None = None
) -> Report:
    """Bring a CSV or XLSX file in, its columns known by their titles (P-02). The report can be opened in the pages too.

    Raises InvalidInput when the file cannot be read as such a list; what came before the fault stays.
    """
    found = inspect(path)
    kept = new_file(parts.settings)
    shutil.copyfile(path, kept)
    with parts.database.writing() as session:
        run = create_run(session, title=path.name, path=kept, found=found, by=by, now=parts.now(), target=target)
        run.system = run.system if system is None else system
        check_columns(run.columns, target)
        start(session, run, is_trial=False, settings=parts.settings)
        run_id = run.id
    work_on(parts, run_id)
    run = _ended(parts, run_id)
    with parts.database.reading() as session:
        if run.state == RunState.FAILED:
            assert run.error is not None  # a run that failed says why
            raise InvalidInput(run.error, field="file")
        problems = list_problems(session, run_id, limit=_MOST_SHOWN).items
    return Report(
        created=run.created,
        updated=run.updated,
        unchanged=run.unchanged,
        rejected=run.rejected,
        to_review=run.to_review,
        problems=tuple(Problem(line=each.line, field=each.field, reason=each.reason) for each in problems),
    )


def _ended(parts: Parts, run_id: int) -> ImportRun:
    # Where the product runs beside us, its own worker may have been first.
    while True:
        with parts.database.reading() as session:
            run = get_run(session, run_id)
        if run.state not in UNDER_WAY:
            return run
        time.sleep(_POLL_SECONDS)
