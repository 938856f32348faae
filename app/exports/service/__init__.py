"""Use cases of exports. Import from here. The lists themselves are named in app/exports/lists.py."""

from app.exports.service.people import PEOPLE_COLUMNS, People, count_people, rows_of_people
from app.exports.service.registry import (
    Arguments,
    Asker,
    Column,
    ListExport,
    find_list,
    register_lists,
    registered_lists,
)
from app.exports.service.running import (
    Wish,
    check_allowed,
    due_exports,
    exports_of,
    file_of,
    get_export,
    remove_expired,
    request_export,
    run_export,
)

__all__ = [
    "PEOPLE_COLUMNS",
    "Arguments",
    "Asker",
    "Column",
    "ListExport",
    "People",
    "Wish",
    "check_allowed",
    "count_people",
    "due_exports",
    "exports_of",
    "file_of",
    "find_list",
    "get_export",
    "register_lists",
    "registered_lists",
    "remove_expired",
    "request_export",
    "rows_of_people",
    "run_export",
]
