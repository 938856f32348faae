"""What a segment says about people, as data. Import from here."""

from app.segments.rules.kinds import KINDS, ConditionKind, KindSpec, Slot, Unit
from app.segments.rules.periods import Period, years_before
from app.segments.rules.tree import (
    LARGEST_TREE,
    Condition,
    Group,
    Joint,
    Node,
    SegmentPurpose,
    SegmentRule,
    read_rule,
    write_rule,
)

__all__ = [
    "KINDS",
    "LARGEST_TREE",
    "Condition",
    "ConditionKind",
    "Group",
    "Joint",
    "KindSpec",
    "Node",
    "Period",
    "SegmentPurpose",
    "SegmentRule",
    "Slot",
    "Unit",
    "read_rule",
    "write_rule",
    "years_before",
]
