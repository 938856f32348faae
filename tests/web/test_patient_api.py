"""The patient record and the calls for programs: what integrators rely on."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from apiflask import APIFlask
from flask.testing import FlaskClient

from app.calls.models import Call
from app.parts import Parts

NOW = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)
MOTHER: dict[str, Any] = {
    "name": "王秀兰",
    "sex": "F",
    "birth_date": "1972-03-01",
    "phones": ["138 0013 8000", {"number": "0571-88886666", "is_valid": False}],
    "identifiers": [{"type": "outpatient", "value": "MZ1"}],
    "contacts": [{"name": "李敏", "relation": "child", "may_be_told": True, "phones": ["13700137000"]}],
}


class Program:
    """A program with a token."""

    def __init__(self, client: FlaskClient, headers: dict[str, str]) -> None:
        self._client, self._headers = client, headers

    def ask(self, method: str, path: str, body: Any = None, *, status: int = 200) -> Any:
        arguments = {} if body is None else {"json": body}
        answer = self._client.open(path, method=method, headers=self._headers, **arguments)
        assert answer.status_code == status, answer.text
        return answer.json


@pytest.fixture
def program(app: APIFlask, bearer_of: Callable[[str], dict[str, str]]) -> Program:
    return Program(app.test_client(), bearer_of("alice"))


def test_a_posted_patient_is_found_by_its_number_in_any_spelling(program: Program) -> None:
    made = program.ask("POST", "/api/v1/patients", MOTHER, status=201)
    for spelling in ("13800138000", "%2B8613800138000", "0086-138-0013-8000", "913800138000"):
        found = program.ask("GET", f"/api/v1/patients?phone={spelling}")
        assert [patient["id"] for patient in found["items"]] == [made["id"]]
    assert program.ask("GET", "/api/v1/patients?q=秀兰")["items"] == [made]
    assert program.ask("GET", "/api/v1/patients?q=MZ1")["items"] == [made]
    assert program.ask("GET", "/api/v1/patients?phone=13900000000") == {"items": [], "next_cursor": None}
    assert program.ask("GET", f"/api/v1/patients/{made['id']}") == made


def test_a_patient_is_told_with_all_that_was_said(program: Program) -> None:
    made = program.ask("POST", "/api/v1/patients", MOTHER, status=201)
    assert (made["name"], made["sex"], made["birth_date"], made["row_version"]) == ("王秀兰", "F", "1972-03-01", 1)
    contact_id = made["contacts"][0]["id"]
    assert [
        (phone["number"], phone["is_valid"], phone["contact_person_id"], phone["relation"]) for phone in made["phones"]
    ] == [
        ("+8613800138000", True, None, None),
        ("+8657188886666", False, None, None),
        ("+8613700137000", True, contact_id, "child"),
    ]
    assert made["phones"][0]["number_display"] == "138 0013 8000"
    assert made["identifiers"] == [{"type": "outpatient", "value": "MZ1", "system": ""}]


def test_a_change_touches_only_what_was_sent(program: Program) -> None:
    made = program.ask("POST", "/api/v1/patients", MOTHER, status=201)
    path = f"/api/v1/patients/{made['id']}"
    changed = program.ask("PATCH", path, {"remark": "new", "row_version": 1})
    same = {name: value for name, value in made.items() if name not in ("remark", "row_version", "updated_at")}
    assert same.items() <= changed.items()
    assert (changed["remark"], changed["row_version"]) == ("new", 2)
    assert program.ask("PATCH", path, {"phones": ["13900139000"]})["phones"][0]["number"] == "+8613900139000"


def test_an_outdated_change_and_a_taken_identifier_are_conflicts(program: Program) -> None:
    made = program.ask("POST", "/api/v1/patients", MOTHER, status=201)
    program.ask("PATCH", f"/api/v1/patients/{made['id']}", {"remark": "a"})
    late = program.ask("PATCH", f"/api/v1/patients/{made['id']}", {"remark": "b", "row_version": 1}, status=409)
    assert late["code"] == "conflict"
    taken = program.ask("POST", "/api/v1/patients", {**MOTHER, "contacts": []}, status=409)
    assert taken["patient_id"] == made["id"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": "x"},
        {"name": 7, "phones": ["13800138000"]},
        {"name": "x", "phones": ["95588"]},
        {"name": "x", "phones": "13800138000"},
        {"name": "x", "phones": [None]},
        {"name": "x", "phones": [{"number": "13800138000", "is_valid": "maybe"}]},
        {"name": "x" * 121, "phones": ["13800138000"]},
        {"name": "x", "phones": ["13800138000"], "birth_date": "1972-13-01"},
        {"name": "x", "phones": ["13800138000"], "birth_date": "2999-01-01"},
        {"name": "x", "phones": ["13800138000"], "sex": "female"},
        {"name": "x", "identifiers": [{"type": "id_card", "value": "110105194912310021"}]},
        {"name": "x", "phones": ["13800138000"], "favourite": 1},
        {"name": "x", "phones": ["1" * 100000]},
        [],
        "x",
    ],
)
def test_bad_input_is_refused_with_a_problem_document(program: Program, body: Any) -> None:
    problem = program.ask("POST", "/api/v1/patients", body, status=422)
    assert problem["code"] == "invalid_input"
    assert program.ask("GET", "/api/v1/patients")["items"] == []


@pytest.mark.parametrize("path", ["0", "77", "9999999999999999999999", "77/timeline"])
def test_nobody_is_not_found(program: Program, path: str) -> None:
    assert program.ask("GET", f"/api/v1/patients/{path}", status=404)["code"] == "not_found"


@pytest.mark.parametrize("query", ["cursor=xx", "limit=0", "limit=201", "limit=x"])
def test_a_damaged_page_request_is_refused(program: Program, query: str) -> None:
    for path in ("/api/v1/patients", "/api/v1/calls"):
        program.ask("GET", f"{path}?{query}", status=422)


def test_a_list_is_read_page_by_page(program: Program) -> None:
    ids = [
        program.ask("POST", "/api/v1/patients", {"name": "P", "phones": ["13800138000"]}, status=201)["id"]
        for _ in range(5)
    ]
    first = program.ask("GET", "/api/v1/patients?limit=3")
    second = program.ask("GET", f"/api/v1/patients?limit=3&cursor={first['next_cursor']}")
    assert [patient["id"] for patient in first["items"] + second["items"]] == ids[::-1]
    assert second["next_cursor"] is None


def test_nobody_reads_patients_without_a_sign_in(app: APIFlask) -> None:
    client = app.test_client()
    for path in ("/api/v1/patients", "/api/v1/patients/1", "/api/v1/patients/1/timeline", "/api/v1/calls"):
        assert client.get(path).status_code == 401
    assert client.post("/api/v1/patients", json=MOTHER).status_code == 401


@pytest.fixture
def three_calls(parts: Parts, program: Program) -> int:
    patient_id: int = program.ask("POST", "/api/v1/patients", MOTHER, status=201)["id"]
    with parts.database.writing() as session:
        for place, agent in enumerate(("alice", "carol", "alice")):
            at = NOW - timedelta(days=place)
            session.add(
                Call(
                    id=f"c{place}",
                    linkedid=f"l{place}",
                    direction="inbound" if place else "outbound",
                    state="wrapped_up",
                    outcome="answered",
                    number="+8613800138000",
                    number_signalled="013800138000",
                    dialled="4000",
                    queue="hotline",
                    agent=agent,
                    patient_id=patient_id if place < 2 else None,
                    started_at=at,
                    offered_at=at + timedelta(seconds=1),
                    answered_at=at + timedelta(seconds=5),
                    ended_at=at + timedelta(seconds=65),
                )
            )
    return patient_id


def ids(answer: Any) -> list[str]:
    return [item["id"] for item in answer["items"]]


def test_calls_are_filtered_by_time_patient_agent_direction_and_number(program: Program, three_calls: int) -> None:
    assert ids(program.ask("GET", "/api/v1/calls")) == ["c0", "c1", "c2"]
    assert ids(program.ask("GET", f"/api/v1/calls?patient_id={three_calls}")) == ["c0", "c1"]
    assert ids(program.ask("GET", "/api/v1/calls?agent=alice")) == ["c0", "c2"]
    assert ids(program.ask("GET", "/api/v1/calls?direction=outbound")) == ["c0"]
    assert ids(program.ask("GET", "/api/v1/calls?number=138-0013-8000&limit=2")) == ["c0", "c1"]
    assert ids(program.ask("GET", "/api/v1/calls?from=2026-11-20&to=2026-11-20")) == ["c1"]
    assert ids(program.ask("GET", "/api/v1/calls?from=2026-11-20T06:00:00Z&to=2026-11-21T06:00:00Z")) == ["c1"]
    assert ids(program.ask("GET", "/api/v1/calls?from=2026-11-20T14:00:00+08:00")) == ["c0", "c1"]
    assert ids(program.ask("GET", "/api/v1/calls?patient_id=99999999999999999999")) == []
    program.ask("GET", "/api/v1/calls?from=yesterday", status=422)


def test_one_call_is_told_in_full(program: Program, three_calls: int) -> None:
    call = program.ask("GET", "/api/v1/calls/c1")
    assert call["number_signalled"] == "013800138000"
    assert call["patient_id"] == three_calls
    assert (call["queue"], call["agent"], call["outcome"], call["duration_seconds"]) == (
        "hotline",
        "carol",
        "answered",
        60,
    )
    assert call["offered_at"] == "2026-11-20T06:00:01+00:00"
    assert call["recording_id"] is None
    program.ask("GET", "/api/v1/calls/nothing", status=404)


def test_nobody_can_change_a_call_through_the_api(program: Program, three_calls: int) -> None:
    for method in ("PUT", "PATCH", "POST", "DELETE"):
        program.ask(method, "/api/v1/calls/c1", {"number_signalled": "1"}, status=405)


def test_a_patients_timeline_is_told_page_by_page(program: Program, three_calls: int) -> None:
    first = program.ask("GET", f"/api/v1/patients/{three_calls}/timeline?limit=1")
    second = program.ask("GET", f"/api/v1/patients/{three_calls}/timeline?limit=1&cursor={first['next_cursor']}")
    assert ids(first) + ids(second) == ["c0", "c1"]
    assert second["next_cursor"] is None
    assert first["items"][0]["kind"] == "call"
