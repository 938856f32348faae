import WaveSurfer from "wavesurfer.js";

import type { Words } from "@/i18n/zh-Hans";
import { formatDuration } from "@/shared/time";

interface Peaks {
  seconds: number;
  patient: number[];
  agent: number[];
}

type PlayerWords = Words["player"];

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const STEP_SECONDS = 5;
const CHANNEL_HEIGHT = 34;

/** One recording: two waveforms (patient above, agent below), play and pause, seeking by click and keys, speed. */
export class RecordingPlayer {
  private readonly audio = new Audio();
  private readonly wave: HTMLElement;
  private readonly play: HTMLButtonElement;
  private readonly position: HTMLElement;
  private readonly message: HTMLElement;
  private surfer: WaveSurfer | null = null;
  private seconds = 0;

  constructor(
    private readonly place: HTMLElement,
    recording: string,
    private readonly words: PlayerWords,
  ) {
    const address = `/api/v1/recordings/${encodeURIComponent(recording)}`;
    this.audio.preload = "none";
    this.audio.src = `${address}/audio`;

    this.play = element("button", "btn btn-primary player-play");
    this.play.type = "button";
    this.wave = element("div", "player-wave");
    this.position = element("span", "player-position");
    this.message = element("div", "player-message");
    this.message.setAttribute("role", "status");
    this.message.textContent = words.loading;
    this.place.classList.add("player");
    const top = element("div", "player-row");
    top.append(this.play, this.wave);
    const bottom = element("div", "player-row player-foot");
    bottom.append(legend("patient", words.patient), legend("agent", words.agent), this.message, this.position, this.speedChoice());
    this.place.append(top, bottom);

    this.makeSlider();
    this.listen();
    this.showPlaying();
    void this.load(`${address}/peaks`);
  }

  private async load(address: string): Promise<void> {
    try {
      const response = await fetch(address, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(`peaks: ${response.status}`);
      const peaks = (await response.json()) as Peaks;
      this.seconds = peaks.seconds;
      this.draw(peaks);
      this.message.textContent = "";
    } catch {
      // Without peaks the recording still plays; its length comes with the audio.
      this.audio.preload = "metadata";
      this.wave.classList.add("player-wave-missing");
      this.message.textContent = this.words.noWaveform;
    }
    this.showPosition();
  }

  private draw(peaks: Peaks): void {
    const colours = getComputedStyle(this.place);
    const surface = colours.getPropertyValue("--wl-surface-2");
    // Opaque: the played part is painted onto the pixels of the unplayed one and would keep their transparency.
    const channel = (name: string) => ({
      waveColor: `color-mix(in srgb, ${colours.getPropertyValue(name)} 45%, ${surface})`,
      progressColor: colours.getPropertyValue(name),
    });
    const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
    this.surfer = WaveSurfer.create({
      container: this.wave,
      media: this.audio,
      peaks: [peaks.patient, peaks.agent],
      duration: peaks.seconds,
      splitChannels: [channel("--wl-patient"), channel("--wl-agent")],
      height: CHANNEL_HEIGHT,
      barWidth: 2,
      barGap: 1,
      barRadius: 1,
      cursorWidth: 2,
      cursorColor: colours.getPropertyValue("--wl-ink"),
      normalize: false,
      hideScrollbar: true,
      ...(nonce === undefined ? {} : { cspNonce: nonce }),
    });
  }

  private listen(): void {
    this.play.addEventListener("click", () => this.toggle());
    for (const event of ["play", "pause", "ended"]) this.audio.addEventListener(event, () => this.showPlaying());
    for (const event of ["timeupdate", "seeked", "loadedmetadata"]) this.audio.addEventListener(event, () => this.showPosition());
    this.audio.addEventListener("error", () => (this.message.textContent = this.words.failed));
    this.audio.addEventListener("playing", () => (this.message.textContent = ""));
    // What stands beside the player (an evaluation, a comment at a moment) moves it by these, and reads data-position.
    this.place.addEventListener("player:seek", (event) => this.seek((event as CustomEvent<number>).detail));
    this.place.addEventListener("player:toggle", () => this.toggle());
    // A row that htmx takes out of the page must not go on talking.
    this.place.addEventListener("htmx:beforeCleanupElement", () => {
      this.audio.pause();
      this.surfer?.destroy();
    });
  }

  private toggle(): void {
    if (this.audio.paused) this.audio.play().catch(() => (this.message.textContent = this.words.failed));
    else this.audio.pause();
  }

  private makeSlider(): void {
    this.wave.tabIndex = 0;
    this.wave.setAttribute("role", "slider");
    this.wave.setAttribute("aria-label", this.words.seek);
    this.wave.setAttribute("aria-valuemin", "0");
    this.wave.addEventListener("keydown", (event) => {
      const target = this.keyTarget(event.key);
      if (target === null) return;
      event.preventDefault();
      this.seek(target);
    });
  }

  private keyTarget(key: string): number | null {
    const at = this.audio.currentTime;
    const targets: Record<string, number> = {
      ArrowRight: at + STEP_SECONDS,
      ArrowUp: at + STEP_SECONDS,
      ArrowLeft: at - STEP_SECONDS,
      ArrowDown: at - STEP_SECONDS,
      PageUp: at + STEP_SECONDS * 6,
      PageDown: at - STEP_SECONDS * 6,
      Home: 0,
      End: this.length(),
    };
    return targets[key] ?? null;
  }

  private seek(seconds: number): void {
    const target = Math.min(Math.max(0, seconds), this.length());
    this.audio.currentTime = target;
    this.surfer?.setTime(target);
    this.showPosition();
  }

  private length(): number {
    return Number.isFinite(this.audio.duration) ? this.audio.duration : this.seconds;
  }

  private showPlaying(): void {
    const isPlaying = !this.audio.paused && !this.audio.ended;
    this.play.setAttribute("aria-label", isPlaying ? this.words.pause : this.words.play);
    const icon = element("i", `bi ${isPlaying ? "bi-pause-fill" : "bi-play-fill"}`);
    icon.setAttribute("aria-hidden", "true");
    this.play.replaceChildren(icon);
  }

  private showPosition(): void {
    this.place.dataset["position"] = String(this.audio.currentTime);
    const at = formatDuration(this.audio.currentTime);
    const length = formatDuration(this.length());
    this.position.textContent = `${at} / ${length}`;
    this.wave.setAttribute("aria-valuemax", String(Math.round(this.length())));
    this.wave.setAttribute("aria-valuenow", String(Math.round(this.audio.currentTime)));
    const spoken = this.words.position.replace("{position}", at).replace("{duration}", length);
    this.wave.setAttribute("aria-valuetext", spoken);
  }

  private speedChoice(): HTMLElement {
    const choice = element("select", "form-select form-select-sm player-speed");
    choice.setAttribute("aria-label", this.words.speed);
    for (const speed of SPEEDS) choice.append(new Option(`${speed}×`, String(speed), speed === 1, speed === 1));
    choice.addEventListener("change", () => {
      this.audio.playbackRate = Number(choice.value);
      this.audio.defaultPlaybackRate = Number(choice.value);
    });
    return choice;
  }
}

function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className: string): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function legend(who: "patient" | "agent", word: string): HTMLElement {
  const entry = element("span", `player-legend player-${who}`);
  entry.textContent = word;
  return entry;
}
