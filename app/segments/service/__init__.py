"""Use cases of segments. Import from here."""

from app.segments.service.clauses import Clock
from app.segments.service.compiling import clock_of, count, matching
from app.segments.service.saved import (
    SegmentData,
    change_segment,
    count_members,
    create_segment,
    delete_segment,
    freeze,
    freeze_people,
    get_segment,
    list_segments,
    members,
    record_use,
    sample,
    thaw,
    uses_of,
)

__all__ = [
    "Clock",
    "SegmentData",
    "change_segment",
    "clock_of",
    "count",
    "count_members",
    "create_segment",
    "delete_segment",
    "freeze",
    "freeze_people",
    "get_segment",
    "list_segments",
    "matching",
    "members",
    "record_use",
    "sample",
    "thaw",
    "uses_of",
]
