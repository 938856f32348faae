import { formatDuration } from "@/shared/time";

import type { Marker, Stretch } from "./sound";

/** The narrow band under the waveform: what happened where, where nobody speaks, where both do. */
export class Band {
  readonly element = document.createElement("div");
  private readonly loop = document.createElement("span");

  constructor(private readonly onSeek: (seconds: number) => void) {
    this.element.className = "player-band";
    this.loop.className = "player-loop";
    this.loop.hidden = true;
    this.element.append(this.loop);
  }

  showStretches(found: readonly Stretch[], name: string, word: string, seconds: number): void {
    for (const each of found) {
      const part = document.createElement("span");
      part.className = `player-stretch player-stretch-${name}`;
      part.title = `${word} ${formatDuration(each.start)}–${formatDuration(each.end)}`;
      this.place(part, each.start, each.end, seconds);
      this.element.append(part);
    }
  }

  showMarkers(markers: readonly Marker[], seconds: number): void {
    for (const marker of markers) {
      const button = document.createElement("button");
      button.type = "button";
      button.className = `player-marker player-marker-${marker.kind}`;
      const length = marker.end === null ? "" : `–${formatDuration(marker.end)}`;
      button.title = `${marker.word} ${formatDuration(marker.start)}${length}`;
      button.setAttribute("aria-label", button.title);
      this.place(button, marker.start, marker.end ?? marker.start, seconds);
      button.addEventListener("click", () => this.onSeek(marker.start));
      this.element.append(button);
    }
  }

  showLoop(from: number | null, to: number | null, seconds: number): void {
    this.loop.hidden = from === null;
    if (from !== null) this.place(this.loop, from, to ?? seconds, seconds);
  }

  private place(part: HTMLElement, start: number, end: number, seconds: number): void {
    const whole = Math.max(seconds, 0.1);
    part.style.left = `${(100 * start) / whole}%`;
    part.style.width = `max(6px, ${(100 * (end - start)) / whole}%)`;
  }
}
