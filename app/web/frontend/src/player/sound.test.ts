import { describe, expect, it } from "vitest";

import { afterSilence, crossTalk, type Peaks, placeWithin, silences } from "./sound";

function peaks(patient: number[], agent: number[]): Peaks {
  return { seconds: patient.length / 20, per_second: 20, patient, agent };
}

const loud = (steps: number) => Array<number>(steps).fill(0.5);
const quiet = (steps: number) => Array<number>(steps).fill(0);

describe("what the waveform tells", () => {
  it("a silence is two seconds in which nobody speaks", () => {
    const one = [...loud(20), ...quiet(60), ...loud(20)];
    expect(silences(peaks(one, quiet(100)))).toEqual([{ start: 1, end: 4 }]);
    expect(silences(peaks(one, loud(100)))).toEqual([]);
  });

  it("a short break is none", () => {
    expect(silences(peaks([...loud(20), ...quiet(30), ...loud(20)], quiet(70)))).toEqual([]);
  });

  it("a silence at the end is one too", () => {
    expect(silences(peaks([...loud(20), ...quiet(40)], quiet(60)))).toEqual([{ start: 1, end: 3 }]);
  });

  it("both at once for half a second is cross-talk", () => {
    expect(crossTalk(peaks([...quiet(20), ...loud(20)], [...quiet(10), ...loud(20), ...quiet(10)]))).toEqual([{ start: 1, end: 1.5 }]);
  });

  it("playing goes on a little before the next word", () => {
    const found = [{ start: 1, end: 4 }];
    expect(afterSilence(2, found)).toBeCloseTo(3.7);
    expect(afterSilence(1.1, found)).toBeNull();
    expect(afterSilence(3.9, found)).toBeNull();
    expect(afterSilence(5, found)).toBeNull();
  });

  it("a place asked for before the length is known is not lost", () => {
    expect(placeWithin(5, 0)).toBe(5);
    expect(placeWithin(5, 4)).toBe(4);
    expect(placeWithin(-1, 4)).toBe(0);
  });

  it("a recording without a waveform tells nothing", () => {
    expect(silences({ seconds: 0, per_second: 0, patient: [], agent: [] })).toEqual([]);
  });
});
