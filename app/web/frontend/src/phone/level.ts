// How loud a microphone is, and whether it is heard at all. Values only.

// Speech into a headset lies about 20 dB below full scale, a quiet room about 60.
const QUIETEST_DB = -60;

/** 0 for what is quieter than a quiet room, 1 for full scale, from samples between -1 and 1. */
export function loudness(samples: Float32Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  const decibels = 10 * Math.log10(sum / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 - decibels / QUIETEST_DB));
}

// A microphone that is switched off gives digital silence; even a quiet room is heard in a second or two.
const SILENT_MS = 4000;

/** Whether nothing was heard for so long that the agent should look at the headset. */
export class Silence {
  private since: number | null = null;

  /** The loudness at this time, in milliseconds; true once it has been nothing for four seconds. */
  hears(level: number, now: number): boolean {
    if (level > 0) this.since = null;
    else this.since ??= now;
    return this.since !== null && now - this.since >= SILENT_MS;
  }
}
