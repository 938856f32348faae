import { describe, expect, it } from "vitest";

import { lineAt } from "./lines";

const lines = [
  { start: 1, end: 4 },
  { start: 3, end: 3.5 },
  { start: 6, end: 8 },
];

describe("the line that is said", () => {
  it("is none before the first", () => expect(lineAt(0.5, lines)).toBe(-1));
  it("is the one that lasts", () => expect(lineAt(2, lines)).toBe(0));
  it("is the one that began later while both speak", () => expect(lineAt(3.2, lines)).toBe(1));
  it("is the longer one again when the other has ended", () => expect(lineAt(3.7, lines)).toBe(0));
  it("stays in the pause after it", () => expect(lineAt(5, lines)).toBe(1));
  it("stays after the last", () => expect(lineAt(99, lines)).toBe(2));
  it("is none where nothing is said", () => expect(lineAt(1, [])).toBe(-1));
});
