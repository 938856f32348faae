"""What becomes of a version of a document: a template, a questionnaire, a scorecard. Only a draft changes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from app.texts import N_


class VersionState(StrEnum):
    """draft → submitted → approved → retired; submitted → draft; draft → approved where no second word is needed."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    APPROVED = "approved"
    RETIRED = "retired"


STATE_TEXT: Mapping[VersionState, str] = {
    VersionState.DRAFT: N_("Draft"),
    VersionState.SUBMITTED: N_("Waits for approval"),
    VersionState.APPROVED: N_("In use"),
    VersionState.RETIRED: N_("No longer in use"),
}
MOVES: Mapping[VersionState, frozenset[VersionState]] = {
    VersionState.DRAFT: frozenset({VersionState.SUBMITTED, VersionState.APPROVED}),
    VersionState.SUBMITTED: frozenset({VersionState.APPROVED, VersionState.DRAFT}),
    VersionState.APPROVED: frozenset({VersionState.RETIRED}),
    VersionState.RETIRED: frozenset(),
}
"""Every move that is allowed."""
STATE_ICON: Mapping[VersionState, str] = {
    VersionState.DRAFT: "pencil",
    VersionState.SUBMITTED: "hourglass-split",
    VersionState.APPROVED: "check2-circle",
    VersionState.RETIRED: "archive",
}
