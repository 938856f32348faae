import { expect, test } from "vitest";

import type { Colleague, FloorSnapshot } from "@/live/protocol";

import { agentLines, canBeHeard, unrecordedAgents } from "./floor";

const NOWHERE = { reason: null, team: null, site: null, queues: {}, languages: [] };
const AGENTS: Colleague[] = [
  { id: "zoe", name: "Zoe", state: "offline", since: "2026-11-28T05:00:00Z", ...NOWHERE },
  { id: "bob", name: "Bob", state: "talking", since: "2026-11-28T05:59:00Z", ...NOWHERE },
  { id: "alice", name: "Alice", state: "listening", since: "2026-11-28T05:59:30Z", ...NOWHERE },
];
const FLOOR: FloorSnapshot = {
  n: 1,
  seq: 1,
  waiting: [],
  calls: [
    {
      id: "c1",
      agents: ["bob"],
      direction: "inbound",
      queue: "hotline",
      name: "王*",
      answered_at: "2026-11-28T05:59:00Z",
      is_held: false,
      is_rejoining: false,
      is_recording_stalled: false,
    },
  ],
  supervisions: [{ id: "s1", supervisor: "alice", agent: "bob", call_id: "c1", mode: "listen" }],
  help: [],
  servings: [],
  texts_waiting: 0,
  followups_overdue: 0,
  lists: [],
};

test("those at a desk come first, each with the call and who is in it", () => {
  const lines = agentLines(AGENTS, FLOOR);
  expect(lines.map((line) => line.id)).toEqual(["alice", "bob", "zoe"]);
  expect(lines[1]?.talk?.id).toBe("c1");
  expect(lines[1]?.supervisions).toHaveLength(1);
});

test("only a colleague's talk can be heard", () => {
  const [alice, bob] = agentLines(AGENTS, FLOOR);
  expect(bob && canBeHeard(bob, "alice")).toBe(true);
  expect(bob && canBeHeard(bob, "bob")).toBe(false);
  expect(alice && canBeHeard(alice, "bob")).toBe(false);
});

test("whose talk is not being recorded is named until it is again", () => {
  const [talk] = FLOOR.calls;
  const stalled = { ...FLOOR, calls: talk ? [{ ...talk, is_recording_stalled: true }] : [] };
  expect(unrecordedAgents(agentLines(AGENTS, stalled)).map((agent) => agent.id)).toEqual(["bob"]);
  expect(unrecordedAgents(agentLines(AGENTS, FLOOR))).toEqual([]);
});

test("before anything is known of calls the agents are shown all the same", () => {
  expect(agentLines(AGENTS, null).every((line) => line.talk === null)).toBe(true);
});
