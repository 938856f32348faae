"""The one place that turns an error into an HTTP answer: a problem document for programs, a calm page for people."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

import structlog
from apiflask import APIFlask, HTTPError
from flask import Response, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge
from werkzeug.wrappers import Response as BaseResponse

from app.errors import (
    Conflict,
    InvalidInput,
    NotAllowed,
    NotFound,
    Refused,
    Unauthenticated,
    Unavailable,
    WardlineError,
)
from app.web.access import is_api

log = structlog.get_logger()

_STATUS: dict[type[WardlineError], HTTPStatus] = {
    InvalidInput: HTTPStatus.UNPROCESSABLE_ENTITY,
    Unauthenticated: HTTPStatus.UNAUTHORIZED,
    NotAllowed: HTTPStatus.FORBIDDEN,
    NotFound: HTTPStatus.NOT_FOUND,
    Conflict: HTTPStatus.CONFLICT,
    Refused: HTTPStatus.CONFLICT,
    Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_CODES = {
    400: "malformed",
    404: NotFound.code,
    405: "method_not_allowed",
    413: "too_large",
    415: "unsupported_media_type",
    416: "range_not_satisfiable",
    422: InvalidInput.code,
}


def register(app: APIFlask) -> None:
    """Answer every error of this application."""
    app.error_callback = _validation_error
    app.register_error_handler(WardlineError, _wardline_error)
    app.register_error_handler(CSRFError, _csrf_error)
    app.register_error_handler(HTTPException, _http_error)
    for kind in (OperationalError, InterfaceError, PoolTimeoutError):
        app.register_error_handler(kind, _database_error)
    app.register_error_handler(Exception, _unexpected_error)


def detail_of(error: WardlineError) -> str:
    """The error's sentence in the language of the person who reads it."""
    if not error.detail:
        return ""
    sentence: str = _(error.detail)
    return sentence % error.fields if "%(" in sentence else sentence


def _wardline_error(error: WardlineError) -> BaseResponse:
    if isinstance(error, Unauthenticated) and not _wants_problem():
        target = request.full_path.rstrip("?") if request.method == "GET" else None
        return redirect(url_for("accounts.show_sign_in", next=target))
    status = next((_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS), HTTPStatus.INTERNAL_SERVER_ERROR)
    response = _answer(status, error.code, detail_of(error), **error.fields)
    if status == HTTPStatus.UNAUTHORIZED:
        response.headers["WWW-Authenticate"] = "Bearer"
    return response


def _validation_error(error: HTTPError) -> BaseResponse:
    """APIFlask's own errors: input that does not fit the schema, and `abort`."""
    places: Any = error.detail if isinstance(error.detail, dict) else {}
    if error.status_code == HTTPStatus.UNPROCESSABLE_ENTITY:
        sentence = _("Some fields cannot be accepted.")
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, InvalidInput.code, sentence, errors=_flatten(places))
    code = _CODES.get(error.status_code, "http_error")
    return _answer(HTTPStatus(error.status_code), code, _sentence_for(error.status_code))


def _csrf_error(error: CSRFError) -> BaseResponse:
    log.info("access.csrf_refused", endpoint=request.endpoint)
    return _answer(HTTPStatus.BAD_REQUEST, "csrf_failed", _("This page is too old. Reload it and try again."))


def _http_error(error: HTTPException) -> BaseResponse:
    if error.code is None or error.code < 400:
        return error.get_response()
    if isinstance(error, RequestEntityTooLarge):
        # The rest of the body is not read; the connection cannot be used again.
        response = _answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "too_large", _sentence_for(413))
        response.headers["Connection"] = "close"
        return response
    response = _answer(HTTPStatus(error.code), _CODES.get(error.code, "http_error"), _sentence_for(error.code))
    for name, value in error.get_headers(request.environ):
        if name in ("Allow", "Content-Range", "Retry-After"):
            response.headers[name] = value
    return response


def _database_error(error: Exception) -> BaseResponse:
    log.error("database.failed", endpoint=request.endpoint, error=type(error).__name__)
    sentence = _("The database does not answer. Nothing was saved; try again in a moment.")
    return _answer(HTTPStatus.SERVICE_UNAVAILABLE, Unavailable.code, sentence)


def _unexpected_error(error: Exception) -> BaseResponse:
    log.exception("request.failed", endpoint=request.endpoint)
    sentence = _("Something went wrong on our side. It has been logged; try again.")
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR, "error", sentence)


def _sentence_for(status: int) -> str:
    sentences: dict[int, str] = {
        400: _("The request cannot be read."),
        404: _("There is nothing here."),
        405: _("This address does not take that method."),
        413: _("The request is too large: at most 1 MiB."),
        415: _("The request has the wrong content type; send application/json."),
        416: _("The recording has no such part."),
    }
    sentences.setdefault(status, _("The request cannot be answered."))
    return sentences[status]


def _answer(status: HTTPStatus, code: str, detail: str, **fields: object) -> Response:
    if _wants_problem():
        # RFC 9457: type is about:blank, so the title is the status phrase; `code` is our extension.
        problem = {"type": "about:blank", "title": status.phrase, "status": int(status), "code": code, "detail": detail}
        response = jsonify({**fields, **problem})
        response.content_type = "application/problem+json"
    else:
        response = Response(render_template("web/error.html", status=int(status), detail=detail))
    response.status_code = status
    return response


def _wants_problem() -> bool:
    """Programs do, and so does htmx: our pages show the detail as a toast and keep what is on the screen."""
    return is_api(request.path) or "HX-Request" in request.headers


def _flatten(places: dict[str, Any]) -> list[dict[str, str]]:
    """One entry per complaint, with a JSON pointer to the field (RFC 6901) for body fields."""
    found: list[dict[str, str]] = []

    def walk(location: str, path: str, value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                walk(location, f"{path}/{key}", inner)
        else:
            for sentence in value if isinstance(value, list) else [value]:
                found.append({"in": location, "field": path.lstrip("/"), "pointer": path, "detail": str(sentence)})

    for location, fields in places.items():
        walk(str(location), "", fields)
    return found
