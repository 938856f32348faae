"""Use cases of the way in. Import from here."""

from app.call_flows.service.callers import KnownCaller, known_caller
from app.call_flows.service.changing import create_flow, go_live, install_shipped, open_draft, save_draft, take_off
from app.call_flows.service.messages import follow_messages
from app.call_flows.service.reading import (
    faults_of,
    get_flow,
    get_version,
    list_flows,
    live_flows,
    releases_of,
    versions_of,
)

__all__ = [
    "KnownCaller",
    "create_flow",
    "faults_of",
    "follow_messages",
    "get_flow",
    "get_version",
    "go_live",
    "install_shipped",
    "known_caller",
    "list_flows",
    "live_flows",
    "open_draft",
    "releases_of",
    "save_draft",
    "take_off",
    "versions_of",
]
