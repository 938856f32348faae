"""The sound of a recording, opened anew and deciphered as far as it is asked for with each request."""

from __future__ import annotations

import io
from collections.abc import Sequence
from contextlib import ExitStack
from typing import IO, Any, cast

import structlog
from flask import Response, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wsgi import FileWrapper

from app.access.rules import Module
from app.audit.rules import Action
from app.calls.models import Call
from app.configuration.rules import LISTENING_NEEDS_REASON
from app.configuration.service import value
from app.errors import Conflict, NotAllowed, NotFound, Unavailable
from app.http import audit, parts, reading, signed_in, viewer, writing
from app.parts import Parts
from app.recordings import service
from app.recordings.models import Recording
from app.recordings.rules import Kept, RecordingState, part_asked
from app.texts import N_
from recordings.sealed import KeyUnknownError, SealBrokenError
from recordings.stores import StoreAwayError
from recordings.vault import Audio, Vault

log = structlog.get_logger()

_NO_AUDIO = N_("There is no audio for this recording.")
_PIECE_BYTES = 64 * 1024


def need_audio(recording: Recording) -> Kept:
    """Where the audio lies. Raises Conflict while it is not ready, NotFound when there is none."""
    state = RecordingState(recording.state)
    if state in (RecordingState.RECORDING, RecordingState.WAITING):
        raise Conflict(N_("This recording is not ready yet. Try again in a few seconds."))
    if state is RecordingState.DELETED:
        raise NotFound(N_("This recording was deleted after its time was over."))
    if state is RecordingState.MISSING or recording.path is None:
        raise NotFound(_NO_AUDIO)
    return service.kept(recording)


def send_audio(recording_id: str) -> Response:
    """The audio or the part that the request asks for. Whoever listens is on record before a byte leaves."""
    is_download = "download" in request.args
    with reading() as session:
        found = service.get(session, recording_id)
        kept = need_audio(found)
        is_on_record = service.is_listening_on_record(session, found, signed_in().username, parts().now())
        needs_reason = is_download or is_asked_why(session, found)
    if is_download and not viewer().grant(Module.DOWNLOAD).can_view:
        raise NotAllowed(N_("You may listen to recordings, not take them away."))
    if needs_reason and request.method == "GET" and not request.args.get("reason", "").strip():
        raise Conflict(N_("Say why you listen to this recording."), reason="reason_needed")
    with ExitStack() as stack:
        audio = _opened(stack, kept)
        # A player asks for many parts of one recording; taking it away counts each time.
        if request.method == "GET" and (not is_on_record or is_download):
            with writing() as session:
                service.record_listening(session, parts().bus, found, signed_in().username, parts().now())
                _audit_listening(session, found)
        return _answer(found, audio, stack.pop_all())


def is_asked_why(session: Session, recording: Recording) -> bool:
    """Whether whoever asks must give a reason, where the hospital wants one; one's own calls need none.

    A listening or reading that lasts has its reason on record already.
    """
    return bool(asked_why(session, [recording]))


def asked_why(session: Session, recordings: Sequence[Recording]) -> set[str]:
    """The ids of those of the recordings for which a reason must be given."""
    if not value(session, LISTENING_NEEDS_REASON):
        return set()
    me, calls = signed_in().username, [each.call_id for each in recordings]
    free = set(session.scalars(select(Call.id).where(Call.id.in_(calls), Call.agent == me)))
    free |= service.calls_on_record(session, calls, me, parts().now())
    return {each.id for each in recordings if each.call_id not in free}


def _opened(stack: ExitStack, kept: Kept) -> Audio:
    try:
        audio = stack.enter_context(Vault(parts().settings).opened(kept))
        # The beginning proves that the seal holds while there is still an error to give.
        for _piece in audio.read(0, 1):
            pass
    except FileNotFoundError:
        log.error("recording.lost", recording=kept.id)
        with parts().database.writing() as session:
            service.recording_lost(session, parts().bus, kept.id, parts().now())
        raise NotFound(_NO_AUDIO) from None
    except SealBrokenError:
        _tell_altered(parts(), kept.id)
        raise Conflict(N_("The stored file of this recording was changed. It is not played.")) from None
    except KeyUnknownError:
        log.error("recording.key_unknown", recording=kept.id)
        raise Unavailable(N_("The key of this recording is not here. Give it in WARDLINE_RECORDINGS_KEYS.")) from None
    except StoreAwayError:
        log.error("recording.store_away", recording=kept.id, store=kept.store.value)
        raise Unavailable(N_("The store of this recording does not answer. Try again in a moment.")) from None
    return audio


def _answer(found: Recording, audio: Audio, stack: ExitStack) -> Response:
    stream = _Stream(audio, found.id, stack)
    # The wrapper only reads and seeks.
    response = Response(
        FileWrapper(cast(IO[bytes], stream), _PIECE_BYTES), mimetype=found.media_type, direct_passthrough=True
    )
    response.content_length = audio.size
    if found.sha256:
        response.set_etag(found.sha256)
    response.make_conditional(_plainly_asked(audio.size), accept_ranges=True, complete_length=audio.size)
    if "download" in request.args:
        name = f"{found.started_at:%Y%m%d-%H%M%S}-{found.id}.flac"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Accept-Ranges"] = "bytes"
    return response


def _plainly_asked(size: int) -> dict[str, Any]:
    """The request with its Range in the one form that Werkzeug answers as RFC 9110 wants it, or without any."""
    environ = dict(request.environ)
    asked = part_asked(environ.pop("HTTP_RANGE", ""), size)
    if asked is not None:
        start, stop = asked
        environ["HTTP_RANGE"] = f"bytes={start}-{stop - 1}" if start < stop else f"bytes={size}-"
    return environ


class _Stream(io.RawIOBase):
    """Audio as a file that can be sought in, for the part that a request names. Closing it closes `stack`."""

    def __init__(self, audio: Audio, recording_id: str, stack: ExitStack) -> None:
        self._audio = audio
        self._recording_id = recording_id
        self._stack = stack
        self._parts = parts()
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._audio.size}[whence] + offset
        return self._at

    def tell(self) -> int:
        return self._at

    def close(self) -> None:
        self._stack.close()
        super().close()

    def read(self, size: int = -1) -> bytes:
        try:
            found = b"".join(self._audio.read(self._at, size if size >= 0 else self._audio.size))
        except SealBrokenError:
            # The answer has begun: it breaks off here, and the player says that it cannot go on.
            _tell_altered(self._parts, self._recording_id)
            raise
        self._at += len(found)
        return found


def _tell_altered(parts: Parts, recording_id: str) -> None:
    log.error("recording.altered", recording=recording_id)
    with parts.database.writing() as session:
        service.recording_altered(session, parts.bus, recording_id, parts.now())


def _audit_listening(session: Session, found: Recording) -> None:
    """Whose voice was heard, by whom, and why where a reason was given (guard 10)."""
    action = Action.DOWNLOAD if "download" in request.args else Action.PLAY
    patient_id = session.scalar(select(Call.patient_id).where(Call.id == found.call_id))
    reason = request.args.get("reason", "").strip()[:200]
    audit(session, action, patient_id=patient_id, subject=f"recording:{found.id}", reason=reason)
