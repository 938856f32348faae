import { describe, expect, test } from "vitest";

import type { BoardQueue, BoardSnapshot } from "@/live/protocol";

import { sumUp, trendOf, trust } from "./figures";

const queue: BoardQueue = {
  name: "hotline",
  label: "Hotline",
  waiting: 2,
  longest_wait_since: "2026-11-21T05:59:30Z",
  callbacks: 2,
  offered: 100,
  answered: 90,
  abandoned: 8,
  service_level: 0.9,
  service_level_seconds: 20,
  service_level_target: 0.8,
  average_answer_seconds: 10,
  average_handle_seconds: 120,
  abandon_rate: 0.08,
  occupancy: 0.7,
  earlier: { waiting: 1, offered: 80, answered: 75, abandoned: 4, service_level: 0.95 },
};
const board: BoardSnapshot = {
  n: 1,
  seq: 1,
  as_of: "2026-11-21T06:00:00Z",
  link: { state: "up", since: "2026-11-21T00:00:00Z", detail: null },
  queues: [queue],
  agents: { ready: 1, ringing: 0, talking: 0, wrap_up: 0, listening: 0, not_ready: 0, offline: 0 },
  agent_list: [],
  occupancy: 0.7,
  teams: [],
  sites: [],
  alarms: [],
};
const SIX = Date.parse("2026-11-21T06:00:00Z");

describe("the figures of the wallboard", () => {
  test("several queues are weighted by their calls", () => {
    const small = { ...queue, offered: 300, service_level: 0.5, waiting: 1 };
    expect(sumUp([queue, small])).toMatchObject({ waiting: 3, offered: 400, serviceLevel: 0.6, isTargetMissed: true });
  });

  test("the longest wait is the oldest of all queues", () => {
    const older = { ...queue, longest_wait_since: "2026-11-21T05:58:00Z" };
    expect(sumUp([queue, older, { ...queue, longest_wait_since: null }]).longestWaitSince).toBe("2026-11-21T05:58:00Z");
  });

  test("before the first call of the day no target is missed", () => {
    expect(sumUp([{ ...queue, offered: 0, service_level: null }])).toMatchObject({ serviceLevel: null, isTargetMissed: false });
  });

  test("the average answer is weighted by the answered calls", () => {
    const slow = { ...queue, answered: 30, average_answer_seconds: 50 };
    expect(sumUp([queue, slow, { ...queue, answered: 0, average_answer_seconds: null }]).averageAnswer).toBe(20);
  });

  test("a trend compares with a quarter of an hour ago, where that was today", () => {
    expect(sumUp([queue]).earlier).toEqual({ waiting: 1, answered: 75, abandoned: 4, serviceLevel: 0.95 });
    expect(sumUp([queue, { ...queue, earlier: null }]).earlier).toBeNull();
    expect([trendOf(2, 1), trendOf(1, 2), trendOf(1, 1), trendOf(1, null)]).toEqual(["up", "down", null, null]);
  });

  test("no queue at all is not an error", () => {
    expect(sumUp([])).toMatchObject({ waiting: 0, longestWaitSince: null, serviceLevel: null });
  });
});

describe("how far the figures can be believed", () => {
  test("they are current for five seconds and stale afterwards", () => {
    expect(trust(board, true, SIX + 5000)).toBe("current");
    expect(trust(board, true, SIX + 5001)).toBe("stale");
  });

  test("they are unknown when the telephone link or the server is lost", () => {
    const down: BoardSnapshot = { ...board, link: { ...board.link, state: "down" } };
    expect(trust(down, true, SIX)).toBe("unknown");
    expect(trust(board, false, SIX + 6000)).toBe("unknown");
    expect(trust(null, true, SIX)).toBe("unknown");
    expect(trust({ ...board, as_of: null }, true, SIX)).toBe("unknown");
  });
});
