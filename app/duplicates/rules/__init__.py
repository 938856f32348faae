"""When two records may be one person, and what a merge makes of their fields. Import from here."""

from app.duplicates.rules.comparing import (
    REASON_TEXT,
    DuplicateReason,
    PairState,
    Person,
    compare,
    is_birth_near,
    is_known_birth,
    is_name_similar,
    score_of,
)
from app.duplicates.rules.fields import Side, differing, merged_values

__all__ = [
    "REASON_TEXT",
    "DuplicateReason",
    "PairState",
    "Person",
    "Side",
    "compare",
    "differing",
    "is_birth_near",
    "is_known_birth",
    "is_name_similar",
    "merged_values",
    "score_of",
]
