"""Every sentence a person may read exists in 简体 and 繁體, whole and with the same placeholders."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from babel.messages import Catalog
from babel.messages.pofile import read_po

_ROOT = Path(__file__).resolve().parents[2]
_TRANSLATIONS = _ROOT / "app/web/translations"
_PLACEHOLDER = re.compile(r"%\([a-z_]+\)[sd]")


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """What the code says, collected as `make translations` does, and what was complained of."""
    keywords = re.search(r"^KEYWORDS := (.+)$", (_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert keywords is not None
    pot = tmp_path_factory.mktemp("texts") / "messages.pot"
    done = subprocess.run(
        [
            sys.executable, "-m", "babel.messages.frontend", "--quiet", "extract",
            "-F", str(_TRANSLATIONS / "babel.cfg"), *keywords[1].split(), "-o", str(pot),
            "app", "telephony", "sms_gateway", "recordings",
        ],
        cwd=_ROOT,
        check=True,
        capture_output=True,
        text=True,
    )  # fmt: skip
    return pot, done.stderr


@pytest.fixture(scope="module")
def used(extracted: tuple[Path, str]) -> Catalog:
    with extracted[0].open("rb") as file:
        return read_po(file)


def catalogue(locale: str) -> Catalog:
    with (_TRANSLATIONS / locale / "LC_MESSAGES/messages.po").open("rb") as file:
        return read_po(file, locale=locale)


def test_no_sentence_is_empty(extracted: tuple[Path, str]) -> None:
    # gettext("") is the catalogue's header.
    assert extracted[1] == ""


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
def test_no_sentence_lacks_its_translation(used: Catalog, locale: str) -> None:
    translated = catalogue(locale)
    wanted = [message for message in used if message.id]
    assert len(wanted) > 300
    found = {message.id: translated.get(message.id) for message in wanted}
    missing = [id for id, message in found.items() if message is None or message.fuzzy or not _strings(message.string)]
    assert missing == []


@pytest.mark.parametrize("locale", ["zh_Hans", "zh_Hant"])
def test_translations_keep_the_placeholders(used: Catalog, locale: str) -> None:
    translated = catalogue(locale)
    broken = [
        message.id
        for message in used
        if message.id and not _placeholders(translated.get(message.id).string) <= _placeholders(message.id)  # type: ignore[union-attr]
    ]
    assert broken == []


def test_the_two_chinese_catalogues_are_written_in_their_own_script() -> None:
    hans = "".join(text for message in catalogue("zh_Hans") for text in _strings(message.string) if message.id)
    hant = "".join(text for message in catalogue("zh_Hant") for text in _strings(message.string) if message.id)
    assert not set("號碼電話簡訊錄應") & set(hans)
    assert not set("号码电话简讯录应") & set(hant)


def _strings(value: object) -> list[str]:
    texts = value if isinstance(value, list | tuple) else [value]
    return [str(text) for text in texts if text]


def _placeholders(value: object) -> set[str]:
    return {found for text in _strings(value) for found in _PLACEHOLDER.findall(text)}
