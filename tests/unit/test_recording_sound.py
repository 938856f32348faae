"""From a raw two-sided file to a file for the browser."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path

import imageio_ffmpeg
import pytest

from recordings import sound
from tests.two_sided import interleave, tone, write_raw

_AT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def _decoded(path: Path) -> bytes:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-f", "s16le", "-"]
    return subprocess.run(command, check=True, capture_output=True).stdout


def test_what_was_said_comes_back_sample_by_sample(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, "1.1", written_at=_AT, seconds=3)
    heard = sound.convert(raw, tmp_path / "out.flac")
    assert heard.seconds == 3
    assert _decoded(tmp_path / "out.flac") == raw.read_bytes()


def test_audio_longer_than_a_chunk_keeps_its_order(tmp_path: Path) -> None:
    raw = tmp_path / "long.raw"
    minutes = [interleave(tone(300 + 100 * n, 31), tone(900, 31)) for n in range(4)]
    raw.write_bytes(b"".join(minutes))
    heard = sound.convert(raw, tmp_path / "out.flac")
    assert heard.seconds == 124
    assert len(heard.patient_peaks) == len(heard.agent_peaks) == 124 * sound.PEAKS_PER_SECOND
    assert _decoded(tmp_path / "out.flac") == raw.read_bytes()


def test_peaks_show_who_speaks_when(tmp_path: Path) -> None:
    raw = tmp_path / "turns.raw"
    raw.write_bytes(interleave(tone(440, 1), tone(0, 1)) + interleave(tone(0, 1), tone(440, 1, loudness=0.25)))
    heard = sound.convert(raw, tmp_path / "out.flac")
    assert heard.patient_peaks == [0.5] * 20 + [0.0] * 20
    assert heard.agent_peaks == [0.0] * 20 + [0.25] * 20


def test_a_patients_side_that_is_not_there_for_a_while_is_told(tmp_path: Path) -> None:
    raw = tmp_path / "gap.raw"
    raw.write_bytes(
        interleave(tone(440, 5), tone(900, 5))
        + interleave(tone(0, 8), tone(900, 8))
        + interleave(tone(440, 5), tone(900, 5))
    )
    assert sound.convert(raw, tmp_path / "out.flac").patient_gap_seconds == 8


def test_bytes_after_the_last_whole_sample_are_dropped_and_told(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, "1.2", written_at=_AT, seconds=1, torn_bytes=3)
    heard = sound.convert(raw, tmp_path / "out.flac")
    assert heard.is_torn
    assert _decoded(tmp_path / "out.flac") == raw.read_bytes()[:-3]


def test_empty_file_makes_no_sound_and_no_file(tmp_path: Path) -> None:
    raw = tmp_path / "empty.raw"
    raw.touch()
    assert sound.convert(raw, tmp_path / "out.flac").seconds == 0
    assert not (tmp_path / "out.flac").exists()


def test_checksum_is_that_of_the_stored_file(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, "1.3", written_at=_AT)
    heard = sound.convert(raw, tmp_path / "out.flac")
    assert heard.sha256 == sound.sha256_of(tmp_path / "out.flac")
    assert heard.bytes == (tmp_path / "out.flac").stat().st_size


def test_full_disk_is_told_and_leaves_nothing_behind(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, "1.4", written_at=_AT)
    target = tmp_path / "out.flac"
    # A link: what the converter removes is the link, never the device.
    target.symlink_to("/dev/full")
    with pytest.raises(sound.StorageFullError):
        sound.convert(raw, target)
    assert not target.is_symlink()


def test_place_that_cannot_be_written_is_no_sound(tmp_path: Path) -> None:
    raw = write_raw(tmp_path, "1.5", written_at=_AT)
    with pytest.raises(sound.UnreadableAudioError):
        sound.convert(raw, tmp_path / "nowhere" / "out.flac")
