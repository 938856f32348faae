"""Uploaded sounds: from the page's file to what Asterisk plays; a flow says them, a queue plays them as music."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from app.call_flows import service as call_flows
from app.call_flows.rules import FaultKind, Flow, Goal, Target, from_document, to_document
from app.cli.floor_plan import FloorReader
from app.errors import InvalidInput
from app.parts import Parts
from app.queues import service as queues
from app.queues.models import Queue
from app.sounds import service
from app.sounds.models import UploadedSound
from app.sounds.rules import MOST_BYTES
from recordings.uploads import process_upload
from tests.unit.test_uploaded_sounds import tone


@pytest.fixture
def spool(parts: Parts, tmp_path: Path) -> Parts:
    with parts.database.writing() as session:
        queues.ensure_queues(session, parts.settings, "Hotline")
    return replace(parts, settings=parts.settings.with_changes(spool_dir=tmp_path / "spool"))


def uploaded(parts: Parts, data: bytes, name: str = "a.wav") -> int:
    with parts.database.writing() as session:
        row = service.upload(session, data, name="", file_name=name, by="alice", now=parts.now())
        sound_id = row.id
    assert sound_id in service.due_sounds(parts)
    process_upload(parts, sound_id)
    process_upload(parts, sound_id)
    return sound_id


def test_a_file_becomes_a_sound_once_and_a_broken_one_says_why(spool: Parts) -> None:
    good, bad = uploaded(spool, tone()), uploaded(spool, b"no sound")
    with spool.database.reading() as session:
        rows = {row.id: row for row in service.list_sounds(session)}
        assert (rows[good].state, rows[bad].state, rows[bad].error) == ("ready", "broken", "no_audio")
        assert service.audio(session, good)[:4] == b"RIFF"
        assert (session.get_one(UploadedSound, good).original, list(service.digests(session))) == (None, [good])
    assert service.due_sounds(spool) == []


def test_no_file_and_one_that_is_too_large_are_refused(spool: Parts) -> None:
    for data in (b"", bytes(MOST_BYTES + 1)):
        with spool.database.writing() as session, pytest.raises(InvalidInput):
            service.upload(session, data, name="", file_name="x", by="alice", now=spool.now())


def test_a_flow_with_a_recording_is_checked_goes_live_and_plays_the_file_and_a_queue_its_music(spool: Parts) -> None:
    sound_id, bad = uploaded(spool, tone()), uploaded(spool, b"no sound")
    flow = Flow(
        hotlines=("4001",), language="en", greeting_sounds={"en": sound_id},
        opened=Target(goal=Goal.QUEUE, name="hotline"),
    )  # fmt: skip
    assert from_document(to_document(flow)) == replace(flow, greeting={"zh_Hans": "", "zh_Hant": "", "en": ""})
    with spool.database.writing() as session:
        made = call_flows.create_flow(session, "x", by="alice", now=spool.now())
        broken = replace(flow, greeting_sounds={"en": bad})
        (fault,) = call_flows.faults_of(session, broken, flow_id=made.id)
        assert fault.kind is FaultKind.NO_SOUND
        draft = call_flows.open_draft(session, made.id, by="alice", now=spool.now())
        call_flows.save_draft(
            session, made.id, flow, name="x", row_version=draft.row_version, by="alice", now=spool.now()
        )
        call_flows.go_live(session, spool.bus, made.id, 1, by="alice", now=spool.now())
        session.get_one(Queue, "hotline").music_id = sound_id
        played = service.audio(session, sound_id)
    reader = FloorReader(spool.database, spool.settings)
    plan = reader.read()
    (live,) = plan.flows
    folder = spool.settings.spool_dir / "prompts" / live.sounds["en"]
    assert (folder / "greeting.wav").read_bytes() == played
    (queue,) = plan.queues
    assert (spool.settings.spool_dir / "music" / queue.music / "music.wav").read_bytes() == played
    assert reader.read() == plan
