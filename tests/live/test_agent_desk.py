"""An agent's own desk in a real browser on a real Asterisk: what comes next, keys, sound, windows, a relay."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.live.browser import Person, chromium
from tests.live.test_pages_accessible import AXE, violations
from tests.product import Product
from tests.sip import patients_calling
from tests.turn import TurnServer, turn_server
from tests.waiting import wait_for

pytestmark = pytest.mark.live

# Every connection of the page goes through the relay, or not at all.
_RELAY_ONLY = """
const Kept = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Kept {
  constructor(given) { super({ ...given, iceTransportPolicy: "relay" }); }
};
"""
# What the agent pulls out: the browser itself has no hand for it.
_UNPLUG = """(label) => {
  const all = navigator.mediaDevices.enumerateDevices.bind(navigator.mediaDevices);
  navigator.mediaDevices.enumerateDevices = async () => (await all()).filter((device) => !device.label.includes(label));
  navigator.mediaDevices.dispatchEvent(new Event("devicechange"));
}"""
_SPOKEN_INTO = (
    """() => window.testConnections.flatMap((each) => each.getSenders()).map((each) => each.track?.label ?? "")"""
)
_SPEAKS = """() => window.testConnections.flatMap((each) => each.getSenders()).some((each) => each.track?.enabled)"""
_LOCAL = """async () => {
  for (const connection of window.testConnections) {
    const reports = new Map([...(await connection.getStats()).values()].map((each) => [each.id, each]));
    for (const each of reports.values()) {
      const pair = each.type === "transport" ? reports.get(each.selectedCandidatePairId) : undefined;
      if (pair) return reports.get(pair.localCandidateId).candidateType;
    }
  }
  return "";
}"""


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TurnServer]:
    with turn_server(tmp_path_factory.mktemp("turn")) as server:
        yield server


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory, relay: TurnServer) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("desk") / "product", WARDLINE_ICE_SERVERS=relay.url)
    product.start()
    yield product
    product.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def agent(browser: Browser, product: Product) -> Iterator[Person]:
    person = Person(browser, product, "agent1")
    person.sign_in()
    person.open_desk()
    yield person
    person.close()
    assert person.problems == []


def button(page: Page, name: str | re.Pattern[str]):  # type: ignore[no-untyped-def]
    return page.get_by_role("button", name=name, exact=isinstance(name, str))


@contextlib.contextmanager
def speaking(product: Product) -> Iterator[None]:
    """A patient who is heard for long enough."""
    words = "您好,我想预约复查,请问明天上午有没有号。" * 6
    with product.command("demo-call", "--from", "13800138000", "--say", words) as caller:
        try:
            yield
        finally:
            caller.terminate()


def sign_out(person: Person) -> None:
    """As another tab of the same browser would."""
    asking, url = person.context.request, person.product.url
    found = re.search(r'name="csrf-token" content="([^"]+)"', asking.get(f"{url}/account").text())
    assert found is not None
    assert asking.post(f"{url}/logout", form={"csrf_token": found[1]}).ok


def is_offered(page: Page) -> None:
    expect(page.get_by_role("region", name="Incoming call")).to_be_visible(timeout=15_000)


def finish(page: Page) -> None:
    expect(button(page, "Finish")).to_be_enabled()
    page.keyboard.press("Alt+2")
    expect(page.get_by_role("radio", name="Appointment")).to_be_checked()
    button(page, "Finish").click()


def test_what_comes_next_is_chosen_in_a_call_and_survives_a_reload(agent: Person, product: Product) -> None:
    page = agent.page
    page.emulate_media(reduced_motion="reduce")  # a colour on its way to another is neither
    agent.context.add_init_script(path=AXE)  # past the pages' own policy, which keeps it out
    agent.press_ready()
    with patients_calling(product.sip_port, talk_seconds=60):
        is_offered(page)
        button(page, "Answer").click()
        expect(page.get_by_text("Then: Ready")).to_be_visible()
        button(page, "Not ready").click()
        button(page, "Meal").click()
        expect(page.get_by_text("Then: Meal")).to_be_visible()
        page.reload()
        expect(page.get_by_text("Then: Meal")).to_be_visible()
        assert violations(page) == []
        button(page, "Take back what comes after the call").click()
        expect(page.get_by_text("Then: Ready")).to_be_visible()
        button(page, "Not ready").click()
        button(page, "Training").click()
        expect(page.get_by_text("Then: Training")).to_be_visible()
        button(page, "Hang up").click()
        expect(button(page, "Finish")).to_be_enabled()
        assert violations(page) == []
        finish(page)
    for name in ("Sound", re.compile("^Keys")):
        button(page, name).click()
        expect(page.get_by_role("dialog")).to_be_visible()
        assert violations(page) == []
        page.keyboard.press("Escape")
    me = page.get_by_role("region", name="My state")
    expect(me).to_contain_text("Not ready")
    expect(me).to_contain_text("Training")


def test_keys_are_changed_for_the_agent_and_work_while_one_types(
    agent: Person, product: Product, browser: Browser
) -> None:
    page = agent.page
    page.keyboard.press("?")
    button(page, "Change the key: Mute").click()
    page.keyboard.press("Control+Shift+H")
    expect(page.get_by_text("That key is taken: Hold.")).to_be_visible()
    page.keyboard.press("Control+Shift+T")
    expect(page.get_by_text("The browser keeps this key for itself")).to_be_visible()
    page.keyboard.press("Control+Shift+U")
    button(page, "Save").click()
    other = Person(browser, product, "agent1")  # another computer
    other.sign_in()
    other.open_desk()
    page.close()
    page = other.page
    other.press_ready()
    with patients_calling(product.sip_port, talk_seconds=60):
        is_offered(page)
        page.keyboard.press("Control+Shift+A")
        mute = button(page, "Mute")
        expect(mute).to_be_enabled()
        page.get_by_label("Note", exact=True).click()
        page.keyboard.type("she asks ")
        page.keyboard.press("Control+Shift+U")
        expect(mute).to_have_attribute("aria-pressed", "true")
        assert page.evaluate(_SPEAKS) is False
        page.keyboard.press("Control+Shift+M")  # its usual key, which is none any more
        page.keyboard.type("for a recheck")
        expect(page.get_by_label("Note", exact=True)).to_have_value("she asks for a recheck")
        expect(mute).to_have_attribute("aria-pressed", "true")
        page.keyboard.press("Control+Shift+S")
        expect(page.get_by_text("Then: Other")).to_be_visible()
        page.keyboard.press("Control+Shift+X")
        finish(page)
    page.keyboard.press("?")
    button(page, "All as usual").click()
    button(page, "Save").click()
    expect(page.locator("dialog")).to_have_count(0)
    other.close()
    assert other.problems == []


def test_a_chosen_microphone_is_used_and_when_it_is_unplugged_in_a_call_the_call_goes_on_with_another(
    agent: Person, product: Product
) -> None:
    page = agent.page
    button(page, "Sound").click()
    page.get_by_label("Microphone", exact=True).select_option(label="Fake Audio Input 1")
    page.get_by_label("Where it rings").select_option(label="Fake Audio Output 2")
    page.get_by_label("Ring tone").select_option("bell")
    expect(page.get_by_role("meter")).not_to_have_attribute("aria-valuenow", "0")
    button(page, "Test ring").click()
    button(page, "Done").click()
    page.reload()
    agent.press_ready()
    with speaking(product):
        is_offered(page)
        button(page, "Answer").click()
        expect(button(page, "Hang up")).to_be_enabled()
        wait_for(lambda: "Fake Audio Input 1" in page.evaluate(_SPOKEN_INTO), what="the chosen microphone")
        page.evaluate(_UNPLUG, "Input 1")
        expect(page.get_by_text("Your microphone was unplugged")).to_be_visible()
        wait_for(lambda: "Fake Audio Input 1" not in page.evaluate(_SPOKEN_INTO), what="another microphone")
        assert page.evaluate(_SPEAKS) is True
        expect(page.get_by_text("Line good")).to_be_visible(timeout=10_000)
        button(page, "Hang up").click()
        finish(page)


def test_a_second_window_shows_the_call_passes_on_what_is_pressed_and_takes_the_phone(
    agent: Person, product: Product
) -> None:
    owner = agent.page
    agent.press_ready()
    other = agent.new_page()
    other.goto(f"{product.url}/desk?lang=en")
    expect(other.get_by_text("this one mirrors it")).to_be_visible()
    with patients_calling(product.sip_port, talk_seconds=60):
        is_offered(other)
        button(other, "Answer").click()
        expect(button(owner, "Mute")).to_be_enabled()
        button(other, "Mute").click()
        for page in (owner, other):
            expect(button(page, "Mute")).to_have_attribute("aria-pressed", "true")
        assert owner.evaluate(_SPEAKS) is False
        button(other, "Use the phone here").click()
        expect(owner.get_by_text("Another window took your phone over").first).to_be_visible()
        wait_for(lambda: other.evaluate(_SPEAKS) is True, what="the call in the second window")
        expect(button(owner, "Hold")).to_be_enabled()
        button(owner, "Hang up").click()
        finish(owner)
    expect(other.get_by_role("region", name="My state")).to_contain_text("Ready")


def test_a_sign_in_that_ends_in_a_call_costs_neither_the_call_nor_a_word(agent: Person, product: Product) -> None:
    page = agent.page
    agent.press_ready()
    with speaking(product):
        is_offered(page)
        button(page, "Answer").click()
        wait_for(agent.packets_heard, what="the patient's voice")
        note = page.get_by_label("Note", exact=True)
        note.fill("Wants to move the ap")
        sign_out(agent)
        dialog = page.get_by_role("dialog", name="Your sign-in has ended")
        expect(dialog).to_be_visible()
        before = agent.packets_heard()
        dialog.get_by_label("Password").fill("not it")
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog.get_by_role("alert")).to_be_visible()
        dialog.get_by_label("Password").fill(product.password)
        dialog.get_by_role("button", name="Sign in").click()
        expect(dialog).to_have_count(0)
        note.press_sequentially("pointment")
        expect(page.get_by_text("All connections are up")).to_be_visible()
        wait_for(lambda: agent.packets_heard() > before, what="the patient's voice after signing in")
        button(page, "Hang up").click()
        finish(page)
    (call, *_) = product.api("/calls?limit=1", user="supervisor")["items"]
    assert call["outcome"] == "answered"


def test_an_agent_behind_a_router_speaks_through_the_relay_and_the_desk_says_so(
    browser: Browser, product: Product, relay: TurnServer
) -> None:
    agent = Person(browser, product, "agent2")
    agent.context.add_init_script(_RELAY_ONLY)
    agent.sign_in()
    agent.open_desk()
    agent.press_ready()
    page = agent.page
    with speaking(product):
        is_offered(page)
        button(page, "Answer").click()
        expect(button(page, "Hang up")).to_be_enabled()
        wait_for(lambda: page.evaluate(_LOCAL) == "relay", what="a connection through the relay")
        wait_for(lambda: agent.packets_heard() > 50, what="the patient's voice")
        light = page.get_by_text("Line good")
        expect(light).to_be_visible(timeout=10_000)
        expect(light).to_have_attribute("title", re.compile("relayed"))
        button(page, "Hang up").click()
        finish(page)
    assert "user <wardline>" in relay.text()
    agent.close()
    assert agent.problems == []
