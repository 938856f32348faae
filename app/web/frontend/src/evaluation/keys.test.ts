import { expect, it } from "vitest";

import { actOf } from "./keys";

const plain = { ctrlKey: false, altKey: false, metaKey: false };

it("reads the keys of the form in both cases", () => {
  expect(actOf({ key: "j", ...plain })).toEqual({ act: "move", by: 1 });
  expect(actOf({ key: "Y", ...plain })).toEqual({ act: "answer", value: "1" });
  expect(actOf({ key: "7", ...plain })).toEqual({ act: "digit", digit: "7" });
  expect(actOf({ key: "[", ...plain })).toEqual({ act: "seek", by: -5 });
});

it("leaves every other key to the browser", () => {
  expect(actOf({ key: "Tab", ...plain })).toBeNull();
  expect(actOf({ key: "c", ...plain, ctrlKey: true })).toBeNull();
  expect(actOf({ key: "constructor", ...plain })).toBeNull();
});
