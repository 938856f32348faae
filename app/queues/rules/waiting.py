"""What a caller who waits is told: the place, about how long it takes, and that there is another way."""

from __future__ import annotations

LONGEST_MINUTES = 30
_STEPS = (1, 2, 3, 5, 10, 15, 20, LONGEST_MINUTES)
"""Few sentences, each made once; nobody plans by the minute on what is a guess."""
_FAR = 10
_LANGUAGES = ("zh_Hans", "zh_Hant", "en")
_NEXT = {"zh_Hans": "您是下一位。", "zh_Hant": "您是下一位。", "en": "You are next."}
_PLACE = {
    "zh_Hans": "您现在排在第{place}位。",
    "zh_Hant": "您目前排在第{place}位。",
    "en": "You are number {place} in the queue.",
}
_MANY = {
    "zh_Hans": "现在来电较多，请您耐心等候。",
    "zh_Hant": "目前來電較多，請您耐心等候。",
    "en": "Many people are calling now. Thank you for waiting.",
}
_MINUTES = {
    "zh_Hans": "预计等待约{minutes}分钟。",
    "zh_Hant": "預計等候約{minutes}分鐘。",
    "en": "You will wait for about {minutes} minutes.",
}
_MINUTE = {
    "zh_Hans": "预计等待约1分钟。",
    "zh_Hant": "預計等候約1分鐘。",
    "en": "You will wait for about one minute.",
}
_OFFER = {
    "zh_Hans": "如果不想在线等候，请按1，我们会保留您的排位，轮到您时给您回电。",
    "zh_Hant": "如果不想在線上等候，請按1，我們會保留您的順位，輪到您時回電給您。",
    "en": "To ring off now, press 1. You keep your place, and we call you back when it is your turn.",
}
NOTED = {
    "zh_Hans": "已为您登记，轮到您时我们会给您回电，再见。",
    "zh_Hant": "已為您登記，輪到您時我們會回電給您，再見。",
    "en": "Thank you. You keep your place, and we call you back when it is your turn. Goodbye.",
}
NOBODY = {
    "zh_Hans": "现在没有坐席在线。请在提示音后留言，按任意键结束。",
    "zh_Hant": "目前沒有服務人員在線上。請在提示音後留言，按任意鍵結束。",
    "en": "Nobody is here to answer just now. Please leave a message after the tone, and press any key to end it.",
}
NOBODY_OFFER = {
    "zh_Hans": "现在没有坐席在线。需要我们回电，请按1；需要留言，请在提示音后讲话。",
    "zh_Hant": "目前沒有服務人員在線上。需要我們回電，請按1；需要留言，請在提示音後講話。",
    "en": "Nobody is here to answer just now. To be called back, press 1. To leave a message, speak after the tone.",
}


def estimate_minutes(place: int, *, agents: int, handle_seconds: float | None) -> int | None:
    """About how long the caller at this place, 1 for the next one, waits; rounded up to a step.

    `agents` are those who serve the queue now, `handle_seconds` what a call has taken lately, with its wrap-up. Nothing
    when nobody knows: without agents, without recent calls, and beyond LONGEST_MINUTES.
    """
    if place < 1 or agents < 1 or handle_seconds is None or handle_seconds <= 0:
        return None
    minutes = place * handle_seconds / agents / 60
    return next((step for step in _STEPS if minutes <= step), None)


def sentence(language: str, *, place: int | None, minutes: int | None, offers_callback: bool) -> str:
    """What is said, empty for nothing. `place` is nothing where the queue does not tell it."""
    if language not in _LANGUAGES:
        language = _LANGUAGES[0]
    parts = []
    if place is not None:
        shown = _NEXT if place <= 1 else _PLACE if place < _FAR else _MANY
        parts.append(shown[language].format(place=place))
        if minutes is not None:
            parts.append((_MINUTE if minutes == 1 else _MINUTES)[language].format(minutes=minutes))
    if offers_callback:
        parts.append(_OFFER[language])
    return (" " if language == "en" else "").join(parts)


def fixed_sounds(language: str) -> dict[str, str]:
    """What the dialplan itself plays in a queue, by the name of the sound."""
    return {"noted": NOTED[language], "nobody": NOBODY[language], "nobody_offer": NOBODY_OFFER[language]}
