import { expect, test } from "vitest";

import { maskNumber } from "./masking";

test.each([
  ["+8613800138000", "138****8000"],
  ["13800138000", "138****8000"],
  ["+8657188886666", "571****6666"],
  ["057188886666", "057*****6666"],
  ["88886666", "****6666"],
  ["4000", "****"],
  ["", ""],
])("%s is shown as %s", (number, shown) => {
  expect(maskNumber(number)).toBe(shown);
});
