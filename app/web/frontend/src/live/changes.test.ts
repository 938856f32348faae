import { expect, test } from "vitest";

import { isPartial, putTogether } from "./changes";

const SHOWN = { n: 1, seq: 5, total: 2, agent_list: [{ id: "a", state: "ready" }, { id: "b", state: "ready" }] };

test("a partial message changes, adds and takes away rows, and keeps the others as they are", () => {
  const set = [{ id: "a", state: "talking" }, { id: "c", state: "ready" }];
  const partial = { n: 2, seq: 6, total: 3, changes: { agent_list: { set, gone: ["b"] } } };
  expect(isPartial(partial)).toBe(true);
  expect(putTogether(SHOWN, partial)).toEqual({ n: 2, seq: 6, total: 3, agent_list: set });
});

test("a list that did not change is the same list", () => {
  const next = putTogether(SHOWN, { n: 2, seq: 6, changes: {} });
  expect(next.agent_list).toBe(SHOWN.agent_list);
  expect(isPartial(SHOWN)).toBe(false);
});
