import { expect, test } from "vitest";

import { figuresOf } from "./figures";

function report(...entries: Record<string, unknown>[]): RTCStatsReport {
  return new Map(entries.map((entry) => [entry["id"], entry])) as unknown as RTCStatsReport;
}

const HEARD = { id: "in", type: "inbound-rtp", kind: "audio", packetsReceived: 500, packetsLost: 5, jitter: 0.004 };
const THERE = { id: "there", type: "remote-inbound-rtp", kind: "audio", fractionLost: 0.02 };
const SPOKEN = { id: "mic", type: "media-source", kind: "audio", audioLevel: 0.3 };
const PAIR = { id: "pair", type: "candidate-pair", currentRoundTripTime: 0.08, localCandidateId: "local" };
const RELAY = { id: "local", type: "local-candidate", candidateType: "relay" };

test("what Chromium counts is read by the pair that its transport chose", () => {
  const other = { ...PAIR, id: "other", currentRoundTripTime: 9 };
  const transport = { id: "t", type: "transport", selectedCandidatePairId: "pair" };
  expect(figuresOf(report(transport, other, PAIR, RELAY, HEARD, THERE, SPOKEN))).toEqual({
    received: 500,
    lost: 5,
    lostThere: 0.02,
    jitter: 4,
    roundTrip: 80,
    level: 0.3,
    isRelayed: true,
  });
});

test("Firefox marks the pair itself", () => {
  const figures = figuresOf(report({ ...PAIR, selected: true }, { ...RELAY, candidateType: "host" }, HEARD));
  expect([figures.roundTrip, figures.isRelayed, figures.level]).toEqual([80, false, null]);
});

test("a connection of which nothing is known yet has no loss and no delay", () => {
  expect(figuresOf(report())).toMatchObject({ received: 0, lost: 0, roundTrip: 0, isRelayed: false });
});
