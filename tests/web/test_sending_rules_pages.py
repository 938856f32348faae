"""The pages of sending rules: made, looked at, switched on, and what is planned taken back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.message_templates.models import MessageTemplate, TemplateVersion
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.sending_rules import tasks
from app.sending_rules.models import PlannedMessage, SendingRule
from app.visits.models import Course
from tests.web.browser import Browser


@pytest.fixture
def template_id(parts: Parts) -> int:
    """An approved text, and somebody whose course ends in four days."""
    now = parts.now()
    with parts.database.writing() as session:
        person = Patient(
            name="王秀兰<b>",
            created_at=now,
            updated_at=now,
            phones=[PatientPhone(number="+8613800138000", kind="mobile", as_entered="")],
        )
        session.add(person)
        session.flush()
        ends = now.date() + timedelta(days=4)
        session.add(Course(patient_id=person.id, title="x", starts_on=now.date(), planned_end_on=ends, created_at=now))
        version = TemplateVersion(number=1, state="approved", texts={"zh_Hans": "{name}，明天复查。"}, changed_at=now)
        made = MessageTemplate(
            code="t", kind="recheck", name="复查", message_kind="care", created_at=now, versions=[version]
        )
        session.add(made)
        session.flush()
        return made.id


def post(browser: Browser, path: str, **form: object):  # type: ignore[no-untyped-def]
    return browser.client.post(path, data={"csrf_token": browser.token("/account"), **form})


def test_rule_is_made_looked_at_and_switched_on_and_its_message_taken_back(
    browser_of: Callable[[str], Browser], parts: Parts, template_id: int
) -> None:
    alice = browser_of("alice")
    made = post(
        alice,
        "/sending-rules/new",
        name="复查提醒",
        anchor="course_end",
        days="1",
        direction="before",
        at="10:00",
        late_days="0",
        template=str(template_id),
    )
    page = made.location
    assert made.status_code == 303
    refused = post(alice, f"{page}/activate")
    assert "Look first at what this rule would send" in alice.client.get(refused.location + "?lang=en").text
    seen = post(alice, f"{page}/simulation")
    shown = alice.client.get(seen.location + "?lang=en").text
    assert "王秀兰&lt;b&gt;，明天复查。" in shown and "Switch on" in shown
    assert post(alice, f"{page}/activate").status_code == 303
    tasks.plan_all(parts)
    planned = alice.client.get("/sending-rules/planned?state=planned&lang=en").text
    assert "王秀兰&lt;b&gt;" in planned
    with parts.database.reading() as session:
        row_id = session.scalars(select(PlannedMessage.id)).one()
    assert post(alice, f"/sending-rules/planned/{row_id}/cancel").status_code == 303
    assert "Somebody took it back" in alice.client.get("/sending-rules/planned?state=cancelled&lang=en").text
    assert "Switched on" in alice.client.get("/sending-rules?lang=en").text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("days", "-1"),
        ("days", "99999"),
        ("at", "25:00"),
        ("anchor", "nothing"),
        ("name", "  "),
        ("late_days", "x"),
        ("template", "999"),
    ],
)
def test_wrong_entries_are_told_and_nothing_is_saved(
    browser_of: Callable[[str], Browser], parts: Parts, template_id: int, field: str, value: str
) -> None:
    entries = {"name": "x", "anchor": "visit", "days": "1", "at": "10:00", "late_days": "0", "template": ""}
    answer = post(browser_of("alice"), "/sending-rules/new", **(entries | {field: value}))
    with parts.database.reading() as session:
        assert session.scalars(select(SendingRule)).all() == []
    assert answer.status_code in (404, 422)


def test_two_who_change_one_rule_do_not_overwrite_each_other(
    browser_of: Callable[[str], Browser], template_id: int
) -> None:
    alice = browser_of("alice")
    entries = {"name": "x", "anchor": "visit", "days": "1", "direction": "after", "at": "10:00", "late_days": "0"}
    page = post(alice, "/sending-rules/new", **entries).location
    first = post(alice, page, **entries | {"days": "2", "row_version": "1"})
    second = post(browser_of("adam"), page, **entries | {"days": "3", "row_version": "1"})
    assert (first.status_code, second.status_code) == (303, 422)
