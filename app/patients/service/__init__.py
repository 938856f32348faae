"""Use cases of the patient record. Import from here; the files below are grouped by subject."""

from app.patients.service.activity import settle_departments, surviving_ids, touch, touch_all
from app.patients.service.cards import (
    Caller,
    caller_view,
    candidates_view,
    card_for_number,
    patient_card,
    patient_cards,
)
from app.patients.service.data import ContactData, IdentifierData, PatientData, PhoneData
from app.patients.service.drafts import draft_of, drop_draft, keep_draft
from app.patients.service.endings import mark_number_wrong, on_death, report_death, tell_death
from app.patients.service.links import (
    IntroducedPerson,
    Link,
    add_link,
    introduced_people,
    links_of,
    remove_link,
)
from app.patients.service.listing import NO_FILTERS, ListFilters, ListOrder, read_filters
from app.patients.service.matching import Match, find_caller, match_number, number_to_dial
from app.patients.service.naming import is_called
from app.patients.service.notes import add_note, answer_note, category_list, is_open_wish, notes_of
from app.patients.service.planned import PlannedSource, add_planned_source, next_planned
from app.patients.service.profile import CODED, propose_region
from app.patients.service.query import MatchedBy
from app.patients.service.reading import get_patient, require_patient
from app.patients.service.records import (
    create_patient,
    data_of,
    spelled,
    update_patient,
)
from app.patients.service.search import Hit, find_people, search_patients
from app.patients.service.strangers import has_no_name, keep_stranger, name_stranger
from app.patients.service.terms import index_names, index_new_names, renew_terms, unindexed
from app.patients.service.ties import add_tie, end_tie, reopen_tie, tie_targets, tied_to, ties_of
from app.patients.service.timeline import channels_for, timeline, timeline_item
from app.patients.service.timeline_sources import SOURCES, Place, TimelineItem, TimelineSource, add_timeline_source

__all__ = [
    "CODED",
    "NO_FILTERS",
    "SOURCES",
    "Caller",
    "ContactData",
    "Hit",
    "IdentifierData",
    "IntroducedPerson",
    "Link",
    "ListFilters",
    "ListOrder",
    "Match",
    "MatchedBy",
    "PatientData",
    "PhoneData",
    "Place",
    "PlannedSource",
    "TimelineItem",
    "TimelineSource",
    "add_link",
    "add_note",
    "add_planned_source",
    "add_tie",
    "add_timeline_source",
    "answer_note",
    "caller_view",
    "candidates_view",
    "card_for_number",
    "category_list",
    "channels_for",
    "create_patient",
    "data_of",
    "draft_of",
    "drop_draft",
    "end_tie",
    "find_caller",
    "find_people",
    "get_patient",
    "has_no_name",
    "index_names",
    "index_new_names",
    "introduced_people",
    "is_called",
    "is_open_wish",
    "keep_draft",
    "keep_stranger",
    "links_of",
    "mark_number_wrong",
    "match_number",
    "name_stranger",
    "next_planned",
    "notes_of",
    "number_to_dial",
    "on_death",
    "patient_card",
    "patient_cards",
    "propose_region",
    "read_filters",
    "remove_link",
    "renew_terms",
    "reopen_tie",
    "report_death",
    "require_patient",
    "search_patients",
    "settle_departments",
    "spelled",
    "surviving_ids",
    "tell_death",
    "tie_targets",
    "tied_to",
    "ties_of",
    "timeline",
    "timeline_item",
    "touch",
    "touch_all",
    "unindexed",
    "update_patient",
]
