"""Every page for everybody: no finding of axe in light or dark, keys alone are enough, and one language at a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from playwright.sync_api import Browser, Locator, Page, WebSocketRoute, expect

from app.synthetic.rules.words import LATIN_SURNAMES
from tests.live.browser import Person, chromium
from tests.product import Product
from tests.waiting import wait_for

pytestmark = pytest.mark.live

_APP = Path(__file__).resolve().parents[2] / "app"
AXE = _APP / "web/frontend/node_modules/axe-core/axe.min.js"
_ALL_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
_COLOUR_RULES = ["color-contrast", "link-in-text-block"]
_RUN_AXE = """async (runOnly) => {
  const { violations } = await axe.run(document, { runOnly });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html.slice(0, 200)).join(" ")}`);
}"""
_VISIBLE_TEXTS = """() => {
  const texts = [document.title];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const parent = walker.currentNode.parentElement;
    const isSkipped = parent.closest("script, style, noscript, [lang]:not(html)") !== null;
    if (!isSkipped && parent.checkVisibility()) texts.push(walker.currentNode.textContent.trim());
  }
  for (const name of ["aria-label", "placeholder", "title", "alt"])
    for (const element of document.querySelectorAll(`[${name}]:not([lang])`)) texts.push(element.getAttribute(name));
  return texts.filter((text) => text !== "");
}"""
_PAGES = (
    "/work",
    "/work/missed-callers",
    "/work/kept-places",
    "/work/wishes",
    "/reports",
    "/desk",
    "/wallboard",
    "/patients",
    "/patients/1",
    "/patients/new",
    "/messages",
    "/messages/new",
    "/messages/1",
    "/quality",
    "/calls",
    "/segments",
    "/segments/new",
    "/birthdays",
    "/mailings",
    "/registers",
    "/groups",
    "/groups/new",
    "/exports",
    "/questionnaires",
    "/questionnaires/3",
    "/questionnaires/3/paper",
    "/questionnaires/3/preview",
    "/questionnaires/bank",
    "/questionnaires/bank/8",
    "/questionnaires/sheets",
    "/questionnaires/sheets/1",
    "/q/AAAAAAAAAAAAAAAAAAAAAA",
    "/followup-templates",
    "/followup-templates/1",
    "/followup-plans",
    "/followup-plans/without",
    "/followup-plans/customers",
    "/articles",
    "/no-such-page",
)
_SUPERVISOR_PAGES = (
    "/articles/new",
    "/reports/floor",
    "/reports/floor/agents",
    "/work/missed-callers?show=late",
    "/floor",
    "/floor/teams",
    "/floor/teams/new",
    "/messages/gateway",
    "/message-templates",
    "/message-templates/1",
    "/message-templates/new",
    "/mass-sends",
    "/mass-sends/new",
    "/sending-rules",
    "/sending-rules/1",
    "/sending-rules/1/simulation",
    "/sending-rules/planned",
    "/outbound-lists",
    "/outbound-lists/new",
    "/questionnaires/new",
    "/questionnaires/3/edit",
    "/questionnaires/3/report",
    "/questionnaires/bank/8/edit",
    "/questionnaires/bank/8/report",
    "/questionnaires/answers?of=3&question=in_meals&option=very_good",
    "/questionnaires/sheets/new",
    "/followup-templates/1/edit",
    "/followup-templates/1/laboratory",
    "/followup-templates/1/start",
    "/followup-plans/decisions",
    "/followup-plans/escalated",
    "/quality/tasks",
    "/quality/evaluations",
    "/quality/evaluations/1",
    "/quality/appeals",
    "/quality/mine",
    "/quality/coaching",
    "/quality/calibrations",
    "/quality/calibrations/1",
    "/quality/calibrations/new",
    "/quality/report?scorecard=2",
    "/quality/plans",
    "/quality/plans/1",
    "/quality/plans/1/edit",
    "/quality/draws/1",
    "/quality/scorecards",
    "/quality/scorecards/1",
    "/quality/scorecards/1/edit",
)
_FLOOR_PAGES = (
    "/call-flows",
    "/call-flows/1",
    "/call-flows/1/draft",
    "/queues/manage",
    "/queues/manage/new",
    "/queues/manage/hotline",
    "/sounds",
    "/wrap-up",
    "/wrap-up/queues/hotline",
)
_ADMIN_PAGES = (
    "/admin/staff",
    "/admin/staff/1",
    "/admin/departments",
    "/admin/access/users/1",
    "/admin/codes/region",
    "/admin/settings",
    "/admin/sms",
    "/admin/sms/accounts/new",
    "/account",
    "/account/second-factor",
)
_MOST_TABS = 120


@pytest.fixture(scope="module")
def product(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    product = Product(tmp_path_factory.mktemp("product"))
    product.start()
    assert product.command("demo-sms", "--from", "13800138000", "--text", "复查需要空腹吗").wait(timeout=20) == 0
    wait_for(
        lambda: product.api("/messages?direction=in&number=13800138000")["items"],
        seconds=15,
        what="a text from a patient",
    )
    yield product
    product.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture
def agent(browser: Browser, product: Product) -> Iterator[Person]:
    agent = Person(browser, product, "agent1")
    yield agent
    agent.close()
    assert agent.problems == []


def test_axe_finds_nothing_on_any_page_in_light_or_dark(browser: Browser, product: Product) -> None:
    # Only this context lifts the pages' own policy, which would keep axe out.
    context = browser.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme="light", reduced_motion="reduce", bypass_csp=True
    )
    page = context.new_page()
    page.goto(f"{product.url}/login?lang=en")
    found = {"/login": violations(page)}
    sign_in(page, "supervisor")
    for path in (*_PAGES, *_SUPERVISOR_PAGES, *_FLOOR_PAGES):
        open_page(page, product, path, "en")
        found[path] = violations(page)
    context.clear_cookies()
    page.goto(f"{product.url}/login?lang=en")
    sign_in(page, "admin")
    for path in _ADMIN_PAGES:
        open_page(page, product, path, "en")
        found[path] = violations(page)
    context.close()
    assert {path: told for path, told in found.items() if told} == {}


def test_a_call_is_taken_from_sign_in_to_its_notes_by_keys_alone(agent: Person, product: Product) -> None:
    page = agent.page
    page.goto(f"{product.url}/login?lang=en")
    expect(page.get_by_label("Username")).to_be_focused()
    page.keyboard.type("agent1")
    page.keyboard.press("Tab")
    page.keyboard.type("wardline")
    page.keyboard.press("Enter")
    ready = page.get_by_role("button", name="Ready", exact=True)
    press(page, ready)
    expect(ready).to_have_attribute("aria-pressed", "true", timeout=15_000)
    call = product.command("demo-call", "--from", "13800138000")
    press(page, page.get_by_role("region", name="Incoming call").get_by_role("button", name="Answer"))
    # Put down before it is answered, a call is refused, and there is nothing to note.
    expect(page.get_by_text("On the line").first).to_be_visible()
    press(page, page.get_by_role("button", name="Hang up"))
    choice = page.get_by_label("Recheck")
    tab_to(page, page.get_by_label("Question answered"))
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(choice).to_be_checked()
    finish = page.get_by_role("button", name="Finish")
    press(page, finish)
    expect(finish).to_be_hidden()
    expect(ready).to_have_attribute("aria-pressed", "true")
    call.wait(timeout=10)


def test_a_patient_is_found_from_any_page_and_opened_by_keys_alone(agent: Person, product: Product) -> None:
    page = agent.page
    agent.sign_in()
    page.goto(f"{product.url}/calls?lang=en")
    page.keyboard.press("/")
    page.keyboard.type("138 0013 8000")
    found = page.get_by_role("listbox", name="Patients found")
    expect(found.get_by_role("option").first).to_contain_text("王秀兰")
    page.keyboard.press("ArrowDown")
    expect(found.get_by_role("option", selected=True)).to_contain_text("138****8000")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("王秀兰", timeout=15_000)
    page.goto(f"{product.url}/patients?lang=en")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("wxl 13800138000")
    expect(page).to_have_url(re.compile(r"/patients\?q=wxl(\+|%20)13800138000$"))
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text("王秀兰", timeout=15_000)


def test_a_segment_is_made_by_keys_alone(agent: Person, product: Product) -> None:
    page = agent.page
    agent.sign_in()
    page.goto(f"{product.url}/segments/new?lang=en")
    press(page, page.get_by_role("button", name="Add a condition"))
    kind = page.get_by_label("What", exact=True)
    expect(kind).to_be_focused()
    # Slower than the page follows: what is typed goes on all the same.
    page.keyboard.type("Sex", delay=450)
    tab_to(page, page.get_by_label("Female"))
    page.keyboard.press("Space")
    expect(page.locator("#segment-result")).to_contain_text("Sex: Female.")
    tab_to(page, page.get_by_label("Name of the segment *"))
    page.keyboard.type("Women")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Women")


def test_a_call_is_graded_appealed_and_calibrated_by_keys_alone(browser: Browser, product: Product) -> None:
    grader, judge = Grader(browser, product, "qa"), Grader(browser, product, "supervisor")
    page = grader.page
    # Calls of the other tests last a second.
    page.goto(f"{product.url}/quality?state=ready&shortest=1&lang=en")
    page.goto(f"{product.url}{page.locator('tbody tr a').first.get_attribute('href')}?lang=en")
    agent = page.locator("dt:text-is('Agent') + dd").inner_text().replace("Agent ", "agent")
    press(page, page.get_by_role("button", name="Grade", exact=True))
    page.wait_for_url("**/form")
    expect(page.locator("[data-item].is-current")).to_have_count(1)
    assert violations(page) == []
    page.keyboard.press("p")
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    page.keyboard.press("]")
    page.keyboard.press("m")
    page.keyboard.press("c")
    page.keyboard.type("A pause, n, y and 3 are only letters here")
    page.keyboard.press("Escape")
    grader.answer_all("n")
    expect(page.get_by_text("Draft saved")).to_be_visible()
    page.reload()
    expect(page.get_by_label(re.compile("^Comment at 0:0"))).to_have_value("A pause, n, y and 3 are only letters here")
    press(page, page.get_by_role("button", name="Submit"))
    expect(page.get_by_text("Submitted: the agent sees it now.")).to_be_visible()
    press(page, page.get_by_role("button", name=re.compile("^Go to 0:0")).first)
    expect(page.locator(".player-position")).to_have_text(re.compile("^0:0[4-9] /"))
    evaluation = page.url
    theirs = Grader(browser, product, agent)
    theirs.page.goto(evaluation)
    tab_to(theirs.page, theirs.page.get_by_label("Why the evaluation is wrong"))
    theirs.page.keyboard.type("I said my name")
    press(theirs.page, theirs.page.get_by_role("button", name="Appeal"))
    expect(theirs.page.get_by_text("Your appeal waits for a colleague")).to_be_visible()
    judge.page.goto(evaluation)
    press(judge.page, judge.page.get_by_role("button", name="Change it"))
    judge.page.wait_for_url("**/form")
    judge.answer_all("y")
    tab_to(judge.page, judge.page.get_by_label("Why it is changed"))
    judge.page.keyboard.type("The name is heard")
    press(judge.page, judge.page.get_by_role("button", name="Decide and change"))
    expect(judge.page.get_by_text("Changed on appeal").first).to_be_visible()
    for person, key in ((grader, "y"), (judge, "n")):
        person.page.goto(f"{product.url}/quality/calibrations/1?lang=en")
        press(person.page, person.page.get_by_role("button", name="Judge").first)
        person.page.wait_for_url("**/form")
        person.answer_all(key)
        press(person.page, person.page.get_by_role("button", name="Submit"))
        expect(person.page.get_by_text("Submitted", exact=True)).to_be_visible()
        expect(person.page.get_by_text("α")).to_have_count(0)
    press(judge.page, judge.page.get_by_role("button", name="Close and compare"))
    expect(judge.page.get_by_role("row", name=re.compile("^All items together α = "))).to_be_visible()
    assert violations(judge.page) == []
    for person in (grader, judge, theirs):
        person.page.context.close()


def test_a_page_in_simplified_chinese_says_nothing_in_english(browser: Browser, product: Product) -> None:
    with (_APP / "web/translations/zh_Hans/LC_MESSAGES/messages.po").open("rb") as file:
        sentences = {str(message.id) for message in read_po(file) if message.id and message.id != message.string}
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.goto(f"{product.url}/login?lang=zh-Hans")
    english = {"/login": english_on(page, sentences)}
    sign_in(page, "agent3")
    for path in _PAGES:
        open_page(page, product, path, "zh-Hans")
        english[path] = english_on(page, sentences)
    context.close()
    assert {path: texts for path, texts in english.items() if texts} == {}


def test_a_desk_whose_sign_in_nobody_knows_any_more_asks_to_sign_in_again(agent: Person, product: Product) -> None:
    sockets: list[WebSocketRoute] = []

    def pass_on(socket: WebSocketRoute) -> None:
        sockets.append(socket)
        socket.connect_to_server()

    agent.page.route_web_socket(re.compile("/socket.io/"), pass_on)
    agent.sign_in()
    agent.open_desk()
    expect(agent.page.get_by_role("status", name="Connections")).to_have_text(re.compile("All connections are up"))
    cookies = [cookie for cookie in agent.context.cookies() if cookie["name"] == "wardline_session"]
    agent.context.add_cookies([{**cookie, "value": "a key from another time"} for cookie in cookies])  # type: ignore[typeddict-item]
    sockets[-1].close()
    expect(agent.page.get_by_role("dialog", name="Your sign-in has ended")).to_be_visible()


def test_a_desk_without_a_microphone_says_what_to_do(browser: Browser, product: Product) -> None:
    context = browser.new_context(viewport={"width": 1280, "height": 720})
    page = context.new_page()
    page.add_init_script(
        "navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('', 'NotFoundError'); };"
    )
    page.goto(f"{product.url}/login?lang=en")
    sign_in(page, "agent2")
    page.get_by_role("button", name="Ready", exact=True).click()
    expect(page.get_by_role("status", name="Connections")).to_contain_text("plug in your headset")
    context.close()


def test_a_window_is_told_when_another_one_takes_the_phone(agent: Person, product: Product) -> None:
    agent.sign_in()
    agent.open_desk()
    first = agent.page.get_by_role("status", name="Connections")
    expect(first).to_contain_text("All connections are up")
    second = agent.new_page()
    second.goto(f"{product.url}/desk?lang=en")
    second.get_by_role("button", name="Use the phone here").click()
    expect(first).to_contain_text("Another window took your phone over")
    second.close()
    expect(first).to_contain_text("All connections are up")


class Grader:
    """Somebody at the pages of quality, in a context that axe may come into."""

    def __init__(self, browser: Browser, product: Product, username: str) -> None:
        context = browser.new_context(
            viewport={"width": 1280, "height": 720}, color_scheme="light", reduced_motion="reduce", bypass_csp=True
        )
        self.page = context.new_page()
        self.page.goto(f"{product.url}/login?lang=en")
        sign_in(self.page, username)

    def answer_all(self, yes_or_no: str) -> None:
        """One key for each item, from the first, where the form begins: this one, 4 of a scale, 8 points."""
        kinds = self.page.locator("[data-item]").evaluate_all("items => items.map((item) => item.dataset.kind)")
        for kind in kinds:
            self.page.keyboard.press({"yes_no": yes_or_no, "scale": "4", "points": "8"}[kind])
            self.page.keyboard.press("j")


def sign_in(page: Page, username: str) -> None:
    page.locator("#username").fill(username)
    page.locator("#password").fill("wardline")
    page.locator("form button[type=submit]").click()
    page.wait_for_url(lambda url: "/login" not in url)


def open_page(page: Page, product: Product, path: str, language: str) -> None:
    page.goto(f"{product.url}{path}{'&' if '?' in path else '?'}lang={language}")
    # The desk and the wallboard draw themselves, and show figures once the server has sent them.
    page.wait_for_function(
        "() => [...document.querySelectorAll('#desk .queue, #wallboard .current, main h1')].length > 0"
    )


def violations(page: Page) -> list[str]:
    """All rules in light; in dark those about colour, because nothing else differs."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(_RUN_AXE, _ALL_RULES)
    page.emulate_media(color_scheme="dark")
    expect(page.locator("html")).to_have_attribute("data-bs-theme", "dark")
    found += page.evaluate(_RUN_AXE, _COLOUR_RULES)
    page.emulate_media(color_scheme="light")
    return found


def english_on(page: Page, sentences: set[str]) -> list[str]:
    """What is a sentence of ours in English, or has two Latin words in a row."""
    texts: list[str] = page.evaluate(_VISIBLE_TEXTS)
    named = re.compile("|".join(re.escape(name) for name in LATIN_SURNAMES))
    return [
        text
        for text in texts
        if text in sentences or (re.search(r"[A-Za-z]{2,} [A-Za-z]{2,}", text) and not named.search(text))
    ]


def tab_to(page: Page, wanted: Locator) -> None:
    expect(wanted).to_be_visible(timeout=15_000)
    for _ in range(_MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("(element) => element === document.activeElement"):
            return
    raise AssertionError(f"Tab never reaches {wanted}")


def press(page: Page, wanted: Locator) -> None:
    tab_to(page, wanted)
    page.keyboard.press("Enter")
