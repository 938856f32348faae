"""Bring lists in: what is uploaded, mapped, tried, taken, and what a person must decide. Import from here."""

from app.imports.service.command import import_file
from app.imports.service.patients import PatientIntake
from app.imports.service.review import Question, count_questions, create_for_all, decide, list_questions
from app.imports.service.runs import (
    check_columns,
    create_run,
    delete_old_files,
    due_runs,
    file_of,
    get_run,
    list_mappings,
    list_problems,
    list_runs,
    map_columns,
    new_file,
    samples_of,
    save_mapping,
    start,
    stop,
    store_view,
)
from app.imports.service.sources import Preview, inspect, open_lines, preview
from app.imports.service.views import ViewAddress
from app.imports.service.working import work_on

__all__ = [
    "PatientIntake",
    "Preview",
    "Question",
    "ViewAddress",
    "check_columns",
    "count_questions",
    "create_for_all",
    "create_run",
    "decide",
    "delete_old_files",
    "due_runs",
    "file_of",
    "get_run",
    "import_file",
    "inspect",
    "list_mappings",
    "list_problems",
    "list_questions",
    "list_runs",
    "map_columns",
    "new_file",
    "open_lines",
    "preview",
    "samples_of",
    "save_mapping",
    "start",
    "stop",
    "store_view",
    "work_on",
]
