"""What a user gets, step by step, in a real browser with real calls and texts."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.browser import Person, chromium
from tests.product import Product
from tests.waiting import wait_for

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("product"), WARDLINE_WRAP_UP_SECONDS="5")
    product.start()
    yield product
    product.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def shift(browser: Browser, product: Product) -> Iterator[Person]:
    """An agent from signing in to going home."""
    agent = Person(browser, product, "agent1")
    agent.sign_in()
    agent.open_desk()
    agent.press_ready()
    yield agent
    agent.close()
    assert agent.problems == []


@pytest.fixture
def agent(shift: Person, product: Product) -> Iterator[Person]:
    """The agent, ready for whatever comes next."""
    wait_for(lambda: state_of(product, "agent1") == "ready", seconds=30, what="the end of the last wrap-up")
    yield shift
    for page in shift.context.pages[1:]:
        page.close()


def state_of(product: Product, agent: str) -> str:
    return next(item["state"] for item in product.api("/agents")["items"] if item["id"] == agent)


def answer(page: Page) -> None:
    page.get_by_role("button", name="Answer").click()
    expect(page.get_by_role("button", name="Hang up")).to_be_visible()


def finish_wrap_up(page: Page) -> None:
    page.get_by_role("button", name="Finish").click()
    expect(page.get_by_role("button", name="Finish")).to_be_hidden()


def test_a_patient_calls_and_the_agent_sees_who_it_is_answers_and_notes_it(agent: Person, product: Product) -> None:
    page = agent.page
    with product.command("demo-call", "--from", "013800138000", "--say", "您好,我想预约复查") as caller:
        pop = page.get_by_role("region", name="Incoming call")
        expect(pop).to_be_visible()
        expect(pop).to_contain_text("王秀兰")
        answer(page)
        # Two seconds of it: the next test plays the recording, and the player counts whole seconds.
        wait_for(lambda: agent.packets_heard() > 100, what="the patient's voice")
        page.get_by_role("button", name="Mute").click()
        page.get_by_role("button", name="Hold").click()
        call = product.api("/calls")["items"][0]
        wait_for(lambda: "held" in kinds_of(product, call["id"]), what="the hold on record")
        page.get_by_role("button", name=re.compile("Hold|Resume")).click()
        page.get_by_role("button", name="Keypad").click()
        page.get_by_role("button", name="5", exact=True).click()
        page.keyboard.press("Escape")
        page.get_by_role("button", name="Hang up").click()
        assert caller.wait(10) == 0
    page.get_by_label("Recheck").check()
    page.get_by_role("textbox", name="Note").fill("下周三复查,空腹")
    finish_wrap_up(page)
    expect(page.get_by_role("button", name="Ready", exact=True)).to_have_attribute("aria-pressed", "true")
    assert product.api(f"/calls/{call['id']}")["number"] == "138****8000"  # an agent sees the middle on request only
    done = product.api(f"/calls/{call['id']}", user="supervisor")
    assert (done["outcome"], done["agent"], done["number"]) == ("answered", "agent1", "+8613800138000")
    assert (done["disposition"], done["note"]) == ("recheck", "下周三复查,空腹")
    assert done["patient_id"] is not None


def test_the_recording_plays_on_the_patients_page_and_can_be_sought(agent: Person, product: Product) -> None:
    call = product.api("/calls")["items"][0]
    wait_for(lambda: product.api(f"/calls/{call['id']}")["recording_id"], what="the recording")
    page = agent.new_page()

    def is_playable() -> bool:
        page.goto(f"{product.url}/patients/{call['patient_id']}?lang=en")
        return page.get_by_role("button", name="Play").count() > 0

    wait_for(is_playable, seconds=20, what="the player")
    page.get_by_role("button", name="Play").first.click()
    slider = page.get_by_role("slider", name="Seek").first
    wait_for(lambda: float(slider.get_attribute("aria-valuenow") or 0) > 0.3, what="sound that goes on")
    length = float(slider.get_attribute("aria-valuemax") or 0)
    slider.focus()
    slider.press("End")
    wait_for(lambda: float(slider.get_attribute("aria-valuenow") or 0) >= length - 1, what="the recording's end")
    slider.press("Home")
    wait_for(lambda: float(slider.get_attribute("aria-valuenow") or 0) < length, what="the recording's beginning")


def test_a_text_pops_on_the_desk_and_the_reply_is_delivered(agent: Person, product: Product) -> None:
    page = agent.page
    with product.command("demo-sms", "--from", "13800138000", "--text", "复查需要空腹吗") as sender:
        assert sender.wait(10) == 0
    page.get_by_text("复查需要空腹吗").first.click()
    page.get_by_label(re.compile("Reply", re.I)).fill("需要,请空腹八小时。")
    page.get_by_role("button", name=re.compile("^Send")).click()

    def state() -> str:
        sent = product.api("/messages?direction=out&number=13800138000")["items"]
        return sent[0]["state"] if sent else ""

    wait_for(lambda: state() == "delivered", what="the delivery receipt")
    assert product.api("/messages?direction=in&number=13800138000")["items"][0]["state"] == "answered"


def test_one_click_on_the_patients_page_dials_through_the_browser(agent: Person, product: Product) -> None:
    patient = product.api("/patients?phone=13800138000")["items"][0]
    record = agent.new_page()
    record.goto(f"{product.url}/patients/{patient['id']}?lang=en")
    record.get_by_role("button", name=re.compile("^Call ")).first.click()
    page = agent.page
    expect(page.get_by_role("button", name="Hang up")).to_be_visible()
    call = product.api("/calls")["items"][0]
    assert call["direction"] == "outbound"
    wait_for(lambda: product.api(f"/calls/{call['id']}")["answered_at"], what="the patient's answer")
    wait_for(agent.packets_heard, what="the patient's voice")
    wait_for(lambda: "answered" in kinds_of(product, call["id"]), what="the answer on record")
    page.get_by_role("button", name="Hang up").click()
    wait_for(lambda: product.api(f"/calls/{call['id']}")["recording_id"], what="the recording")
    timeline = product.api(f"/patients/{patient['id']}/timeline")["items"]
    assert any(item.get("call", item).get("id") == call["id"] for item in timeline), timeline[:2]


def test_a_reload_in_mid_call_joins_the_same_patient_again(agent: Person, product: Product) -> None:
    page = agent.page
    with product.command("demo-call", "--from", "13800138000", "--say", "您好") as caller:
        expect(page.get_by_role("region", name="Incoming call")).to_be_visible()
        answer(page)
        wait_for(agent.packets_heard, what="the patient's voice")
        page.reload(wait_until="commit")
        returned = time.monotonic()
        wait_for(agent.packets_heard, seconds=5, what="the patient's voice after the reload")
        silent_seconds = time.monotonic() - returned
        expect(page.get_by_role("button", name="Hang up")).to_be_visible()
        (call,) = [item for item in product.api("/calls")["items"] if item["ended_at"] is None]
        assert caller.poll() is None
        page.get_by_role("button", name="Hang up").click()
        assert caller.wait(10) == 0
    assert silent_seconds < 3, silent_seconds
    wait_for(lambda: product.api(f"/calls/{call['id']}")["ended_at"], what="the end of the call")
    assert {"rejoining", "rejoined"} <= kinds_of(product, call["id"])
    assert product.api(f"/calls/{call['id']}")["outcome"] == "answered"


def test_an_unknown_number_opens_a_form_with_the_number_filled_in(agent: Person, product: Product) -> None:
    page = agent.page
    with product.command("demo-call", "--from", "13512345678", "--say", "你好") as caller:
        expect(page.get_by_role("region", name="Incoming call")).to_be_visible()
        answer(page)
        assert "135 1234 5678" in page.locator("body").inner_text()
        page.get_by_label("Name", exact=True).fill("<script>alert(1)</script>")
        page.get_by_role("button", name=re.compile("Save|Create")).click()
        expect(page.get_by_text("<script>alert(1)</script>").first).to_be_visible()
        page.get_by_role("button", name="Hang up").click()
        assert caller.wait(10) == 0
    (found,) = product.api("/patients?phone=13512345678")["items"]
    assert found["name"] == "<script>alert(1)</script>"


def test_a_shared_number_shows_candidates_with_reasons_and_the_agent_picks(agent: Person, product: Product) -> None:
    page = agent.page
    with product.command("demo-call", "--from", "13900139000", "--say", "你好") as caller:
        expect(page.get_by_role("region", name="Incoming call")).to_be_visible()
        answer(page)
        expect(page.get_by_text(re.compile("share this number")).first).to_be_visible()
        page.keyboard.press("2")
        (call,) = [item for item in product.api("/calls")["items"] if item["ended_at"] is None]
        wait_for(lambda: product.api(f"/calls/{call['id']}")["patient_id"], what="the agent's choice")
        page.get_by_role("button", name="Hang up").click()
        assert caller.wait(10) == 0


def test_the_wallboard_counts_and_says_how_old_it_is(browser: Browser, product: Product) -> None:
    supervisor = Person(browser, product, "supervisor")
    supervisor.sign_in()
    supervisor.page.goto(f"{product.url}/wallboard?lang=en")
    expect(supervisor.page.get_by_text(re.compile(r"as of \d\d:\d\d:\d\d"))).to_be_visible()
    board = product.api("/queues")
    (queue,) = board["items"]
    assert queue["answered"] >= 4
    assert queue["waiting"] == 0
    expect(supervisor.page.locator("body")).to_contain_text(f"{queue['answered']}")
    supervisor.close()
    assert supervisor.problems == []


def kinds_of(product: Product, call_id: str) -> set[str]:
    """What the journal says happened to this call."""
    from sqlalchemy import select

    from app.db import Database
    from app.journal.models import JournalEntry

    database = Database(f"sqlite:///{Path(product.folder) / 'wardline.db'}")
    with database.reading() as session:
        kinds = session.scalars(select(JournalEntry.kind).where(JournalEntry.call_id == call_id)).all()
    database.close()
    return {kind.removeprefix("call.") for kind in kinds}
