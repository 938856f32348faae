"""From Asterisk's raw two-sided file to a file for the browser, in one pass over chunks; and from any sound to one for
the telephone. Only this file knows pydub.

The target is FLAC: what is kept is what was said, and the sides stay apart (the stereo modes of MP3, AAC and Opus let a
loud side leak into the silent one); every browser plays it and seeks in it. pydub reads and measures the chunks; its
`export` is not used: it holds the whole call in memory and leaves temporary files behind when the disk is full.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import io
import subprocess
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import imageio_ffmpeg

from app.recordings.rules import longest_gap

with warnings.catch_warnings():
    # pydub warns at import that no ffmpeg is on the PATH; ours is bundled and named below. audioop, on which pydub
    # rests, warns that Python 3.13 has it no more; there audioop-lts brings it.
    warnings.simplefilter("ignore")
    import audioop

    from pydub import AudioSegment

MEDIA_TYPE = "audio/flac"
SUFFIX = ".flac"
PEAKS_PER_SECOND = 20

# MixMonitor's option D: signed 16-bit, little-endian, 8 kHz, patient and agent interleaved. It has no header, so
# nothing in it needs repair after Asterisk was killed.
_RATE = 8000
_FRAME_BYTES = 4
_CHUNK_SECONDS = 10
# Holds three chunks: the encoder reads on while a chunk is measured. Linux gives up to 1 MiB to everybody.
_PIPE_BYTES = 1024 * 1024
_SAMPLE_BYTES = 2
BYTES_PER_SECOND = _RATE * _SAMPLE_BYTES
"""Of one side."""
LEVELS_PER_SECOND = 50
"""Steps of `loudness`: a syllable has some of them."""
_STEP_BYTES = _RATE // LEVELS_PER_SECOND * _SAMPLE_BYTES
_PEAK_BYTES = _RATE // PEAKS_PER_SECOND * _SAMPLE_BYTES
_FULL_SCALE = 32768
_UPLOADED_KINDS = "wav,w64,aiff,mp3,flac,ogg,mov,aac,amr,caf"
# ffmpeg has all input by then and only writes its last frames.
_CONVERTER_SECONDS = 60.0


class UnreadableAudioError(Exception):
    """The converter refused the audio; trying again will not help."""


class StorageFullError(Exception):
    """There is no room for the converted file; nothing was lost and trying later may work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sound:
    """A converted file. Peaks and levels are 0 to 1; `is_torn` says that the raw file ended inside a sample.

    `patient_gap_seconds`: for how long the patient's side was not there at all.
    """

    seconds: float
    patient_peaks: list[float]
    agent_peaks: list[float]
    patient_level: float
    agent_level: float
    patient_gap_seconds: float
    is_torn: bool
    bytes: int
    sha256: str


@dataclass(slots=True)
class _Side:
    peaks: list[float] = field(default_factory=list)
    level: float = 0.0
    is_void: bytearray = field(default_factory=bytearray)  # a step of which every sample is 0

    def add(self, audio: Any) -> None:
        # A segment of its own for each of 1,200 steps a minute costs half as much as the encoding.
        samples = memoryview(audio.raw_data)
        steps = range(0, len(samples), _PEAK_BYTES)
        loudest = [audioop.max(samples[at : at + _PEAK_BYTES], _SAMPLE_BYTES) / _FULL_SCALE for at in steps]
        self.peaks += [round(each, 2) for each in loudest]
        self.level = max(self.level, *loudest)
        self.is_void += bytes(each == 0 for each in loudest)


def convert(source: Path, target: Path) -> Sound:
    """Convert a raw file into `target`, which is complete when this returns; memory does not grow with it.

    Getting it onto the disk is the business of the store, which writes what is kept.

    Raises StorageFullError or UnreadableAudioError; `target` is then gone. An empty source makes an empty sound and no
    file.
    """
    size = source.stat().st_size
    frames = size // _FRAME_BYTES
    patient, agent = _Side(), _Side()
    if frames == 0:
        return _sound(0, size, patient, agent, None)
    try:
        with _Encoder(target) as encoder:
            for chunk in _chunks(source, frames):
                # Given first, so that it is encoded while we measure it.
                encoder.write(chunk)
                audio = AudioSegment(data=chunk, sample_width=_SAMPLE_BYTES, frame_rate=_RATE, channels=2)
                left, right = audio.split_to_mono()
                patient.add(left)
                agent.add(right)
    except BaseException:
        target.unlink(missing_ok=True)
        raise
    return _sound(frames, size, patient, agent, target)


def _sound(frames: int, size: int, patient: _Side, agent: _Side, target: Path | None) -> Sound:
    return Sound(
        seconds=round(frames / _RATE, 3),
        patient_peaks=patient.peaks,
        agent_peaks=agent.peaks,
        patient_level=patient.level,
        agent_level=agent.level,
        patient_gap_seconds=longest_gap(patient.is_void, agent.is_void) / PEAKS_PER_SECOND,
        is_torn=size % _FRAME_BYTES != 0,
        bytes=target.stat().st_size if target else 0,
        sha256=sha256_of(target) if target else hashlib.sha256().hexdigest(),
    )


def decoded(pieces: Iterator[bytes]) -> Iterator[tuple[bytes, bytes]]:
    """The samples of a converted file, the patient's and the agent's, some seconds at a time; nothing touches a disk.

    `pieces` are the bytes of the file. Raises UnreadableAudioError, and whatever `pieces` raises.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "flac", "-i", "pipe:0"]
    command += ["-f", "s16le", "-ar", str(_RATE), "-ac", "2", "pipe:1"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True
    ) as process:
        assert process.stdin is not None and process.stdout is not None
        feeder = _Feeder(pieces, process.stdin)
        feeder.start()
        is_whole = False
        try:
            while chunk := process.stdout.read(_CHUNK_SECONDS * _RATE * _FRAME_BYTES):
                chunk = chunk[: len(chunk) // _FRAME_BYTES * _FRAME_BYTES]
                audio = AudioSegment(data=chunk, sample_width=_SAMPLE_BYTES, frame_rate=_RATE, channels=2)
                left, right = audio.split_to_mono()
                yield left.raw_data, right.raw_data
            is_whole = True
        finally:
            if not is_whole:
                # Whoever has heard enough leaves a feeder that waits to give more.
                process.kill()
            feeder.join()
    if feeder.error is not None:
        raise feeder.error
    if process.returncode != 0:
        raise UnreadableAudioError("the converter refused the audio")


class _Feeder(threading.Thread):
    """Gives a converter its input while its output is read. `error` is what the source of the bytes raised."""

    def __init__(self, pieces: Iterator[bytes], target: IO[bytes]) -> None:
        super().__init__(name="sound-feeder", daemon=True)
        self._pieces = pieces
        self._target = target
        self.error: Exception | None = None

    def run(self) -> None:
        # A converter that has given up says so by how it ends.
        with contextlib.suppress(BrokenPipeError), self._target as target:
            try:
                for piece in self._pieces:
                    target.write(piece)
            except BrokenPipeError:
                raise
            except Exception as error:
                self.error = error


def loudness(samples: bytes) -> list[float]:
    """How loud each fiftieth of a second of one side is: its root mean square, 0 to 1."""
    view = memoryview(samples)
    steps = range(0, len(view), _STEP_BYTES)
    return [audioop.rms(view[at : at + _STEP_BYTES], _SAMPLE_BYTES) / _FULL_SCALE for at in steps]


@dataclass(frozen=True, slots=True, kw_only=True)
class TelephoneSound:
    """A WAV of 8 kHz, 16 bit, one channel; `level` is its loudest moment, 0 to 1."""

    wav: bytes
    seconds: float
    level: float


def telephone_sound(source: Path, *, most_seconds: int) -> TelephoneSound:
    """What Asterisk plays, made of a file that a stranger may have written; at most so many seconds of it.

    Raises UnreadableAudioError for whatever is no sound, or takes too long.
    """
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin"]
    # A playlist would make it open other files and addresses: only kinds that hold their own sound are read.
    command += ["-protocol_whitelist", "file,pipe", "-format_whitelist", _UPLOADED_KINDS]
    command += ["-i", str(source), "-map", "0:a:0", "-t", str(most_seconds), "-ar", str(_RATE), "-ac", "1"]
    command += ["-f", "s16le", "-c:a", "pcm_s16le", "pipe:1"]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_CONVERTER_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise UnreadableAudioError("the converter did not end") from None
    samples = done.stdout[: len(done.stdout) // 2 * 2]
    if done.returncode != 0 or not samples:
        raise UnreadableAudioError(done.stderr.decode(errors="replace")[-300:])
    audio = AudioSegment(data=samples, sample_width=_SAMPLE_BYTES, frame_rate=_RATE, channels=1)
    written = io.BytesIO()
    audio.export(written, format="wav")
    return TelephoneSound(
        wav=written.getvalue(), seconds=len(samples) / 2 / _RATE, level=audio.max / _FULL_SCALE if samples else 0.0
    )


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _chunks(source: Path, frames: int) -> Iterator[bytes]:
    """The first `frames` frames, so that a file that still grows is read up to one point only."""
    left = frames * _FRAME_BYTES
    with source.open("rb") as file:
        while left > 0:
            chunk = file.read(min(left, _CHUNK_SECONDS * _RATE * _FRAME_BYTES))
            if not chunk:
                return
            left -= len(chunk)
            yield chunk[: len(chunk) // _FRAME_BYTES * _FRAME_BYTES]


class _Encoder:
    """One run of the bundled ffmpeg, fed through its standard input."""

    def __init__(self, target: Path) -> None:
        command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]
        command += ["-f", "s16le", "-ar", str(_RATE), "-ac", "2", "-i", "pipe:0"]
        command += ["-c:a", "flac", "-f", "flac", str(target)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        # Where a user has too many large pipes already, a small one does.
        with contextlib.suppress(OSError):
            fcntl.fcntl(self._input, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)

    def __enter__(self) -> _Encoder:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            self._process.kill()
            self._process.communicate()
            return
        self._finish()

    def write(self, chunk: bytes) -> None:
        """Feed some frames. A converter that has given up is reported by `_finish`."""
        with contextlib.suppress(BrokenPipeError):
            self._input.write(chunk)

    @property
    def _input(self) -> IO[bytes]:
        assert self._process.stdin is not None
        return self._process.stdin

    def _finish(self) -> None:
        try:
            _, errors = self._process.communicate(timeout=_CONVERTER_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()
            raise UnreadableAudioError("the converter did not end") from None
        message = errors.decode(errors="replace")
        if "No space left" in message or "File too large" in message or "quota exceeded" in message:
            raise StorageFullError
        if self._process.returncode != 0:
            raise UnreadableAudioError(message[-300:])
