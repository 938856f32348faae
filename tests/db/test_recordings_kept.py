"""Recordings as evidence: where they lie, how long, that a change is found, and that nothing held is ever removed."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from moto.server import ThreadedMotoServer
from sqlalchemy import select

from app.alarms.rules import AlarmKind
from app.alarms.service import open_alarms
from app.configuration.rules import YEARS_KEPT
from app.configuration.service import set_value
from app.errors import Conflict, InvalidInput
from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.models import Recording, RecordingDeletion, RecordingManifest
from app.recordings.rules import Finding, KeepingClass, ManifestFault, RecordingState, Store, kept_until
from app.settings import S3Account
from recordings import manifests, pickup, upkeep
from tests.two_sided import add_ended_call, audio_of, write_raw

_AT = datetime.fromisoformat("2026-11-21T02:00:00+00:00")


@dataclass(slots=True)
class Cabinet:
    """A product with a clock that a test moves, and a main store and an archive on disk."""

    parts: Parts
    archive: Path
    now: datetime = _AT

    def add(self, stem: str, **call: Any) -> str:
        """A recording that is stored."""
        write_raw(self.parts.settings.spool_dir, stem, written_at=self.now)
        _, recording_id = add_ended_call(self.parts, stem, answered_at=self.now, **call)
        self.now += timedelta(seconds=30)
        pickup.process_recording(self.parts, recording_id)
        assert self.row(recording_id).state == RecordingState.READY
        return recording_id

    def row(self, recording_id: str) -> Recording:
        with self.parts.database.reading() as session:
            return recordings.get(session, recording_id)

    def file(self, recording_id: str) -> Path:
        row = self.row(recording_id)
        assert row.path is not None
        folder = self.parts.settings.recordings_dir if row.store == Store.MAIN else self.archive
        return folder / row.path

    def alarms(self) -> set[str]:
        with self.parts.database.reading() as session:
            return {alarm.kind for alarm in open_alarms(session)}

    def hold(self, *recording_ids: str, subject: str = "dispute 7") -> int:
        with self.parts.database.writing() as session:
            held = recordings.hold(session, self.parts.bus, recording_ids, subject=subject, by="quinn", now=self.now)
            return held[0].id

    def order(self, keeping_class: KeepingClass) -> int:
        with self.parts.database.writing() as session:
            return recordings.order_deletion(session, keeping_class, by="adam", now=self.now)

    def set_years(self, keeping_class: KeepingClass, years: int) -> None:
        with self.parts.database.writing() as session:
            set_value(session, YEARS_KEPT[keeping_class], years, by="adam", now=self.now)

    def pass_time(self, **time: float) -> None:
        self.now += timedelta(**time)


@pytest.fixture
def cabinet(parts: Parts, tmp_path: Path) -> Cabinet:
    archive = tmp_path / "archive"
    settings = parts.settings.with_changes(archive_url=archive.as_uri())
    made = Cabinet(parts, archive)
    made.parts = Parts(settings=settings, database=parts.database, bus=parts.bus, now=lambda: made.now)
    return made


def test_an_old_recording_moves_to_the_archive_and_plays_from_there(cabinet: Cabinet) -> None:
    old = cabinet.add("1.1")
    audio, before = audio_of(cabinet.parts, old), cabinet.file(old)
    cabinet.pass_time(days=60)
    young = cabinet.add("1.2")
    cabinet.pass_time(days=40)
    assert upkeep.archive_old(cabinet.parts) == 1
    assert not before.exists() and cabinet.file(old).is_relative_to(cabinet.archive)
    assert audio_of(cabinet.parts, old) == audio
    assert (cabinet.row(old).store, cabinet.row(young).store) == (Store.ARCHIVE, Store.MAIN)
    assert upkeep.archive_old(cabinet.parts) == 0


def test_a_recording_that_was_changed_is_not_moved(cabinet: Cabinet) -> None:
    recording = cabinet.add("1.1")
    _flip(cabinet.file(recording))
    cabinet.pass_time(days=100)
    assert upkeep.archive_old(cabinet.parts) == 0
    assert cabinet.row(recording).store == Store.MAIN and cabinet.file(recording).exists()


def test_a_flipped_byte_and_a_missing_file_are_found(cabinet: Cabinet) -> None:
    changed, lost, whole = (cabinet.add(f"1.{number}") for number in range(3))
    _flip(cabinet.file(changed))
    cabinet.file(lost).unlink()
    upkeep.check_stored(cabinet.parts)
    assert cabinet.alarms() == set(), "each was found whole when it was stored"
    cabinet.pass_time(days=31)
    upkeep.check_stored(cabinet.parts)
    assert cabinet.row(changed).findings == [Finding.ALTERED]
    assert cabinet.row(lost).state == RecordingState.MISSING
    assert (cabinet.row(whole).state, cabinet.row(whole).checked_at) == (RecordingState.READY, cabinet.now)
    assert cabinet.alarms() == {AlarmKind.RECORDING_ALTERED, AlarmKind.RECORDING_MISSING}
    assert upkeep.check_stored(cabinet.parts) == 0


def test_nothing_is_removed_before_its_time_nor_without_an_order(cabinet: Cabinet) -> None:
    consultation, other = cabinet.add("1.1"), cabinet.add("1.2", direction="outbound")
    cabinet.set_years(KeepingClass.CONSULTATION, 3)
    cabinet.now = kept_until(_AT, 3) - timedelta(minutes=1)
    assert cabinet.order(KeepingClass.CONSULTATION) == 0
    cabinet.pass_time(minutes=2)
    cabinet.pass_time(days=2)
    assert upkeep.remove_ordered(cabinet.parts) == 0
    assert cabinet.order(KeepingClass.CONSULTATION) == 1
    file = cabinet.file(consultation)
    assert upkeep.remove_ordered(cabinet.parts) == 0, "it can be taken back for a day"
    cabinet.pass_time(hours=25)
    assert upkeep.remove_ordered(cabinet.parts) == 1
    row = cabinet.row(consultation)
    assert (row.state, row.path, file.exists()) == (RecordingState.DELETED, None, False)
    assert row.sha256 and row.stored_sha256 and row.seconds == 2.0
    with cabinet.parts.database.reading() as session:
        (proof,) = session.scalars(select(RecordingDeletion))
    assert (proof.ordered_by, proof.years, proof.removed_at) == ("adam", 3, cabinet.now)
    assert cabinet.row(other).state == RecordingState.READY


def test_an_order_can_be_taken_back_within_a_day(cabinet: Cabinet) -> None:
    recording = cabinet.add("1.1")
    cabinet.pass_time(days=4 * 365)
    assert cabinet.order(KeepingClass.CONSULTATION) == 1
    with cabinet.parts.database.writing() as session:
        assert recordings.take_back_deletion(session, KeepingClass.CONSULTATION) == 1
    cabinet.pass_time(days=2)
    assert upkeep.remove_ordered(cabinet.parts) == 0
    assert cabinet.row(recording).state == RecordingState.READY


def test_what_is_held_stays_whatever_was_ordered(cabinet: Cabinet) -> None:
    before, after, free = (cabinet.add(f"1.{number}") for number in range(3))
    cabinet.hold(before)
    cabinet.pass_time(days=4 * 365)
    assert cabinet.order(KeepingClass.CONSULTATION) == 2
    cabinet.hold(after)
    cabinet.pass_time(days=2)
    assert upkeep.remove_ordered(cabinet.parts) == 1
    assert [cabinet.row(each).state for each in (before, after, free)] == ["ready", "ready", "deleted"]


def test_a_released_recording_goes_with_the_next_order(cabinet: Cabinet) -> None:
    recording = cabinet.add("1.1")
    first, second = cabinet.hold(recording), cabinet.hold(recording, subject="court letter")
    cabinet.pass_time(days=4 * 365)
    for hold_id, found in ((first, 0), (second, 1)):
        with cabinet.parts.database.writing() as session:
            found_row = session.get_one(Recording, recording)
            recordings.release(session, cabinet.parts.bus, found_row, hold_id, by="adam", now=cabinet.now)
        assert cabinet.order(KeepingClass.CONSULTATION) == found


def test_a_hold_says_for_what_and_comes_too_late_for_what_is_gone(cabinet: Cabinet) -> None:
    recording = cabinet.add("1.1")
    with pytest.raises(InvalidInput):
        cabinet.hold(recording, subject="   ")
    cabinet.pass_time(days=4 * 365)
    cabinet.order(KeepingClass.CONSULTATION)
    cabinet.pass_time(days=2)
    upkeep.remove_ordered(cabinet.parts)
    with pytest.raises(Conflict, match="deleted"):
        cabinet.hold(recording)


@pytest.fixture
def three_days(cabinet: Cabinet) -> Cabinet:
    """Recordings on two of three days, and their manifests."""
    cabinet.add("1.1")
    cabinet.add("1.2")
    cabinet.pass_time(days=2)
    cabinet.add("1.3")
    assert manifests.make_due_manifests(cabinet.parts) == 1
    cabinet.pass_time(days=1)
    assert manifests.make_due_manifests(cabinet.parts) == 1
    return cabinet


def _manifests(cabinet: Cabinet) -> list[RecordingManifest]:
    with cabinet.parts.database.reading() as session:
        return list(session.scalars(select(RecordingManifest).order_by(RecordingManifest.day)))


def _manifest_file(cabinet: Cabinet, number: int) -> Path:
    return cabinet.parts.settings.recordings_dir / manifests.path_of(_manifests(cabinet)[number].day)


def _faults(cabinet: Cabinet) -> list[str | None]:
    cabinet.pass_time(days=31)
    manifests.check_due_manifests(cabinet.parts)
    return [each.fault for each in _manifests(cabinet)]


def test_a_days_manifest_names_each_recording_and_follows_the_one_before(three_days: Cabinet) -> None:
    first, second = _manifests(three_days)
    assert (first.stored, second.stored) == (2, 1)
    content = json.loads(_manifest_file(three_days, 1).read_bytes())
    assert content["previous"] == first.sha256
    (line,) = content["stored"]
    row = three_days.row(line["id"])
    assert (line["sha256"], line["stored_sha256"]) == (row.sha256, row.stored_sha256)
    assert _faults(three_days) == [None, None]
    assert manifests.make_due_manifests(three_days.parts) == 0


def test_anybody_can_check_a_signature_with_the_public_key(three_days: Cabinet) -> None:
    key: Any = load_pem_public_key(manifests.public_pem(three_days.parts.settings))
    for number, each in enumerate(_manifests(three_days)):
        file = _manifest_file(three_days, number)
        key.verify(bytes.fromhex(each.signature), file.read_bytes())
        assert file.with_name(f"{file.name}.sig").read_text() == each.signature


def test_a_changed_manifest_is_found(three_days: Cabinet) -> None:
    file = _manifest_file(three_days, 0)
    file.write_bytes(file.read_bytes().replace(b'"bytes": ', b'"bytes": 1', 1))
    _manifest_file(three_days, 1).unlink()
    assert _faults(three_days) == [ManifestFault.SIGNATURE, ManifestFault.MISSING]
    assert three_days.alarms() == {AlarmKind.MANIFEST_BROKEN}


def test_a_checksum_changed_in_the_database_is_found_by_the_manifest(three_days: Cabinet) -> None:
    with three_days.parts.database.writing() as session:
        row = session.scalars(select(Recording).order_by(Recording.stored_at.desc())).first()
        assert row is not None
        row.stored_sha256 = "0" * 64
    assert _faults(three_days) == [None, ManifestFault.ROWS]


def test_a_removed_manifest_breaks_the_chain(three_days: Cabinet) -> None:
    with three_days.parts.database.writing() as session:
        session.delete(session.scalars(select(RecordingManifest).order_by(RecordingManifest.day)).first())
    assert _faults(three_days) == [ManifestFault.CHAIN]


def test_a_removal_stands_in_the_manifest_of_its_day(three_days: Cabinet) -> None:
    three_days.pass_time(days=4 * 365)
    assert three_days.order(KeepingClass.CONSULTATION) == 3
    three_days.pass_time(days=2)
    assert upkeep.remove_ordered(three_days.parts) == 3
    three_days.pass_time(days=1)
    assert manifests.make_due_manifests(three_days.parts) == 1
    assert _manifests(three_days)[-1].deleted == 3
    assert _faults(three_days) == [None, None, None]


@pytest.fixture
def s3() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


def test_recordings_lie_and_play_in_an_s3_store(parts: Parts, s3: str) -> None:
    _make_bucket(s3, "hospital")
    _make_bucket(s3, "archive")
    account = S3Account(endpoint=s3, key="key", secret="secret")
    cabinet = Cabinet(parts, Path())
    settings = parts.settings.with_changes(
        recordings_url="s3://hospital/recordings", archive_url="s3://archive/recordings", s3=account
    )
    cabinet.parts = Parts(settings=settings, database=parts.database, bus=parts.bus, now=lambda: cabinet.now)
    recording = cabinet.add("1.1")
    audio = audio_of(cabinet.parts, recording)
    assert audio.startswith(b"fLaC")
    assert not list(parts.settings.recordings_dir.rglob("*.sealed"))
    cabinet.pass_time(days=100)
    assert upkeep.archive_old(cabinet.parts) == 1
    assert cabinet.row(recording).store == Store.ARCHIVE and audio_of(cabinet.parts, recording) == audio
    cabinet.pass_time(days=40)
    assert upkeep.check_stored(cabinet.parts) == 1
    manifests.make_due_manifests(cabinet.parts)
    cabinet.pass_time(days=4 * 365)
    cabinet.order(KeepingClass.CONSULTATION)
    cabinet.pass_time(days=2)
    assert upkeep.remove_ordered(cabinet.parts) == 1
    assert cabinet.row(recording).state == RecordingState.DELETED


def test_a_store_that_does_not_answer_keeps_the_raw_file(parts: Parts) -> None:
    settings = parts.settings.with_changes(
        recordings_url="s3://hospital/recordings",
        s3=S3Account(endpoint="http://127.0.0.1:9", key="key", secret="secret"),
    )
    away = Parts(settings=settings, database=parts.database, bus=parts.bus, now=lambda: _AT + timedelta(minutes=1))
    raw = write_raw(settings.spool_dir, "1.1", written_at=_AT)
    _, recording = add_ended_call(away, "1.1", answered_at=_AT)
    pickup.process_recording(away, recording)
    with parts.database.reading() as session:
        assert recordings.get(session, recording).state == RecordingState.WAITING
        assert [alarm.kind for alarm in open_alarms(session)] == [AlarmKind.RECORDINGS_UNSTORED]
    assert raw.exists()


def _make_bucket(endpoint: str, name: str) -> None:
    import urllib.request

    urllib.request.urlopen(urllib.request.Request(f"{endpoint}/{name}", method="PUT")).close()


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
