"""Why a follow-up is there, in the hospital's language: which event, which template, which day (F-24).

These words are kept with the task, as what was true when it was made; they are no part of the catalogues.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from app.message_templates.rules import LANGUAGES

_EVENTS: Mapping[str, Mapping[str, str]] = {
    "visit": {"zh_Hans": "就诊", "zh_Hant": "就診", "en": "Visit"},
    "discharge": {"zh_Hans": "出院", "zh_Hant": "出院", "en": "Discharge"},
    "operation": {"zh_Hans": "手术", "zh_Hant": "手術", "en": "Operation"},
    "course_end": {"zh_Hans": "疗程结束", "zh_Hant": "療程結束", "en": "End of the course"},
    "exam": {"zh_Hans": "检查", "zh_Hant": "檢查", "en": "Examination"},
    "register": {"zh_Hans": "登记", "zh_Hant": "登記", "en": "Registration"},
    "fixed_date": {"zh_Hans": "约定日期", "zh_Hant": "約定日期", "en": "Agreed date"},
}
_SENTENCES: Mapping[str, str] = {
    "zh_Hans": "{day_of_event} {event}，模板“{template}”，第 {days} 天",
    "zh_Hant": "{day_of_event} {event}，範本「{template}」，第 {days} 天",
    "en": "{event} of {day_of_event}, template {template}, day {days}",
}


def why_sentence(*, anchor: str, title: str, anchor_on: date, template: str, days: int, language: str) -> str:
    """`Operation LEEP of 2025-03-01, template LEEP, day 10`."""
    chosen = language if language in _SENTENCES else LANGUAGES[0]
    event = _EVENTS.get(anchor, {}).get(chosen, anchor)
    named = f"{event} {title[:80]}" if title else event
    return _SENTENCES[chosen].format(day_of_event=anchor_on.isoformat(), event=named, template=template[:80], days=days)


def in_language(texts: Mapping[str, str], language: str) -> str:
    """The text in that language, or in the first one that there is."""
    return next((texts[each] for each in (language, *LANGUAGES) if texts.get(each)), next(iter(texts.values()), ""))
