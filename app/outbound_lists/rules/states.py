"""The states of an outbound list."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class ListState(StrEnum):
    """draft → preparing → running ⇄ paused → done; anything that is not done → stopped."""

    DRAFT = "draft"
    PREPARING = "preparing"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    STOPPED = "stopped"


MOVES: Mapping[ListState, frozenset[ListState]] = {
    ListState.DRAFT: frozenset({ListState.PREPARING, ListState.STOPPED}),
    ListState.PREPARING: frozenset({ListState.RUNNING, ListState.STOPPED}),
    ListState.RUNNING: frozenset({ListState.PAUSED, ListState.DONE, ListState.STOPPED}),
    ListState.PAUSED: frozenset({ListState.RUNNING, ListState.STOPPED}),
    ListState.DONE: frozenset(),
    ListState.STOPPED: frozenset(),
}
"""Every move that is allowed."""
