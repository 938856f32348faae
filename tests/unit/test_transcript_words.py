"""Words looked for in what was said: what is marked, and what a transcript reads like as a text."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from app.recordings.rules import Segment, Side, as_text
from app.recordings.service import looked_for, parts_of
from app.recordings.service.word_index import pairs_of


def _marked(text: str, typed: str) -> list[str]:
    return [part.text for part in parts_of(text, looked_for(typed)) if part.is_met]


def test_a_word_is_marked_as_it_stands_there_in_either_script_and_any_spelling() -> None:
    assert _marked("我想預約複查。", "预约复查") == ["預約複查"]
    assert _marked("Ｃａｆé, naïve", "cafe NAIVE") == ["Ｃａｆé", "naïve"]
    assert _marked("复查，需要空腹吗？", "复查需要") == ["复查，需要"]
    assert _marked("try again, try", "try") == ["try", "try"]
    assert _marked("to day", "today") == []


@given(st.text(max_size=60), st.text(max_size=6))
def test_nothing_of_what_was_said_is_lost_by_marking(text: str, typed: str) -> None:
    assert "".join(part.text for part in parts_of(text, looked_for(typed))) == text


@given(st.lists(st.text(min_size=1, max_size=8), max_size=5), st.data())
def test_a_part_of_a_text_has_no_pair_that_the_text_has_not(words: list[str], data: st.DataObject) -> None:
    for word in words:
        start = data.draw(st.integers(0, len(word)))
        assert set(pairs_of([word[start:]])) <= set(pairs_of(words))


def test_a_transcript_as_text_says_when_who_and_what() -> None:
    segments = [
        Segment(side=Side.PATIENT, start=1.5, end=3, text="您好"),
        Segment(side=Side.AGENT, start=3661, end=3662, text="再见"),
    ]
    words = {Side.PATIENT: "患者", Side.AGENT: "坐席"}
    assert as_text(segments, words) == "[0:00:01] 患者: 您好\n[1:01:01] 坐席: 再见\n"
