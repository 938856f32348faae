"""A supervisor in a colleague's call on a real Asterisk: who hears whom, by the tones in what each phone receives."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import select

from app.audit.models import AuditEvent
from app.calls.rules import CommandKind
from app.errors import Conflict
from app.settings import Settings
from tests.live.browser import Person, chromium
from tests.live.conftest import Switch
from tests.live.desks import Desks, all_calls, ended_calls, floor_on, order, state_of, wait_for_ended, wait_for_state
from tests.live.room import CAROL, PATIENT, Room, room_on
from tests.product import Product
from tests.sip_page import SIPPage
from tests.tone_phone import TonePhone
from tests.waiting import wait_for

pytestmark = pytest.mark.live


@pytest.fixture
def room(settings: Settings, start_asterisk: Callable[..., Switch]) -> Iterator[Room]:
    with room_on(settings, start_asterisk) as room:
        yield room


def test_a_supervisor_listens_whispers_barges_and_takes_over(room: Room) -> None:
    patient, alice, carol = room.patient, room.alice, room.carol
    room.supervise("listen")
    wait_for_state(room.floor, "carol", "listening")
    room.wait_until(carol, patient, alice)
    room.wait_until(alice, patient)
    room.wait_until(patient, alice)
    room.supervise("whisper")
    room.wait_until(alice, patient, carol)
    room.wait_until(carol, patient, alice)
    room.wait_until(patient, alice)
    wait_for(lambda: room.recorded(0.5)["patient"], what="a recording")
    assert room.recorded(60) == {"patient": {patient.hertz}, "agent": {alice.hertz}}
    room.supervise("barge")
    room.wait_until(patient, alice, carol)
    room.wait_until(alice, patient, carol)

    (call,) = all_calls(room.floor)
    order(room.floor, CommandKind.TAKE_OVER, "carol", call_id=call.id)
    wait_for_state(room.floor, "carol", "talking")
    wait_for_state(room.floor, "alice", "wrap_up")
    room.wait_until(carol, patient)
    room.wait_until(patient, carol)
    assert not alice.is_in_call
    wanted = {"patient": {patient.hertz}, "agent": {carol.hertz}}
    wait_for(lambda: room.recorded(0.5) == wanted, seconds=5, what="the recording to go on")
    patient.hang_up()
    (call,) = wait_for_ended(room.floor)
    wait_for_state(room.floor, "carol", "wrap_up")
    assert (call.agent, call.outcome, call.ended_by) == ("carol", "answered", "caller")
    (supervision,) = room.supervisions()
    assert (supervision.agent, supervision.supervisor, supervision.mode) == ("alice", "carol", "barge")
    assert supervision.began_at is not None and supervision.ended_at is not None
    with room.floor.parts.database.reading() as session:
        (event,) = session.scalars(select(AuditEvent).where(AuditEvent.action == "supervise"))
    assert (event.actor, event.subject) == ("carol", f"call:{call.id}")
    assert all(word in event.details for word in ("alice", "barge", "from", "until"))


def test_listening_ends_with_the_call_and_is_no_call_itself(room: Room) -> None:
    room.supervise("listen")
    room.wait_until(room.carol, room.patient, room.alice)
    with pytest.raises(Conflict, match="present call"):
        order(room.floor, CommandKind.DIAL, "carol", number="+8613800138000")
    room.patient.hang_up()
    wait_for_ended(room.floor)
    wait_for_state(room.floor, "carol", "not_ready")
    assert not room.carol.is_in_call
    # A new process reads Asterisk's own record of all channels.
    room.restart_telephony()
    assert len(ended_calls(room.floor)) == len(all_calls(room.floor)) == 1


def test_a_restart_of_telephony_leaves_the_listener_in_the_call_and_knows_the_end(room: Room) -> None:
    floor = room.floor
    room.supervise("whisper")
    room.wait_until(room.alice, room.patient, room.carol)
    room.restart_telephony()
    wait_for_state(floor, "carol", "listening")
    room.wait_until(room.alice, room.patient, room.carol)
    order(floor, CommandKind.STOP_SUPERVISING, "carol")
    wait_for_state(floor, "carol", "not_ready")
    room.wait_until(room.alice, room.patient)
    assert state_of(floor, "alice") == "talking"
    wait_for(lambda: [each.ended_at is not None for each in room.supervisions()] == [True], what="the end on record")
    assert len(all_calls(floor)) == 1


def test_listening_goes_on_after_a_reload_of_the_agents_page(
    settings: Settings, start_asterisk: Callable[..., Switch]
) -> None:
    word = "a page's word"
    switch = start_asterisk(plain=("carol",), browsers={"alice": word})
    with contextlib.ExitStack() as stack:
        floor = stack.enter_context(floor_on(settings, switch, "alice", "carol"))
        patient = stack.enter_context(TonePhone(PATIENT))
        carol = stack.enter_context(TonePhone(CAROL, port=switch.agent_ports["carol"]))
        page = stack.enter_context(SIPPage(switch.sip_ws_url, "alice", word))
        desks = stack.enter_context(Desks(floor, "alice"))
        patient.call(switch.sip_port, number="13800138000")
        wait_for_state(floor, "alice", "talking")
        desks.join("carol")
        (call,) = all_calls(floor)
        order(floor, CommandKind.SUPERVISE, "carol", call_id=call.id, mode="listen")
        wait_for(lambda: carol.hears(patient), what="the patient at the supervisor")
        page.vanish()
        wait_for(lambda: all_calls(floor)[0].rejoining_at, what="the patient's wait")
        wait_for(lambda: not carol.hears(patient), what="silence at the supervisor")
        stack.enter_context(SIPPage(switch.sip_ws_url, "alice", word))
        wait_for(lambda: carol.hears(patient), what="the patient at the supervisor again")
        assert state_of(floor, "carol") == "listening"
        patient.hang_up()
        wait_for_state(floor, "carol", "not_ready")


def change_queues_and_back(floor: Page, line: Locator) -> None:
    """From the agent's line, by keys alone, and undone below."""
    line.get_by_role("button", name="Queues").focus()
    floor.keyboard.press("Enter")
    dialog = floor.get_by_role("dialog")
    expect(dialog.get_by_role("combobox").first).to_be_focused()
    floor.keyboard.press("ArrowDown")
    dialog.get_by_label("Cantonese").check()
    dialog.get_by_role("button", name="Save").press("Enter")
    expect(line).to_contain_text("yue")
    floor.get_by_role("button", name="Undo").click()
    expect(line).not_to_contain_text("yue")


@pytest.fixture
def product(tmp_path: Path) -> Iterator[Product]:
    product = Product(tmp_path / "product")
    product.start()
    yield product
    product.stop()


def test_a_supervisor_works_from_the_floor_page(product: Product) -> None:
    with chromium() as browser, TonePhone(PATIENT) as patient:
        agent, supervisor = Person(browser, product, "agent1"), Person(browser, product, "supervisor")
        agent.sign_in()
        agent.open_desk()
        agent.press_ready()
        supervisor.sign_in()
        supervisor.open_desk()
        # Ready once, for the microphone; the call is to go to the agent.
        supervisor.press_ready()
        supervisor.page.get_by_role("button", name="Not ready").click()
        floor = supervisor.new_page()
        floor.goto(f"{product.url}/floor?lang=en")
        patient.call(product.sip_port, number="13800138000")
        agent.page.get_by_role("button", name="Answer").click()
        line = floor.get_by_role("row").filter(has_text="On a call")
        agent.page.get_by_role("button", name="Help", exact=True).click()
        expect(agent.page.get_by_text("Nobody has seen it yet.")).to_be_visible()
        asks = floor.get_by_label("Asks for help").get_by_role("listitem")
        expect(asks).to_contain_text("asks for help")
        wait_for(lambda: "✋" in floor.title(), what="a title that flashes")
        asks.get_by_role("button", name="Listen").click()
        expect(asks).to_contain_text("seen by")
        expect(agent.page.get_by_text("has seen that you ask for help.")).to_be_visible()
        expect(supervisor.page.get_by_text("You are in a colleague's call.")).to_be_visible()
        expect(agent.page.get_by_text("A supervisor is listening to this call.")).to_be_visible()
        heard = supervisor.packets_heard()
        wait_for(lambda: supervisor.packets_heard() > heard + 20, what="sound at the supervisor's desk")
        line.get_by_role("button", name="Whisper").click()
        expect(agent.page.get_by_text("A supervisor speaks to you.")).to_be_visible()

        line.get_by_role("button", name="Message").click()
        floor.get_by_label("Text").fill("Offer the 14:00 appointment.")
        floor.get_by_role("button", name="Send").click()
        notice = agent.page.get_by_label("From the supervisor")
        expect(notice.get_by_text("Offer the 14:00 appointment.")).to_be_visible()
        notice.get_by_role("button", name="Read").click()
        expect(notice.get_by_text("Offer the 14:00 appointment.")).to_have_count(0)

        change_queues_and_back(floor, line)

        floor.on("dialog", lambda dialog: dialog.accept())
        line.get_by_role("button", name="Take over").click()
        expect(supervisor.page.get_by_role("button", name="Hang up")).to_be_visible()
        expect(agent.page.get_by_text("Wrap-up").first).to_be_visible()
        expect(agent.page.get_by_label("From the supervisor")).to_have_count(0)
        floor.get_by_role("button", name="Sign out: ").first.click()
        expect(agent.page.get_by_role("dialog", name="Your sign-in has ended")).to_be_visible()
        assert agent.problems == supervisor.problems == []
