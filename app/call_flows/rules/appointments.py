"""When the next appointment is, as it is said on the telephone: the day and the time, and nothing of what it is for."""

from __future__ import annotations

from datetime import date, time

_DAY = {
    "zh_Hans": "您的下一次预约是{month}月{day}日。",
    "zh_Hant": "您的下一次預約是{month}月{day}日。",
    "en": "Your next appointment is on {name} {day}.",
}
_TIME = {
    "zh_Hans": "您的下一次预约是{month}月{day}日{hour}点{minute}。",
    "zh_Hant": "您的下一次預約是{month}月{day}日{hour}點{minute}。",
    "en": "Your next appointment is on {name} {day} at {hour}:{shown}.",
}
_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip


def appointment_sentence(language: str, on: date, at: time | None) -> str:
    """The sentence in one of the languages of a flow."""
    values = {"month": on.month, "day": on.day, "name": _MONTHS[on.month - 1]}
    if at is None:
        return _DAY[language].format(**values)
    minute = f"{at.minute}分" if at.minute else ""
    return _TIME[language].format(**values, hour=at.hour, minute=minute, shown=f"{at.minute:02}")
