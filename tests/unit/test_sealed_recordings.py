"""Audio at rest: any part is read back as it was, and nothing that was changed is ever read."""

from __future__ import annotations

import hashlib
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from recordings.sealed import CHUNK_BYTES, KeyRing, KeyUnknownError, SealBrokenError, SealedFile, seal

_KEYS = KeyRing(["a key of the hospital's own"])
_AUDIO = bytes(range(256)) * 1024 + b"the end"  # 262,151 bytes: four chunks and a rest


def _sealed(audio: bytes = _AUDIO, *, name: str = "one", keys: KeyRing = _KEYS) -> bytes:
    target = io.BytesIO()
    told = seal(io.BytesIO(audio), target, size=len(audio), name=name, keys=keys)
    content = target.getvalue()
    assert (told.bytes, told.sha256) == (len(content), hashlib.sha256(content).hexdigest())
    return content


def _read(content: bytes, start: int = 0, length: int = 10**9, *, name: str = "one", keys: KeyRing = _KEYS) -> bytes:
    return b"".join(SealedFile(io.BytesIO(content), name=name, keys=keys).read(start, length))


@given(st.binary(min_size=1, max_size=300_000), st.integers(0, 300_000), st.integers(0, 300_000))
def test_any_part_is_what_was_written(audio: bytes, start: int, length: int) -> None:
    content = _sealed(audio)
    assert _read(content, start, length) == audio[start : start + length]
    assert audio[:64] not in content or len(audio) < 8


_SEALED = _sealed()


@given(st.integers(0, len(_SEALED) - 1), st.integers(1, 255))
def test_a_flipped_byte_anywhere_is_noticed(place: int, by: int) -> None:
    changed = bytearray(_SEALED)
    changed[place] ^= by
    with pytest.raises((SealBrokenError, KeyUnknownError)):
        _read(bytes(changed))


@given(st.integers(0, len(_SEALED) - 1))
def test_a_file_cut_short_at_any_byte_is_noticed(length: int) -> None:
    with pytest.raises(SealBrokenError):
        _read(_SEALED[:length])


def test_chunks_cannot_change_places() -> None:
    header, whole = len(_SEALED) - (4 * (CHUNK_BYTES + 16) + 7 + 16), CHUNK_BYTES + 16
    first, second = _SEALED[header : header + whole], _SEALED[header + whole : header + 2 * whole]
    with pytest.raises(SealBrokenError):
        _read(_SEALED[:header] + second + first + _SEALED[header + 2 * whole :])


def test_one_recording_cannot_stand_in_for_another() -> None:
    with pytest.raises(SealBrokenError):
        _read(_SEALED, name="two")


def test_a_part_is_read_without_the_rest_of_the_file() -> None:
    damaged = bytearray(_SEALED)
    damaged[-1] ^= 1
    assert _read(bytes(damaged), CHUNK_BYTES - 5, 10) == _AUDIO[CHUNK_BYTES - 5 : CHUNK_BYTES + 5]


def test_an_old_key_still_opens_and_a_new_one_seals() -> None:
    both = KeyRing(["the key of next year, new", "a key of the hospital's own"])
    assert _read(_SEALED, keys=both) == _AUDIO
    with pytest.raises(KeyUnknownError):
        _read(_sealed(keys=both), keys=_KEYS)


def test_the_same_audio_is_never_sealed_the_same_way_twice() -> None:
    assert _sealed()[100:] != _sealed()[100:]


def test_a_source_that_ends_too_early_is_no_recording() -> None:
    with pytest.raises(ValueError, match="ended"):
        seal(io.BytesIO(b"short"), io.BytesIO(), size=100, name="one", keys=_KEYS)
