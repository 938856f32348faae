import type { LineFigures } from "./quality";

/** The figures of a call out of the browser's report (W3C, Identifiers for WebRTC's Statistics API). */
export function figuresOf(report: RTCStatsReport): LineFigures {
  const figures: LineFigures = {
    received: 0,
    lost: 0,
    lostThere: 0,
    jitter: 0,
    roundTrip: 0,
    level: null,
    isRelayed: false,
  };
  let pair: Entry | undefined;
  const entries = new Map<string, Entry>();
  report.forEach((entry: Entry) => entries.set(entry.id, entry));
  for (const entry of entries.values()) {
    if (entry.kind !== undefined && entry.kind !== "audio") continue;
    switch (entry.type) {
      case "inbound-rtp":
        figures.received += entry.packetsReceived ?? 0;
        figures.lost += entry.packetsLost ?? 0;
        figures.jitter = 1000 * (entry.jitter ?? 0);
        break;
      case "remote-inbound-rtp":
        figures.lostThere = Math.max(0, entry.fractionLost ?? 0);
        break;
      case "media-source":
        figures.level = entry.audioLevel ?? null;
        break;
      case "transport":
        pair = entries.get(entry.selectedCandidatePairId ?? "") ?? pair;
        break;
      case "candidate-pair":
        // Firefox has no transport; its pair says so itself.
        if (entry.selected === true) pair = entry;
        break;
    }
  }
  figures.roundTrip = 1000 * (pair?.currentRoundTripTime ?? 0);
  figures.isRelayed = entries.get(pair?.localCandidateId ?? "")?.candidateType === "relay";
  return figures;
}

interface Entry {
  id: string;
  type: string;
  kind?: string;
  packetsReceived?: number;
  packetsLost?: number;
  jitter?: number;
  fractionLost?: number;
  audioLevel?: number;
  selectedCandidatePairId?: string;
  selected?: boolean;
  currentRoundTripTime?: number;
  localCandidateId?: string;
  candidateType?: string;
}
