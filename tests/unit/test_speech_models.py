"""Which model lies in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.errors import SettingsError
from app.settings import Settings
from app.speech_models import SpeechModelKind, recognise_model


def _folder(tmp_path: Path, name: str, files: dict[str, bytes]) -> Path:
    folder = tmp_path / name
    folder.mkdir()
    for file, content in files.items():
        (folder / file).write_bytes(content)
    return folder


@pytest.mark.parametrize(
    ("name", "files", "kind", "first", "language"),
    [
        (
            "sherpa-onnx-sense-voice-zh-en-ja-ko-yue",
            {"model.onnx": b"-- sense_voice_ctc", "model.int8.onnx": b"-- sense_voice_ctc", "tokens.txt": b""},
            SpeechModelKind.SENSE_VOICE,
            "model.int8.onnx",
            None,
        ),
        (
            "sherpa-onnx-paraformer-zh",
            {"model.onnx": b"-- paraformer", "tokens.txt": b""},
            SpeechModelKind.PARAFORMER,
            "model.onnx",
            "zh",
        ),
        (
            "sherpa-onnx-whisper-small",
            {"small-encoder.int8.onnx": b"", "small-decoder.int8.onnx": b"", "small-tokens.txt": b""},
            SpeechModelKind.WHISPER,
            "small-encoder.int8.onnx",
            None,
        ),
        (
            "sherpa-onnx-moonshine-tiny-en-int8",
            {
                "preprocess.onnx": b"",
                "encode.int8.onnx": b"",
                "uncached_decode.int8.onnx": b"",
                "cached_decode.int8.onnx": b"",
                "tokens.txt": b"",
            },
            SpeechModelKind.MOONSHINE,
            "preprocess.onnx",
            "en",
        ),
        (
            "moonshine-base-zh",
            {"encoder_model.ort": b"", "decoder_model_merged.ort": b"", "tokens.txt": b""},
            SpeechModelKind.MOONSHINE_2,
            "encoder_model.ort",
            "zh",
        ),
    ],
)
def test_a_model_is_known_by_its_files(
    tmp_path: Path, name: str, files: dict[str, bytes], kind: SpeechModelKind, first: str, language: str | None
) -> None:
    model = recognise_model(_folder(tmp_path, name, files))
    assert model is not None
    assert (model.kind, model.name, model.files[0].name, model.language) == (kind, name, first, language)
    assert model.files[-1].name.endswith("tokens.txt")


@pytest.mark.parametrize("files", [{}, {"model.onnx": b"paraformer"}, {"model.onnx": b"something", "tokens.txt": b""}])
def test_a_folder_that_is_no_model_stops_the_start(tmp_path: Path, files: dict[str, bytes]) -> None:
    folder = _folder(tmp_path, "models", files)
    for wrong in (folder, folder / "missing"):
        with pytest.raises(SettingsError) as caught:
            Settings.from_env({"WARDLINE_TRANSCRIPTION_MODEL": str(wrong)})
        assert caught.value.detail.startswith("WARDLINE_TRANSCRIPTION_MODEL:") and "\n" not in caught.value.detail


def test_without_a_model_there_is_none() -> None:
    settings = Settings.from_env({})
    assert (settings.transcription_model, settings.transcriptions_at_once) == (None, 1)
