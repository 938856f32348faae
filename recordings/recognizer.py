"""Words from sound, in a process of its own. Only this file knows sherpa-onnx.

The library is native code that ends its process where a model is damaged, and takes a core while it works: so it runs
in a child, at the lowest priority, one for each transcript. Asked and answered over pipes: a length and samples go in,
a line of JSON comes out. Nothing is downloaded: a model is files in a folder.
"""

from __future__ import annotations

import importlib.util
import json
import os
import select
import struct
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from app.children import Child
from app.speech_models import SpeechModel, SpeechModelKind, recognise_model

INSTALL = "pip install --editable '.[transcription]' adds it"
"""What to do where the library is missing; a hint for whoever runs this."""
_LIBRARY = "sherpa_onnx"
_PACKAGE = "sherpa-onnx"
_LENGTH = struct.Struct(">I")
_RATE = 8000
# A large model is read from a slow disk; 20 s of speech take a second or so, and at the lowest priority much more.
_LONGEST_START_SECONDS, _LONGEST_ANSWER_SECONDS = 300.0, 300.0


class RecognizerError(Exception):
    """The model could not be loaded, took too long, or its process died."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What was understood, and in which language where the model tells."""

    text: str
    language: str | None


def is_installed() -> bool:
    """Whether the library is here: it is an extra of this package, because most installations have no model."""
    return importlib.util.find_spec(_LIBRARY) is not None


class Recognizer:
    """A loaded model in its child. `engine` names the library and its version."""

    def __init__(self, model: SpeechModel) -> None:
        """Raises RecognizerError."""
        command = [sys.executable, "-m", "recordings.recognizer", str(model.files[0].parent)]
        self._child = Child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        try:
            self.engine: str = self._answer(_LONGEST_START_SECONDS)["engine"]
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Recognizer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """End the child. Closing twice is harmless."""
        self._child.kill()
        for pipe in (self._child.process.stdin, self._child.process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue

    def recognise(self, samples: bytes) -> Heard:
        """What is said in some seconds of one side: signed 16 bit, 8 kHz. Raises RecognizerError."""
        pipe = self._child.process.stdin
        assert pipe is not None
        try:
            pipe.write(_LENGTH.pack(len(samples)) + samples)
            pipe.flush()
        except BrokenPipeError:
            raise RecognizerError("the process is gone") from None
        answer = self._answer(_LONGEST_ANSWER_SECONDS)
        return Heard(text=answer["text"], language=answer["language"])

    def _answer(self, seconds: float) -> dict[str, Any]:
        pipe = self._child.process.stdout
        assert pipe is not None
        # The child writes a line at once, so that what can be read is a whole one.
        ready, _, _ = select.select([pipe], [], [], seconds)
        if not ready:
            raise RecognizerError("no answer in time")
        line = pipe.readline()
        if not line:
            raise RecognizerError("the process ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise RecognizerError(answer["error"])
        return answer


def _load(model: SpeechModel) -> Any:
    from sherpa_onnx import OfflineRecognizer

    files = [str(path) for path in model.files]
    loaders: dict[SpeechModelKind, Callable[..., Any]] = {
        SpeechModelKind.SENSE_VOICE: lambda model, tokens: OfflineRecognizer.from_sense_voice(
            model=model, tokens=tokens, use_itn=True
        ),
        SpeechModelKind.PARAFORMER: lambda model, tokens: OfflineRecognizer.from_paraformer(
            paraformer=model, tokens=tokens
        ),
        SpeechModelKind.WHISPER: lambda encoder, decoder, tokens: OfflineRecognizer.from_whisper(
            encoder=encoder, decoder=decoder, tokens=tokens
        ),
        SpeechModelKind.MOONSHINE: lambda preprocessor, encoder, uncached, cached, tokens: (
            OfflineRecognizer.from_moonshine(
                preprocessor=preprocessor,
                encoder=encoder,
                uncached_decoder=uncached,
                cached_decoder=cached,
                tokens=tokens,
            )
        ),
        SpeechModelKind.MOONSHINE_2: lambda encoder, decoder, tokens: OfflineRecognizer.from_moonshine_v2(
            encoder=encoder, decoder=decoder, tokens=tokens
        ),
    }
    return loaders[model.kind](*files)


def _hear(recognizer: Any, samples: bytes) -> Heard:
    import numpy

    stream = recognizer.create_stream()
    # Whatever rate the model wants is made of ours by the library.
    stream.accept_waveform(_RATE, numpy.frombuffer(samples, dtype="<i2").astype("float32") / 32768)
    recognizer.decode_stream(stream)
    language = str(stream.result.lang).strip("<|>") or None
    return Heard(text=" ".join(str(stream.result.text).split()), language=language)


def _main(folder: Path) -> None:
    """The child: load, then answer until the parent closes the pipe."""
    # Of what the library prints nothing gets among our answers or into a log.
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    os.nice(19)
    try:
        model = recognise_model(folder)
        if model is None:
            raise ValueError("no model is in this folder")
        recognizer = _load(model)
    except (ImportError, OSError, RuntimeError, ValueError) as error:
        _say(answers, error=f"{type(error).__name__}: {error}"[:300])
        return
    _say(answers, engine=f"{_PACKAGE} {version(_PACKAGE)}")
    questions = sys.stdin.buffer
    while length := questions.read(_LENGTH.size):
        heard = _hear(recognizer, questions.read(*_LENGTH.unpack(length)))
        _say(answers, text=heard.text, language=heard.language)


def _say(answers: IO[bytes], **answer: str | None) -> None:
    answers.write(json.dumps(answer).encode() + b"\n")


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
