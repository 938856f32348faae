"""Bytes of the manager link to frames."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telephony.ami.frames import MAX_FRAME_BYTES, BrokenStream, Frame, FrameParser

BANNER = b"Asterisk Call Manager/9.0.0\r\n"
WANTED = {"Newchannel": ("CallerIDName", "Uniqueid"), "Hangup": ("Uniqueid", "Empty", "Cause")}
STREAM = (
    BANNER
    + b"Response: Success\r\nActionID: 1\r\nMessage: Authentication accepted\r\n\r\n"
    + "Event: Newchannel\r\nCallerIDName: 歐陽小明\r\nUniqueid: 1.1\r\n\r\n".encode()
    + b"Event: VarSet\r\nVariable: SECRET\r\n\r\n"
    + b"\r\nEvent: Hangup\r\nUniqueid: 1.1\r\nEmpty: \r\n\r\n"
    + b"Event: VarSet\r\nActionID: 2\r\n\r\n"
)
FRAMES = [
    Frame({"Response": "Success", "ActionID": "1", "Message": "Authentication accepted"}),
    Frame({"Event": "Newchannel", "CallerIDName": "歐陽小明", "Uniqueid": "1.1"}),
    Frame({"Event": "Hangup", "Uniqueid": "1.1", "Empty": ""}),
    Frame({"Event": "VarSet", "ActionID": "2"}),
]


def frames_of(*pieces: bytes) -> list[Frame]:
    parser = FrameParser(WANTED)
    return [frame for piece in pieces for frame in parser.feed(piece)]


def test_followed_events_and_answers_come_out_and_nothing_else() -> None:
    assert frames_of(STREAM) == FRAMES


def test_a_segment_border_anywhere_changes_nothing() -> None:
    for cut in range(len(STREAM)):
        assert frames_of(STREAM[:cut], STREAM[cut:]) == FRAMES


@given(st.sets(st.integers(0, len(STREAM))))
def test_any_chunking_gives_the_same_frames(cuts: set[int]) -> None:
    borders = [0, *sorted(cuts), len(STREAM)]
    pieces = [STREAM[begin:end] for begin, end in pairwise(borders)]
    assert frames_of(*pieces) == FRAMES


@given(st.binary(max_size=400))
def test_no_bytes_break_the_parser_in_a_way_it_does_not_name(data: bytes) -> None:
    parser = FrameParser(WANTED)
    parser.feed(BANNER)
    parser.feed(data)
    after = parser.feed(b"\r\n\r\nEvent: Hangup\r\nUniqueid: 1.1\r\n\r\n")
    assert after[-1].headers == {"Event": "Hangup", "Uniqueid": "1.1"}


def test_a_header_that_comes_twice_is_named() -> None:
    (frame,) = frames_of(BANNER + b"Event: Hangup\r\nCause: 1\r\nCause: 2\r\nEvent: Newchannel\r\n\r\n")
    assert set(frame.duplicates) == {"Cause", "Event"}


def test_an_answer_may_repeat_a_header() -> None:
    (frame,) = frames_of(BANNER + b"Response: Success\r\nOutput: a\r\nOutput: b\r\n\r\n")
    assert frame.duplicates == ()


def test_a_frame_without_an_end_is_given_up() -> None:
    parser = FrameParser({})
    parser.feed(BANNER)
    with pytest.raises(BrokenStream, match="no end"):
        parser.feed(b"Event: " + b"x" * MAX_FRAME_BYTES)


@pytest.mark.parametrize("greeting", [b"SSH-2.0-OpenSSH\r\n", b"Asterisk Call Manager\r\n", b"A" * 10, b"\r\n\r\n"])
def test_another_greeting_is_refused(greeting: bytes) -> None:
    with pytest.raises(BrokenStream):
        frames_of(greeting)


def test_a_greeting_without_an_end_is_refused() -> None:
    with pytest.raises(BrokenStream):
        frames_of(b"Asterisk Call Manager/" + b"9" * 300)
