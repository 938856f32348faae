"""What an article may hold, and which ones a list shows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from app.texts import N_

LONGEST_TITLE, LONGEST_TEXT, LONGEST_TAGS = 120, 20_000, 200


class Shown(StrEnum):
    """Which articles a list shows."""

    CURRENT = "current"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


SHOWN_TEXT = {Shown.CURRENT: N_("Valid"), Shown.EXPIRED: N_("Expired"), Shown.WITHDRAWN: N_("Withdrawn")}
"""Labels, in English; whoever shows them translates them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleData:
    """What an author writes. `tags` are words with spaces between them."""

    title: str
    text: str
    tags: str = ""
    department_id: int | None = None
    valid_until: date | None = None

    def faults(self) -> dict[str, str]:
        """What is wrong, a sentence by field; nothing when it may be saved."""
        found = {}
        if not self.title.strip() or len(self.title) > LONGEST_TITLE:
            found["title"] = N_("A title has one to 120 characters.")
        if not self.text.strip() or len(self.text) > LONGEST_TEXT:
            found["text"] = N_("A text has one to 20,000 characters.")
        if len(self.tags) > LONGEST_TAGS:
            found["tags"] = N_("The tags have at most 200 characters together.")
        return found
