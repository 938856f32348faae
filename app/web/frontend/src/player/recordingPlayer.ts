import WaveSurfer from "wavesurfer.js";

import type { Words } from "@/i18n/zh-Hans";
import { formatDuration } from "@/shared/time";

import { Band } from "./band";
import { askForReason } from "./reason";
import { afterSilence, crossTalk, type Peaks, placeWithin, silences, type Stretch } from "./sound";

type PlayerWords = Words["player"];

const SPEEDS = [0.75, 1, 1.25, 1.5, 2];
const STEP_SECONDS = 5;
const CHANNEL_HEIGHT = 34;

/** What the page says about the recording besides its id. */
export interface PlayerOptions {
  /** Where playing begins, from a shared address. */
  startAt: number | null;
  /** The page of the recording, which a shared moment leads to. */
  page: string | null;
}

/**
 * One recording: two waveforms (patient above, agent below), what happened where, play and pause, seeking, speed, loop.
 *
 * The element tells `player:time` with the seconds as they pass, and takes `player:seek` with seconds to go to.
 */
export class RecordingPlayer {
  private readonly audio = new Audio();
  private readonly wave = element("div", "player-wave");
  private readonly play = button("btn btn-primary player-play");
  private readonly skip = button("btn btn-sm btn-outline-secondary");
  private readonly position = element("span", "player-position");
  private readonly message = element("div", "player-message");
  private readonly band = new Band((seconds) => this.seek(seconds));
  private readonly speed = element("select", "form-select form-select-sm player-speed");
  private surfer: WaveSurfer | null = null;
  private seconds = 0;
  private silent: Stretch[] = [];
  private skipsSilence = false;
  private loopFrom: number | null = null;
  private loopTo: number | null = null;
  private reason: string | null = null;
  private needsReason = false;
  private asked: number | null = null;

  constructor(
    private readonly host: HTMLElement,
    private readonly recording: string,
    private readonly words: PlayerWords,
    private readonly options: PlayerOptions,
  ) {
    this.audio.preload = "none";
    this.audio.src = this.address("audio");
    this.message.setAttribute("role", "status");
    this.message.textContent = words.loading;
    this.host.classList.add("player");
    this.skip.textContent = words.skipSilence;
    this.skip.setAttribute("aria-pressed", "false");
    const top = element("div", "player-row");
    const sound = element("div", "player-sound");
    sound.append(this.wave, this.band.element);
    top.append(this.play, sound);
    const bottom = element("div", "player-row player-foot");
    bottom.append(legend("patient", words.patient), legend("agent", words.agent), this.message, this.position, this.skip);
    bottom.append(this.speedChoice(), this.shareButton());
    this.host.append(top, bottom);
    this.makeSlider();
    this.listen();
    this.showPlaying();
    void this.load();
  }

  private address(part: string): string {
    const reason = this.reason === null ? "" : `?reason=${encodeURIComponent(this.reason)}`;
    return `/api/v1/recordings/${encodeURIComponent(this.recording)}/${part}${part === "audio" ? reason : ""}`;
  }

  private async load(): Promise<void> {
    try {
      const response = await fetch(this.address("peaks"), { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error(`peaks: ${response.status}`);
      const peaks = (await response.json()) as Peaks;
      this.seconds = peaks.seconds;
      this.needsReason = peaks.needs_reason ?? false;
      this.draw(peaks);
      this.silent = silences(peaks);
      this.band.showStretches(this.silent, "silence", this.words.silence, peaks.seconds);
      this.band.showStretches(crossTalk(peaks), "both", this.words.crossTalk, peaks.seconds);
      this.band.showMarkers(peaks.markers ?? [], peaks.seconds);
      this.message.textContent = "";
    } catch {
      // Without peaks the recording still plays; its length comes with the audio.
      this.audio.preload = "metadata";
      this.wave.classList.add("player-wave-missing");
      this.message.textContent = this.words.noWaveform;
    }
    this.skip.hidden = this.silent.length === 0;
    // Somebody may have asked for a place before the waveform was there.
    const place = this.asked ?? this.options.startAt;
    if (place !== null) this.seek(place);
    this.showPosition();
  }

  private draw(peaks: Peaks): void {
    const colours = getComputedStyle(this.host);
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
    this.skip.addEventListener("click", () => this.toggleSkip());
    for (const event of ["play", "pause", "ended"]) this.audio.addEventListener(event, () => this.showPlaying());
    for (const event of ["timeupdate", "seeked", "loadedmetadata"]) this.audio.addEventListener(event, () => this.onTime());
    this.audio.addEventListener("error", () => (this.message.textContent = this.words.failed));
    this.audio.addEventListener("playing", () => (this.message.textContent = ""));
    // What stands beside the player (an evaluation, a comment at a moment) moves it by these, and reads data-position.
    this.host.addEventListener("player:seek", (event) => this.seek(Number((event as CustomEvent<number>).detail)));
    this.host.addEventListener("player:toggle", () => this.toggle());
    this.host.addEventListener("keydown", (event) => this.onKey(event));
    // A row that htmx takes out of the page must not go on talking.
    this.host.addEventListener("htmx:beforeCleanupElement", () => {
      this.audio.pause();
      this.surfer?.destroy();
    });
  }

  private toggle(): void {
    if (!this.audio.paused) {
      this.audio.pause();
    } else if (this.needsReason && this.reason === null) {
      askForReason(this.host, this.words, (reason) => {
        this.reason = reason;
        const at = this.audio.currentTime || (this.options.startAt ?? 0);
        this.audio.src = this.address("audio");
        this.audio.currentTime = at;
        this.toggle();
      });
    } else {
      this.audio.play().catch(() => (this.message.textContent = this.words.failed));
    }
  }

  private toggleSkip(): void {
    this.skipsSilence = !this.skipsSilence;
    this.skip.setAttribute("aria-pressed", String(this.skipsSilence));
    this.skip.classList.toggle("active", this.skipsSilence);
  }

  /** The loop key: the first press begins it here, the second ends it here, the third goes on without it. */
  private turnLoop(): void {
    if (this.loopFrom === null) this.loopFrom = this.audio.currentTime;
    else if (this.loopTo === null && this.audio.currentTime > this.loopFrom + 0.5) this.loopTo = this.audio.currentTime;
    else this.loopFrom = this.loopTo = null;
    this.band.showLoop(this.loopFrom, this.loopTo, this.length());
    this.message.textContent = this.loopFrom === null ? "" : this.loopTo === null ? this.words.loopBegun : this.words.loops;
  }

  private onTime(): void {
    const at = this.audio.currentTime;
    if (this.loopFrom !== null && this.loopTo !== null && at >= this.loopTo) this.seek(this.loopFrom);
    const target = this.skipsSilence && !this.audio.paused ? afterSilence(at, this.silent) : null;
    if (target !== null) this.seek(target);
    this.host.dispatchEvent(new CustomEvent("player:time", { detail: this.audio.currentTime, bubbles: true }));
    this.showPosition();
  }

  private makeSlider(): void {
    this.wave.tabIndex = 0;
    this.wave.setAttribute("role", "slider");
    this.wave.setAttribute("aria-label", this.words.seek);
    this.wave.setAttribute("aria-valuemin", "0");
    this.wave.setAttribute("aria-description", this.words.keys);
  }

  private onKey(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target instanceof HTMLSelectElement || event.target instanceof HTMLInputElement) return;
    const isSpace = event.key === " " && !(event.target instanceof HTMLButtonElement);
    const acts: Record<string, () => void> = {
      l: () => this.turnLoop(),
      s: () => this.toggleSkip(),
      "<": () => this.changeSpeed(-1),
      ">": () => this.changeSpeed(1),
      ...(isSpace ? { " ": () => this.toggle() } : {}),
    };
    const target = this.keyTarget(event.key);
    const act = acts[event.key.toLowerCase()] ?? (target === null ? undefined : () => this.seek(target));
    if (act === undefined) return;
    event.preventDefault();
    act();
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
    if (!Number.isFinite(seconds)) return;
    const target = placeWithin(seconds, this.length());
    if (this.surfer === null) this.asked = target;
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
    this.play.replaceChildren(icon(isPlaying ? "pause-fill" : "play-fill"));
  }

  private showPosition(): void {
    this.host.dataset["position"] = String(this.audio.currentTime);
    const at = formatDuration(this.audio.currentTime);
    const length = formatDuration(this.length());
    this.position.textContent = `${at} / ${length}`;
    this.wave.setAttribute("aria-valuemax", String(Math.round(this.length())));
    this.wave.setAttribute("aria-valuenow", String(Math.round(this.audio.currentTime)));
    const spoken = this.words.position.replace("{position}", at).replace("{duration}", length);
    this.wave.setAttribute("aria-valuetext", spoken);
  }

  private speedChoice(): HTMLElement {
    this.speed.setAttribute("aria-label", this.words.speed);
    for (const speed of SPEEDS) this.speed.append(new Option(`${speed}×`, String(speed), speed === 1, speed === 1));
    this.speed.addEventListener("change", () => this.setSpeed(Number(this.speed.value)));
    return this.speed;
  }

  private changeSpeed(by: number): void {
    const place = SPEEDS.indexOf(Number(this.speed.value)) + by;
    const speed = SPEEDS[Math.min(Math.max(0, place), SPEEDS.length - 1)] ?? 1;
    this.speed.value = String(speed);
    this.setSpeed(speed);
  }

  private setSpeed(speed: number): void {
    this.audio.playbackRate = speed;
    this.audio.defaultPlaybackRate = speed;
  }

  private shareButton(): HTMLElement {
    const share = button("btn btn-sm btn-outline-secondary");
    share.hidden = this.options.page === null;
    share.setAttribute("aria-label", this.words.share);
    share.title = this.words.share;
    share.append(icon("link-45deg"));
    share.addEventListener("click", () => {
      const address = new URL(this.options.page ?? "", location.href);
      address.hash = `t=${this.audio.currentTime.toFixed(1)}`;
      navigator.clipboard.writeText(address.href).then(
        () => (this.message.textContent = this.words.shared),
        () => (this.message.textContent = address.href),
      );
    });
    return share;
  }
}

function element<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, className: string): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  made.className = className;
  return made;
}

function button(className: string): HTMLButtonElement {
  const made = element("button", className);
  made.type = "button";
  return made;
}

function icon(name: string): HTMLElement {
  const made = element("i", `bi bi-${name}`);
  made.setAttribute("aria-hidden", "true");
  return made;
}

function legend(who: "patient" | "agent", word: string): HTMLElement {
  const entry = element("span", `player-legend player-${who}`);
  entry.textContent = word;
  return entry;
}
