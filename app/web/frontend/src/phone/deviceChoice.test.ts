import { expect, test } from "vitest";

import { inUse, readChoice, unplugged, USUAL, type Present } from "./deviceChoice";

const HEADSET = { id: "h1", label: "Headset" };
const BOTH: Present = { inputs: [HEADSET], outputs: [HEADSET] };
const NONE: Present = { inputs: [], outputs: [] };
const CHOSEN = { ...USUAL, microphone: "h1", headset: "h1" };

test.each(["null", "{", "7", '{"volume": 9, "tone": "siren", "microphone": 3}', null])("what cannot be read is as usual: %s", (text) => {
  expect(readChoice(text)).toEqual(USUAL);
});

test("what was chosen is read again", () => {
  expect(readChoice(JSON.stringify({ ...CHOSEN, tone: "bell", volume: 0 }))).toEqual({ ...CHOSEN, tone: "bell", volume: 0 });
});

test("a chosen device that is not plugged in is not used, and is used again when it is back", () => {
  expect(inUse(CHOSEN, "microphone", NONE)).toBe("");
  expect(inUse(CHOSEN, "microphone", BOTH)).toBe("h1");
});

test("only a device that was in use and is gone is told", () => {
  expect(unplugged(CHOSEN, BOTH, NONE)).toEqual(["microphone", "headset"]);
  expect(unplugged(CHOSEN, NONE, NONE)).toEqual([]);
  expect(unplugged(USUAL, BOTH, NONE)).toEqual([]);
});
