/** What the waveform tells about a call without listening: stretches in seconds in which nobody or both speak. */

export interface Peaks {
  seconds: number;
  per_second: number;
  patient: number[];
  agent: number[];
  markers?: Marker[];
  needs_reason?: boolean;
}

/** What happened in the call, as the server sends it. */
export interface Marker {
  kind: string;
  word: string;
  start: number;
  end: number | null;
}

export interface Stretch {
  start: number;
  end: number;
}

// An idle line stays below 0.01; a quiet word reaches 0.05.
const QUIET = 0.03;
// Shorter breaks belong to talking.
const SILENCE_SECONDS = 2;
const LOUD = 0.12;
const BOTH_SECONDS = 0.5;

/** Where for at least two seconds neither side says anything. */
export function silences(peaks: Peaks): Stretch[] {
  return stretches(peaks, SILENCE_SECONDS, (patient, agent) => patient < QUIET && agent < QUIET);
}

/** Where for at least half a second both sides speak at once. */
export function crossTalk(peaks: Peaks): Stretch[] {
  return stretches(peaks, BOTH_SECONDS, (patient, agent) => patient > LOUD && agent > LOUD);
}

/** A place of the sound that can be gone to; as long as its length is not known (0), any place may be in it. */
export function placeWithin(seconds: number, length: number): number {
  const place = Math.max(0, seconds);
  return length > 0 ? Math.min(place, length) : place;
}

/** Where playing goes on from `at` when silences are skipped: a little before the next word, so that it is not cut. */
export function afterSilence(at: number, found: readonly Stretch[]): number | null {
  const leadIn = 0.3;
  const inside = found.find((each) => at >= each.start + leadIn && at < each.end - leadIn - 0.1);
  return inside === undefined ? null : inside.end - leadIn;
}

function stretches(peaks: Peaks, least: number, fits: (patient: number, agent: number) => boolean): Stretch[] {
  const found: Stretch[] = [];
  const steps = Math.min(peaks.patient.length, peaks.agent.length);
  if (peaks.per_second <= 0) return found;
  let begun: number | null = null;
  for (let step = 0; step <= steps; step += 1) {
    const isInside = step < steps && fits(peaks.patient[step] ?? 0, peaks.agent[step] ?? 0);
    if (isInside && begun === null) begun = step;
    if (isInside || begun === null) continue;
    if (step - begun >= least * peaks.per_second) found.push({ start: begun / peaks.per_second, end: step / peaks.per_second });
    begun = null;
  }
  return found;
}
