"""The pages of follow-up templates and plans: written, approved, tried, decided, started, stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.access.models import RoleGrant
from app.followup_plans import tasks
from app.followup_plans.models import FollowupPlan, FollowupStart
from app.followup_templates import service as templates
from app.followup_templates.models import FollowupTemplate
from app.followups.models import FollowupTask
from app.journal.service import Entry, append
from app.organisation.models import Department
from app.parts import Parts
from app.patients.models import Patient, PatientPhone
from app.segments import service as segments
from app.segments.rules import Group, Joint, SegmentRule
from app.visits.models import Operation, Visit
from tests.web.browser import Browser

HOSTILE = "王秀兰<b>"


def post(browser: Browser, path: str, **form: object):  # type: ignore[no-untyped-def]
    return browser.client.post(path, data={"csrf_token": browser.token("/account"), **form})


def page(browser: Browser, path: str) -> str:
    answer = browser.client.get(path + ("&" if "?" in path else "?") + "lang=en", follow_redirects=True)
    assert answer.status_code == 200
    return answer.text


@pytest.fixture
def patient_id(parts: Parts) -> int:
    now = parts.now()
    with parts.database.writing() as session:
        person = Patient(
            name=HOSTILE,
            created_at=now,
            updated_at=now,
            phones=[PatientPhone(number="+8613800138000", kind="mobile", as_entered="")],
        )
        session.add(person)
        session.flush()
        templates.install_shipped(session, now)
    tasks.start(parts)
    return person.id


def template_id(parts: Parts, code: str) -> int:
    with parts.database.reading() as session:
        return session.scalars(select(FollowupTemplate.id).where(FollowupTemplate.code == code)).one()


def approve(browser_of: Callable[[str], Browser], parts: Parts, code: str) -> int:
    found = template_id(parts, code)
    with parts.database.writing() as session:
        # The questionnaires of the product belong to another room.
        version = templates.get_template(session, found).versions[0]
        version.steps = [{**step, "questionnaire": None} for step in version.steps]
    post(browser_of("alice"), f"/followup-templates/{found}/submit")
    post(browser_of("dora"), f"/followup-templates/{found}/approve", since="")
    return found


def step_form(place: int, **changes: str) -> dict[str, str]:
    row = {
        "key": f"s{place}",
        "days": "7",
        "mode": "phone",
        "kind": "routine",
        "role": "service_centre",
        "at": "09:00",
        "lead_days": "0",
        "window_days": "3",
        "questionnaire": "",
        "title-zh_Hans": "回访",
        **changes,
    }
    return {f"step-{place}-{name}": value for name, value in row.items()}


def template_form(**changes: str) -> dict[str, str]:
    head = {
        "name": "我院术后<i>",
        "specialty": "surgery",
        "anchor": "operation",
        "starts": "automatic",
        "late": "skip",
        "word": "阑尾",
        "steps": "1",
        "stops": "1",
        "stop-0-on": "visit",
        "stop-0-kind": "recheck",
        "stop-0-within": "7",
    }
    return {**head, **step_form(0), **changes}


def test_shipped_template_is_found_shown_and_approved_by_a_doctor_only(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    alice, dora = browser_of("alice"), browser_of("dora")
    leep = template_id(parts, "leep")
    listed = page(alice, "/followup-templates?specialty=gynaecology&q=leep")
    assert "After LEEP" in listed and "Ready template" in listed and "Draft" in listed
    shown = page(alice, f"/followup-templates/{leep}")
    assert "reminder 1 day earlier" in shown and "The patient comes to a visit" in shown
    post(alice, f"/followup-templates/{leep}/submit")
    refused = post(alice, f"/followup-templates/{leep}/approve")
    assert "approved by a doctor" in page(alice, refused.location)
    assert "Approve as a clinician" in page(dora, f"/followup-templates/{leep}")
    post(dora, f"/followup-templates/{leep}/approve", since="2026-01-01")
    assert "In use" in page(dora, f"/followup-templates/{leep}")
    assert post(browser_of("bob"), f"/followup-templates/{leep}/retire").status_code == 403
    post(alice, f"/followup-templates/{leep}/retire")
    post(alice, f"/followup-templates/{leep}/versions/1/restore")
    assert "Version 2" in page(alice, f"/followup-templates/{leep}")


def test_own_template_is_written_with_its_steps_added_moved_and_removed(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    alice = browser_of("alice")
    rows = post(alice, "/followup-templates/steps?lang=en", **template_form(act="add")).text
    assert 'name="steps" value="2"' in rows and 'name="step-1-days" type="number" value="14"' in rows
    moved = post(
        alice,
        "/followup-templates/steps",
        **{**template_form(steps="2", act="up:1"), **step_form(1, key="x", days="1")},
    ).text
    assert re.search(r'name="step-0-key" type="text" value="x"', moved)
    fewer = post(
        alice, "/followup-templates/steps", **{**template_form(steps="2", act="remove:0"), **step_form(1)}
    ).text
    assert 'name="steps" value="1"' in fewer and 'value="s1"' in fewer
    made = post(alice, "/followup-templates/new", **template_form())
    assert made.status_code == 303
    shown = page(alice, made.location)
    assert "我院术后&lt;i&gt;" in shown and "named with “阑尾”" in shown
    edited = page(alice, f"{made.location}/edit")
    version = re.search(r'name="row_version" value="(\d+)"', edited)
    assert version is not None
    saved = post(alice, f"{made.location}/edit", row_version=version[1], **template_form(name="改名", goals="恢复"))
    assert saved.status_code == 303 and "改名" in page(alice, saved.location)
    stale = post(alice, f"{made.location}/edit", row_version="99", **template_form())
    assert stale.status_code == 422 and "Somebody changed this meanwhile" in _english(alice, stale)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"name": " "}, "name"),
        ({"anchor": "moon"}, "anchor"),
        ({"steps": "0"}, "steps"),
        ({"step-0-days": "x"}, "step-0-days"),
        ({"step-0-days": "99999"}, "step-0-days"),
        ({"step-0-key": "A b"}, "step-0-key"),
        ({"step-0-at": "25:00"}, "step-0-at"),
        ({"step-0-title-zh_Hans": ""}, "step-0-title-zh_Hans"),
        ({"repeat_months": "999"}, "repeat_months"),
        ({"step-0-mode": "nothing"}, "step-0-at"),
    ],
)
def test_fault_is_told_at_its_field_and_what_was_typed_stays(
    browser_of: Callable[[str], Browser], changes: dict[str, str], said: str
) -> None:
    answer = post(browser_of("alice"), "/followup-templates/new", **{**template_form(word="特别的词"), **changes})
    assert answer.status_code == 422
    assert f'href="#field-{said}"' in answer.text and "特别的词" in answer.text


def test_laboratory_shows_the_year_that_was_and_writes_nothing(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    leep = template_id(parts, "leep")
    assert "Nothing would have started" in page(browser_of("dora"), f"/followup-templates/{leep}/laboratory")
    with parts.database.writing() as session:
        for days in (20, 20, 200):
            session.add(
                Operation(
                    patient_id=patient_id,
                    name="LEEP刀手术",
                    at=parts.now() - timedelta(days=days),
                    source_system="HIS",
                    source_key=f"{days}-{len(session.new)}",
                )
            )
    shown = page(browser_of("dora"), f"/followup-templates/{leep}/laboratory?agents=2")
    assert "Patients with two follow-ups on one day" in shown and "report-chart" in shown
    figures = dict(
        re.findall(r'<dt class="col-8">([^<]+)</dt><dd class="col-4 text-end report-value">([^<]+)</dd>', shown)
    )
    assert (figures["Plans"], figures["People"], figures["Messages"]) == ("3", "1", "15")
    assert figures["Patients with two follow-ups on one day"] == "5"
    with parts.database.reading() as session:
        assert session.scalars(select(FollowupPlan)).all() == []


def test_discharge_is_decided_by_its_doctor_on_the_page(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    chosen = approve(browser_of, parts, "discharge_7_30_90")
    _discharge(parts, patient_id, "dora")
    _discharge(parts, patient_id, "dora", key="d2")
    dora = browser_of("dora")
    assert "Discharges to decide on" in page(dora, "/work")
    shown = page(dora, "/followup-plans/decisions")
    assert HOSTILE.replace("<b>", "&lt;b&gt;") in shown and "Discharge: 7–30–90 days, the doctor first" in shown
    with parts.database.reading() as session:
        first, second = session.scalars(select(FollowupPlan.id).order_by(FollowupPlan.id)).all()
    without = post(dora, f"/followup-plans/{first}/decide", decision="plan", template=chosen)
    assert "Write condition, focus and cautions" in page(dora, without.location)
    notes = {"condition": "好", "focus": "伤口<script>", "cautions": "休息"}
    post(dora, f"/followup-plans/{first}/decide", decision="plan", template=chosen, **notes)
    post(dora, f"/followup-plans/{second}/decide", decision="none", reason="外地", back="decisions")
    shown = page(dora, f"/followup-plans/{first}")
    assert "伤口&lt;script&gt;" in shown and "First follow-up by the doctor" not in shown and "首次医生随访" in shown
    assert "外地" in page(dora, f"/followup-plans/{second}")
    assert "No discharge waits for you" in page(dora, "/followup-plans/decisions")
    listed = page(browser_of("bob"), "/followup-plans?state=active")
    assert "0 / 3" in listed
    assert browser_of("bob").client.get("/followup-plans/decisions").status_code == 403
    stopped = post(dora, f"/followup-plans/{first}/stop", reason="转院")
    assert "转院" in page(dora, stopped.location)
    post(dora, f"/followup-plans/{first}/restart")
    assert "Active" in page(dora, f"/followup-plans/{first}")


def test_late_decision_and_late_first_follow_up_stand_in_the_escalated_list(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    _discharge(parts, patient_id, "dora")
    with parts.database.writing() as session:
        plan = session.scalars(select(FollowupPlan)).one()
        plan.decide_by = parts.now() - timedelta(minutes=1)
        now = parts.now()
        session.add(
            FollowupTask(
                patient_id=patient_id,
                kind="first",
                mode="phone",
                title="首访",
                role="attending_doctor",
                assignee="dora",
                state="due",
                due_on=now.date(),
                due_at=now,
                late_at=now - timedelta(minutes=1),
                work_at=now,
                created_at=now,
                changed_at=now,
            )
        )
    tasks.escalate(parts)
    shown = page(browser_of("alice"), "/followup-plans/escalated")
    assert "首访" in shown and shown.count(HOSTILE.replace("<b>", "&lt;b&gt;")) == 2
    assert "Follow-ups that came too late" in page(browser_of("alice"), "/work")


def test_template_is_begun_on_the_patient_page_once(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    bob = browser_of("bob")
    assert "No template is in use yet" in page(bob, f"/patients/{patient_id}")
    chosen = approve(browser_of, parts, "regular_contact")
    assert "Regular contact" in page(bob, f"/patients/{patient_id}")
    today = parts.now().date().isoformat()
    post(bob, f"/followup-plans/patients/{patient_id}", template=chosen, on=today)
    post(bob, f"/followup-plans/patients/{patient_id}", template=chosen, on=today)
    with parts.database.reading() as session:
        [plan] = session.scalars(select(FollowupPlan)).all()
    assert (plan.created_by, plan.state) == ("bob", "active")
    assert "0 of 1 steps" in page(bob, f"/patients/{patient_id}")
    assert post(bob, f"/followup-plans/patients/{patient_id}", template=chosen, on="x").status_code == 303
    assert post(bob, "/followup-plans/patients/999999", template=chosen, on=today).status_code == 303


def test_template_is_looked_at_then_begun_for_a_segment(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    chosen = approve(browser_of, parts, "regular_contact")
    with parts.database.writing() as session:
        rule = SegmentRule(root=Group(joint=Joint.ALL, parts=()))
        data = segments.SegmentData(name="全部", description="", rule=rule, is_shared=True)
        segment = segments.create_segment(session, data, by="alice", now=parts.now()).id
    alice, today = browser_of("alice"), parts.now().date().isoformat()
    seen = page(alice, f"/followup-templates/{chosen}/start?segment={segment}&on={today}")
    assert "Begin 1 plan" in seen
    begun = post(alice, f"/followup-templates/{chosen}/start", segment=segment, on=today)
    assert "The plans are being made" in page(alice, begun.location)
    tasks.work_on_starts(parts)
    assert "All plans are made" in page(alice, begun.location)
    with parts.database.reading() as session:
        assert session.scalars(select(FollowupStart.started)).one() == 1
    late = post(alice, f"{begun.location}/stop")
    assert "This has ended already" in page(alice, late.location)


def test_who_has_no_plan_is_listed_with_the_share_that_has_one(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    _discharge(parts, patient_id, "dora")
    with parts.database.writing() as session:
        session.get_one(Patient, patient_id).is_key_patient = True
    bob = browser_of("bob")
    shown = page(bob, "/followup-plans/without?group=discharge&days=30")
    assert HOSTILE.replace("<b>", "&lt;b&gt;") in shown and "0%" in shown
    chosen = approve(browser_of, parts, "regular_contact")
    post(bob, f"/followup-plans/patients/{patient_id}", template=chosen, on=parts.now().date().isoformat())
    shown = page(bob, "/followup-plans/without?group=key")
    assert "100%" in shown and "Everybody of this group has a plan" in shown


def test_customers_of_the_centre_get_an_owner(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    with parts.database.writing() as session:
        session.add(
            Operation(
                patient_id=patient_id, name="x", at=parts.now() + timedelta(days=3), source_system="HIS", source_key="o"
            )
        )
    alice = browser_of("alice")
    assert HOSTILE.replace("<b>", "&lt;b&gt;") in page(alice, "/followup-plans/customers?list=booked&owner=nobody")
    post(alice, "/followup-plans/customers/owner", ids=patient_id, to="bob", list="booked")
    assert HOSTILE.replace("<b>", "&lt;b&gt;") in page(
        browser_of("bob"), "/followup-plans/customers?list=booked&owner=me"
    )
    assert "There is no such colleague" in page(
        alice, post(alice, "/followup-plans/customers/owner", ids=patient_id, to="nobody-here").location
    )
    assert browser_of("bob").client.post("/followup-plans/customers/owner").status_code in (400, 403)
    for name in ("chronic", "contract"):
        assert "Nobody is on this list" in page(alice, f"/followup-plans/customers?list={name}")


def test_plan_outside_the_scope_is_on_no_page(
    browser_of: Callable[[str], Browser], parts: Parts, patient_id: int
) -> None:
    _discharge(parts, patient_id, "carol")
    with parts.database.writing() as session:
        session.add_all(
            RoleGrant(role="agent", module=module, reach="own") for module in ("contact", "followups", "clinical")
        )
    bob = browser_of("bob")
    with parts.database.reading() as session:
        plan_id = session.scalars(select(FollowupPlan.id)).one()
    for path in ("/followup-plans", "/followup-plans/without", "/followup-plans/customers?list=booked"):
        assert "王秀兰" not in page(bob, path)
    assert bob.client.get(f"/followup-plans/{plan_id}").status_code == 404
    assert post(bob, f"/followup-plans/{plan_id}/stop", reason="x").status_code == 404


def _discharge(parts: Parts, patient_id: int, doctor: str, key: str = "d") -> None:
    now = parts.now()
    with parts.database.writing() as session:
        department = session.scalar(select(Department)) or Department(code="s", name="外科", created_at=now)
        session.add(department)
        session.flush()
        session.add(
            Visit(
                patient_id=patient_id,
                kind="inpatient",
                started_at=now - timedelta(days=3),
                ended_at=now,
                doctor=doctor,
                department_id=department.id,
                source_system="HIS",
                source_key=key,
            )
        )
        append(session, parts.bus, [Entry(kind="visit.received", at=now, payload={"patient_id": patient_id})])
    tasks.start(parts)


def _english(browser: Browser, answer) -> str:  # type: ignore[no-untyped-def]
    return str(answer.text)
