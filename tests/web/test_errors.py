"""What a program and a person get when something is wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from apiflask import APIFlask
from openapi_spec_validator import validate

from app.errors import Conflict, InvalidInput, NotFound, Refused, Unavailable, WardlineError
from app.http import PUBLIC, allow
from app.parts import Parts
from app.web.app import create_app
from tests.web.browser import Browser


def _failing(parts: Parts, error: Exception) -> APIFlask:
    app = create_app(parts)

    @allow(PUBLIC)
    def fail() -> str:
        raise error

    app.add_url_rule("/api/v1/failing", "failing_call", fail)
    app.add_url_rule("/failing", "failing_page", fail)
    return app


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InvalidInput("No.", field="name"), 422),
        (NotFound("No."), 404),
        (Conflict("No."), 409),
        (Refused("No.", reason="opted_out"), 409),
        (Unavailable("No."), 503),
    ],
)
def test_each_error_has_its_status_and_code(parts: Parts, people: None, error: WardlineError, status: int) -> None:
    answer = _failing(parts, error).test_client().get("/api/v1/failing")
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem = {"type": "about:blank", "status": status, "code": error.code, "detail": "No."}
    assert problem.items() <= answer.json.items()
    assert error.fields.items() <= answer.json.items()


def test_unexpected_error_says_nothing_of_the_inside(parts: Parts, people: None) -> None:
    app = _failing(parts, RuntimeError("table patient, row 7"))
    for path in ("/api/v1/failing", "/failing"):
        answer = app.test_client().get(path)
        assert answer.status_code == 500
        assert "row 7" not in answer.text


def test_htmx_gets_the_problem_and_keeps_its_screen(parts: Parts, people: None) -> None:
    answer = _failing(parts, Conflict("Taken.")).test_client().get("/failing", headers={"HX-Request": "true"})
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")


def test_person_gets_a_page(parts: Parts, people: None) -> None:
    answer = _failing(parts, Conflict("Taken.")).test_client().get("/failing")
    assert answer.status_code == 409
    assert "Taken." in answer.text
    assert answer.content_type.startswith("text/html")


def test_malformed_json_is_named_so(app: APIFlask) -> None:
    for body in (b"{", b"\xff\xfe", b"[1,"):
        answer = app.test_client().post("/api/v1/tokens", data=body, content_type="application/json")
        assert (answer.status_code, answer.json["code"]) == (400, "malformed")


def test_each_field_that_is_wrong_is_named(app: APIFlask) -> None:
    answer = app.test_client().post("/api/v1/tokens", json={"username": 5})
    assert (answer.status_code, answer.json["code"]) == (422, "invalid_input")
    assert {complaint["field"] for complaint in answer.json["errors"]} == {"username", "password"}


@pytest.mark.parametrize("body", ["null", "[]", '"text"', "7"])
def test_json_that_is_no_object_is_invalid(app: APIFlask, body: str) -> None:
    answer = app.test_client().post("/api/v1/tokens", data=body, content_type="application/json")
    assert answer.status_code in (400, 422)
    assert answer.content_type == "application/problem+json"


def test_unknown_address_and_wrong_method_are_problems_too(app: APIFlask) -> None:
    client = app.test_client()
    missing, method = client.get("/api/v1/nothing"), client.delete("/api/v1/tokens")
    assert (missing.status_code, missing.json["code"]) == (404, "not_found")
    assert (method.status_code, method.json["code"]) == (405, "method_not_allowed")
    assert "POST" in method.headers["Allow"]
    assert client.get("/nothing").status_code == 404


def test_body_over_one_mebibyte_is_refused(app: APIFlask) -> None:
    body = b'{"username": "' + b"x" * 1024 * 1024 + b'"}'
    answer = app.test_client().post("/api/v1/tokens", data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"]) == (413, "too_large")


def test_api_is_described_by_a_valid_document(app: APIFlask) -> None:
    spec = app.test_client().get("/api/openapi.json").json
    validate(spec)
    assert {"/api/v1/queues", "/api/v1/agents", "/api/v1/agents/{agent}/state", "/api/v1/tokens"} <= set(spec["paths"])
    state = spec["paths"]["/api/v1/agents/{agent}/state"]["put"]
    assert state["x-roles"] == ["admin", "agent", "supervisor"]
    assert "application/problem+json" in state["responses"]["409"]["content"]


def test_api_can_be_read_without_signing_in(app: APIFlask) -> None:
    page = app.test_client().get("/api/docs?lang=en").text
    assert "/api/v1/agents/{agent}/state" in page


def test_error_speaks_the_readers_language(browser_of: Callable[[str], Browser]) -> None:
    bob = browser_of("bob").client
    english = bob.get("/api/v1/agents/nobody/state?lang=en").json["detail"]
    chinese = bob.get("/api/v1/agents/nobody/state?lang=zh-Hans").json["detail"]
    assert english == "No such agent."
    assert chinese != english
