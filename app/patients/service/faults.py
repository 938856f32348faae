"""All faults of a form at once, each under the name of its field."""

from __future__ import annotations

from app.errors import InvalidInput
from app.patients.rules import clean_paragraphs, clean_text
from app.texts import N_

_TOO_LONG = {
    10: N_("At most 10 characters."),
    20: N_("At most 20 characters."),
    40: N_("At most 40 characters."),
    60: N_("At most 60 characters."),
    64: N_("At most 64 characters."),
    120: N_("At most 120 characters."),
    200: N_("At most 200 characters."),
    300: N_("At most 300 characters."),
    2000: N_("At most 2,000 characters."),
}


def too_long(longest: int) -> str:
    """The sentence for a text with more characters than that."""
    return _TOO_LONG[longest]


class Faults:
    """Collects sentences by field; the first one of a field counts."""

    def __init__(self) -> None:
        self.by_field: dict[str, str] = {}

    def add(self, field: str, text: str) -> None:
        self.by_field.setdefault(field, text)

    def raise_any(self) -> None:
        """Raise InvalidInput: `fields["field"]` the first fault's place, `fields["errors"]` all of them."""
        for field, text in self.by_field.items():
            raise InvalidInput(text, field=field, errors=dict(self.by_field))

    def line(self, text: str | None, field: str, longest: int, *, needed: str = "") -> str:
        """One line of text, cleaned; a fault when it is too long, or empty and `needed`."""
        line = clean_text(text or "")
        if needed and not line:
            self.add(field, needed)
        if len(line) > longest:
            self.add(field, too_long(longest))
        return line

    def paragraphs(self, text: str | None, field: str, longest: int, *, needed: str = "") -> str:
        """Several lines of text, cleaned, as `line`."""
        cleaned = clean_paragraphs(text or "")
        if needed and not cleaned:
            self.add(field, needed)
        if len(cleaned) > longest:
            self.add(field, too_long(longest))
        return cleaned
