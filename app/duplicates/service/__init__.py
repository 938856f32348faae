"""Find records that may be one person, merge them, and take a merge back. Import from here."""

from app.duplicates.service.finding import find_pairs, keep_pairs, search_all, search_changed
from app.duplicates.service.merging import MergeView, list_merges, merge, merges_of, surviving_id, undo
from app.duplicates.service.pairs import (
    PairView,
    count_pairs,
    dismiss,
    get_pair,
    list_pairs,
    pairs_of,
    propose,
    reopen,
)

__all__ = [
    "MergeView",
    "PairView",
    "count_pairs",
    "dismiss",
    "find_pairs",
    "get_pair",
    "keep_pairs",
    "list_merges",
    "list_pairs",
    "merge",
    "merges_of",
    "pairs_of",
    "propose",
    "reopen",
    "search_all",
    "search_changed",
    "surviving_id",
    "undo",
]
