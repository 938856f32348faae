import { describe, expect, it } from "vitest";

import type { Message } from "@/live/protocol";

import { repliesSince } from "./replies";

function text(id: number, minute: number, thread: string, patient: number | null = null): Message {
  const created_at = `2026-11-23T04:${String(minute).padStart(2, "0")}:00+00:00`;
  return { id, direction: "in", created_at, thread, patient: patient === null ? null : { id: patient } } as unknown as Message;
}

const TEXTS = [text(4, 40, "b"), text(3, 30, "a2", 7), text(2, 20, "a1", 7), text(1, 10, "c")];
const LONG_AGO = "2026-11-01T00:00:00+00:00";
const ids = (found: Message[]) => found.map((one) => one.id);

describe("who has written while the agent was away", () => {
  it("is told once for each person, with the newest text", () => {
    expect(ids(repliesSince(TEXTS, LONG_AGO, 0))).toEqual([4, 3, 1]);
  });

  it("leaves out what came before, and what was put off", () => {
    expect(ids(repliesSince(TEXTS, "2026-11-23T12:20:00+08:00", 0))).toEqual([4, 3]);
    expect(ids(repliesSince(TEXTS, LONG_AGO, 3))).toEqual([4]);
    expect(repliesSince(TEXTS, LONG_AGO, 4)).toEqual([]);
  });
});
