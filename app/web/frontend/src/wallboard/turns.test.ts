import { expect, test } from "vitest";

import type { BoardSnapshot } from "@/live/protocol";

import { readTurns, turnsOf } from "./turns";

const board = (...names: string[]) => ({ queues: names.map((name) => ({ name })) }) as unknown as BoardSnapshot;

test("queues take turns only where the address says how long, and not faster than anybody reads", () => {
  expect(readTurns("")).toBeNull();
  expect(readTurns("?every=x")).toBeNull();
  expect(readTurns("?queue=a&every=20")).toBe(20);
  expect(readTurns("?every=1")).toBe(5);
});

test("each queue of the view has its turn, and one alone stays", () => {
  expect(turnsOf({ kind: "team", id: 1 }, board("a", "b"))).toEqual([
    { kind: "queue", queues: ["a"] },
    { kind: "queue", queues: ["b"] },
  ]);
  expect(turnsOf({ kind: "all" }, board("a"))).toEqual([{ kind: "all" }]);
});
