import { expect, test } from "vitest";

import { agentLines, canBeHeard, type FloorNow } from "./floor";

const NOW: FloorNow = {
  at: "2026-11-28T06:00:00Z",
  as_of: "2026-11-28T06:00:00Z",
  link: { state: "up", since: "2026-11-28T05:00:00Z", detail: "" },
  queues: [],
  agents: [
    { id: "zoe", name: "Zoe", state: "offline", reason: null, since: "2026-11-28T05:00:00Z" },
    { id: "bob", name: "Bob", state: "talking", reason: null, since: "2026-11-28T05:59:00Z" },
    { id: "alice", name: "Alice", state: "listening", reason: null, since: "2026-11-28T05:59:30Z" },
  ],
  alarms: [],
  waiting: [],
  calls: {
    c1: { id: "c1", direction: "inbound", name: "王*", answered_at: "2026-11-28T05:59:00Z", is_held: false, is_rejoining: false },
  },
  own_calls: { bob: "c1" },
  supervisions: [{ supervisor: "alice", agent: "bob", call_id: "c1", mode: "listen" }],
  texts_waiting: 0,
  followups_overdue: 0,
  lists: [],
};

test("those at a desk come first, each with the call and who is in it", () => {
  const lines = agentLines(NOW);
  expect(lines.map((line) => line.id)).toEqual(["alice", "bob", "zoe"]);
  expect(lines[1]?.talk?.id).toBe("c1");
  expect(lines[1]?.supervisions).toHaveLength(1);
});

test("only a colleague's talk can be heard", () => {
  const [alice, bob] = agentLines(NOW);
  expect(bob && canBeHeard(bob, "alice")).toBe(true);
  expect(bob && canBeHeard(bob, "bob")).toBe(false);
  expect(alice && canBeHeard(alice, "bob")).toBe(false);
});
