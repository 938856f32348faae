import { expect, test } from "vitest";

import { measure } from "./smsLength";

test("a Chinese text has 70 signs in one part and 67 in each of several", () => {
  expect(measure("诊".repeat(70)).parts).toBe(1);
  expect(measure("诊".repeat(71)).parts).toBe(2);
  expect(measure("诊".repeat(134)).parts).toBe(2);
  expect(measure("诊".repeat(135)).parts).toBe(3);
});

test("a plain Latin text has 160 signs in one part and 153 in each of several", () => {
  expect(measure("a".repeat(160)).parts).toBe(1);
  expect(measure("a".repeat(161)).parts).toBe(2);
});

test("one Chinese sign makes the whole text cost more", () => {
  expect(measure("a".repeat(80)).parts).toBe(1);
  expect(measure(`${"a".repeat(80)}诊`).parts).toBe(2);
});

test("an emoji is one character and is never cut in two", () => {
  expect(measure("😀").characters).toBe(1);
  expect(measure(`${"诊".repeat(66)}😀${"诊".repeat(66)}`).parts).toBe(3);
});

test("an empty text costs nothing", () => {
  expect(measure("")).toEqual({ characters: 0, parts: 0 });
});
