"""A headless Chromium with a fake microphone, and an agent who uses it."""

from __future__ import annotations

import array
import contextlib
import math
import wave
from collections.abc import Iterator
from pathlib import Path

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


# A headset without what a browser does to speech: noise suppression would take a steady tone for noise.
_PLAIN_MICROPHONE = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = (wanted) => open({
  ...wanted, audio: { ...wanted.audio, echoCancellation: false, noiseSuppression: false, autoGainControl: false },
});
"""
# How loud each tone is in what the page's newest open connection receives, 0 to 1.
_TONES_HEARD = """async (tones) => {
  const open = window.testConnections.filter((each) => each.connectionState === "connected");
  const track = open.at(-1)?.getReceivers()[0]?.track;
  if (track === undefined) return tones.map(() => 0);
  window.testAudio ??= new AudioContext();
  const source = window.testAudio.createMediaStreamSource(new MediaStream([track]));
  const analyser = new AnalyserNode(window.testAudio, { fftSize: 16384, smoothingTimeConstant: 0 });
  source.connect(analyser);
  await new Promise((done) => setTimeout(done, 450));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  source.disconnect();
  return tones.map((hertz) => {
    const step = (2 * Math.PI * hertz) / window.testAudio.sampleRate;
    let [real, imaginary] = [0, 0];
    samples.forEach((sample, at) => {
      real += sample * Math.cos(step * at);
      imaginary += sample * Math.sin(step * at);
    });
    return (2 * Math.hypot(real, imaginary)) / samples.length;
  });
}"""
_AUDIBLE = 0.03


@contextlib.contextmanager
def chromiums(folder: Path, *tones: float) -> Iterator[list[Browser]]:
    """One browser for each tone, which its microphone says for ever: all pages of a process share one microphone."""
    with sync_playwright() as playwright, contextlib.ExitStack() as stack:
        browsers = []
        for hertz in tones:
            path = folder / f"{hertz:g}.wav"
            _write_tone(path, hertz)
            flags = [*_FLAGS, f"--use-file-for-fake-audio-capture={path}"]
            browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=flags)
            stack.callback(browser.close)
            browsers.append(browser)
        yield browsers


def _write_tone(path: Path, hertz: float) -> None:
    rate = 48_000
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        step = 2 * math.pi * hertz / rate
        file.writeframes(array.array("h", (int(9830 * math.sin(step * at)) for at in range(rate * 10))).tobytes())


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
        self.context.add_init_script(_PLAIN_MICROPHONE)
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

    def hears(self, *tones: float) -> set[float]:
        """Which of these tones the page receives just now."""
        loud = self.page.evaluate(_TONES_HEARD, list(tones))
        return {hertz for hertz, loudness in zip(tones, loud, strict=True) if loudness > _AUDIBLE}

    def close(self) -> None:
        self.context.close()
