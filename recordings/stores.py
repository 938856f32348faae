"""Where stored audio lies: a disk here, an archive disk, an S3-compatible store. Only this file knows fsspec.

A store is named in the recording's row; its address is a setting. Paths in it are made of our own ids.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any
from urllib.parse import urlsplit

import fsspec
from botocore.exceptions import BotoCoreError

from app.recordings.rules import Store
from app.settings import Settings
from recordings.sealed import new_partial_name

_PATH = re.compile(r"(?:[a-z0-9][a-z0-9-]{0,60}/){0,4}[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES)
# What is asked for at once of a store behind a network: a player reads on from where it began.
_BLOCK_BYTES = 256 * 1024
_COPIED_BYTES = 1024 * 1024


class StoreFullError(Exception):
    """There is no room or no right to write; nothing was lost and trying later may work."""


class StoreAwayError(Exception):
    """The store does not answer, or there is none of this name; whether the file is there is not known."""


class AudioStore:
    """One place. All paths are below its root."""

    def __init__(self, address: str, options: dict[str, Any] | None = None) -> None:
        parts = urlsplit(address)
        self.is_local = parts.scheme in ("", "file")
        self._root = parts.path.rstrip("/") if self.is_local else f"{parts.netloc}{parts.path}".rstrip("/")
        self._files = fsspec.filesystem("file" if self.is_local else parts.scheme, **(options or {}))

    @contextmanager
    def writing(self, path: str) -> Iterator[IO[bytes]]:
        """A new file, which has its name only when the block has ended well. Raises StoreFullError, StoreAwayError."""
        target = self._at(path)
        if not self.is_local:
            # A store of objects shows one only when it is whole.
            with _told(), self._files.open(target, "wb") as file:
                yield file
            return
        partial = Path(self._root) / "incoming" / new_partial_name(Path(path).stem)
        with _told():
            for folder in (partial.parent, Path(target).parent):
                folder.mkdir(parents=True, exist_ok=True)
            try:
                with partial.open("wb") as file:
                    yield file
                    file.flush()
                    os.fsync(file.fileno())
                partial.replace(target)
            except BaseException:
                partial.unlink(missing_ok=True)
                raise

    @contextmanager
    def reading(self, path: str) -> Iterator[IO[bytes]]:
        """A stored file, to be read from any place. Raises FileNotFoundError, StoreAwayError."""
        with _told():
            options = {} if self.is_local else {"block_size": _BLOCK_BYTES, "cache_type": "readahead"}
            file = self._files.open(self._at(path), "rb", **options)
        with file:
            yield file

    def read_bytes(self, path: str) -> bytes:
        """A small file whole. Raises FileNotFoundError, StoreAwayError."""
        with self.reading(path) as file:
            content: bytes = file.read()
            return content

    def sha256(self, path: str) -> str:
        """Of the bytes as they lie there, in hexadecimal. Raises FileNotFoundError, StoreAwayError."""
        digest = hashlib.sha256()
        with self.reading(path) as file:
            while block := file.read(_COPIED_BYTES):
                digest.update(block)
        return digest.hexdigest()

    def exists(self, path: str) -> bool:
        """Raises StoreAwayError."""
        with _told():
            found: bool = self._files.exists(self._at(path))
            return found

    def remove(self, path: str) -> None:
        """Harmless for a file that is gone. Raises StoreAwayError."""
        with _told(), contextlib.suppress(FileNotFoundError):
            self._files.rm_file(self._at(path))

    def _at(self, path: str) -> str:
        if not _PATH.fullmatch(path) or ".." in path:
            raise FileNotFoundError(path)
        return f"{self._root}/{path}"


class Stores:
    """The stores that the settings name. The archive is none where the settings have no address for it."""

    def __init__(self, settings: Settings) -> None:
        self._addresses = {Store.MAIN: settings.recordings_url or settings.recordings_dir.as_uri()}
        if settings.archive_url:
            self._addresses[Store.ARCHIVE] = settings.archive_url
        self._options: dict[str, Any] = {}
        if settings.s3 is not None:
            client = {"endpoint_url": settings.s3.endpoint} if settings.s3.endpoint else {}
            self._options = {"key": settings.s3.key, "secret": settings.s3.secret, **client}
        self._opened: dict[Store, AudioStore] = {}

    @property
    def has_archive(self) -> bool:
        return Store.ARCHIVE in self._addresses

    def get(self, store: Store) -> AudioStore:
        """Raises StoreAwayError for the archive of a product that has none."""
        address = self._addresses.get(store)
        if address is None:
            raise StoreAwayError(store.value)
        if store not in self._opened:
            options = self._options if urlsplit(address).scheme == "s3" else {}
            self._opened[store] = AudioStore(address, options)
        return self._opened[store]


def copy(source: AudioStore, target: AudioStore, path: str) -> str:
    """Copy a file under the same path and return the SHA-256 of what was read.

    Raises FileNotFoundError, StoreFullError, StoreAwayError.
    """
    digest = hashlib.sha256()
    with source.reading(path) as read, target.writing(path) as written:
        while block := read.read(_COPIED_BYTES):
            digest.update(block)
            written.write(block)
    return digest.hexdigest()


@contextmanager
def _told() -> Iterator[None]:
    """Foreign stores raise errors of many kinds; a caller needs to know three."""
    try:
        yield
    except (FileNotFoundError, StoreFullError, StoreAwayError):
        raise
    except BotoCoreError as error:
        raise StoreAwayError(type(error).__name__) from error
    except OSError as error:
        if error.errno in _FULL:
            raise StoreFullError from error
        raise StoreAwayError(type(error).__name__) from error
