"""The API for readers: our own page rendered from the OpenAPI document, and what the document says about every call."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

from apiflask import APIFlask
from flask import Blueprint, current_app, render_template

from app.http import PUBLIC, allow
from app.web.access import allowed_roles

pages = Blueprint("api_docs", __name__)

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem document. `code` is stable; `detail` is a sentence for a person.",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {
                    "in": {"type": "string"},
                    "field": {"type": "string"},
                    "pointer": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
    },
    "required": ["type", "title", "status", "code", "detail"],
}
_PROBLEM_CONTENT = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
_VERBS = ("get", "post", "put", "patch", "delete")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Operation:
    verb: str
    path: str
    summary: str
    description: str
    roles: str
    fields: tuple[tuple[str, str, str], ...]
    body: tuple[tuple[str, str, str], ...]
    statuses: tuple[tuple[str, str], ...]


def register(app: APIFlask) -> None:
    """Describe every call in /api/openapi.json, and show it at /api/docs."""
    app.config.update(
        OPENAPI_VERSION="3.0.3",
        SECURITY_SCHEMES={
            "bearer": {"type": "http", "scheme": "bearer"},
            "cookie": {"type": "apiKey", "in": "cookie", "name": "wardline_session"},
        },
        AUTO_404_RESPONSE=False,
        AUTO_VALIDATION_ERROR_RESPONSE=False,
        AUTO_AUTH_ERROR_RESPONSE=False,
        AUTO_SERVERS=False,
        AUTO_OPERATION_ID=True,
    )
    app.description = "Errors are problem documents (RFC 9457). Lists take limit and cursor."
    app.spec_processor(_complete)  # type: ignore[arg-type]
    app.register_blueprint(pages)


def build(app: APIFlask) -> None:
    """Make the document once, when all rooms are there."""
    with app.app_context(), warnings.catch_warnings():
        # A schema used both alone and in a list is announced twice, with the same content.
        warnings.filterwarnings("ignore", message=".*has already been added to the spec", category=UserWarning)
        app.extensions["wardline.spec"] = app.spec


@pages.get("/api/docs")
@allow(PUBLIC)
def show_api() -> str:
    spec: dict[str, Any] = current_app.extensions["wardline.spec"]
    groups: dict[str, list[_Operation]] = {}
    for path, verbs in spec["paths"].items():
        for verb, operation in verbs.items():
            if verb in _VERBS:
                tag = (operation.get("tags") or ["API"])[0]
                groups.setdefault(tag, []).append(_describe(spec, path, verb, operation))
    return render_template("web/api_docs.html", groups=groups, description=spec["info"].get("description", ""))


def _complete(spec: dict[str, Any]) -> dict[str, Any]:
    """Say of every call who may make it, and that its errors are problem documents."""
    spec.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    roles_by_call = {
        (_openapi_path(rule.rule), method.lower()): allowed_roles(rule.endpoint)
        for rule in current_app.url_map.iter_rules()
        for method in rule.methods or ()
    }
    for path, verbs in spec["paths"].items():
        for verb, operation in verbs.items():
            if verb not in _VERBS:
                continue
            roles = roles_by_call.get((path, verb))
            responses = operation.setdefault("responses", {})
            if roles:
                operation["security"] = [{"bearer": []}, {"cookie": []}]
                operation["x-roles"] = sorted(role.value for role in roles)
                responses.setdefault("401", {"description": "Sign in first."})
                responses.setdefault("403", {"description": "Your role does not permit this."})
            if "requestBody" in operation or operation.get("parameters"):
                responses.setdefault("422", {"description": "Some fields cannot be accepted."})
            for status, response in responses.items():
                if status.startswith(("4", "5")):
                    response["content"] = _PROBLEM_CONTENT
    return spec


def _openapi_path(rule: str) -> str:
    segments = (part.split(":")[-1] if part.startswith("<") else part for part in rule.split("/"))
    return "/".join("{" + part.strip("<>") + "}" if part.endswith(">") else part for part in segments)


def _describe(spec: dict[str, Any], path: str, verb: str, operation: dict[str, Any]) -> _Operation:
    media = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    return _Operation(
        verb=verb.upper(),
        path=path,
        summary=operation.get("summary", ""),
        description=operation.get("description", ""),
        roles=", ".join(operation.get("x-roles", ())),
        fields=tuple(
            (field["name"], _type_of(field.get("schema", {})), field.get("description", ""))
            for field in operation.get("parameters", ())
        ),
        body=_body_fields(spec, media.get("schema", {})),
        statuses=tuple(
            (status, response.get("description", "")) for status, response in operation["responses"].items()
        ),
    )


def _body_fields(spec: dict[str, Any], schema: dict[str, Any]) -> tuple[tuple[str, str, str], ...]:
    if "$ref" in schema:
        schema = spec["components"]["schemas"].get(schema["$ref"].rsplit("/", 1)[-1], {})
    required = set(schema.get("required", ()))
    return tuple(
        (f"{name} *" if name in required else name, _type_of(field), field.get("description", ""))
        for name, field in schema.get("properties", {}).items()
    )


def _type_of(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return str(schema["$ref"].rsplit("/", 1)[-1])
    if schema.get("type") == "array":
        return f"[{_type_of(schema.get('items', {}))}]"
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"] if value is not None)
    return str(schema.get("format") or schema.get("type") or "")
