"""Two agents in browsers, each with a tone of the own, and a patient on a SIP phone: who hears whom, step by step."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.live.browser import Person, chromiums
from tests.product import Product
from tests.tone_phone import TonePhone
from tests.waiting import wait_for

pytestmark = pytest.mark.live

_PATIENT, _FIRST, _SECOND = 440, 1000, 1480
_TONES = (_PATIENT, _FIRST, _SECOND)


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("product"))
    product.start()
    yield product
    product.stop()


def wait_until(listener: Person | TonePhone, *heard: float) -> None:
    """Until this one hears exactly these tones."""

    def hears() -> set[float]:
        return listener.hears(*_TONES) if isinstance(listener, Person) else listener.hears_tones(*_TONES)

    who = listener.username if isinstance(listener, Person) else "patient"
    wait_for(lambda: hears() == set(heard), seconds=8, what=f"{heard} at the {who}")


def button(person: Person, name: str) -> Locator:
    return person.page.get_by_role("button", name=name, exact=True)


def name_of(person: Person) -> str:
    return str(person.page.evaluate("JSON.parse(document.getElementById('desk-config').textContent).agent.name"))


def test_who_hears_whom_while_a_colleague_is_asked(product: Product, tmp_path: Path) -> None:
    with chromiums(tmp_path, _FIRST, _SECOND) as browsers, TonePhone(_PATIENT) as patient:
        first, second = (Person(browser, product, f"agent{number}") for number, browser in enumerate(browsers, start=1))
        for person in (first, second):
            person.sign_in()
            person.open_desk()
        first.press_ready()
        patient.call(product.sip_port, number="13800138000")
        button(first, "Answer").click()
        wait_until(patient, _FIRST)
        wait_until(first, _PATIENT)

        button(first, "Mute").click()
        wait_until(patient)
        wait_until(first, _PATIENT)
        button(first, "Mute").click()
        wait_until(patient, _FIRST)
        button(first, "Hold").click()
        wait_until(patient)
        wait_until(first)
        button(first, "Hold").click()
        wait_until(patient, _FIRST)

        second.press_ready()
        ask(first, second)
        wait_until(first, _SECOND)
        wait_until(second, _FIRST)
        wait_until(patient)
        first.page.reload()
        wait_until(patient, _FIRST)
        wait_until(first, _PATIENT)
        expect(second.page.get_by_role("button", name="Ready", exact=True)).to_have_attribute("aria-pressed", "true")

        ask(first, second)
        wait_until(second, _FIRST)
        button(first, "Join all").click()
        wait_until(patient, _FIRST, _SECOND)
        wait_until(first, _PATIENT, _SECOND)
        wait_until(second, _PATIENT, _FIRST)
        button(first, "Back to patient").click()
        wait_until(patient, _FIRST)
        button(first, "Hold").click()
        wait_until(patient)
        button(first, "Hold").click()
        wait_until(patient, _FIRST)
        ask(first, second)
        wait_until(second, _FIRST)
        button(first, "Complete").click()
        wait_until(patient, _SECOND)
        wait_until(second, _PATIENT)
        expect(first.page.get_by_text("Wrap-up").first).to_be_visible()
        expect(first.page.get_by_text("Call ended")).to_be_visible()
        assert first.problems == second.problems == []


def ask(first: Person, second: Person) -> None:
    """Ask the colleague, who takes the call."""
    button(first, "Transfer").click()
    first.page.get_by_label("Name of a colleague, queue or department").fill(name_of(second))
    button(first, f"Ask first: {name_of(second)}").click()
    offer = second.page.get_by_role("region", name="Incoming call")
    offer.get_by_role("button", name="Answer").click()


def test_a_patient_is_parked_picked_up_and_not_recorded_while_a_number_is_typed(
    product: Product, tmp_path: Path
) -> None:
    with chromiums(tmp_path, _FIRST, _SECOND) as browsers, TonePhone(_PATIENT) as patient:
        # Whoever has just had a call in the test before may still be wrapping up.
        first, second = (Person(browser, product, f"agent{number}") for number, browser in enumerate(browsers, start=3))
        for person in (first, second):
            person.sign_in()
            person.open_desk()
        first.press_ready()
        patient.call(product.sip_port, number="13900139000")
        button(first, "Answer").click()
        wait_until(patient, _FIRST)
        button(first, "Park").click()
        wait_until(patient)
        expect(first.page.get_by_role("button", name="Ready", exact=True)).to_have_attribute("aria-pressed", "true")
        second.press_ready()
        expect(first.page.get_by_text("Parked patients")).to_be_visible()
        second.page.get_by_role("button", name="Pick up: ").click()
        wait_until(patient, _SECOND)
        wait_until(second, _PATIENT)
        expect(first.page.get_by_text("Parked patients")).to_have_count(0)

        button(second, "Pause recording").click()
        expect(second.page.get_by_text("Recording paused")).to_be_visible()
        button(second, "Pause recording").click()
        expect(second.page.get_by_text("Recording paused")).to_have_count(0)
        # Any field may be marked; this one is the note of the call.
        note = second.page.get_by_role("textbox", name="Note")
        note.evaluate("(field) => field.setAttribute('data-sensitive', '')")
        note.focus()
        expect(second.page.get_by_text("Recording paused")).to_be_visible()
        note.blur()
        expect(second.page.get_by_text("Recording paused")).to_have_count(0)
        patient.hang_up()

        expect(second.page.get_by_text("Wrap-up").first).to_be_visible()
        second.page.get_by_role("button", name=f"Call {name_of(first)}").click()
        offer = first.page.get_by_role("region", name="Incoming call")
        expect(offer.get_by_text(name_of(second))).to_be_visible()
        offer.get_by_role("button", name="Answer").click()
        wait_until(first, _SECOND)
        wait_until(second, _FIRST)
        expect(button(first, "Park")).to_be_disabled()
        button(first, "Hang up").click()
        expect(button(first, "Ready")).to_have_attribute("aria-pressed", "true")
        internal, with_patient = product.api("/calls?limit=2")["items"]
        assert (internal["direction"], internal["agent"], internal["dialled"]) == ("internal", "agent4", "agent3")
        assert (internal["recording_id"], internal["patient_id"]) == (None, None)
        assert (with_patient["direction"], with_patient["agent"]) == ("inbound", "agent4")
        assert first.problems == second.problems == []
