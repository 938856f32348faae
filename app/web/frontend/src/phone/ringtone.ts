import type { Tone } from "./deviceChoice";

interface Melody {
  notes: number[];
  noteSeconds: number;
  cycleMs: number;
  shape: OscillatorType;
}

// Heard in a busy room, bearable for eight hours; what differs is what an ear that has grown weak still hears.
const MELODIES: Record<Tone, Melody> = {
  soft: { notes: [660, 880], noteSeconds: 0.22, cycleMs: 2400, shape: "sine" },
  bell: { notes: [1319, 1047, 1319, 1047], noteSeconds: 0.12, cycleMs: 2000, shape: "triangle" },
  low: { notes: [262, 330, 392], noteSeconds: 0.28, cycleMs: 2600, shape: "triangle" },
  urgent: { notes: [880, 880, 880], noteSeconds: 0.14, cycleMs: 1200, shape: "square" },
};
// Full volume of a sine at full scale would frighten.
const LOUDEST = 0.4;

/** How the ring sounds and where. An empty `device` is the computer's own loudspeaker. */
export interface Ring {
  tone: Tone;
  volume: number;
  device: string;
}

/** The ring tone, made by the browser itself: there is no file to load when a call comes. */
export class RingTone {
  private context: AudioContext | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;

  start(ring: Ring): void {
    if (this.timer !== null) return;
    this.playOnce(ring);
    this.timer = setInterval(() => this.playOnce(ring), MELODIES[ring.tone].cycleMs);
  }

  stop(): void {
    if (this.timer !== null) clearInterval(this.timer);
    this.timer = null;
    void this.context?.suspend();
  }

  /** Once, to try it. */
  playOnce(ring: Ring): void {
    const context = (this.context ??= new AudioContext());
    void setSink(context, ring.device);
    // Suspended until the user has touched the page or the microphone is open.
    void context.resume();
    const { notes, noteSeconds, shape } = MELODIES[ring.tone];
    notes.forEach((frequency, index) => {
      const from = context.currentTime + index * noteSeconds;
      const tone = new OscillatorNode(context, { type: shape, frequency });
      const volume = new GainNode(context, { gain: 0 });
      volume.gain.setValueAtTime(0, from);
      volume.gain.linearRampToValueAtTime(Math.max(0.0011, LOUDEST * ring.volume), from + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.001, from + noteSeconds * 1.6);
      tone.connect(volume).connect(context.destination);
      tone.start(from);
      tone.stop(from + noteSeconds * 1.7);
    });
  }
}

interface Sink {
  setSinkId?: (device: string) => Promise<void>;
}

/** Send sound to this device; a browser that cannot choose, or a device that has gone, leaves it where it is. */
export async function setSink(on: AudioContext | HTMLMediaElement, device: string): Promise<void> {
  try {
    await (on as Sink).setSinkId?.(device);
  } catch {
    // Unplugged meanwhile: the browser plays on the computer's own loudspeaker.
  }
}

export const CAN_CHOOSE_OUTPUT = typeof HTMLMediaElement !== "undefined" && "setSinkId" in HTMLMediaElement.prototype;
