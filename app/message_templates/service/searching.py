"""The words by which a template is found."""

from __future__ import annotations

from collections.abc import Iterable


def search_text_of(words: Iterable[str]) -> str:
    """All these words in small letters, as the list is searched."""
    return "\n".join(words).casefold()[:8000]
