"""What one version of a questionnaire changed against the one before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.questionnaires.rules.questions import Question


class ChangeKind(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"  # its words, its options or their scores
    MOVED = "moved"  # it stands elsewhere among those that stayed


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionChange:
    """One question and what became of it; `before` is nothing for a new one."""

    kind: ChangeKind
    question: Question
    before: Question | None = None


def compare(older: Sequence[Question], newer: Sequence[Question]) -> list[VersionChange]:
    """The changes from `older` to `newer`, in the order of the newer one, what is gone at the end."""
    old = {question.code: question for question in older}
    new = {question.code: question for question in newer}
    stayed_before = [question.code for question in older if question.code in new]
    stayed_now = [question.code for question in newer if question.code in old]
    moved = {now for before, now in zip(stayed_before, stayed_now, strict=True) if before != now}
    found: list[VersionChange] = []
    for question in newer:
        before = old.get(question.code)
        if before is None:
            found.append(VersionChange(kind=ChangeKind.ADDED, question=question))
        elif before != question:
            found.append(VersionChange(kind=ChangeKind.CHANGED, question=question, before=before))
        elif question.code in moved:
            found.append(VersionChange(kind=ChangeKind.MOVED, question=question, before=before))
    gone = (question for question in older if question.code not in new)
    return found + [VersionChange(kind=ChangeKind.REMOVED, question=question) for question in gone]
