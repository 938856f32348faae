"""Telephony as a whole against a manager that misbehaves: the reader waits for nobody, and nothing ends the process."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app.alarms.models import Alarm
from app.calls.models import Call
from app.journal.models import JournalEntry
from app.parts import Parts
from app.queues.models import TelephonyLink
from telephony import runner
from telephony.runner import Telephony
from tests.waiting import wait_for
from tests.wire.ami_peer import AMIPeer, frame, listing
from tests.wire.links import hangup


@pytest.fixture
def peer() -> Iterator[AMIPeer]:
    with AMIPeer() as peer:
        peer.replies["CoreStatus"] = lambda action: frame(
            Response="Success",
            ActionID=action["ActionID"],
            CoreStartupDate="2026-03-02",
            CoreStartupTime="09:00:00",
        )
        yield peer


@pytest.fixture
def telephony(parts: Parts, peer: AMIPeer) -> Iterator[Telephony]:
    telephony = Telephony(parts, peer.address)
    parts.bus.start()
    yield telephony
    telephony.stop()


@contextlib.contextmanager
def blocked(parts: Parts) -> Iterator[None]:
    """Nobody can write to the database."""
    with contextlib.closing(sqlite3.connect(parts.database.url.database or "", isolation_level=None)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("ROLLBACK")


def link_state(parts: Parts) -> str:
    with parts.database.reading() as session:
        row = session.get(TelephonyLink, 1)
        return row.state if row else ""


def wait_until_up(parts: Parts) -> None:
    wait_for(lambda: link_state(parts) == "up", what="the link")


def calls_in(number: int) -> bytes:
    """A call that begins and ends."""
    uniqueid = f"{number}.0"
    begun = frame(
        Event="Newchannel", Timestamp="1700000000.1", Channel=f"PJSIP/trunk-{number:08x}", Uniqueid=uniqueid,
        Linkedid=uniqueid, CallerIDNum="13800138000", Exten="4000", Context="from-trunk",
    )  # fmt: skip
    return begun + hangup(uniqueid)


def test_a_blocked_database_delays_what_is_written_and_not_the_link(
    telephony: Telephony, parts: Parts, peer: AMIPeer
) -> None:
    telephony.start()
    wait_until_up(parts)
    with blocked(parts):
        peer.say(b"".join(calls_in(number) for number in range(1000)))
        answered = len(peer.asked("Ping"))
        wait_for(lambda: len(peer.asked("Ping")) >= answered + 5, what="signs of life for five seconds")
    wait_for(lambda: count_ended(parts) == 1000, what="all calls", seconds=20)
    assert peer.logins == 1
    with parts.database.reading() as session:
        kinds = ("call.started", "call.ended")
        told = session.execute(
            select(JournalEntry.call_id, JournalEntry.kind)
            .where(JournalEntry.kind.in_(kinds))
            .order_by(JournalEntry.seq)
        ).all()
        ids = list(session.scalars(select(Call.id).order_by(Call.linkedid)))
    assert [kind for _, kind in told] == list(kinds) * 1000
    assert [id for id, _ in told[::2]] == [id for id, _ in told[1::2]]
    assert sorted(ids) == sorted(str(id) for id, _ in told[::2])


def count_ended(parts: Parts) -> int:
    with parts.database.reading() as session:
        return len(session.scalars(select(Call.id).where(Call.ended_at.is_not(None))).all())


def test_a_database_that_is_away_at_the_start_is_waited_for(
    telephony: Telephony, parts: Parts, peer: AMIPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FLUSH_SECONDS", 0.1)
    with blocked(parts):
        telephony.start()
        wait_for(lambda: peer.logins >= 3, what="the third try")
        assert link_state(parts) == ""
    wait_until_up(parts)


def test_a_call_whose_end_still_waits_to_be_written_is_not_told_a_second_time(
    telephony: Telephony, parts: Parts, peer: AMIPeer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runner, "FLUSH_SECONDS", 0.1)
    parts.settings.cel_file.parent.mkdir(parents=True)
    telephony.start()
    wait_until_up(parts)
    with blocked(parts):
        peer.say(calls_in(1))
        parts.settings.cel_file.write_text(history_of(1))
        peer.drop()
        wait_for(lambda: peer.logins >= 2, what="the next connection")
    wait_for(lambda: count_ended(parts) == 1, what="the call")
    wait_for(lambda: cel_place(parts) == len(history_of(1)), what="the reading of what Asterisk wrote")
    with parts.database.reading() as session:
        kinds = list(session.scalars(select(JournalEntry.kind).order_by(JournalEntry.seq)))
    assert kinds == ["call.started", "call.ended", "patient.created", "callback.opened"]


def history_of(number: int) -> str:
    """What Asterisk itself writes of such a call."""
    rest = f'"13800138000","4000","from-trunk","PJSIP/trunk-{number:08x}","","","{number}.0","{number}.0","",""\n'
    return "".join(f'"{event}","1700000000.1",{rest}' for event in ("CHAN_START", "HANGUP", "LINKEDID_END"))


def cel_place(parts: Parts) -> int:
    with parts.database.reading() as session:
        row = session.get(TelephonyLink, 1)
        return row.cel_offset if row else 0


def test_a_doubtful_frame_raises_an_alarm_and_the_state_is_read_anew(
    telephony: Telephony, parts: Parts, peer: AMIPeer
) -> None:
    telephony.start()
    wait_until_up(parts)
    readings = len(peer.asked("CoreShowChannels"))
    peer.say(b"Event: Newchannel\r\n" + hangup("1.0"))
    wait_for(lambda: len(peer.asked("CoreShowChannels")) > readings, what="the next reading")
    with parts.database.reading() as session:
        assert list(session.scalars(select(Alarm.kind))) == ["forged_events"]


def test_a_damaged_item_in_a_list_is_passed_over(telephony: Telephony, parts: Parts, peer: AMIPeer) -> None:
    whole = {
        "Event": "CoreShowChannel", "Channel": "PJSIP/trunk-00000001", "Uniqueid": "1.0", "Linkedid": "1.0",
        "CallerIDNum": "13800138000", "Exten": "4000", "Context": "from-trunk", "ChannelState": "6", "BridgeId": "",
        "Duration": "00:00:01",
    }  # fmt: skip
    damaged = {"Event": "CoreShowChannel", "Channel": "PJSIP/trunk-00000002", "CallerIDNum": "138"}
    peer.replies["CoreShowChannels"] = lambda action: listing(action, damaged, whole)
    telephony.start()
    wait_until_up(parts)
    with parts.database.reading() as session:
        assert list(session.scalars(select(Call.linkedid))) == ["1.0"]


def test_a_stopped_telephony_leaves_no_connection(telephony: Telephony, parts: Parts, peer: AMIPeer) -> None:
    telephony.start()
    wait_until_up(parts)
    telephony.stop()
    telephony.stop()
    wait_for(lambda: peer.ended == 1, what="the end of the connection")
    assert peer.logins == 1
