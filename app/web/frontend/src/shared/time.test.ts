import { describe, expect, test } from "vitest";

import { formatClock, formatDuration, formatMoment, formatShortMoment, secondsSince, secondsUntil, showTimesIn } from "./time";

const NOON = Date.parse("2026-11-21T12:00:00Z");

describe("times on the page", () => {
  test("a timer shows minutes and seconds, and hours only when there are any", () => {
    expect([0, 59, 65, 3599, 3665].map(formatDuration)).toEqual(["0:00", "0:59", "1:05", "59:59", "1:01:05"]);
  });

  test("a moment in the future counts as no time at all", () => {
    expect(secondsSince("2026-11-21T12:00:05Z", NOON)).toBe(0);
  });

  test("a countdown ends at zero and not before its last second is over", () => {
    expect(secondsUntil("2026-11-21T12:00:00.400Z", NOON)).toBe(1);
    expect(secondsUntil("2026-11-21T11:59:00Z", NOON)).toBe(0);
  });

  test("moments are told in the hospital's zone, and an earlier day with its date", () => {
    showTimesIn("Asia/Shanghai");
    expect(formatMoment("2026-11-21T16:05:09Z")).toBe("2026-11-22 00:05");
    expect(formatClock(new Date("2026-11-21T16:05:09Z"))).toBe("00:05:09");
    expect(formatShortMoment("2026-11-21T11:00:00Z", NOON)).toBe("19:00");
    expect(formatShortMoment("2026-11-20T15:00:00Z", NOON)).toBe("11-20 23:00");
  });
});
