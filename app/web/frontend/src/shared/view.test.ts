import { describe, expect, test } from "vitest";

import type { BoardQueue, BoardSnapshot, Colleague } from "@/live/protocol";

import { nameOf, narrow, readView, writeView } from "./view";

const since = "2026-11-28T06:00:00Z";
function agent(id: string, more: globalThis.Partial<Colleague> = {}): Colleague {
  return { id, name: id, state: "ready", reason: null, since, team: null, site: null, queues: { hotline: 0 }, languages: [], ...more };
}
function queue(name: string): BoardQueue {
  return {
    name, label: `The ${name}`, waiting: 1, callbacks: 0, longest_wait_since: since, offered: 4, answered: 3, abandoned: 1, service_level: 0.5,
    service_level_seconds: 20, service_level_target: 0.8, average_answer_seconds: 9, average_handle_seconds: 90,
    abandon_rate: 0.25, occupancy: 0.7, earlier: null,
  };
}
const BOARD: BoardSnapshot = {
  n: 1, seq: 1, as_of: since, link: { state: "up", since, detail: "" },
  queues: [queue("hotline"), queue("checkup"), queue("ward")],
  agents: { offline: 0, not_ready: 0, ready: 3, ringing: 0, talking: 0, wrap_up: 0, listening: 0 },
  agent_list: [
    agent("alice", { team: 1 }),
    agent("bob", { team: 1, site: 2, queues: { checkup: 1 } }),
    agent("carol", { state: "talking", site: 2 }),
  ],
  occupancy: 0.6,
  teams: [{ id: 1, name: "Early", occupancy: 0.4 }],
  sites: [{ id: 2, name: "West", occupancy: null }],
  alarms: [{ kind: "waiting", queue: "checkup", label: "The checkup", value: 4, limit: 3 }],
};

describe("a view", () => {
  test("stands in the address and is read from it", () => {
    for (const address of ["", "?queue=hotline", "?queue=hotline&queue=ward", "?team=1", "?site=2"]) {
      expect(writeView(readView(address))).toBe(address);
    }
    expect(readView("?team=x&site=-3")).toEqual({ kind: "all" });
  });

  test("of a queue has those who serve it", () => {
    const seen = narrow(BOARD, { kind: "queue", queues: ["checkup"] });
    expect(seen.queues.map((each) => each.name)).toEqual(["checkup"]);
    expect(seen.agent_list.map((each) => each.id)).toEqual(["bob"]);
    expect([seen.agents.ready, seen.occupancy, seen.alarms.length]).toEqual([1, 0.7, 1]);
  });

  test("of a team or a site has the queues that its agents serve", () => {
    const team = narrow(BOARD, { kind: "team", id: 1 });
    expect(team.queues.map((each) => each.name)).toEqual(["hotline", "checkup"]);
    expect([team.agent_list.length, team.occupancy]).toEqual([2, 0.4]);
    const site = narrow(BOARD, { kind: "site", id: 2 });
    expect([site.agents.talking, site.agents.ready, site.alarms.length]).toEqual([1, 1, 1]);
    expect(narrow(BOARD, { kind: "all" })).toBe(BOARD);
  });

  test("of what is not there is empty and has no name", () => {
    expect(narrow(BOARD, { kind: "team", id: 9 }).agent_list).toEqual([]);
    expect(nameOf({ kind: "team", id: 9 }, BOARD)).toBeNull();
    expect(nameOf({ kind: "queue", queues: ["hotline", "ward"] }, BOARD)).toBe("The hotline · The ward");
  });
});
