"""The language of each page: what was asked for, else the person's own, the browser's, the hospital's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flask import Flask, Response, g, request
from flask_babel import Babel, get_locale
from werkzeug.datastructures import LanguageAccept

from app.http import parts

_COOKIE = "wardline_lang"
_ONE_YEAR = 365 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Language:
    """`locale` names the catalogue, `tag` is what HTML, the URL and the desk call it."""

    locale: str
    tag: str
    name: str


LANGUAGES = (
    Language(locale="zh_Hans", tag="zh-Hans", name="简体中文"),
    Language(locale="zh_Hant", tag="zh-Hant", name="繁體中文"),
    Language(locale="en", tag="en", name="English"),
)
_BY_TAG = {language.tag.lower(): language for language in LANGUAGES}
_BY_LOCALE = {language.locale: language for language in LANGUAGES}
_TRADITIONAL = ("zh-hant", "zh-tw", "zh-hk", "zh-mo")


def register(app: Flask) -> None:
    """Choose a language for every request of this application, and remember an explicit choice."""
    Babel(
        app,
        default_locale="en",
        locale_selector=select_locale,
        default_translation_directories=str(Path(__file__).parent / "translations"),
    )
    app.after_request(_remember_choice)
    app.jinja_env.globals["LANGUAGES"] = LANGUAGES
    app.jinja_env.globals["current_language"] = current_language


def select_locale() -> str:
    """The catalogue for this request."""
    asked = _BY_TAG.get(request.args.get("lang", "").lower()) or _BY_TAG.get(request.cookies.get(_COOKIE, "").lower())
    if asked is not None:
        return asked.locale
    user = g.get("signed_in")
    if user is not None and user.locale in _BY_LOCALE:
        return str(user.locale)
    return _accepted(request.accept_languages) or parts().settings.locale


def current_language() -> Language:
    """The language that this request is answered in."""
    return _BY_LOCALE.get(str(get_locale()), _BY_LOCALE["en"])


def _accepted(accepted: LanguageAccept) -> str | None:
    for tag, _quality in accepted:
        lowered = tag.lower()
        if lowered.startswith(_TRADITIONAL):
            return "zh_Hant"
        if lowered == "zh" or lowered.startswith("zh-"):
            return "zh_Hans"
        if lowered == "en" or lowered.startswith("en-"):
            return "en"
    return None


def _remember_choice(response: Response) -> Response:
    asked = _BY_TAG.get(request.args.get("lang", "").lower())
    if asked is not None:
        response.set_cookie(
            _COOKIE,
            asked.tag,
            max_age=_ONE_YEAR,
            samesite="Lax",
            httponly=True,
            secure=parts().settings.secure_cookies,
        )
    return response
