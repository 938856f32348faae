"""Asterisk's own record of calls: its lines, and the histories they make."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from telephony.cel import fold, read_cel
from telephony.past import Past
from telephony.tracker.inputs import CallHistory, ChannelInfo, Snapshot

AGENTS = frozenset({"alice", "bob"})
PATIENT, ALICE, BOB = "PJSIP/trunk-00000000", "PJSIP/alice-00000001", "PJSIP/bob-00000002"


def line(
    event: str,
    at: float,
    channel: str,
    *,
    number: str = "13800138000",
    exten: str = "4000",
    context: str = "from-trunk",
    application: tuple[str, str] = ("", ""),
    uniqueid: str = "1.0",
    linkedid: str = "1.0",
    extra: str = "",
) -> str:
    fields = (event, str(at), number, exten, context, channel, *application, uniqueid, linkedid, "", extra)
    return ",".join('"' + field.replace('"', '""') + '"' for field in fields) + "\n"


def answered() -> list[str]:
    return [
        line("CHAN_START", 10, PATIENT),
        line("APP_START", 11, PATIENT, application=("Queue", "hotline,,,,,,,,")),
        line("CHAN_START", 12, ALICE, uniqueid="1.1", context="agents", exten="s"),
        line("BRIDGE_ENTER", 15, ALICE, uniqueid="1.1"),
        line("BRIDGE_ENTER", 15.1, PATIENT),
        line("HANGUP", 19, ALICE, uniqueid="1.1", extra='{"hangupcause":16,"hangupsource":"PJSIP/trunk-00000000"}'),
        line("HANGUP", 20, PATIENT, extra='{"hangupcause":16,"hangupsource":"PJSIP/trunk-00000000"}'),
        line("CHAN_END", 20, PATIENT),
        line("LINKEDID_END", 20, PATIENT),
    ]


def outbound(*, cause: int, source: str = "", dialstatus: str = "") -> list[str]:
    told = f'{{"hangupcause":{cause},"hangupsource":"{source}","dialstatus":"{dialstatus}"}}'
    return [
        line("CHAN_START", 10, ALICE, number="alice", context="agents", exten="s"),
        line("APP_START", 12, ALICE, application=("Dial", "PJSIP/13800138000@trunk,45,U(record,1.0)")),
        line("CHAN_START", 12, PATIENT, uniqueid="1.1", context="from-trunk", exten="s"),
        line("HANGUP", 14, PATIENT, uniqueid="1.1", extra=told),
        line("HANGUP", 15, ALICE, extra='{"hangupcause":16,"hangupsource":"PJSIP/alice-00000001"}'),
        line("LINKEDID_END", 15, ALICE),
    ]


def written(tmp_path: Path, lines: list[str]) -> Path:
    path = tmp_path / "cel.csv"
    path.write_text("".join(lines), encoding="utf-8", newline="")
    return path


def histories(tmp_path: Path, lines: list[str]) -> dict[str, CallHistory]:
    rows, _, _ = read_cel(written(tmp_path, lines), inode=0, offset=0)
    return fold(rows, AGENTS)


def test_an_answered_call_has_queue_agent_times_and_who_hung_up(tmp_path: Path) -> None:
    (call,) = histories(tmp_path, answered()).values()
    assert (call.direction, call.number, call.dialled, call.queue, call.agent) == (
        "inbound", "13800138000", "4000", "hotline", "alice",
    )  # fmt: skip
    assert (call.outcome, call.ended_by, call.is_complete) == ("answered", "caller", True)
    assert call.agent_uniqueid == "1.1"
    seconds = [at and at.timestamp() for at in (call.started_at, call.queued_at, call.answered_at, call.ended_at)]
    assert seconds == [10, 11, 15.1, 20]


def test_a_call_that_nobody_answered_is_abandoned(tmp_path: Path) -> None:
    lines = [text for text in answered() if "BRIDGE_ENTER" not in text]
    (call,) = histories(tmp_path, lines).values()
    assert (call.outcome, call.agent, call.answered_at) == ("abandoned", None, None)


def test_a_transferred_call_belongs_to_the_agent_who_talked_last(tmp_path: Path) -> None:
    lines = answered()
    lines[5:5] = [line("BRIDGE_ENTER", 17, BOB, uniqueid="1.2"), line("BRIDGE_ENTER", 17, PATIENT)]
    (call,) = histories(tmp_path, lines).values()
    assert (call.agent, call.answered_at) == ("bob", datetime.fromtimestamp(15.1, UTC))
    assert call.agent_uniqueid == "1.2"


@pytest.mark.parametrize(
    ("cause", "source", "dialstatus", "outcome"),
    [
        (17, PATIENT, "BUSY", "busy"),
        (1, PATIENT, "CHANUNAVAIL", "wrong_number"),
        (19, PATIENT, "NOANSWER", "no_answer"),
        (0, "", "NOANSWER", "no_answer"),
        (21, PATIENT, "BUSY", "rejected"),
        (16, ALICE, "CANCEL", "agent_cancelled"),
        (38, "", "CONGESTION", "failed"),
    ],
)
def test_an_unanswered_outbound_call_tells_why(
    tmp_path: Path, cause: int, source: str, dialstatus: str, outcome: str
) -> None:
    (call,) = histories(tmp_path, outbound(cause=cause, source=source, dialstatus=dialstatus)).values()
    assert (call.direction, call.agent, call.dialled, call.outcome) == ("outbound", "alice", "13800138000", outcome)


def test_a_call_that_still_lasts_is_not_complete(tmp_path: Path) -> None:
    (call,) = histories(tmp_path, answered()[:5]).values()
    assert (call.is_complete, call.ended_at, call.told_at.timestamp()) == (False, None, 15.1)


def test_a_line_that_is_still_being_written_is_read_the_next_time(tmp_path: Path) -> None:
    path = written(tmp_path, ["".join(answered())[:-20]])
    rows, inode, offset = read_cel(path, inode=0, offset=0)
    assert len(rows) == 8
    path.write_text("".join(answered()), encoding="utf-8", newline="")
    rest, _, end = read_cel(path, inode=inode, offset=offset)
    assert [row.event for row in rest] == ["LINKEDID_END"]
    assert end == path.stat().st_size


def test_reading_on_at_a_rows_place_gives_that_row_first(tmp_path: Path) -> None:
    path = written(tmp_path, answered())
    rows, inode, _ = read_cel(path, inode=0, offset=0)
    again, _, _ = read_cel(path, inode=inode, offset=rows[3].offset)
    assert again == rows[3:]


def test_a_file_that_was_replaced_is_read_from_its_start(tmp_path: Path) -> None:
    path = written(tmp_path, answered())
    _, inode, offset = read_cel(path, inode=0, offset=0)
    path.rename(tmp_path / "rotated.csv")
    rows, new_inode, _ = read_cel(written(tmp_path, answered()[:2]), inode=inode, offset=offset)
    assert len(rows) == 2
    assert new_inode != inode


def test_a_missing_file_is_an_empty_one(tmp_path: Path) -> None:
    assert read_cel(tmp_path / "none.csv", inode=7, offset=7) == ([], 0, 0)


@pytest.mark.parametrize(
    "number",
    [
        '138\n"CHAN_START","10.0","13900139000","4000","from-trunk","PJSIP/trunk-000000ff","","","7.7","7.7","",""\n',
        "138\nCHAN_START,10.0,13900139000,4000,from-trunk,PJSIP/trunk-000000ff,,,7.7,7.7,,\n",
        '"\n"",""CHAN_START"",""10.0"",""13900139000"",""4000"",""from-trunk"",""PJSIP/trunk-000000ff""\n',
    ],
)
def test_a_callers_line_break_makes_no_call(tmp_path: Path, number: str) -> None:
    told = histories(tmp_path, [line("CHAN_START", 10, PATIENT, number=number), *answered()[1:]])
    assert "13900139000" not in str(told)


@pytest.mark.parametrize("damaged", ["\n", '"\n', "x" * 5000 + "\n", line("HANGUP", 1, PATIENT, extra="{no json")])
def test_a_line_that_is_none_is_passed_over(tmp_path: Path, damaged: str) -> None:
    assert histories(tmp_path, [damaged, *answered()]) == histories(tmp_path, answered())


def test_the_next_reading_begins_with_the_oldest_call_that_is_not_over(tmp_path: Path) -> None:
    lines = [
        *answered(),
        line("CHAN_START", 30, PATIENT, uniqueid="2.0", linkedid="2.0"),
        line("CHAN_START", 31, PATIENT, uniqueid="3.0", linkedid="3.0"),
    ]
    rows, inode, end = read_cel(written(tmp_path, lines), inode=0, offset=0)
    begins = {row.linkedid: row.offset for row in reversed(rows)}
    told = fold(rows, AGENTS)
    past = Past(asterisk_started_at="", last_seen_at=None, histories=told, begins=begins, inode=inode, offset=end)
    assert past.resume_at(snapshot_at(31, told, living="2.0")) == len("".join(lines[:9]))
    assert past.resume_at(snapshot_at(31 + 61, told, living="3.0")) == len("".join(lines[:10]))
    assert past.resume_at(snapshot_at(31 + 61, told, living="9.9")) == end


def snapshot_at(seconds: float, histories: dict[str, CallHistory], *, living: str) -> Snapshot:
    channel = ChannelInfo(
        channel=PATIENT, uniqueid=living, linkedid=living, caller_number="", exten="4000", context="from-trunk",
        is_up=True, bridge="", age=timedelta(),
    )  # fmt: skip
    at = datetime.fromtimestamp(seconds, UTC)
    return Snapshot(at=at, is_restarted=False, channels=(channel,), members={}, contacts={}, histories=histories)


def test_a_call_without_an_agent_is_told_with_its_answers_and_its_end(tmp_path: Path) -> None:
    own = "3b0f1c52-7a5e-4d0c-9c38-52f0a4c0e001"
    ids = {"uniqueid": own, "linkedid": own}
    lines = [
        line("CHAN_START", 10, PATIENT, number="", exten="s", **ids),
        line("ANSWER", 14, PATIENT, **ids),
        line("wardline", 15, PATIENT, context="tell", extra='{"extra":"human|0|"}', **ids),
        line("wardline", 20, PATIENT, context="tell", extra='{"extra":"answer|1|4"}', **ids),
        line("wardline", 21, PATIENT, context="tell", extra='{"extra":"nonsense|x|4"}', **ids),
        line("HANGUP", 25, PATIENT, extra='{"hangupcause":16,"hangupsource":""}', **ids),
        line("LINKEDID_END", 25, PATIENT, **ids),
    ]
    call = histories(tmp_path, lines)[own]
    assert (call.direction, call.is_automatic, call.outcome, call.ended_by) == ("outbound", True, "answered", "system")
    assert call.answered_at == datetime.fromtimestamp(14, UTC)
    assert [(each.telling, each.question, each.given) for each in call.told] == [("human", 0, ""), ("answer", 1, "4")]


def test_a_call_without_an_agent_that_nobody_answered_ends_by_its_cause(tmp_path: Path) -> None:
    own = "3b0f1c52-7a5e-4d0c-9c38-52f0a4c0e002"
    lines = [
        line("CHAN_START", 10, PATIENT, number="", exten="s", uniqueid=own, linkedid=own),
        line("HANGUP", 12, PATIENT, uniqueid=own, linkedid=own, extra='{"hangupcause":17,"hangupsource":""}'),
        line("LINKEDID_END", 12, PATIENT, uniqueid=own, linkedid=own),
    ]
    assert histories(tmp_path, lines)[own].outcome == "busy"
