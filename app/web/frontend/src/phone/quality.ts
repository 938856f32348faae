// How good the line to Asterisk is, from what the browser counts. Values only.
//
// The E-model (ITU-T G.107) rates a line from 0 to 100: R = 93.2 - Id - Ie,eff. Delay costs Id = 0.024 d + 0.11 (d - 177.3)
// beyond 177.3 ms, d one way from mouth to ear (Cole and Rosenbluth, "Voice over IP performance monitoring", 2001). Loss
// costs Ie,eff = 95 P / (P + Bpl) with P in percent; Bpl = 25.1 is that of G.711 with loss concealment (ITU-T G.113, Appendix I),
// and Opus conceals no worse. ITU-T G.109 names what people say: from 80 satisfied, from 70 some dissatisfied, below many.

export type QualityLevel = "good" | "fair" | "bad";

/** One look at the connection; counts since the call began, times in milliseconds. */
export interface LineFigures {
  received: number;
  lost: number;
  /** What the other side lost of ours in its last report, 0 to 1. */
  lostThere: number;
  jitter: number;
  roundTrip: number;
  /** How loud the microphone was, 0 to 1; null where the browser does not tell. */
  level: number | null;
  isRelayed: boolean;
}

export interface Quality {
  level: QualityLevel;
  rating: number;
  /** Percent of what was sent since the look before, the worse of both ways. */
  loss: number;
  jitter: number;
  roundTrip: number;
  isRelayed: boolean;
}

const BEST = 93.2;
const CODEC_MS = 20;
const GOOD_FROM = 80;
const FAIR_FROM = 70;

/** The quality between two looks at one call. */
export function qualityOf(now: LineFigures, before: LineFigures | null): Quality {
  const received = Math.max(0, now.received - (before?.received ?? 0));
  const lost = Math.max(0, now.lost - (before?.lost ?? 0));
  const lossHere = received + lost === 0 ? 0 : (100 * lost) / (received + lost);
  const loss = Math.max(lossHere, 100 * now.lostThere);
  const rating = rate({ loss, jitter: now.jitter, roundTrip: now.roundTrip });
  const level = rating >= GOOD_FROM ? "good" : rating >= FAIR_FROM ? "fair" : "bad";
  return { level, rating, loss, jitter: now.jitter, roundTrip: now.roundTrip, isRelayed: now.isRelayed };
}

/** The R of a line with this loss in percent, jitter and round trip in milliseconds. */
export function rate({ loss, jitter, roundTrip }: { loss: number; jitter: number; roundTrip: number }): number {
  // A jitter buffer holds back about twice the jitter.
  const delay = roundTrip / 2 + 2 * jitter + CODEC_MS;
  const delayCost = 0.024 * delay + (delay > 177.3 ? 0.11 * (delay - 177.3) : 0);
  const lossCost = (95 * loss) / (loss + 25.1);
  return Math.max(0, BEST - delayCost - lossCost);
}

// One bad look is a gust; an agent is told what lasts.
const TOLD_AFTER = 2;

/** The level that is shown: it gets worse, and better, only when two looks in a row say so. */
export function steady(recent: readonly Quality[]): QualityLevel | null {
  const last = recent.slice(-TOLD_AFTER).map((each) => each.level);
  if (last.length < TOLD_AFTER) return last[0] ?? null;
  const order: QualityLevel[] = ["bad", "fair", "good"];
  return order[Math.max(...last.map((level) => order.indexOf(level)))] ?? null;
}
