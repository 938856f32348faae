"""Whole snapshots to a page that begins, and to the others only the rows that have changed since the last message."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

Content = Mapping[str, Any]
Rows = Sequence[Mapping[str, Any]]


class Channel:
    """What all pages of one view were sent last. Each page is known by its id. For one thread."""

    def __init__(self, *lists: str) -> None:
        """`lists` name the parts of the content that are lists of rows with an `id`; the other parts are sent whole."""
        self._lists = lists
        self._last: Content | None = None
        self._up_to_date: set[str] = set()

    def forget(self, *pages: str) -> None:
        """These pages get a whole snapshot next."""
        self._up_to_date.difference_update(pages)

    def messages(self, pages: Collection[str], content: Content) -> list[tuple[list[str], Content]]:
        """What to send to which of these pages, which are all that there are; each page is in one message at most."""
        last, known = self._last, self._up_to_date
        self._last, self._up_to_date = content, set(pages)
        going_on = [page for page in pages if page in known] if last is not None else []
        beginning = [page for page in pages if last is None or page not in known]
        found: list[tuple[list[str], Content]] = []
        if going_on and last is not None:
            found.append((going_on, changes_between(last, content, self._lists)))
        if beginning:
            found.append((beginning, content))
        return found


def changes_between(last: Content, content: Content, lists: Collection[str]) -> Content:
    """`content` without the lists, and under `changes` for each of them the rows to `set` and ids `gone`."""
    changes = {}
    for name in lists:
        before = {row["id"]: row for row in last[name]}
        after = {row["id"]: row for row in content[name]}
        rows = [row for id, row in after.items() if before.get(id) != row]
        gone = [id for id in before if id not in after]
        if rows or gone:
            changes[name] = {"set": rows, "gone": gone}
    return {**{name: part for name, part in content.items() if name not in lists}, "changes": changes}
