"""Every page and every API operation against every role, and a stranger's record against every address (U-01, P-37)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from apiflask import APIFlask
from werkzeug.routing import Rule

from app.access.models import RoleGrant
from app.access.rules import Module
from app.accounts.rules import Role
from app.parts import Parts
from tests.hospital import MARK, add_stranger

_TABLE = Path(__file__).with_name("access_matrix.txt")
_PEOPLE = {
    Role.AGENT: "bob",
    Role.SUPERVISOR: "alice",
    Role.QA: "quinn",
    Role.DOCTOR: "dora",
    Role.ADMIN: "adam",
}
_REFUSED = "Your role does not permit this."


def _operations(app: APIFlask) -> Iterator[tuple[str, str, Rule]]:
    """Method, address and rule of everything that can be called."""
    for rule in app.url_map.iter_rules():
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            yield method, rule.rule, rule


def _classified() -> dict[tuple[str, str], frozenset[str]]:
    lines = (line.split() for line in _TABLE.read_text().splitlines() if line and not line.startswith("#"))
    return {(method, address): frozenset(roles) for method, address, *roles in lines}


def _address(rule: Rule, values: Callable[[str], object]) -> str:
    built = rule.build({name: values(name) for name in rule.arguments}, append_unknown=False)
    assert built is not None
    return str(built[1])


def test_every_operation_is_in_the_table_with_the_roles_that_may_call_it(app: APIFlask) -> None:
    """A new page fails here until somebody has decided who may open it, and has written it down."""
    views = app.view_functions
    found = {
        (method, address): frozenset(role.value for role in views[rule.endpoint].allowed_roles)  # type: ignore[attr-defined]
        for method, address, rule in _operations(app)
    }
    assert found == _classified()


def test_every_operation_refuses_every_other_role(app: APIFlask, bearer_of: Callable[[str], dict[str, str]]) -> None:
    client, headers = app.test_client(), {role: bearer_of(name) for role, name in _PEOPLE.items()}
    open_doors = []
    for method, address, rule in _operations(app):
        refused = [
            role for role in Role if _classified()[method, address] and role not in _classified()[method, address]
        ]
        path = _address(rule, lambda _name: 1)
        answers = {role: client.open(path, method=method, headers=headers[role]) for role in refused}
        open_doors += [(method, path, role) for role, answer in answers.items() if answer.status_code != 403]
    assert open_doors == []


def test_no_address_breaks_over_an_id_that_nobody_has(
    app: APIFlask, bearer_of: Callable[[str], dict[str, str]]
) -> None:
    client, headers = app.test_client(), bearer_of("adam")
    broken = [
        (path, value)
        for _method, _address_, rule in _gets(app)
        for value in (0, 999_999_999, 2**40)
        if (path := _address(rule, lambda _name, value=value: value))  # type: ignore[misc]
        if rule.arguments and client.get(path, headers=headers).status_code >= 500
    ]
    assert broken == []


def test_a_record_outside_the_scope_is_in_no_page_and_no_answer(
    app: APIFlask, parts: Parts, bearer_of: Callable[[str], dict[str, str]]
) -> None:
    """bob and his supervisor may see their own records; a stranger's is behind every address that takes an id."""
    with parts.database.writing() as session:
        ids = add_stranger(session, parts.now())
        for module in Module:
            session.add_all(
                [RoleGrant(role=role, module=module.value, reach="own") for role in ("agent", "supervisor")]
            )
    assert _shown_by(app, bearer_of("bob"), ids) == []
    assert _shown_by(app, bearer_of("alice"), ids) == []
    assert len(_shown_by(app, bearer_of("adam"), ids)) > 10  # The crawl does look where the record is.


def test_clinical_data_is_in_no_page_and_no_answer_for_whom_it_is_not(
    app: APIFlask, parts: Parts, bearer_of: Callable[[str], dict[str, str]]
) -> None:
    with parts.database.writing() as session:
        ids = add_stranger(session, parts.now(), mark_contact=False)
        session.add(RoleGrant(role="agent", module="clinical", can_view=False))
    assert _shown_by(app, bearer_of("bob"), ids) == []
    assert len(_shown_by(app, bearer_of("adam"), ids)) > 3


def _gets(app: APIFlask) -> list[tuple[str, str, Rule]]:
    return [each for each in _operations(app) if each[0] == "GET" and not each[1].startswith("/static")]


def _shown_by(app: APIFlask, headers: dict[str, str], ids: dict[str, object]) -> list[str]:
    """The addresses whose answer holds something of the stranger."""
    client = app.test_client()
    paths = {_address(rule, lambda name: ids.get(name, 1)) for _method, _address_, rule in _gets(app)}
    # In small letters, because a page repeats what was typed.
    paths |= {f"{path}?q={MARK.lower()}" for path in ("/patients", "/api/v1/patients")}
    return sorted(path for path in paths - {"/logout"} if MARK in client.get(path, headers=headers).text)
