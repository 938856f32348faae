"""Find words in transcripts, 简体 or 繁體, in either spelling of letters, and show them where they were said."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.patients.names import fold_name
from app.recordings.models import Recording, Transcript, TranscriptSegment
from app.recordings.rules import Segment
from app.recordings.service.transcribing import folded_words, segment_of
from app.recordings.service.word_index import transcripts_with

# Who types more words than these has pasted a text.
_MOST_WORDS = 8
_MOST_SNIPPETS = 3
# So few are looked up one by one. More of them are met soon by whoever reads on from the newest recording.
_FEW = 2_000
_AROUND = 24


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A piece of what was said; `is_met` says that it is what was looked for."""

    text: str
    is_met: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Snippet:
    """A place where a word was said, with what stands around it."""

    segment: Segment
    parts: Sequence[Part]


def looked_for(text: str) -> list[str]:
    """The words of what somebody typed, folded; all of them must be met."""
    return folded_words(text)[:_MOST_WORDS]


def said_in(session: Session, words: Sequence[str]) -> list[ColumnElement[bool]]:
    """That a recording's transcript has every word, for a statement about recordings."""
    if not words:
        return []
    has_all = [Transcript.search_text.contains(word, autoescape=True) for word in words]
    few = transcripts_with(session, words, most=_FEW)
    if few is not None:
        return [Recording.id.in_(select(Transcript.recording_id).where(Transcript.id.in_(few), *has_all))]
    return [select(Transcript.id).where(Transcript.recording_id == Recording.id, *has_all).exists()]


def snippets_of(session: Session, recording_ids: Collection[str], words: Sequence[str]) -> dict[str, list[Snippet]]:
    """The first places in each recording where any of the words was said."""
    wanted = select(TranscriptSegment).where(TranscriptSegment.recording_id.in_(recording_ids))
    found: dict[str, list[Snippet]] = {}
    for row in session.scalars(wanted.order_by(TranscriptSegment.recording_id, TranscriptSegment.place)):
        parts = parts_of(row.text, words)
        if len(found.setdefault(row.recording_id, [])) < _MOST_SNIPPETS and any(part.is_met for part in parts):
            found[row.recording_id].append(Snippet(segment=segment_of(row), parts=_cut(parts)))
    return found


def parts_of(text: str, words: Sequence[str]) -> list[Part]:
    """The text in pieces: those that are one of the folded words, and what is between them."""
    is_met = [False] * len(text)
    folded, origins = "", list[int]()
    for place, char in enumerate(text):
        here = " " if char.isspace() else fold_name(char)
        folded += here
        origins += [place] * len(here)
    for word in words:
        at = folded.find(word)
        while at >= 0:
            first, last = origins[at], origins[at + len(word) - 1]
            is_met[first : last + 1] = [True] * (last + 1 - first)
            at = folded.find(word, at + len(word))
    parts, start = list[Part](), 0
    for place in range(1, len(text) + 1):
        if place == len(text) or is_met[place] != is_met[start]:
            parts.append(Part(text=text[start:place], is_met=is_met[start]))
            start = place
    return parts


def _cut(parts: Sequence[Part]) -> list[Part]:
    """What is near to something met: the rest of a long sentence is a dot-dot-dot."""
    cut = []
    for place, part in enumerate(parts):
        text = part.text
        if not part.is_met and len(text) > 2 * _AROUND:
            before = text[:_AROUND] if place > 0 else ""
            after = text[-_AROUND:] if place < len(parts) - 1 else ""
            text = f"{before} … {after}".strip()
        cut.append(Part(text=text, is_met=part.is_met))
    return cut
