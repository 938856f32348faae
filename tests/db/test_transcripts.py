"""Transcripts: real words by a real model, one at a time, tried a few times, and gone with their recording."""

from __future__ import annotations

import array
import os
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from app.calls.models import Call
from app.configuration.rules import YEARS_KEPT
from app.configuration.service import set_value
from app.parts import Parts
from app.patients.models import Patient
from app.patients.service import index_names, is_called
from app.recordings import service as recordings
from app.recordings.models import RecordingDeletion, Transcript, TranscriptSegment
from app.recordings.rules import KeepingClass, Segment, Side, TranscriptFailure, TranscriptState
from app.recordings.tasks import due_transcripts
from app.settings import Settings
from app.speech_models import recognise_model
from recordings import pickup, transcripts, upkeep
from tests.speech import make_model, spoken_words
from tests.two_sided import add_ended_call, interleave, write_raw

_AT = datetime.fromisoformat("2026-11-21T02:00:00+00:00")


@dataclass(slots=True)
class Office:
    """A product with a model and a clock that a test moves."""

    parts: Parts
    now: datetime = _AT

    def add(self, stem: str, **call: Any) -> str:
        """A stored recording of two tones."""
        return self._stored(stem, write_raw(self.parts.settings.spool_dir, stem, written_at=self.now), 2.0, **call)

    def add_spoken(self, stem: str) -> str:
        """A stored recording: after a second the patient speaks; when she has ended the agent says the same."""
        words, second = spoken_words(), array.array("h", bytes(2 * 8000))
        rest = array.array("h", bytes(2 * len(words)))
        path = write_raw(self.parts.settings.spool_dir, stem, written_at=self.now)
        path.write_bytes(interleave(second + words + rest, second + rest + words))
        os.utime(path, (self.now.timestamp(),) * 2)
        return self._stored(stem, path, path.stat().st_size / 32_000)

    def _stored(self, stem: str, path: Path, seconds: float, **call: Any) -> str:
        _, recording_id = add_ended_call(self.parts, stem, answered_at=self.now, seconds=seconds, **call)
        self.now += timedelta(seconds=30)
        pickup.process_recording(self.parts, recording_id)
        assert not path.exists()
        return recording_id

    def row(self, recording_id: str) -> Transcript:
        with self.parts.database.reading() as session:
            found = recordings.transcript_of(session, recording_id)
        assert found is not None
        return found

    def segments(self, recording_id: str) -> list[Segment]:
        with self.parts.database.reading() as session:
            return recordings.segments_of(session, recording_id)

    def claim(self, recording_id: str, *, at_once: int = 1) -> recordings.TranscriptClaim | None:
        with self.parts.database.writing() as session:
            return recordings.claim_transcript(session, recording_id, self.now, at_once=at_once)

    def found(self, typed: str) -> list[str]:
        """The recordings in which somebody said this."""
        filters = recordings.Filters(words=recordings.looked_for(typed))
        with self.parts.database.reading() as session:
            return [each.recording.id for each in recordings.list_recordings(session, filters).items]

    def finish(self, claim: recordings.TranscriptClaim | None, said: str = "預約複查") -> None:
        """Keep a line of words for what was claimed."""
        assert claim is not None
        line = Segment(side=Side.PATIENT, start=0.5, end=1.5, text=said)
        made = recordings.MadeTranscript(
            segments=[line], engine="e", model="m", language="zh", speech_seconds=1.0, work_seconds=0.1
        )
        with self.parts.database.writing() as session:
            recordings.transcript_made(session, self.parts.bus, claim, made, self.now)

    def use(self, model: Path) -> None:
        settings = self.parts.settings.with_changes(transcription_model=recognise_model(model))
        assert settings.transcription_model is not None
        self.parts = self._with(settings)

    def let_time_pass_by_itself(self) -> None:
        """Each look at the clock finds it a millisecond later."""

        def later() -> datetime:
            self.now += timedelta(milliseconds=1)
            return self.now

        self.parts = replace(self.parts, now=later)

    def _with(self, settings: Settings) -> Parts:
        return Parts(settings=settings, database=self.parts.database, bus=self.parts.bus, now=lambda: self.now)


@pytest.fixture
def office(parts: Parts, tmp_path: Path) -> Office:
    made = Office(parts)
    made.use(make_model(tmp_path / "moonshine-tiny-en"))
    return made


@pytest.fixture
def broken(office: Office, tmp_path: Path) -> Office:
    """Its model has the right files and nothing in them that could be loaded."""
    folder = tmp_path / "broken"
    folder.mkdir()
    for name in ("encoder_model.ort", "decoder_model_merged.ort", "tokens.txt"):
        (folder / name).write_bytes(b"no model")
    office.use(folder)
    return office


def test_words_are_with_who_said_them_and_when(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = office.add_spoken("1.1")
    assert due_transcripts(office.parts) == [recording]
    # As of a long call, whose claim is renewed on the way.
    monkeypatch.setattr(transcripts, "_RENEW_SECONDS", 0.0)
    office.let_time_pass_by_itself()
    transcripts.make_transcript(office.parts, recording)
    row, found = office.row(recording), office.segments(recording)
    assert (row.state, row.model, row.language) == (TranscriptState.MADE, "moonshine-tiny-en", "en")
    assert (row.engine or "").startswith("sherpa-onnx ")
    said = {side: " ".join(each.text for each in found if each.side is side) for side in Side}
    assert "Ever tried, ever failed, no matter" in said[Side.PATIENT]
    assert "Ever tried, ever failed, no matter" in said[Side.AGENT]
    assert max(each.end for each in found if each.side is Side.PATIENT) < 12
    assert min(each.start for each in found if each.side is Side.AGENT) > 10
    assert [each.start for each in found] == sorted(each.start for each in found)
    assert (row.work_seconds or 0) > 0 and 10 < (row.speech_seconds or 0) < 22


def test_a_transcript_is_made_once(office: Office) -> None:
    recording = office.add("1.1")
    assert due_transcripts(office.parts) == [recording]
    assert due_transcripts(office.parts) == []
    claim = office.claim(recording)
    assert office.claim(recording, at_once=5) is None
    office.finish(claim)
    assert office.claim(recording) is None
    office.now += timedelta(hours=1)
    assert due_transcripts(office.parts) == []


def test_one_is_made_at_a_time_and_the_newest_first(office: Office) -> None:
    older, newer = office.add("1.1"), office.add("1.2")
    assert due_transcripts(office.parts) == [newer]
    claim = office.claim(newer)
    assert office.claim(older) is None
    assert due_transcripts(office.parts) == []
    office.finish(claim)
    assert due_transcripts(office.parts) == [older]


def test_what_waits_to_be_picked_up_comes_first(office: Office) -> None:
    office.add("1.1")
    write_raw(office.parts.settings.spool_dir, "1.2", written_at=office.now)
    add_ended_call(office.parts, "1.2", answered_at=office.now)
    office.now += timedelta(seconds=30)
    assert due_transcripts(office.parts) == []


def test_without_a_model_nothing_is_due_and_nothing_is_made(office: Office) -> None:
    recording = office.add("1.1")
    assert due_transcripts(office.parts) == [recording]
    settings = office.parts.settings.with_changes(transcription_model=None)
    bare = Parts(settings=settings, database=office.parts.database, bus=office.parts.bus, now=office.parts.now)
    assert due_transcripts(bare) == []
    transcripts.make_transcript(bare, recording)
    assert office.row(recording).state == TranscriptState.WAITING


def test_a_model_that_cannot_be_loaded_is_tried_three_times_and_ends_no_process_of_ours(broken: Office) -> None:
    recording = broken.add("1.1")
    tries = 0
    while due_transcripts(broken.parts):
        transcripts.make_transcript(broken.parts, recording)
        tries += 1
        broken.now += timedelta(hours=1)
    row = broken.row(recording)
    assert (tries, row.state, row.failure) == (3, TranscriptState.FAILED, TranscriptFailure.ENGINE)
    with broken.parts.database.writing() as session:
        recordings.request_transcript(session, recordings.get(session, recording), broken.now)
    assert due_transcripts(broken.parts) == [recording]


def test_a_worker_that_dies_leaves_it_to_the_next_and_not_for_ever(office: Office) -> None:
    recording = office.add("1.1")
    due_transcripts(office.parts)
    first = office.claim(recording)
    for _ in range(2):
        office.now += timedelta(minutes=11)
        assert due_transcripts(office.parts) == [recording]
        assert office.claim(recording) is not None
    office.finish(first)
    assert office.segments(recording) == []
    office.now += timedelta(minutes=11)
    assert due_transcripts(office.parts) == []
    assert office.row(recording).failure == TranscriptFailure.ENGINE


def test_audio_that_was_changed_is_not_transcribed(office: Office) -> None:
    recording = office.add("1.1")
    with office.parts.database.reading() as session:
        path = recordings.get(session, recording).path
    assert path is not None
    file = office.parts.settings.recordings_dir / path
    content = bytearray(file.read_bytes())
    content[-30] ^= 1
    file.write_bytes(content)
    due_transcripts(office.parts)
    transcripts.make_transcript(office.parts, recording)
    assert office.row(recording).failure == TranscriptFailure.ALTERED


@pytest.mark.parametrize("few", [2_000, 0])
def test_words_lead_to_the_recordings_that_have_them(office: Office, monkeypatch: pytest.MonkeyPatch, few: int) -> None:
    """By the index, and by reading on where too many have them."""
    monkeypatch.setattr("app.recordings.service.words._FEW", few)
    first, second = office.add("1.1"), office.add("1.2")
    for recording, said in ((first, "預約複查，明天 9 點"), (second, "Please wait, 请稍等")):
        due_transcripts(office.parts)
        office.finish(office.claim(recording), said)
    for typed, found in (
        ("预约", [first]), ("約複", [first]), ("查明", [first]), ("9点", []), ("点 9 复查", [first]), ("等", [second]),
        ("PLEASE 稍等", [second]), ("leas", [second]), ("预约 wait", []), ("_", [second, first]),
        ("'\"*", [second, first]),
    ):  # fmt: skip
        assert office.found(typed) == found, typed
    with office.parts.database.writing() as session:
        assert recordings.remove_transcript(session, first) == 1
    assert office.found("预约") == office.found("点 9") == []


@pytest.mark.parametrize("few", [2_000, 0])
def test_names_lead_to_the_recordings_of_who_has_them(
    office: Office, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr("app.patients.service.naming._FEW", few)
    with office.parts.database.writing() as session:
        people = [Patient(name=name, created_at=_AT, updated_at=_AT) for name in ("陈素芬", "欧阳 Anna")]
        session.add_all(people)
        session.flush()
        index_names(session, [(each.id, each.name) for each in people])
        ids = [each.id for each in people]
    first, second = (office.add(f"1.{patient_id}", patient_id=patient_id) for patient_id in ids)
    office.add("1.9")
    for typed, found in (("陳素", [first]), ("sufen", [first]), ("anna 歐陽", [second]), ("陈 anna", []), ("8000", [])):
        with office.parts.database.reading() as session:
            called = is_called(session, Call.patient_id, typed, settings=office.parts.settings)
            page = recordings.list_recordings(session, recordings.Filters(also=[called]))
        assert [each.recording.id for each in page.items] == found, typed


def test_a_transcript_goes_with_its_recording_and_the_proof_says_so(office: Office) -> None:
    recording = office.add("1.1")
    due_transcripts(office.parts)
    office.finish(office.claim(recording))
    with office.parts.database.writing() as session:
        set_value(session, YEARS_KEPT[KeepingClass.CONSULTATION], 1, by="adam", now=office.now)
    office.now += timedelta(days=800)
    with office.parts.database.writing() as session:
        assert recordings.order_deletion(session, KeepingClass.CONSULTATION, by="adam", now=office.now) == 1
    office.now += timedelta(hours=25)
    assert upkeep.remove_ordered(office.parts) == 1
    with office.parts.database.reading() as session:
        assert session.scalars(select(Transcript)).all() == session.scalars(select(TranscriptSegment)).all() == []
        (proof,) = session.scalars(select(RecordingDeletion))
        (line,) = recordings.removed_between(session, office.now, office.now + timedelta(seconds=1))
    assert proof.transcript_segments == line.transcript_segments == 1
