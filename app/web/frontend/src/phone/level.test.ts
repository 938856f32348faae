import { expect, test } from "vitest";

import { loudness, Silence } from "./level";

test("digital silence is 0, full scale is 1, and speech lies between", () => {
  expect(loudness(new Float32Array(512))).toBe(0);
  expect(loudness(new Float32Array(512).fill(1))).toBe(1);
  expect(loudness(new Float32Array(512).fill(0.1))).toBeCloseTo(2 / 3);
  expect(loudness(new Float32Array(0))).toBe(0);
});

test("nothing heard for four seconds is told, and a sound ends it", () => {
  const silence = new Silence();
  expect([0, 3999, 4000].map((now) => silence.hears(0, now))).toEqual([false, false, true]);
  expect(silence.hears(0.2, 5000)).toBe(false);
  expect(silence.hears(0, 6000)).toBe(false);
});
