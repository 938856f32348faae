"""Scopes and masks as data. Import from here."""

from app.access.rules.grants import (
    DEFAULT_GRANTS,
    Grant,
    GrantChange,
    Mask,
    Module,
    Reach,
    Scoped,
    Viewer,
    combine,
    oldest_visible,
)
from app.access.rules.masks import mask_address, mask_email, mask_identifier, mask_name, mask_number
from app.access.rules.reveal import SHOWN_SECONDS, Revealed, RevealReason

__all__ = [
    "DEFAULT_GRANTS",
    "SHOWN_SECONDS",
    "Grant",
    "GrantChange",
    "Mask",
    "Module",
    "Reach",
    "RevealReason",
    "Revealed",
    "Scoped",
    "Viewer",
    "combine",
    "mask_address",
    "mask_email",
    "mask_identifier",
    "mask_name",
    "mask_number",
    "oldest_visible",
]
