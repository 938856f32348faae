"""A list is started in the browser, Asterisk calls a patient, and a 0 brings the patient to an agent's desk."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.configuration.models import Setting
from app.followups.models import FollowupTask
from app.parts import Parts
from app.patients.models import PatientPhone
from app.settings import Settings
from tests.live.browser import Person, chromium
from tests.ports import free_port
from tests.product import Product
from tests.sip import phone_pressing_at
from tests.waiting import wait_for

pytestmark = pytest.mark.live

TRUNK = free_port(socket.SOCK_DGRAM)


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "product", WARDLINE_TRUNK=f"127.0.0.1:{TRUNK}")
    product.start()
    yield product
    product.stop()


def patient_to_call(product: Product) -> int:
    """A patient of the demo hospital with a number, who may be called at any hour and at once."""
    parts = opened(product)
    with parts.database.writing() as session:
        values = {"calls.calls_from": 0, "calls.calls_until": 24, "calls.notice": "Hi."}
        session.add_all([Setting(key=key, value=value) for key, value in values.items()])
        query = select(PatientPhone.patient_id).where(PatientPhone.is_valid, PatientPhone.do_not_call.is_(False))
        found = session.scalars(query.where(PatientPhone.kind == "mobile").order_by(PatientPhone.id).limit(1)).one()
    parts.close()
    return found


def holder_of(product: Product) -> tuple[str | None, str]:
    parts = opened(product)
    with parts.database.reading() as session:
        task = session.scalars(select(FollowupTask).where(FollowupTask.kind == "list")).one()
    parts.close()
    return task.claimed_by, task.state


def opened(product: Product) -> Parts:
    return Parts.open(Settings.from_env({"WARDLINE_DATA_DIR": str(product.folder), "WARDLINE_DEMO": "1"}))


def test_a_patient_who_presses_0_appears_on_an_agents_desk_with_the_follow_up(product: Product, tmp_path: Path) -> None:
    word = tmp_path / "word.alaw"
    word.write_bytes(bytes([0x8A, 0x8A, 0x0A, 0x0A]) * 700 + b"\xd5" * 24_000)
    patient_id = patient_to_call(product)
    with chromium() as browser, phone_pressing_at(TRUNK, (3.5, "0"), speech=word):
        agent, supervisor = Person(browser, product, "agent1"), Person(browser, product, "supervisor")
        agent.sign_in()
        agent.open_desk()
        agent.press_ready()
        supervisor.sign_in()
        page = supervisor.page
        page.goto(f"{product.url}/outbound-lists/new?people={patient_id}&lang=en")
        page.get_by_label("Name of the list").fill("After the stay")
        page.get_by_label("How it is dialled").select_option("automatic")
        page.get_by_label("What to say").fill(
            "We would like to ask you how your stay was, and what we could do better."
        )
        page.get_by_label("First day").fill(datetime.now(ZoneInfo("Asia/Shanghai")).date().isoformat())
        page.get_by_label("Also at weekends").check()
        page.get_by_label("Calls from").fill("0")
        page.get_by_label("Calls until").fill("24")
        page.get_by_role("button", name="Count and preview").click()
        expect(page.get_by_text("Load by day and agent")).to_be_visible()
        page.get_by_role("button", name="Start the list").click()
        expect(page.get_by_text("Running")).to_be_visible(timeout=20_000)
        call = agent.page.get_by_role("region", name="Incoming call")
        expect(call).to_be_visible(timeout=40_000)
        agent.page.get_by_role("button", name="Answer").click()
        expect(agent.page.get_by_role("button", name="Hang up")).to_be_visible()
        expect(agent.page.get_by_text("After the stay").first).to_be_visible()
        wait_for(lambda: holder_of(product) == ("agent1", "in_progress"), what="the follow-up in the agent's hand")
        agent.page.get_by_role("button", name="Hang up").click()
        expect(page.get_by_text("In progress")).to_be_visible()
        for person in (agent, supervisor):
            person.close()
            assert person.problems == []
