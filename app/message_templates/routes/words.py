"""The words of templates in the reader's language, and the sample patient of the preview."""

from __future__ import annotations

from typing import Any

from flask_babel import format_date
from flask_babel import gettext as _

from app.message_templates.rules import (
    APPROVAL_TEXT,
    FIELD_TITLES,
    KIND_TEXT,
    RULE_TEXT,
    Finding,
    fields_in,
)
from app.messages.rules import MessageKind
from app.versions.routes import version_words

_SAMPLE_NAMES = {"zh_Hans": "王秀兰", "zh_Hant": "王秀蘭", "en": "Wang Xiulan"}
_SAMPLE_VALUES = {
    "zh_Hans": {"honorific": "女士", "doctor": "陈立", "department": "心内科", "date": "12月3日", "time": "9:30",
                "place": "门诊楼三楼", "phone": "0571-88888888"},
    "zh_Hant": {"honorific": "女士", "doctor": "陳立", "department": "心臟內科", "date": "12月3日", "time": "9:30",
                "place": "門診大樓三樓", "phone": "0571-88888888"},
    "en": {"honorific": "Ms", "doctor": "Chen Li", "department": "Cardiology", "date": "3 December", "time": "9:30",
           "place": "outpatient building, floor 3", "phone": "0571-88888888"},
}  # fmt: skip


def page_words() -> dict[str, Any]:
    """What every template of this room gets."""
    return {
        "kind_word": {str(kind): _(text) for kind, text in KIND_TEXT.items()},
        **version_words(),
        "approval_word": {str(each): _(text) for each, text in APPROVAL_TEXT.items()},
        "message_kind_word": message_kinds(),
        "language_word": language_words(),
        "language_mark": {"zh_Hans": "简", "zh_Hant": "繁", "en": "EN"},
        "field_titles": {key: _(title) for key, title in FIELD_TITLES.items()},
        "finding_sentence": finding_sentence,
        "shown_day": lambda day: format_date(day, "yyyy-MM-dd") if day else "–",
    }


def message_kinds() -> dict[str, str]:
    """The kinds of message, which decide about consent and hours."""
    return {
        MessageKind.CARE.value: _("Care"),
        MessageKind.MARKETING.value: _("Promotion"),
        MessageKind.STAFF.value: _("Staff"),
        MessageKind.PARTNER.value: _("Referral partner"),
    }


def language_words() -> dict[str, str]:
    """The languages of texts, each called by its own name."""
    return {"zh_Hans": "简体中文", "zh_Hant": "繁體中文", "en": "English"}


def finding_sentence(finding: Finding) -> str:
    """What was found in a text, with the word."""
    sentence: str = _(RULE_TEXT[finding.rule])
    return sentence % {"word": finding.word} if "%(word)s" in sentence else sentence


def sample_values(text: str, language: str, house: dict[str, str]) -> dict[str, str]:
    """Values for every field of a text, as a patient of our own invention would have them."""
    known = {"name": _SAMPLE_NAMES[language], **_SAMPLE_VALUES[language], **{k: v for k, v in house.items() if v}}
    return {key: known.get(key, f"〈{key}〉") for key in fields_in(text)}
