import { describe, expect, test } from "vitest";

import type { BoardQueue, Colleague } from "@/live/protocol";

import { choices } from "./targets";

const colleague = (id: string, state: Colleague["state"]): Colleague => ({
  id,
  name: id.toUpperCase(),
  state,
  reason: null,
  team: null,
  site: null,
  queues: {},
  languages: [],
  since: "2026-11-28T06:00:00Z",
});
const places = {
  colleagues: [colleague("alice", "talking"), colleague("bob", "ready"), colleague("carol", "offline"), colleague("me", "talking")],
  queues: [{ name: "hotline", label: "Hotline", waiting: 2 } as BoardQueue],
  departments: [
    { id: 1, name: "Cardiology", number_display: "010 8888 6666" },
    { id: 2, name: "Office", number_display: null },
  ],
  self: "me",
};

describe("whom a call can be led to", () => {
  test("who is ready comes first, and who is not there is left out", () => {
    expect(choices("", places).map((each) => each.key)).toEqual([
      "colleague:bob",
      "colleague:alice",
      "queue:hotline",
      "department:1",
    ]);
  });

  test("who is busy and who has no telephone stand there and say so", () => {
    const why = (typed: string) => Object.fromEntries(choices(typed, places).map((each) => [each.key, each.why]));
    expect(why("")).toMatchObject({ "colleague:alice": "lead.notReady", "colleague:bob": null });
    expect(why("office")).toEqual({ "department:2": "lead.noNumber" });
  });

  test("a typed number can be chosen as it stands", () => {
    expect(choices("010-8888 6666", places)).toMatchObject([{ kind: "number", target: { number: "010-8888 6666" } }]);
    expect(choices("card", places).map((each) => each.key)).toEqual(["department:1"]);
    expect(choices("12", places)).toEqual([]);
  });
});
