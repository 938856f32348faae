"""The index that leads from words to transcripts: pairs of neighbouring characters, because Chinese has no spaces.

SQLite keeps it in a full-text table without a copy of the text, PostgreSQL in a column of pairs. It only proposes:
whoever asks compares the text itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.recordings.models import Transcript

_SQLITE = {
    "add": text("INSERT INTO transcript_words (rowid, pairs) VALUES (:id, :pairs)"),
    # A full-text table without a copy of the text is told what to forget.
    "remove": text("INSERT INTO transcript_words (transcript_words, rowid, pairs) VALUES ('delete', :id, :pairs)"),
    "find": text("SELECT rowid FROM transcript_words WHERE transcript_words MATCH :pairs LIMIT :most"),
}
_POSTGRESQL_ADD = text("UPDATE transcript SET search_pairs = CAST(:pairs AS varchar[]) WHERE id = :id")
_POSTGRESQL_FIND = text("SELECT id FROM transcript WHERE search_pairs @> CAST(:pairs AS varchar[]) LIMIT :most")


def add_words(session: Session, transcript: Transcript) -> None:
    """Index a transcript by its `search_text`."""
    pairs = pairs_of(transcript.search_text.split())
    if _is_sqlite(session):
        session.connection().execute(_SQLITE["add"], {"id": transcript.id, "pairs": " ".join(pairs)})
    else:
        session.connection().execute(_POSTGRESQL_ADD, {"id": transcript.id, "pairs": pairs})


def remove_words(session: Session, transcript: Transcript) -> None:
    """Forget an indexed transcript. Elsewhere than on SQLite the index goes with its row."""
    if _is_sqlite(session):
        pairs = pairs_of(transcript.search_text.split())
        session.connection().execute(_SQLITE["remove"], {"id": transcript.id, "pairs": " ".join(pairs)})


def transcripts_with(session: Session, words: Sequence[str], *, most: int) -> list[int] | None:
    """The ids of transcripts that may have all the words, whoever may see them; nothing when they are more than `most`.

    Nothing either when no word has two characters: of those the index knows nothing.
    """
    pairs = pairs_of(words)
    if not pairs:
        return None
    values: dict[str, Any] = {"most": most + 1}
    if _is_sqlite(session):
        quoted = " AND ".join(f'"{pair}"' for pair in pairs)
        found = session.connection().execute(_SQLITE["find"], values | {"pairs": quoted})
    else:
        found = session.connection().execute(_POSTGRESQL_FIND, values | {"pairs": pairs})
    ids = list(found.scalars())
    return ids if len(ids) <= most else None


def pairs_of(words: Sequence[str]) -> list[str]:
    """The pairs of neighbouring characters within the folded words, each once."""
    return sorted({word[place : place + 2] for word in words for place in range(len(word) - 1)})


def _is_sqlite(session: Session) -> bool:
    return session.get_bind().dialect.name == "sqlite"
