"""The states of an outbound list. Import from here."""

from app.outbound_lists.rules.states import MOVES, ListState

__all__ = ["MOVES", "ListState"]
