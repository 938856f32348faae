"""Mass sends: written, counted, approved, queued, steered, reported. Import from here."""

from app.mass_sends.service.audiences import BATCH, MOST_CHOSEN, UploadedList, folder, inspect_list, new_file
from app.mass_sends.service.reporting import (
    Line,
    Report,
    count_lines,
    every_line,
    list_lines,
    list_sends,
    report_on,
)
from app.mass_sends.service.steering import (
    SendData,
    approve,
    create_send,
    get_send,
    pause,
    prepare_again,
    resume,
    stop,
    waits_for_another,
)
from app.mass_sends.service.working import due_sends, key_of, work_on

__all__ = [
    "BATCH",
    "MOST_CHOSEN",
    "Line",
    "Report",
    "SendData",
    "UploadedList",
    "approve",
    "count_lines",
    "create_send",
    "due_sends",
    "every_line",
    "folder",
    "get_send",
    "inspect_list",
    "key_of",
    "list_lines",
    "list_sends",
    "new_file",
    "pause",
    "prepare_again",
    "report_on",
    "resume",
    "stop",
    "waits_for_another",
    "work_on",
]
