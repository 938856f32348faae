"""The words and icons of versions, for the pages of every room that has them."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from app.versions.rules import STATE_ICON, STATE_TEXT


def version_words() -> dict[str, Any]:
    """`state_word` and `state_icon` by state, in the reader's language."""
    return {
        "state_word": {str(state): _(text) for state, text in STATE_TEXT.items()},
        "state_icon": {str(state): icon for state, icon in STATE_ICON.items()},
    }
