"""One shared store: what one user saves, the next one sees, and nobody keeps a copy (G-04)."""

from __future__ import annotations

from collections.abc import Callable

from app import models
from app.db import Table
from tests.web.browser import Browser

# Names of people beside patients: of colleagues, of contact persons, of what is not a person.
_WHERE_NAMES_BELONG = {"patient", "contact_person"}
_IDENTITY = {"patient_name", "customer_name", "full_name", "id_card", "mobile", "telephone", "birth_date", "pinyin"}


def test_a_saved_change_is_in_every_view_of_the_next_user(
    browser_of: Callable[[str], Browser], bearer_of: Callable[[str], dict[str, str]]
) -> None:
    alice, bob = browser_of("alice").client, browser_of("bob").client
    as_alice = bearer_of("alice")
    made = alice.post("/api/v1/patients", json={"name": "王秀兰", "phones": ["13800138000"]}, headers=as_alice).json
    assert "王秀兰" in bob.get(f"/patients/{made['id']}").text
    changed = alice.patch(f"/api/v1/patients/{made['id']}", json={"name": "王秀梅"}, headers=as_alice)
    assert changed.status_code == 200
    for path in (f"/patients/{made['id']}", "/patients", "/patients?q=王秀梅"):
        page = bob.get(path).text
        assert "王秀梅" in page
        assert "王秀兰" not in page


def test_no_other_table_keeps_a_copy_of_who_a_patient_is() -> None:
    assert models.patients
    copies = {
        f"{table.name}.{column.name}"
        for table in Table.metadata.tables.values()
        for column in table.c
        if column.name in _IDENTITY and "patient_id" in table.c
    }
    assert copies == set()
    named = {
        table.name
        for table in Table.metadata.tables.values()
        if "patient_id" in table.c and "name" in table.c and table.name not in _WHERE_NAMES_BELONG
    }
    # Names of operations, examinations and parts of the hospital, and what a sender wrote as the name.
    assert named == {"exam", "interaction", "operation", "patient_tie"}
