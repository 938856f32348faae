"""Stored audio as the rest of the product sees it: put there, read from any place, checked, moved, removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from app.recordings.rules import Kept, Store
from app.settings import Settings
from recordings import stores
from recordings.sealed import KeyRing, Sealed, SealedFile, seal

SUFFIX = ".sealed"


class Audio(Protocol):
    """Open audio. `read` gives the plain bytes from `start`, at most `length`, in pieces."""

    size: int

    def read(self, start: int, length: int) -> Iterator[bytes]: ...


class Vault:
    """All stores of this product and the keys that open what lies in them. Cheap to make."""

    def __init__(self, settings: Settings) -> None:
        self.stores = stores.Stores(settings)
        self._keys = KeyRing(settings.recordings_keys or (settings.secret_key,))

    def put(self, source: Path, recording_id: str, path: str) -> Sealed:
        """Seal a local file into the main store. Raises StoreFullError, StoreAwayError; nothing is left there then."""
        with source.open("rb") as plain, self.stores.get(Store.MAIN).writing(path) as target:
            return seal(plain, target, size=source.stat().st_size, name=recording_id, keys=self._keys)

    @contextmanager
    def opened(self, kept: Kept) -> Iterator[Audio]:
        """The audio of a recording. Raises FileNotFoundError, StoreAwayError, SealBrokenError, KeyUnknownError."""
        with self.stores.get(kept.store).reading(kept.path) as file:
            yield SealedFile(file, name=kept.id, keys=self._keys) if kept.is_sealed else _PlainFile(file)

    def stored_sha256(self, kept: Kept) -> str:
        """Of the file as it lies there. Raises FileNotFoundError, StoreAwayError."""
        return self.stores.get(kept.store).sha256(kept.path)

    def copy_to(self, kept: Kept, store: Store) -> str:
        """Copy the file as it lies there into another store, and return its SHA-256 as it was read back from there.

        Raises FileNotFoundError, StoreFullError, StoreAwayError.
        """
        target = self.stores.get(store)
        stores.copy(self.stores.get(kept.store), target, kept.path)
        return target.sha256(kept.path)

    def remove(self, kept: Kept) -> None:
        """Harmless for what is gone. Raises StoreAwayError."""
        self.stores.get(kept.store).remove(kept.path)


class _PlainFile:
    """Audio from before recordings were sealed."""

    def __init__(self, file: IO[bytes]) -> None:
        self.size: int = file.seek(0, os.SEEK_END)
        self._file = file

    def read(self, start: int, length: int) -> Iterator[bytes]:
        self._file.seek(start)
        left = min(length, self.size - start)
        while left > 0 and (block := self._file.read(min(left, 64 * 1024))):
            left -= len(block)
            yield block
