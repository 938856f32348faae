"""Audio at rest: one key for each file, the file in chunks, so that a part is read without the whole.

A sealed file is a header and chunks of AES-256-GCM (NIST SP 800-38D). The header says the size of the plain audio and
of a chunk, and holds the file's own random key, wrapped (RFC 3394) by one of ours. A chunk's nonce is its number, which
is never used twice under one key. What is authenticated with each chunk is the sizes and the recording's id: a chunk
moved to another place, a file put in another's place and a file cut short at any byte are all noticed.
"""

from __future__ import annotations

import hashlib
import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import IO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

# A player's first question is for the beginning and then for a place in the middle: 64 KiB are 4 s of our audio, so
# little is deciphered in vain, and the tags add 0.02 %.
CHUNK_BYTES = 64 * 1024
_MAGIC = b"WLSEAL\x00\x01"
_HEADER = struct.Struct(">8sIQ8s40s")
_TAG_BYTES = 16
_LARGEST = 2**40


class SealBrokenError(Exception):
    """The file is not what was written: changed, cut, or another recording's."""


class KeyUnknownError(Exception):
    """The file was sealed with a key that this process was not given."""


class KeyRing:
    """The keys that wrap the files' keys, newest first. New files take the first; the others still open old ones."""

    def __init__(self, secrets: Sequence[str]) -> None:
        if not secrets:
            raise ValueError("a ring needs a key")
        self._keys = {hashlib.sha256(key).digest()[:8]: key for key in map(_derived, secrets)}

    def wrap(self, key: bytes) -> tuple[bytes, bytes]:
        """The id of our newest key, and `key` wrapped by it."""
        id, own = next(iter(self._keys.items()))
        return id, aes_key_wrap(own, key)

    def unwrap(self, id: bytes, wrapped: bytes) -> bytes:
        """Raises KeyUnknownError, SealBrokenError."""
        own = self._keys.get(id)
        if own is None:
            raise KeyUnknownError
        try:
            return aes_key_unwrap(own, wrapped)
        except InvalidUnwrap:
            raise SealBrokenError from None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was written: the size of the sealed file and its SHA-256 in hexadecimal."""

    bytes: int
    sha256: str


def seal(source: IO[bytes], target: IO[bytes], *, size: int, name: str, keys: KeyRing) -> Sealed:
    """Write `size` bytes of `source` sealed into `target`. `name` is the recording's id, and needed to open it.

    Raises ValueError when the source ends before; what was written by then opens no more.
    """
    key = AESGCM.generate_key(256)
    id, wrapped = keys.wrap(key)
    header = _HEADER.pack(_MAGIC, CHUNK_BYTES, size, id, wrapped)
    digest, written = hashlib.sha256(header), target.write(header)
    cipher, bound, left = AESGCM(key), _bound(CHUNK_BYTES, size, name), size
    for number in range(_chunks(size, CHUNK_BYTES)):
        plain = source.read(min(CHUNK_BYTES, left))
        if len(plain) != min(CHUNK_BYTES, left):
            raise ValueError("the source ended before its size")
        chunk = cipher.encrypt(_nonce(number), plain, bound)
        digest.update(chunk)
        written += target.write(chunk)
        left -= len(plain)
    return Sealed(bytes=written, sha256=digest.hexdigest())


class SealedFile:
    """An open sealed file. `size` is that of the plain audio."""

    def __init__(self, file: IO[bytes], *, name: str, keys: KeyRing) -> None:
        """Raises SealBrokenError for what is no sealed file, KeyUnknownError."""
        header = file.read(_HEADER.size)
        if len(header) != _HEADER.size:
            raise SealBrokenError
        magic, chunk_bytes, size, id, wrapped = _HEADER.unpack(header)
        if magic != _MAGIC or not 0 < chunk_bytes <= 2**24 or size > _LARGEST:
            raise SealBrokenError
        self.size: int = size
        self._file = file
        self._chunk_bytes: int = chunk_bytes
        self._cipher = AESGCM(keys.unwrap(id, wrapped))
        self._bound = _bound(chunk_bytes, size, name)

    def read(self, start: int, length: int) -> Iterator[bytes]:
        """The plain bytes from `start`, at most `length` and not past the end; only their chunks are deciphered.

        Raises SealBrokenError where the file is not what was written.
        """
        end = min(self.size, start + length)
        if start >= end:
            return
        first, last = start // self._chunk_bytes, (end - 1) // self._chunk_bytes
        self._file.seek(_HEADER.size + first * (self._chunk_bytes + _TAG_BYTES))
        for number in range(first, last + 1):
            at = number * self._chunk_bytes
            plain = self._decipher(number, min(self._chunk_bytes, self.size - at))
            yield plain[max(0, start - at) : end - at]

    def _decipher(self, number: int, length: int) -> bytes:
        chunk = _read_whole(self._file, length + _TAG_BYTES)
        try:
            return self._cipher.decrypt(_nonce(number), chunk, self._bound)
        except (InvalidTag, ValueError):
            raise SealBrokenError from None


def _read_whole(file: IO[bytes], length: int) -> bytes:
    """A remote file may give less than was asked for, long before its end."""
    found = file.read(length)
    while found and len(found) < length:
        more = file.read(length - len(found))
        if not more:
            break
        found += more
    return found


def _derived(secret: str) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"wardline recordings").derive(secret.encode())


def _bound(chunk_bytes: int, size: int, name: str) -> bytes:
    return _MAGIC + struct.pack(">IQ", chunk_bytes, size) + name.encode()


def _nonce(number: int) -> bytes:
    return number.to_bytes(12, "big")


def _chunks(size: int, chunk_bytes: int) -> int:
    return -(-size // chunk_bytes)


def new_partial_name(stem: str) -> str:
    """A name of its own each time: a worker whose claim ran out may still be writing."""
    return f"{stem}-{os.urandom(4).hex()}.part"
