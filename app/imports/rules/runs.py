"""The states of an import run and of a row that waits for a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.texts import N_


class SourceKind(StrEnum):
    CSV = "csv"
    XLSX = "xlsx"
    VIEW = "view"  # a table or view of another database


class RunState(StrEnum):
    """draft → (trying → tried) → queued → running → done; running → stopped or failed → queued again."""

    DRAFT = "draft"  # the columns are being mapped
    TRYING = "trying"  # a trial waits or runs
    TRIED = "tried"  # the trial's report can be read; nothing was written
    QUEUED = "queued"
    RUNNING = "running"
    STOPPED = "stopped"  # by a person; goes on where it stopped
    FAILED = "failed"  # the list cannot be read on; `error` says why
    DONE = "done"


UNDER_WAY = frozenset({RunState.TRYING, RunState.QUEUED, RunState.RUNNING})
"""A worker has it, or should have."""
CAN_START = frozenset({RunState.DRAFT, RunState.TRIED, RunState.STOPPED, RunState.FAILED})
CAN_TRY = frozenset({RunState.DRAFT, RunState.TRIED, RunState.FAILED})


class ReviewReason(StrEnum):
    """Why a row waits for a person."""

    TWO_RECORDS = "two_records"  # its numbers belong to two different records
    SHARED_PHONE = "shared_phone"  # only a number fits, the name is another one
    OTHER_NAME = "other_name"  # an identifier fits, the name does not
    OTHER_BIRTH_DATE = "other_birth_date"
    OTHER_SEX = "other_sex"
    OTHER_ID_CARD = "other_id_card"


class ReviewState(StrEnum):
    OPEN = "open"
    UPDATED = "updated"  # same person: the record took the row
    CREATED = "created"  # another person: a record was made
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A row that was not taken: its line, the field at fault and the reason as an English sentence."""

    line: int
    field: str = ""
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What became of the rows. `problems` holds the first ones that were rejected; the counts are exact."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    rejected: int = 0
    to_review: int = 0
    problems: tuple[Problem, ...] = ()


# A sweep gives a run whose worker died to another one after this. A chunk takes a second at most, also where
# one writer makes it wait for others.
CLAIM = timedelta(seconds=60)
# A report that nobody can read to its end needs no more lines; the counts stay exact.
MOST_PROBLEMS = 10_000
# A trial holds its transaction open, and on SQLite everybody else waits that long: about two seconds.
TRIAL_ROWS = 10_000
# More people than this do not share one telephone: it is the clinic's own, typed for everybody.
MOST_WITH_ONE_NUMBER = 20

STATE_TEXT = {
    RunState.DRAFT: N_("Columns to be checked"),
    RunState.TRYING: N_("Trial under way"),
    RunState.TRIED: N_("Trial finished, nothing written yet"),
    RunState.QUEUED: N_("Waiting to start"),
    RunState.RUNNING: N_("Under way"),
    RunState.STOPPED: N_("Stopped"),
    RunState.FAILED: N_("Failed"),
    RunState.DONE: N_("Finished"),
}
REVIEW_TEXT = {
    ReviewReason.TWO_RECORDS: N_("Its numbers belong to two different records"),
    ReviewReason.SHARED_PHONE: N_("Only the telephone number fits, the name is another one"),
    ReviewReason.OTHER_NAME: N_("The identifier fits, the name is another one"),
    ReviewReason.OTHER_BIRTH_DATE: N_("The birth date is another one"),
    ReviewReason.OTHER_SEX: N_("The sex is another one"),
    ReviewReason.OTHER_ID_CARD: N_("The id card number is another one"),
}
