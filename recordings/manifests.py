"""A day's manifest: written and signed once the day is over, chained to the one before, and checked again later.

Whoever has the public key can check a manifest without us; whoever has only the disk can change neither a recording nor
a manifest without its being noticed.
"""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, date, datetime, time, timedelta

import structlog
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from app.parts import Parts
from app.recordings import service as recordings
from app.recordings.models import RecordingManifest
from app.recordings.rules import ManifestFault, Store, manifest_text
from app.settings import Settings
from recordings.stores import StoreAwayError
from recordings.vault import Vault

log = structlog.get_logger()

# Each is read whole and compared with its rows; a month of them takes seconds.
_CHECKED_AT_ONCE = 10
_MADE_AT_ONCE = 31


def path_of(day: date) -> str:
    """Where a day's manifest lies in the main store. Its signature is in the file with `.sig` after it."""
    return f"manifests/{day:%Y}/{day.isoformat()}.json"


def signing_keys(settings: Settings) -> list[Ed25519PrivateKey]:
    """The keys that manifests are signed with, newest first; made from the recordings' keys."""
    secrets = settings.recordings_keys or (settings.secret_key,)
    derived = (
        HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"wardline manifests").derive(secret.encode())
        for secret in secrets
    )
    return [Ed25519PrivateKey.from_private_bytes(key) for key in derived]


def public_pem(settings: Settings) -> bytes:
    """The newest public key, for who wants to check a signature without us."""
    key = signing_keys(settings)[0].public_key()
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def keep_up(parts: Parts) -> None:
    """Write the manifests that are due and check some of those that are."""
    make_due_manifests(parts)
    check_due_manifests(parts)


def make_due_manifests(parts: Parts) -> int:
    """Write the manifests of the days that are over and have none. Returns how many were written."""
    made = 0
    while made < _MADE_AT_ONCE and (day := _next_day(parts)) is not None:
        _make(parts, day)
        made += 1
    return made


def check_due_manifests(parts: Parts) -> None:
    """Compare manifests with their signature, the one before and the rows, some at a time."""
    now = parts.now()
    with parts.database.reading() as session:
        due = recordings.due_manifests(session, now, _CHECKED_AT_ONCE)
    for manifest in due:
        try:
            fault = find_fault(parts, manifest)
        except StoreAwayError:
            log.warning("manifest.store_away", day=manifest.day.isoformat())
            return
        if fault is not None:
            log.error("manifest.broken", day=manifest.day.isoformat(), fault=fault.value)
        with parts.database.writing() as session:
            recordings.manifest_checked(session, manifest.day, fault, now)


def find_fault(parts: Parts, manifest: RecordingManifest) -> ManifestFault | None:
    """What is wrong with a manifest, if anything. Raises StoreAwayError."""
    store = Vault(parts.settings).stores.get(Store.MAIN)
    try:
        content = store.read_bytes(path_of(manifest.day))
    except FileNotFoundError:
        return ManifestFault.MISSING
    if not _is_signed(parts.settings, content, manifest.signature):
        return ManifestFault.SIGNATURE
    with parts.database.reading() as session:
        before = recordings.last_manifest(session, before=manifest.day)
        expected = _content(parts, session, manifest.day, before)
    if content == expected:
        return None
    follows: bool = json.loads(content).get("previous") == (before.sha256 if before else None)
    return ManifestFault.ROWS if follows else ManifestFault.CHAIN


def _next_day(parts: Parts) -> date | None:
    """The first day of the hospital that is over, on which something was stored, and that has no manifest."""
    zone = parts.settings.timezone
    with parts.database.reading() as session:
        newest = recordings.last_manifest(session)
        after = _bounds(parts, newest.day)[1] if newest else None
        first = recordings.first_stored_at(session, after)
    if first is None:
        return None
    day = first.astimezone(zone).date()
    return day if day < parts.now().astimezone(zone).date() else None


def _make(parts: Parts, day: date) -> None:
    now = parts.now()
    with parts.database.reading() as session:
        content = _content(parts, session, day, recordings.last_manifest(session, before=day))
        since, until = _bounds(parts, day)
        stored, deleted = (
            len(recordings.stored_between(session, since, until)),
            len(recordings.removed_between(session, since, until)),
        )
    signature = signing_keys(parts.settings)[0].sign(content).hex()
    store = Vault(parts.settings).stores.get(Store.MAIN)
    for path, part in ((path_of(day), content), (f"{path_of(day)}.sig", signature.encode())):
        with store.writing(path) as file:
            file.write(part)
    manifest = RecordingManifest(
        day=day,
        sha256=hashlib.sha256(content).hexdigest(),
        signature=signature,
        stored=stored,
        deleted=deleted,
        made_at=now,
        checked_at=now,
    )
    with parts.database.writing() as session:
        recordings.keep_manifest(session, parts.bus, manifest, now)
    log.info("manifest.made", day=day.isoformat(), stored=stored, deleted=deleted)


def _content(parts: Parts, session: Session, day: date, before: RecordingManifest | None) -> bytes:
    since, until = _bounds(parts, day)
    return manifest_text(
        day,
        recordings.stored_between(session, since, until),
        recordings.removed_between(session, since, until),
        previous=before.sha256 if before else None,
    )


def _bounds(parts: Parts, day: date) -> tuple[datetime, datetime]:
    zone = parts.settings.timezone
    first = datetime.combine(day, time(), zone)
    return first.astimezone(UTC), datetime.combine(day + timedelta(days=1), time(), zone).astimezone(UTC)


def _is_signed(settings: Settings, content: bytes, signature: str) -> bool:
    for key in signing_keys(settings):
        try:
            key.public_key().verify(bytes.fromhex(signature), content)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False
