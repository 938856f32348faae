"""A headless Chromium with a fake microphone, and an agent who uses it."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from tests.product import Product

_FLAGS = [
    "--no-sandbox",
    "--use-fake-ui-for-media-stream",
    "--use-fake-device-for-media-stream",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
]
# Every peer connection of a page, so that a test can ask whether audio arrives.
_KEEP_CONNECTIONS = """
window.testConnections = [];
const Original = window.RTCPeerConnection;
window.RTCPeerConnection = class extends Original {
  constructor(...given) { super(...given); window.testConnections.push(this); }
};
"""
_PACKETS_HEARD = """async () => {
  let packets = 0;
  for (const connection of window.testConnections) {
    if (connection.connectionState === "closed") continue;
    for (const report of (await connection.getStats()).values())
      if (report.type === "inbound-rtp") packets += report.packetsReceived;
  }
  return packets;
}"""


@contextlib.contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        yield browser
        browser.close()


class Person:
    """Somebody at a browser. `problems` collects what the pages complain about: it should stay empty."""

    def __init__(self, browser: Browser, product: Product, username: str) -> None:
        self.product = product
        self.username = username
        self.context: BrowserContext = browser.new_context(
            viewport={"width": 1280, "height": 720}, permissions=["microphone"]
        )
        self.context.add_init_script(_KEEP_CONNECTIONS)
        self.problems: list[str] = []
        self.page = self.new_page()

    def new_page(self) -> Page:
        page = self.context.new_page()
        page.set_default_timeout(15_000)
        page.on("pageerror", lambda error: self.problems.append(str(error)))
        page.on(
            "console",
            lambda message: self.problems.append(message.text) if "Content Security" in message.text else None,
        )
        return page

    def sign_in(self) -> None:
        self.page.goto(f"{self.product.url}/login?lang=en")
        self.page.get_by_label("Username").fill(self.username)
        self.page.get_by_label("Password").fill(self.product.password)
        self.page.get_by_role("button", name="Sign in").click()
        self.page.wait_for_url(lambda url: "/login" not in url)

    def open_desk(self) -> None:
        self.page.goto(f"{self.product.url}/desk?lang=en")
        expect(self.page.get_by_role("button", name="Ready", exact=True)).to_be_enabled(timeout=15_000)

    def press_ready(self) -> None:
        """Press Ready as often as an impatient agent would, until the desk says so."""
        button = self.page.get_by_role("button", name="Ready", exact=True)
        expect(button).to_be_enabled()
        for _ in range(5):
            button.click()
            with contextlib.suppress(AssertionError):
                expect(button).to_have_attribute("aria-pressed", "true", timeout=3_000)
                return
        raise AssertionError("the desk did not become ready")

    def packets_heard(self) -> int:
        """Audio packets that the page's open connections have received."""
        return int(self.page.evaluate(_PACKETS_HEARD))

    def close(self) -> None:
        self.context.close()
