"""Append to the audit log, read it, and check its chain. Import from here."""

from app.audit.service.anchors import read_anchors, write_due_anchor
from app.audit.service.appending import record, record_people
from app.audit.service.checking import Verdict, verify
from app.audit.service.reading import AuditFilters, AuditRecord, events_of, ids_of_person, is_view_known, list_events

__all__ = [
    "AuditFilters",
    "AuditRecord",
    "Verdict",
    "events_of",
    "ids_of_person",
    "is_view_known",
    "list_events",
    "read_anchors",
    "record",
    "record_people",
    "verify",
    "write_due_anchor",
]
