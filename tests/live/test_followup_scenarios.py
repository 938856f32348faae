"""Two stories of the requirements (section 22, no. 2 and 3) in real browsers with real calls and texts.

Days do not pass in a test: HIS corrects the date of the event instead, and what nobody has worked on moves with it.
"""

from __future__ import annotations

import re
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from sqlalchemy import select

from app.accounts import service as accounts
from app.accounts.rules import Role
from app.configuration.models import Setting
from app.followup_templates import service as templates
from app.followup_templates.models import FollowupTemplate
from app.followups.models import FollowupAttempt, FollowupTask
from app.followups.rules import TaskState
from app.messages.models import Message
from app.organisation.service import department_by_code
from app.parts import Parts
from app.patients.models import PatientPhone
from app.questionnaires.models import QuestionnaireAnswer
from app.settings import Settings
from app.visits import service as visits
from app.visits.service import CourseData, OperationData, VisitData
from tests.live.browser import Person, chromium
from tests.product import Product
from tests.waiting import wait_for

pytestmark = pytest.mark.live

_SURGEON = "surgeon"


def _zone_at_noon() -> str:
    """A zone in which it is about noon now: texts and calls keep to the hours of the day."""
    offset = 12 - datetime.now(UTC).hour
    return f"Etc/GMT{-offset:+d}" if offset else "Etc/UTC"


@dataclass(slots=True)
class Hospital:
    """The running product, with its database as HIS reaches it."""

    product: Product
    parts: Parts

    def tasks(self, patient_id: int) -> list[FollowupTask]:
        with self.parts.database.reading() as session:
            query = select(FollowupTask).where(FollowupTask.patient_id == patient_id)
            return list(session.scalars(query.order_by(FollowupTask.due_on, FollowupTask.id)))

    def wait_for_tasks(self, patient_id: int, states: list[str], what: str) -> list[FollowupTask]:
        wait_for(lambda: [task.state for task in self.tasks(patient_id)] == states, seconds=20, what=what)
        return self.tasks(patient_id)

    def wait_for_task(self, patient_id: int, fits: Callable[[FollowupTask], bool], what: str) -> FollowupTask:
        found = wait_for(lambda: [task for task in self.tasks(patient_id) if fits(task)], seconds=30, what=what)
        return found[0]

    def discharge(self, patient_id: int, days_ago: int) -> None:
        """HIS tells of a discharge, or corrects its day."""
        at = self.parts.now() - timedelta(days=days_ago)
        with self.parts.database.writing() as session:
            department = department_by_code(session, "cardiology")
            assert department is not None
            visit = VisitData(
                patient_id=patient_id,
                source_system="HIS",
                source_key="stay-1",
                kind="inpatient",
                started_at=at - timedelta(days=5),
                ended_at=at,
                status="done",
                department_id=department.id,
                doctor="Doctor",
            )
            visits.receive_visits(session, self.parts.bus, [visit], now=self.parts.now())

    def operation(self, patient_id: int, days_ago: int) -> None:
        """HIS tells of a LEEP operation, or corrects its day."""
        at = self.parts.now() - timedelta(days=days_ago)
        with self.parts.database.writing() as session:
            operation = OperationData(
                patient_id=patient_id, source_system="HIS", source_key="leep-1", name="宫颈LEEP刀手术", at=at
            )
            visits.receive_operations(session, self.parts.bus, [operation], now=self.parts.now())


@pytest.fixture(scope="module")
def hospital(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hospital]:
    folder, zone = tmp_path_factory.mktemp("product"), _zone_at_noon()
    product = Product(folder, WARDLINE_WRAP_UP_SECONDS="8", WARDLINE_TIMEZONE=zone)
    product.start()
    parts = Parts.open(
        Settings.from_env({"WARDLINE_DATA_DIR": str(folder), "WARDLINE_DEMO": "1", "WARDLINE_TIMEZONE": zone})
    )
    with parts.database.writing() as session:
        values = {"calls.calls_from": 0, "calls.calls_until": 24}
        session.add_all([Setting(key=key, value=value) for key, value in values.items()])
        accounts.create_user(
            session,
            username=_SURGEON,
            display_name="Surgeon",
            role=Role.DOCTOR,
            password=product.password,
            now=parts.now(),
            shortest_password=8,
        )
        for code in ("leep", "discharge_7_30_90", "satisfaction_after_course"):
            template_id = session.scalars(select(FollowupTemplate.id).where(FollowupTemplate.code == code)).one()
            templates.submit(session, template_id, by="supervisor", now=parts.now())
            templates.approve(
                session,
                parts.bus,
                template_id,
                by="doctor",
                is_clinician=True,
                now=parts.now(),
                since=parts.now().date() - timedelta(days=200),
            )
    yield Hospital(product, parts)
    parts.close()
    product.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


def person(browser: Browser, hospital: Hospital, username: str) -> Person:
    found = Person(browser, hospital.product, username)
    found.sign_in()
    return found


def two_patients(hospital: Hospital) -> tuple[int, int]:
    """Two people of the demo hospital with a mobile of their own that answers."""
    first = hospital.product.api("/patients?phone=13800138000")["items"][0]["id"]
    with hospital.parts.database.reading() as session:
        query = select(PatientPhone.patient_id).where(
            PatientPhone.is_valid,
            PatientPhone.do_not_call.is_(False),
            PatientPhone.do_not_text.is_(False),
            PatientPhone.contact_person_id.is_(None),
            PatientPhone.kind == "mobile",
            PatientPhone.patient_id != first,
        )
        return first, session.scalars(query.order_by(PatientPhone.id).limit(1)).one()


def call_from_the_list(agent: Person, name: str) -> Page:
    """One click on a due follow-up dials the patient through the agent's browser."""
    page = agent.page
    page.goto(f"{agent.product.url}/followups?lang=en")
    page.get_by_role("row").filter(has_text=name).get_by_role("button", name="Call").first.click()
    expect(page.get_by_role("button", name="Hang up")).to_be_visible(timeout=20_000)
    expect(page.get_by_role("region", name="Follow-up").first).to_be_visible()
    expect(page.get_by_text("On the line").first).to_be_visible(timeout=20_000)
    heard = agent.packets_heard()
    wait_for(lambda: agent.packets_heard() > heard + 50, seconds=20, what="the patient's voice")
    return page


def finish_call(page: Page) -> None:
    page.get_by_role("button", name="Hang up").click()
    page.get_by_role("tab", name="Call notes").click()
    page.get_by_label("Recheck").check()
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("button", name="Finish")).to_be_hidden()
    page.get_by_role("tab", name="Follow-up").click()


def recording_of(hospital: Hospital, task_id: int) -> Any:
    """The recording of the last call for that follow-up, once it is there."""

    def found() -> Any:
        with hospital.parts.database.reading() as session:
            attempts = session.scalars(select(FollowupAttempt).where(FollowupAttempt.task_id == task_id)).all()
        call_id = attempts[-1].call_id if attempts else None
        return hospital.product.api(f"/calls/{call_id}", user="supervisor")["recording_id"] if call_id else None

    return wait_for(found, seconds=30, what="the recording of the call")


def audio_of(hospital: Hospital, recording_id: str) -> bytes:
    request = urllib.request.Request(
        f"{hospital.product.url}/api/v1/recordings/{recording_id}/audio",
        headers={"Authorization": f"Bearer {hospital.product.token('supervisor')}"},
    )
    with urllib.request.urlopen(request) as answer:
        return bytes(answer.read())


def test_a_discharge_is_decided_by_the_doctor_followed_up_first_by_the_doctor_then_by_the_service_centre(
    hospital: Hospital, browser: Browser
) -> None:
    patient_id, _ = two_patients(hospital)
    hospital.discharge(patient_id, days_ago=0)
    doctor = person(browser, hospital, "doctor")
    page = doctor.page

    def waits() -> bool:
        page.goto(f"{hospital.product.url}/followup-plans/decisions?lang=en")
        return page.get_by_text("Plan a follow-up").count() > 0

    wait_for(waits, seconds=30, what="the decision")
    page.get_by_text("Plan a follow-up").first.click()
    page.get_by_label("Template").first.select_option(label="Discharge: 7–30–90 days, the doctor first")
    page.get_by_label("Condition").first.fill("支架植入术后")
    page.get_by_label("Focus of the follow-up").first.fill("伤口与胸痛")
    page.get_by_label("Cautions").first.fill("按时服药")
    page.get_by_role("button", name="Begin this plan").first.click()
    planned = hospital.wait_for_tasks(patient_id, ["planned"] * 3, "the plan's three follow-ups")
    assert [task.role for task in planned] == ["attending_doctor", "service_centre", "service_centre"]
    assert planned[0].assignee == "doctor"

    # Day 7: the doctor's page reminds; the wound is red, so a surgeon is asked.
    hospital.discharge(patient_id, days_ago=7)
    hospital.wait_for_tasks(patient_id, ["due", "planned", "planned"], "the doctor's first follow-up")
    page.goto(f"{hospital.product.url}/work?lang=en")
    page.get_by_role("link", name=re.compile("Follow-ups due today")).click()
    page.get_by_role("link", name="王秀兰").first.click()
    expect(page.get_by_text("伤口与胸痛")).to_be_visible()
    page.get_by_role("button", name="Take it").click()
    page.get_by_text("Ask a doctor").click()
    page.get_by_label("What the patient asks").fill("伤口发红,要紧吗?")
    page.get_by_label("Whom").select_option(label="Surgeon")
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.get_by_text("Waits for a doctor")).to_be_visible()
    page.get_by_label("Reached", exact=True).check()
    page.get_by_label("Condition now").fill("伤口发红")
    page.get_by_label("What is to be done").fill("外科会诊")
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_text("Closed")).to_be_visible()
    first = hospital.tasks(patient_id)[0]
    assert (first.state, first.done_by, first.opinion) == (TaskState.DONE, "doctor", "外科会诊")

    surgeon = person(browser, hospital, _SURGEON)
    surgeon.page.goto(f"{hospital.product.url}/followups/questions?lang=en")
    surgeon.page.get_by_label("Answer").fill("每日消毒,三天不退请来院")
    surgeon.page.get_by_role("button", name="Answer").click()
    expect(surgeon.page.get_by_text("No question waits for you.")).to_be_visible()

    # The service centre gives the answer back by a call.
    agent = person(browser, hospital, "agent1")
    agent.open_desk()
    desk = call_from_the_list(agent, "Give a doctor's answer back")
    panel = desk.get_by_role("region", name="Follow-up").first
    expect(panel.get_by_text("每日消毒,三天不退请来院").first).to_be_visible()
    finish_call(desk)
    panel.get_by_label("Reached", exact=True).check()
    panel.get_by_role("button", name="Save and close").click()
    expect(panel.get_by_text("Closed")).to_be_visible()
    panel.get_by_role("button", name="The patient has the answer").click()

    # Day 30: the service centre calls, and the call plays from the plan.
    hospital.discharge(patient_id, days_ago=30)
    due = hospital.wait_for_task(patient_id, lambda task: bool(task.step) and task.state == "due", "the second one")
    desk = call_from_the_list(agent, "王秀兰")
    panel = desk.get_by_role("region", name="Follow-up").first
    expect(panel.get_by_text("按时服药")).to_be_visible()
    finish_call(desk)
    panel.get_by_label("Reached", exact=True).check()
    panel.get_by_label("Treatment effect").select_option(label="Better")
    panel.get_by_role("button", name="Save and close").click()
    expect(panel.get_by_text("Closed")).to_be_visible()
    recording_id = recording_of(hospital, due.id)
    address = f"/recordings/{recording_id}"
    wait_for(
        lambda: hospital.product.api(address, user="supervisor")["state"] == "ready", seconds=30, what="the recording"
    )
    assert len(audio_of(hospital, recording_id)) > 10_000
    done = {task.id: task for task in hospital.tasks(patient_id)}[due.id]
    assert (done.state, done.effect, done.done_by, done.attempts) == (TaskState.DONE, "better", "agent1", 1)
    for who in (doctor, surgeon, agent):
        who.close()
        assert who.problems == []


def test_a_leep_operation_is_reminded_of_until_the_patient_comes_and_the_satisfaction_call_is_answered(
    hospital: Hospital, browser: Browser
) -> None:
    _, patient_id = two_patients(hospital)
    # Day 10's dressing is changed tomorrow: its reminder goes today, one day ahead.
    hospital.operation(patient_id, days_ago=9)

    def texts() -> list[str]:
        with hospital.parts.database.reading() as session:
            query = select(Message.text).where(Message.patient_id == patient_id, Message.origin == "followup")
            return list(session.scalars(query))

    wait_for(lambda: len(texts()) == 1, seconds=30, what="the reminder of day 10")
    tasks = hospital.tasks(patient_id)
    assert [(task.due_on - tasks[0].due_on).days for task in tasks] == [0, 7, 14, 18, 80]
    assert [task.state for task in tasks] == ["done", "planned", "planned", "planned", "planned"]

    # She comes before the recheck of day 90, which needs no reminder any more.
    hospital.operation(patient_id, days_ago=85)
    now = hospital.parts.now()
    with hospital.parts.database.writing() as session:
        visit = VisitData(
            patient_id=patient_id,
            source_system="HIS",
            source_key="recheck",
            kind="outpatient",
            started_at=now - timedelta(minutes=1),
            status="done",
        )
        visits.receive_visits(session, hospital.parts.bus, [visit], now=now)
    wait_for(lambda: hospital.tasks(patient_id)[-1].state == "cancelled", seconds=30, what="no reminder of day 90")
    assert len(texts()) == 1

    # The course ended three days ago: the satisfaction call.
    today = now.astimezone(hospital.parts.settings.timezone).date()
    with hospital.parts.database.writing() as session:
        course = CourseData(
            patient_id=patient_id,
            source_system="HIS",
            source_key="course-1",
            title="宫颈治疗",
            starts_on=today - timedelta(days=88),
            ended_on=today - timedelta(days=3),
        )
        visits.receive_courses(session, hospital.parts.bus, [course], now=now)
    call = hospital.wait_for_task(
        patient_id, lambda task: task.kind == "satisfaction" and task.state == "due", "the satisfaction call"
    )
    assert call.due_on == today
    name = hospital.product.api(f"/patients/{patient_id}", user="supervisor")["name"]
    agent = person(browser, hospital, "agent2")
    agent.open_desk()
    desk = call_from_the_list(agent, name)
    panel = desk.get_by_role("region", name="Follow-up").first
    choice = panel.locator("form [type=radio]:not([name=result])").first
    expect(choice).to_be_visible()
    choice.check()
    wait_for(lambda: _answers(hospital) > 0, what="the answer, saved as it is given")
    finish_call(desk)
    panel.get_by_label("Reached", exact=True).check()
    panel.get_by_label("Attitude on the phone").select_option(label="Impatient")
    panel.get_by_label("Suggestions and complaints").fill("候诊时间太长")
    panel.get_by_role("button", name="Save and close").click()
    expect(panel.get_by_text("Closed")).to_be_visible()
    done = {task.id: task for task in hospital.tasks(patient_id)}[call.id]
    assert (done.state, done.attitude, done.suggestion) == (TaskState.DONE, "impatient", "候诊时间太长")
    agent.close()
    assert agent.problems == []


def _answers(hospital: Hospital) -> int:
    since = datetime.now(UTC) - timedelta(minutes=2)
    with hospital.parts.database.reading() as session:
        return len(session.scalars(select(QuestionnaireAnswer.id).where(QuestionnaireAnswer.at > since)).all())
