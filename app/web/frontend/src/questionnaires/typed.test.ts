import { expect, test } from "vitest";

import { readTyped } from "./typed";

const five = new Map([["1", "good"], ["2", "poor"]]);
const eleven = new Map(Array.from({ length: 11 }, (_, n) => [String(n), String(n)]));

test("a digit of a question with one choice is a whole answer", () => {
  expect(readTyped("single", "1", five)).toEqual({ state: "answer", options: ["good"], isWhole: true });
  expect(readTyped("single", "２", five)).toEqual({ state: "answer", options: ["poor"], isWhole: true });
});

test("a digit that is none of the answers is wrong", () => {
  expect(readTyped("single", "9", five)).toEqual({ state: "wrong" });
});

test("on a scale to ten a one waits for what follows", () => {
  expect(readTyped("scale", "1", eleven)).toEqual({ state: "answer", options: ["1"], isWhole: false });
  expect(readTyped("scale", "10", eleven)).toEqual({ state: "answer", options: ["10"], isWhole: true });
  expect(readTyped("scale", "7", eleven)).toEqual({ state: "answer", options: ["7"], isWhole: true });
});

test("several choices are digits one after the other, each once", () => {
  expect(readTyped("multiple", "121", five)).toEqual({ state: "answer", options: ["good", "poor"], isWhole: false });
});

test("a dash leaves a question out", () => {
  expect(readTyped("single", "-", five)).toEqual({ state: "empty" });
});
