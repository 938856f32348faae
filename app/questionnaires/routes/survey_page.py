"""The page that a link in a text leads to: anybody with the secret may answer, nobody is signed in (Q-08 d).

The page names no patient and no disease. It works without JavaScript; with it, each answer is kept as it is given.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from flask import Blueprint, render_template, request
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from app.errors import Conflict, InvalidInput, NotFound, WardlineError
from app.http import PUBLIC, allow, parts
from app.questionnaires import service
from app.questionnaires.models import QuestionnaireResponse, QuestionnaireVersion
from app.questionnaires.rules import LONGEST_ANSWER, Question

pages = Blueprint("survey", __name__, url_prefix="/q", template_folder="../templates")

# A person who changes every answer twice needs some forty requests; a family behind one address a few times that.
_MOST_PER_MINUTE = 240
_MOST_ADDRESSES = 10_000


class _Pace:
    """How many requests each network address made in its running minute. Each process counts for itself: it is there
    to keep a loop from filling the database, the secret is what keeps people out.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def allows(self, address: str, now: float) -> bool:
        """Count one more, and say whether it is still within the pace."""
        minute = int(now // 60)
        with self._lock:
            known, count = self._seen.pop(address, (minute, 0))
            count = count + 1 if known == minute else 1
            self._seen[address] = (minute, count)
            while len(self._seen) > _MOST_ADDRESSES:
                self._seen.popitem(last=False)
        return count <= _MOST_PER_MINUTE


_pace = _Pace()


@pages.get("/<token>")
@allow(PUBLIC)
def show_survey(token: str) -> str | tuple[str, int]:
    """The questions, with what was answered so far; or that it is over, or was answered."""
    if not _pace.allows(request.remote_addr or "", time.monotonic()):
        return _gone("slow"), 429
    try:
        return _shown(token, {})
    except NotFound:
        return _gone("unknown"), 404


@pages.post("/<token>")
@allow(PUBLIC)
def save_survey(token: str) -> str | tuple[str, int]:
    """Keep what the form holds; `send` completes it. The script sends one answer at a time and gets no page back."""
    if not _pace.allows(request.remote_addr or "", time.monotonic()):
        return _gone("slow"), 429
    is_script = request.headers.get("X-Requested-With") == "survey"
    problem: WardlineError | None = None
    try:
        _save(token)
    except NotFound:
        return ("", 404) if is_script else (_gone("unknown"), 404)
    except (InvalidInput, Conflict) as error:
        problem = error
    if is_script:
        status = 200 if problem is None else 409 if isinstance(problem, Conflict) else 422
        return "" if problem is None else _sentence(token, problem), status
    if isinstance(problem, InvalidInput):
        return _shown(token, {str(problem.fields.get("field", "")): _sentence(token, problem)}), 422
    return _shown(token, {})


def _save(token: str) -> None:
    now, bus, zone = parts().now(), parts().bus, parts().settings.timezone
    with parts().database.writing() as session:
        response = service.response_of_link(session, token)
        questions = service.questions_of(service.get_version(session, response.version_id))
        service.save_answers(session, bus, response.id, _given(questions), zone=zone, by=None, now=now)
        if request.form.get("send") == "1":
            service.complete(session, bus, response.id, now=now)


def _shown(token: str, errors: dict[str, str]) -> str:
    """The page as it is now: what was typed and could not be kept stands in it, with the sentence that says why."""
    # The session is nobody's: nobody is signed in, and the secret says whose answers these are.
    with parts().database.reading() as session:
        response = service.response_of_link(session, token)
        with _language(session, response):
            ended = _ended(response)
            if ended:
                return _gone(ended)
            version = service.get_version(session, response.version_id)
            return _page(token, version, service.answers_of(session, response.id), errors)


def _given(questions: tuple[Question, ...]) -> dict[str, list[str]]:
    """The answers in the form. Only a whole form takes an answer back: what the script sends is one of them."""
    form = request.form
    is_whole = form.get("whole") == "1"
    codes = [question.code for question in questions]
    return {
        code: [each[: LONGEST_ANSWER + 1] for each in form.getlist(f"answer-{code}")[:30]]
        for code in codes
        if is_whole or f"answer-{code}" in form or form.get("question") == code
    }


def _ended(response: QuestionnaireResponse) -> str:
    if response.completed_at is not None:
        return "done"
    return "over" if response.expires_at is not None and response.expires_at <= parts().now() else ""


def _page(token: str, version: QuestionnaireVersion, given: dict[str, Any], errors: dict[str, str]) -> str:
    return render_template(
        "questionnaires/survey.html",
        token=token,
        version=version,
        questions=service.questions_of(version),
        given=given,
        errors=errors,
        typed=request.form,
        locale=str(get_locale()),
        longest=LONGEST_ANSWER,
        hospital=parts().settings.signature,
    )


def _gone(why: str) -> str:
    shown: str = render_template("questionnaires/survey_end.html", why=why, hospital=parts().settings.signature)
    return shown


def _language(session: Session, response: QuestionnaireResponse) -> AbstractContextManager[None]:
    """The patient's language, unless somebody chose another one on the page."""
    if request.args.get("lang") or "wardline_lang" in request.cookies:
        return nullcontext()
    spoken: AbstractContextManager[None] = force_locale(service.language_of_link(session, response, parts().settings))
    return spoken


def _sentence(token: str, error: WardlineError) -> str:
    with parts().database.reading() as session, _language(session, service.response_of_link(session, token)):
        shown: str = _(error.detail)
    return shown % error.fields if "%(" in shown else shown
